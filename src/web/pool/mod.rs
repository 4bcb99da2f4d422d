//! Files for SQLite in the browser's private file system.
//!
//! SQLite opens and deletes files in the midst of a call, the browser by promises. So a folder holds a fixed number of files whose handles
//! are open all the time, and which of SQLite's files each of them is stands at its beginning: the idea of SQLite's own `opfs-sahpool`
//! (<https://sqlite.org/wasm/doc/trunk/persistence.md#vfs-opfs-sahpool>). Here all handles are opened at the same time, a slot that is free
//! is left as it is, and a temporary file is never given a name: opening a database flushes nothing.

mod failure;
mod gathering;
mod read_ahead;
mod slot;
mod slots;
mod vfs;

use std::cell::RefCell;
use std::rc::Rc;

use rsqlite_vfs::{VfsRegistration, register_vfs};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemDirectoryHandle, FileSystemGetDirectoryOptions, WorkerGlobalScope};

pub(super) use failure::Failure;
use slots::Slots;
use vfs::{PoolMethods, PoolVfs, Shared};

/// Write and read version of a database without a write-ahead log.
const NO_LOG: [u8; 2] = [1, 1];

/// An open pool, and the VFS over it.
pub(super) struct Pool {
    slots: Rc<Slots>,
    registration: RefCell<Option<VfsRegistration<Shared>>>,
}

impl Pool {
    /// Opens the pool in a folder below the root, making it if it is not there; its VFS is called `vfs`.
    pub(super) async fn open(path: &[&str], vfs: &str) -> Result<Self, Failure> {
        let scope = js_sys::global().unchecked_into::<WorkerGlobalScope>();
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(true);
        let mut folder: FileSystemDirectoryHandle =
            JsFuture::from(scope.navigator().storage().get_directory())
                .await?
                .into();
        for name in path {
            let found = folder.get_directory_handle_with_options(name, &options);
            folder = JsFuture::from(found).await?.into();
        }
        let slots = Rc::new(Slots::open(&folder).await?);
        Ok(Self {
            registration: RefCell::new(Some(register(vfs, slots.clone())?)),
            slots,
        })
    }

    /// The names of all files.
    pub(super) fn names(&self) -> Vec<String> {
        self.slots.names()
    }

    /// A file's length in bytes, 0 if there is none.
    pub(super) fn size(&self, name: &str) -> Result<u64, Failure> {
        self.slots.find(name).map_or(Ok(0), |slot| slot.size())
    }

    /// A file's bytes. Nothing may have it open.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let slot = self.slots.find(name);
        let slot = slot.ok_or(Failure::Ours("there is no such file"))?;
        let mut bytes = vec![0; slot.size()? as usize];
        let read = slot.read(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Writes a new database file, durably. Its header comes to say that it has no write-ahead log: there is none beside it
    /// (<https://sqlite.org/fileformat2.html#file_format_version_numbers>).
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let slot = self.slots.free()?;
        slot.become_file(name)?;
        let written = slot
            .write(bytes, 0)
            .and_then(|()| slot.write(&NO_LOG, 18))
            .and_then(|()| slot.flush());
        if written.is_err() {
            slot.become_free()?;
        }
        written
    }

    /// Deletes a file.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        self.slots.remove(name)
    }

    /// Closes the handles. No file may be open.
    pub(super) fn close(self) -> Result<(), Failure> {
        self.unregister()
    }

    /// Gives it up without closing the handles: their files are gone. No file may be open.
    pub(super) fn lose(&self) -> Result<(), Failure> {
        self.slots.lose();
        self.unregister()
    }

    #[allow(unsafe_code)]
    fn unregister(&self) -> Result<(), Failure> {
        if self.slots.are_used() {
            return Err(Failure::Ours("a file is still open"));
        }
        let Some(registration) = self.registration.take() else {
            return Ok(());
        };
        // SAFETY: no file of it is open, and nobody else is told of it.
        unsafe { registration.unregister() }
            .map_err(|_| Failure::Ours("the VFS could not be unregistered"))
    }
}

#[allow(unsafe_code)]
fn register(vfs: &str, slots: Rc<Slots>) -> Result<VfsRegistration<Shared>, Failure> {
    // SAFETY: the store and the methods belong together, and a worker has one thread.
    unsafe { register_vfs::<PoolMethods, PoolVfs>(vfs, Shared::new(slots), false) }
        .map_err(|_| Failure::Ours("the VFS could not be registered"))
}
