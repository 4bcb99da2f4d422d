//! The slots as a VFS of SQLite's.

use std::rc::Rc;

use rsqlite_vfs::{
    AccessMode, DeviceCharacteristics, LockLevel, OpenAccess, OpenOptions, OpenRequest, OpenedFile,
    SQLiteIoMethods, SQLiteVfs, SyncOptions, VfsError, VfsErrorCode, VfsFile, VfsResult, VfsStore,
};
use sqlite_wasm_rs::WasmOsCallback;

use super::failure::Failure;
use super::slot::Slot;
use super::slots::Slots;

/// Which slots.
pub(super) struct Shared {
    pub(super) slots: Rc<Slots>,
    os: WasmOsCallback,
}

impl Shared {
    pub(super) fn new(slots: Rc<Slots>) -> Self {
        Self {
            slots,
            os: WasmOsCallback,
        }
    }
}

/// What SQLite calls.
pub(super) struct PoolVfs;

impl SQLiteVfs<PoolMethods> for PoolVfs {
    type Os = WasmOsCallback;

    fn os(shared: &Shared) -> &WasmOsCallback {
        &shared.os
    }
}

/// What SQLite calls of an open file.
pub(super) struct PoolMethods;

impl SQLiteIoMethods for PoolMethods {
    type Store = PoolStore;
}

/// See the module.
pub(super) struct PoolStore;

impl VfsStore for PoolStore {
    type File = OpenSlot;
    type AppData = Shared;

    fn record_error(shared: &Shared, error: VfsError) {
        shared.slots.last_error.replace(Some(error));
    }

    fn last_error(shared: &Shared) -> Option<VfsError> {
        shared.slots.last_error.borrow().clone()
    }

    fn open_file(shared: &Shared, request: OpenRequest<'_>) -> VfsResult<OpenedFile<OpenSlot>> {
        let OpenRequest { filename, options } = request;
        let slot = slot_for(&shared.slots, filename.map(|name| name.path()), &options);
        let slot = slot.map_err(|failure| failure.of_sqlite(VfsErrorCode::CantOpen))?;
        slot.users.set(slot.users.get() + 1);
        Ok(OpenedFile {
            file: OpenSlot {
                slot: slot.clone(),
                lock: LockLevel::None,
            },
            access: OpenAccess::ReadWrite,
        })
    }

    fn close_file(
        shared: &Shared,
        name: Option<&str>,
        file: OpenSlot,
        options: OpenOptions,
    ) -> VfsResult<()> {
        let slot = &file.slot;
        slot.users.set(slot.users.get() - 1);
        let closed = match name {
            None => slot.empty(),
            Some(name) if options.delete_on_close() => shared.slots.remove(name),
            Some(_) => slot.flush(),
        };
        closed.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoClose))
    }

    fn access(shared: &Shared, name: &str, _mode: AccessMode) -> VfsResult<bool> {
        Ok(shared.slots.find(name).is_some())
    }

    fn full_pathname(_shared: &Shared, name: &str) -> VfsResult<String> {
        Ok(name.into())
    }

    fn delete_file(shared: &Shared, name: &str, _sync_dir: bool) -> VfsResult<()> {
        let removed = shared.slots.remove(name);
        removed.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoDelete))
    }
}

/// The file of that name, made if it may be; a temporary file has none, so it leaves nothing that a later session would find.
fn slot_for<'s>(
    slots: &'s Slots,
    name: Option<&str>,
    options: &OpenOptions,
) -> Result<&'s Rc<Slot>, Failure> {
    let Some(name) = name else {
        return slots.free();
    };
    match slots.find(name) {
        Some(_) if options.exclusive() => Err(Failure::Ours("the file is there already")),
        Some(slot) => Ok(slot),
        None if !options.create() => Err(Failure::Ours("there is no such file")),
        None => {
            let slot = slots.free()?;
            slot.become_file(name)?;
            Ok(slot)
        }
    }
}

/// An open file.
pub(super) struct OpenSlot {
    slot: Rc<Slot>,
    lock: LockLevel,
}

impl VfsFile for OpenSlot {
    fn device_characteristics(&self) -> DeviceCharacteristics {
        DeviceCharacteristics::UNDELETABLE_WHEN_OPEN
    }

    fn read(&mut self, into: &mut [u8], at: u64) -> VfsResult<usize> {
        let read = self.slot.read(into, at);
        read.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoRead))
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> VfsResult<()> {
        let written = self.slot.write(bytes, at);
        written.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoWrite))
    }

    fn truncate(&mut self, size: u64) -> VfsResult<()> {
        let truncated = self.slot.cut_off(size);
        truncated.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoTruncate))
    }

    fn sync(&mut self, _options: SyncOptions) -> VfsResult<()> {
        let flushed = self.slot.flush();
        flushed.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoSync))
    }

    fn size(&self) -> VfsResult<u64> {
        let size = self.slot.size();
        size.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoStat))
    }

    fn lock(&mut self, level: LockLevel) -> VfsResult<()> {
        self.lock = self.lock.max(level);
        Ok(())
    }

    fn unlock(&mut self, level: LockLevel) -> VfsResult<()> {
        self.lock = self.lock.min(level);
        Ok(())
    }

    /// Nobody else can have the file. A "yes" without a lock would keep SQLite from seeing that a journal is hot.
    fn check_reserved_lock(&self) -> VfsResult<bool> {
        Ok(self.lock >= LockLevel::Reserved)
    }
}
