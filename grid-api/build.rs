//! Compiles the proto package without `protoc`.

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 7] = [
    "headroom/utility/v1/types.proto",
    "headroom/utility/v1/limits.proto",
    "headroom/utility/v1/safe_mode.proto",
    "headroom/utility/v1/areas.proto",
    "headroom/utility/v1/flexibility.proto",
    "headroom/utility/v1/compliance.proto",
    "headroom/utility/v1/info.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    // Imports and comments are for reflection: it then explains the interface by itself.
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let descriptors = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(descriptors, compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure().disable_comments(["."]).compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
