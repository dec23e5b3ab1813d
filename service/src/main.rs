//! The program `headroom`.

use std::process::ExitCode;

fn main() -> ExitCode {
    headroom_service::cli::main()
}
