//! The slots as a VFS of SQLite's.

use std::rc::Rc;

use rsqlite_vfs::{
    AccessMode, DeviceCharacteristics, FileKind, LockLevel, OpenAccess, OpenOptions, OpenRequest,
    OpenedFile, SQLiteIoMethods, SQLiteVfs, SyncOptions, VfsError, VfsErrorCode, VfsFile,
    VfsResult, VfsStore,
};
use sqlite_wasm_rs::WasmOsCallback;

use super::failure::Failure;
use super::gathering::Gathering;
use super::read_ahead::ReadAhead;
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
                log: (options.kind() == Some(FileKind::Wal)).then(Log::default),
                lock: LockLevel::None,
            },
            access: OpenAccess::ReadWrite,
        })
    }

    fn close_file(
        shared: &Shared,
        name: Option<&str>,
        mut file: OpenSlot,
        options: OpenOptions,
    ) -> VfsResult<()> {
        let gathered = file.put_down();
        let slot = &file.slot;
        slot.users.set(slot.users.get() - 1);
        let closed = match name {
            None => slot.empty(),
            Some(name) if options.delete_on_close() => shared.slots.remove(name),
            Some(_) => slot.flush(),
        };
        let closed = gathered.and(closed);
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
    log: Option<Log>,
    lock: LockLevel,
}

/// What a write-ahead log has besides.
#[derive(Default)]
struct Log {
    gathering: Gathering,
    ahead: ReadAhead,
}

impl OpenSlot {
    fn put_down(&mut self) -> Result<(), Failure> {
        self.log
            .as_mut()
            .map_or(Ok(()), |log| log.gathering.put_down(&self.slot))
    }

    /// Does something with the file as SQLite believes it to be.
    fn with<T>(
        &mut self,
        code: VfsErrorCode,
        work: impl FnOnce(&Slot) -> Result<T, Failure>,
    ) -> VfsResult<T> {
        let done = self.put_down().and_then(|()| work(&self.slot));
        done.map_err(|failure| failure.of_sqlite(code))
    }
}

impl VfsFile for OpenSlot {
    /// A write touches no bytes beside its own when the power goes: SQLite takes that for granted on every operating system, whose
    /// files these are in the end. Without it each commit writes its last page a second time, to the end of the sector.
    fn device_characteristics(&self) -> DeviceCharacteristics {
        DeviceCharacteristics::UNDELETABLE_WHEN_OPEN | DeviceCharacteristics::POWERSAFE_OVERWRITE
    }

    fn read(&mut self, into: &mut [u8], at: u64) -> VfsResult<usize> {
        let read = self.put_down().and_then(|()| match &mut self.log {
            Some(log) => log.ahead.read(&self.slot, into, at),
            None => self.slot.read(into, at),
        });
        read.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoRead))
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> VfsResult<()> {
        let written = match &mut self.log {
            Some(log) => {
                log.ahead.forget();
                log.gathering.write(&self.slot, bytes, at)
            }
            None => self.slot.write(bytes, at),
        };
        written.map_err(|failure| failure.of_sqlite(VfsErrorCode::IoWrite))
    }

    fn truncate(&mut self, size: u64) -> VfsResult<()> {
        if let Some(log) = &mut self.log {
            log.ahead.forget();
        }
        self.with(VfsErrorCode::IoTruncate, |slot| slot.cut_off(size))
    }

    fn sync(&mut self, _options: SyncOptions) -> VfsResult<()> {
        self.with(VfsErrorCode::IoSync, Slot::flush)
    }

    fn size(&self) -> VfsResult<u64> {
        let size = self
            .slot
            .size()
            .map_err(|failure| failure.of_sqlite(VfsErrorCode::IoStat))?;
        Ok(self
            .log
            .as_ref()
            .map_or(size, |log| log.gathering.size(size)))
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
