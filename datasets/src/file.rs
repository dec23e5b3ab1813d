//! A file as bytes, unpacked where it is gzip.

use std::io::{Error, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file holds, without byte order mark.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
}

impl File {
    /// Reads a file, plain or gzip by its first bytes.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let raw = std::fs::read(path)?;
        let mut bytes = raw;
        if bytes.starts_with(&GZIP_MAGIC) {
            let mut unpacked = Vec::new();
            MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked)?;
            bytes = unpacked;
        }
        if bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Self { bytes })
    }

    /// Returns it as text; what is no UTF-8 becomes the replacement character.
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}
