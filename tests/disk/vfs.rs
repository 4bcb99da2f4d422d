//! The model between SQLite and real files: everything SQLite does with a file passes [`super::model`] first.
//!
//! The only unsafe code here: SQLite's interface for file systems is one of C structures and callbacks. Each function forwards to the
//! system's own VFS, whose file lies behind ours in the memory that SQLite gives for both (<https://sqlite.org/vfs.html>).
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Once;
use std::{ptr, slice};

use rusqlite::ffi;

use super::model::{self, Call};

/// Ours, directly before the system's.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// Of [`Handle`]; owned.
    handle: *mut Handle,
}

struct Handle {
    /// A temporary file has no name and survives nothing.
    path: Option<String>,
    /// The machine's life in which it was opened.
    life: u64,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Makes it the VFS of every connection that names none. Any number of times.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the system's VFS is there and lives as long as the process, as does the copy, which is leaked.
        unsafe {
            let system = ffi::sqlite3_vfs_find(ptr::null());
            let mut ours = *system;
            ours.zName = c"disk".as_ptr();
            ours.pNext = ptr::null_mut();
            ours.szOsFile += size_of::<File>() as c_int;
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            let registered = ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1);
            assert_eq!(registered, ffi::SQLITE_OK);
        }
    });
}

/// The system's VFS.
unsafe fn system() -> *mut ffi::sqlite3_vfs {
    unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()) }
}

/// The system's file behind ours.
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    unsafe { file.cast::<File>().add(1).cast() }
}

unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a Handle {
    unsafe { &*(*file.cast::<File>()).handle }
}

/// Calls the system's method of that name.
macro_rules! pass {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        let inner = inner($file);
        match (*(*inner).pMethods).$method {
            Some(method) => method(inner, $($argument),*),
            None => ffi::SQLITE_IOERR,
        }
    }};
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    unsafe {
        // Without methods SQLite does not close it.
        (*file).pMethods = ptr::null();
        let kept = ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;
        let path = (!name.is_null() && flags & kept != 0)
            .then(|| CStr::from_ptr(name).to_string_lossy().into_owned());
        let life = model::life();
        if let Err(code) = model::call(Call::Open, life, || {}) {
            return code;
        }
        let system = system();
        let Some(open) = (*system).xOpen else {
            return ffi::SQLITE_CANTOPEN;
        };
        let code = open(system, name, inner(file), flags, out);
        if code != ffi::SQLITE_OK {
            return code;
        }
        if let Some(path) = &path {
            model::opened(path);
        }
        (*file.cast::<File>()).handle = Box::into_raw(Box::new(Handle { path, life }));
        (*file).pMethods = &METHODS;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int) -> c_int {
    unsafe {
        let path = CStr::from_ptr(name).to_string_lossy().into_owned();
        let cut = || model::deleting(&path);
        if let Err(code) = model::call(Call::Delete, model::life(), cut) {
            return code;
        }
        model::deleted(&path);
        let system = system();
        match (*system).xDelete {
            // Of memory there is nothing to be flushed.
            Some(delete) => delete(system, name, 0),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        drop(Box::from_raw((*file.cast::<File>()).handle));
        pass!(file.xClose())
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    length: c_int,
    at: i64,
) -> c_int {
    unsafe {
        match model::call(Call::Read, handle(file).life, || {}) {
            Ok(()) => pass!(file.xRead(into, length, at)),
            Err(code) => code,
        }
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: i64,
) -> c_int {
    unsafe {
        let Handle { path, life } = handle(file);
        let bytes = slice::from_raw_parts(from.cast::<u8>(), length as usize);
        let noted = |bytes: &[u8]| {
            if let Some(path) = path {
                model::wrote(path, at as usize, bytes);
            }
        };
        match model::call(Call::Write, *life, || noted(bytes)) {
            Ok(()) => {
                noted(bytes);
                pass!(file.xWrite(from, length, at))
            }
            Err(code) => {
                // A disk that is full has taken the first part.
                if model::is_up(*life) && length > 1 {
                    noted(&bytes[..bytes.len() / 2]);
                    pass!(file.xWrite(from, length / 2, at));
                }
                code
            }
        }
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    unsafe {
        let Handle { path, life } = handle(file);
        let noted = || {
            if let Some(path) = path {
                model::truncated(path, size as usize);
            }
        };
        match model::call(Call::Truncate, *life, noted) {
            Ok(()) => {
                noted();
                pass!(file.xTruncate(size))
            }
            Err(code) => code,
        }
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    unsafe {
        let Handle { path, life } = handle(file);
        if let Err(code) = model::call(Call::Sync, *life, || {}) {
            return code;
        }
        if let Some(path) = path {
            model::synced(path);
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    unsafe { pass!(file.xFileSize(out)) }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    unsafe { pass!(file.xLock(level)) }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    unsafe { pass!(file.xUnlock(level)) }
}

unsafe extern "C" fn check_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { pass!(file.xCheckReservedLock(out)) }
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    model::SECTOR as c_int
}

unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    // Sectors beside one that is being written keep their content: as of every disk that SQLite assumes by default.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    unsafe { pass!(file.xShmMap(page, size, extend, out)) }
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    unsafe { pass!(file.xShmLock(offset, count, flags)) }
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    unsafe {
        let inner = inner(file);
        if let Some(barrier) = (*(*inner).pMethods).xShmBarrier {
            barrier(inner);
        }
    }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    unsafe { pass!(file.xShmUnmap(delete)) }
}
