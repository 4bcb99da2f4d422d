//! Read-ahead: SQLite looks through a write-ahead log that was left behind frame by frame, before its first query is answered. In a browser
//! a call costs more than its bytes.

use super::failure::Failure;
use super::slot::Slot;

/// So many bytes are read at once.
const WINDOW: usize = 512 * 1024;

/// What was read of a file and not asked for yet.
#[derive(Default)]
pub(super) struct ReadAhead {
    /// Where it begins.
    at: u64,
    bytes: Vec<u8>,
    /// Where the last read ended.
    end: u64,
}

impl ReadAhead {
    /// Reads, and more than was asked for if this read begins where the last one ended.
    pub(super) fn read(&mut self, slot: &Slot, into: &mut [u8], at: u64) -> Result<usize, Failure> {
        let continues = at == self.end && into.len() < WINDOW;
        let read = if continues {
            if !self.holds(at, into.len()) {
                self.bytes.resize(WINDOW, 0);
                let length = slot.read(&mut self.bytes, at)?;
                self.bytes.truncate(length);
                self.at = at;
            }
            let from = &self.bytes[(at - self.at) as usize..];
            let length = from.len().min(into.len());
            into[..length].copy_from_slice(&from[..length]);
            length
        } else {
            self.forget();
            slot.read(into, at)?
        };
        self.end = at + read as u64;
        Ok(read)
    }

    /// The file changes, or is read here and there.
    pub(super) fn forget(&mut self) {
        self.bytes = Vec::new();
        self.end = u64::MAX;
    }

    fn holds(&self, at: u64, length: usize) -> bool {
        at >= self.at && at + length as u64 <= self.at + self.bytes.len() as u64
    }
}
