//! What a commit appends to the write-ahead log, on its way to the file in one call.
//!
//! SQLite writes each page of a commit in two calls, its frame's header and the page (<https://sqlite.org/fileformat2.html#walformat>,
//! section 4). In a browser a call costs more than its bytes. Here they are gathered, and written once the commit is complete: the header
//! of its last frame says so. Nothing of a commit that SQLite believes to be written is kept back after that, flushed or not; whatever
//! looks at the file sees all of it.

use super::failure::Failure;
use super::slot::Slot;

type Result<T> = std::result::Result<T, Failure>;

/// So many bytes are written although the commit goes on.
const MOST: usize = 512 * 1024;

const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What is not in the file yet.
#[derive(Default)]
pub(super) struct Gathering {
    /// Where it goes.
    at: u64,
    bytes: Vec<u8>,
    /// The page that comes next completes the commit.
    is_last: bool,
}

impl Gathering {
    /// Takes what SQLite writes, and passes on what is complete.
    pub(super) fn write(&mut self, slot: &Slot, bytes: &[u8], at: u64) -> Result<()> {
        let begins = at == 0 && bytes.len() == LOG_HEADER;
        if at != self.end() || begins {
            self.put_down(slot)?;
            if at < self.at && !begins {
                // Into what is there already: checksums and pages of a commit that did not fit into the cache, or after a roll-back.
                self.at = self.at.max(at + bytes.len() as u64);
                return slot.write(bytes, at);
            }
            self.at = at;
        }
        if self.take(bytes) {
            self.put_down(slot)?;
        }
        Ok(())
    }

    /// Writes what was gathered. What cannot be written is forgotten: its commit has failed.
    pub(super) fn put_down(&mut self, slot: &Slot) -> Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = slot.write(&self.bytes, self.at);
        if written.is_ok() {
            self.at = self.end();
        }
        self.bytes.clear();
        written
    }

    /// The length of a file of that size once all is in it.
    pub(super) fn size(&self, size: u64) -> u64 {
        if self.bytes.is_empty() {
            size
        } else {
            size.max(self.end())
        }
    }

    /// Where an append continues.
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    /// Whether they should be written now.
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        match bytes.len() {
            LOG_HEADER => false,
            FRAME_HEADER => {
                self.is_last = bytes[4..8] != [0; 4];
                false
            }
            _ => std::mem::take(&mut self.is_last) || self.bytes.len() >= MOST,
        }
    }
}
