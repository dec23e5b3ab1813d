//! Every trap of the recordings, with rows typed by hand.

mod clock;
mod rows;
mod series;
mod tariff;

use std::io::Write;
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::{SignalChoice, SignalError, SignalImport, SignalMapping, read_signals};

/// Writes a file into a folder of its own; a name that ends in `gz` packs it.
fn file(name: &str, text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let mut bytes = text.as_bytes().to_vec();
    if name.ends_with("gz") {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&bytes).unwrap();
        bytes = packed.finish().unwrap();
    }
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read_as(mapping: &SignalMapping, text: &str, choice: &SignalChoice) -> Result<SignalImport, SignalError> {
    let (_folder, path) = file("typed.csv", text);
    read_signals(&[path], mapping, choice)
}

fn shipped(name: &str) -> SignalMapping {
    SignalMapping::shipped(name).unwrap()
}

/// Returns start and value of each row of a signal.
fn values(import: &SignalImport, name: &str) -> Vec<(String, Option<f64>)> {
    let rows = &import.signal(name).unwrap().rows;
    rows.iter().map(|row| (row.interval.start.format("%m-%d %H:%M").to_string(), row.value)).collect()
}
