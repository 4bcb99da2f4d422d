//! The files of one database, by name: in its pool of OPFS handles, or in the memory of this worker.

use rsqlite_vfs::VfsFilesManager;
use rsqlite_vfs::memvfs::MemVfsUtil;
use rsqlite_vfs::transfer::DbTransfer;

use super::opfs::Pool;
use crate::engine::{self, Connection, files};
use crate::error::{Error, Result};

/// See the module.
pub(super) enum Files {
    Pool(Pool),
    Memory,
}

impl Files {
    /// Opens a database among them; in memory each time another one.
    pub(super) fn connect(&self, name: &str) -> Result<Connection> {
        match self {
            Self::Pool(pool) => engine::open_on_vfs(name, &pool.vfs),
            Self::Memory if name == files::IMPORT => engine::open_file(name),
            Self::Memory => engine::open_memory(),
        }
    }

    /// The names of all that are there.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Pool(pool) => pool.names(),
            Self::Memory => Vec::new(),
        }
    }

    /// Its size with those that SQLite keeps beside it, in bytes; of one that cannot be looked at more than any.
    pub(super) fn size(&self, name: &str) -> u64 {
        match self {
            Self::Pool(pool) => pool.size(name).unwrap_or(u64::MAX),
            Self::Memory => 0,
        }
    }

    /// Its bytes. Nothing may have it open.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>> {
        match self {
            Self::Pool(pool) => pool.read(name),
            Self::Memory => memory()?.export_db(name).map_err(failed),
        }
    }

    /// Writes a new file. What is half written is gone.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.remove(name);
        match self {
            Self::Pool(pool) => pool.write(name, bytes),
            Self::Memory => memory()?.import_db(name, bytes).map_err(failed),
        }
    }

    /// Deletes a file and those that SQLite keeps beside it. One that stays is deleted at the next opening.
    pub(super) fn remove(&self, name: &str) {
        for name in files::with_companions(name) {
            match self {
                Self::Pool(pool) => drop(pool.remove(&name)),
                Self::Memory => drop(memory().map(|files| files.remove(&name))),
            }
        }
    }
}

/// The memory that SQLite's own files of this worker are in.
#[allow(unsafe_code)]
fn memory() -> Result<MemVfsUtil> {
    // SAFETY: a worker has one thread, and SQLite is used on it alone.
    unsafe { MemVfsUtil::get() }.map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Storage(error.to_string())
}
