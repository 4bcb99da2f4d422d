//! One file of a pool with its handle. Its first 4096 bytes say which of SQLite's files it is.

use std::cell::{Cell, RefCell};

use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::failure::Failure;

type Result<T> = std::result::Result<T, Failure>;

/// Where SQLite's bytes begin: a page of the disk, so that writing them cannot tear the name.
const HEADER: u64 = 4096;
/// The name in UTF-8, filled up with zeros. All zeros: the slot is free.
const NAME: usize = 512;
/// The largest integer that JavaScript counts by ones.
const MOST: u64 = (1 << 53) - 1;

/// See the module.
pub(super) struct Slot {
    handle: FileSystemSyncAccessHandle,
    options: FileSystemReadWriteOptions,
    name: RefCell<Option<String>>,
    /// How many of SQLite's files it is open as.
    pub(super) users: Cell<u32>,
    /// It was cut off after its last flush: what a power cut may undo.
    cut: Cell<bool>,
    /// Its file is gone.
    lost: Cell<bool>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.lost.get() {
            self.handle.close();
        }
    }
}

impl Slot {
    /// Reads the name. What is left of a temporary file, whose worker died, is dropped.
    pub(super) fn new(handle: FileSystemSyncAccessHandle) -> Result<Self> {
        let slot = Self {
            handle,
            options: FileSystemReadWriteOptions::new(),
            name: RefCell::new(None),
            users: Cell::new(0),
            cut: Cell::new(false),
            lost: Cell::new(false),
        };
        let size = slot.physical_size()?;
        if size >= HEADER {
            let mut name = [0; NAME];
            slot.read_at(&mut name, 0)?;
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(NAME);
            if end > 0 {
                let name = String::from_utf8(name[..end].to_vec());
                let name = name.map_err(|_| Failure::Ours("a file's name is not UTF-8"))?;
                *slot.name.borrow_mut() = Some(name);
            } else if size > HEADER {
                slot.cut_off(0)?;
            }
        }
        Ok(slot)
    }

    /// Whether nothing of SQLite's is in it.
    pub(super) fn is_free(&self) -> bool {
        self.users.get() == 0 && self.name.borrow().is_none()
    }

    /// Which file it is.
    pub(super) fn name(&self) -> Option<String> {
        self.name.borrow().clone()
    }

    /// Whether it is that file.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.borrow().as_deref() == Some(name)
    }

    /// Makes it an empty file of that name. The name is as durable as what is written after it: both are in one file, so the
    /// next flush is of both, and a file of which nothing was flushed may as well not be there.
    pub(super) fn become_file(&self, name: &str) -> Result<()> {
        if name.is_empty() || name.len() >= NAME || name.contains('\0') {
            return Err(Failure::Ours("a file's name is empty or too long"));
        }
        self.empty()?;
        if self.cut.get() {
            // What was in it before must not come back under the new name.
            self.flush()?;
        }
        let mut header = [0; NAME];
        header[..name.len()].copy_from_slice(name.as_bytes());
        self.write_at(&header, 0)?;
        *self.name.borrow_mut() = Some(name.to_owned());
        Ok(())
    }

    /// Takes its name away, durably: deleting a journal is what commits.
    pub(super) fn become_free(&self) -> Result<()> {
        self.write_at(&[0; NAME], 0)?;
        self.flush()?;
        *self.name.borrow_mut() = None;
        self.empty()
    }

    /// Drops what is in it.
    pub(super) fn empty(&self) -> Result<()> {
        if self.physical_size()? > HEADER {
            self.cut_off(0)?;
        }
        Ok(())
    }

    /// Reads what there is; less than was asked for at the end of the file.
    pub(super) fn read(&self, into: &mut [u8], at: u64) -> Result<usize> {
        self.read_at(into, at + HEADER)
    }

    /// Writes all of it.
    pub(super) fn write(&self, bytes: &[u8], at: u64) -> Result<()> {
        self.write_at(bytes, at + HEADER)
    }

    /// Makes the file that long.
    pub(super) fn cut_off(&self, size: u64) -> Result<()> {
        self.cut.set(true);
        let size = position(size + HEADER, 0)?;
        Ok(self.handle.truncate_with_f64(size)?)
    }

    /// Returns when what was written is on the disk.
    pub(super) fn flush(&self) -> Result<()> {
        self.handle.flush()?;
        self.cut.set(false);
        Ok(())
    }

    /// The file's length in bytes.
    pub(super) fn size(&self) -> Result<u64> {
        Ok(self.physical_size()?.saturating_sub(HEADER))
    }

    /// Never closes the handle: in Chromium closing that of a deleted file does not return.
    pub(super) fn lose(&self) {
        self.lost.set(true);
    }

    fn physical_size(&self) -> Result<u64> {
        Ok(self.handle.get_size()? as u64)
    }

    fn read_at(&self, into: &mut [u8], at: u64) -> Result<usize> {
        self.options.set_at(position(at, into.len())?);
        let read = self
            .handle
            .read_with_u8_array_and_options(into, &self.options)?;
        Ok((read as usize).min(into.len()))
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> Result<()> {
        self.options.set_at(position(at, bytes.len())?);
        let written = self
            .handle
            .write_with_u8_array_and_options(bytes, &self.options)?;
        if written == bytes.len() as f64 {
            Ok(())
        } else {
            Err(Failure::Short)
        }
    }
}

fn position(at: u64, length: usize) -> Result<f64> {
    match at.checked_add(length as u64) {
        Some(end) if end <= MOST => Ok(at as f64),
        _ => Err(Failure::Ours("the file is too large")),
    }
}
