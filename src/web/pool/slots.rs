//! The slots of a folder: opened together, found by name.

use std::cell::RefCell;
use std::rc::Rc;

use rsqlite_vfs::VfsError;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions,
    FileSystemSyncAccessHandle,
};

use super::failure::Failure;
use super::slot::Slot;

/// Database, write-ahead log, the rollback journal of the moment before WAL is on, a broken file that was set aside, one that is
/// taken in or out with its journal, and temporary files: a statement that sorts or replaces many rows has some of them open at once.
const SLOTS: usize = 12;

/// See the module.
pub(super) struct Slots {
    all: Vec<Rc<Slot>>,
    /// For `sqlite3_system_errno` and the like.
    pub(super) last_error: RefCell<Option<VfsError>>,
}

impl Slots {
    /// Opens them. The first one decides between two workers that want the same folder; the others are opened at once.
    pub(super) async fn open(folder: &FileSystemDirectoryHandle) -> Result<Self, Failure> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let found = |n: usize| {
            JsFuture::from(folder.get_file_handle_with_options(&n.to_string(), &options))
        };
        let first = found(0).await?;
        let mut all = vec![Rc::new(Slot::new(Opening::begin(first).end().await?)?)];
        let finding: Vec<JsFuture> = (1..SLOTS).map(found).collect();
        let mut opening = Vec::new();
        let mut failure = None;
        // To the end in each case: a handle that comes later would stay open.
        for file in finding {
            match file.await {
                Ok(file) => opening.push(Opening::begin(file)),
                Err(thrown) => failure = Some(Failure::from(thrown)),
            }
        }
        for one in opening {
            match one.end().await {
                Ok(handle) => match Slot::new(handle) {
                    Ok(slot) => all.push(Rc::new(slot)),
                    Err(error) => failure = Some(error),
                },
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Self {
                all,
                last_error: RefCell::new(None),
            }),
        }
    }

    /// The file of that name.
    pub(super) fn find(&self, name: &str) -> Option<&Rc<Slot>> {
        self.all.iter().find(|slot| slot.is(name))
    }

    /// The names of all files.
    pub(super) fn names(&self) -> Vec<String> {
        self.all.iter().filter_map(|slot| slot.name()).collect()
    }

    /// A slot that nothing is in.
    pub(super) fn free(&self) -> Result<&Rc<Slot>, Failure> {
        let free = self.all.iter().find(|slot| slot.is_free());
        free.ok_or(Failure::Ours("too many files are open at once"))
    }

    /// Deletes a file that nothing has open; one that is not there is deleted already.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        match self.find(name) {
            None => Ok(()),
            Some(slot) if slot.users.get() > 0 => Err(Failure::Ours("the file is open")),
            Some(slot) => slot.become_free(),
        }
    }

    /// Whether one of them is open.
    pub(super) fn are_used(&self) -> bool {
        self.all.iter().any(|slot| slot.users.get() > 0)
    }

    /// See [`Slot::lose`].
    pub(super) fn lose(&self) {
        for slot in &self.all {
            slot.lose();
        }
    }
}

/// A file whose access handle was asked for. In Chromium the answer never comes, and the file stays shut for everybody, if the object
/// that was asked is collected meanwhile.
struct Opening {
    file: FileSystemFileHandle,
    handle: JsFuture,
}

impl Opening {
    /// Asks at once.
    fn begin(file: JsValue) -> Self {
        let file = FileSystemFileHandle::from(file);
        let handle = JsFuture::from(file.create_sync_access_handle());
        Self { file, handle }
    }

    async fn end(self) -> Result<FileSystemSyncAccessHandle, Failure> {
        let handle = self.handle.await;
        drop(self.file);
        Ok(handle?.into())
    }
}
