//! Members of a ZIP archive, as far as workbooks use them: stored or deflated, below 4 GiB, not encrypted.

use std::io::Read;

use flate2::read::DeflateDecoder;

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const MEMBER: [u8; 4] = *b"PK\x03\x04";
/// No sheet is longer, and a small file must not unpack to all memory.
const MOST_BYTES: u64 = 1 << 30;

/// An archive in memory.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    directory: usize,
    entries: usize,
}

impl<'a> Archive<'a> {
    /// Finds the directory of an archive.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        // The end record is 22 bytes long and a comment of up to 64 KiB may follow.
        let from = bytes.len().saturating_sub(22 + 0xffff);
        let end = (from..bytes.len().checked_sub(21)?).rev().find(|at| bytes[*at..].starts_with(&END))?;
        Some(Self { bytes, directory: number(bytes, end + 16, 4)?, entries: number(bytes, end + 10, 2)? })
    }

    /// Unpacks a member; `None` where it is not there or broken.
    pub(super) fn member(&self, name: &str) -> Option<Vec<u8>> {
        let mut at = self.directory;
        for _ in 0..self.entries {
            if !self.bytes.get(at..)?.starts_with(&ENTRY) {
                return None;
            }
            let lengths = [28, 30, 32].map(|field| number(self.bytes, at + field, 2));
            let [Some(name_length), Some(extra), Some(comment)] = lengths else { return None };
            if self.bytes.get(at + 46..at + 46 + name_length)? == name.as_bytes() {
                let (method, packed) = (number(self.bytes, at + 10, 2)?, number(self.bytes, at + 20, 4)?);
                return self.unpack(number(self.bytes, at + 42, 4)?, method, packed);
            }
            at += 46 + name_length + extra + comment;
        }
        None
    }

    fn unpack(&self, at: usize, method: usize, packed: usize) -> Option<Vec<u8>> {
        if !self.bytes.get(at..)?.starts_with(&MEMBER) {
            return None;
        }
        let from = at + 30 + number(self.bytes, at + 26, 2)? + number(self.bytes, at + 28, 2)?;
        let content = self.bytes.get(from..from.checked_add(packed)?)?;
        match method {
            0 => Some(content.to_vec()),
            8 => {
                let mut unpacked = Vec::new();
                let read = DeflateDecoder::new(content).take(MOST_BYTES).read_to_end(&mut unpacked);
                read.ok().map(|_| unpacked)
            }
            _ => None,
        }
    }
}

/// Reads a little-endian number.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at.checked_add(length)?)?;
    Some(digits.iter().rev().fold(0, |number, digit| (number << 8) | usize::from(*digit)))
}
