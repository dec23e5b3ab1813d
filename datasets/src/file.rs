//! A file as bytes, unpacked where it is gzip or zstd.

use std::io::{Error, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file holds, without byte order mark.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
}

impl File {
    /// Reads a file, plain or packed.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = unpacked(std::fs::read(path)?)
            .map_err(|(packing, error)| Error::new(error.kind(), format!("{packing} does not unpack: {error}")))?;
        Ok(Self { bytes: without_mark(&bytes).to_vec() })
    }

    /// Returns it as text; what is no UTF-8 becomes the replacement character.
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Unpacks what is gzip or zstd by its first bytes.
///
/// **Errors**: what it is packed with, where it does not unpack to its end.
pub(crate) fn unpacked(raw: Vec<u8>) -> Result<Vec<u8>, (&'static str, Error)> {
    let mut bytes = Vec::new();
    if raw.starts_with(&GZIP_MAGIC) {
        MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut bytes).map_err(|error| ("gzip", error))?;
    } else if raw.starts_with(&ZSTD_MAGIC) {
        zstd::stream::copy_decode(raw.as_slice(), &mut bytes).map_err(|error| ("zstd", error))?;
    } else {
        return Ok(raw);
    }
    Ok(bytes)
}

/// Returns bytes without the mark that some programs put before UTF-8.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}
