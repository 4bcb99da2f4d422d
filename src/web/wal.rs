//! A layer over the pool's VFS: what a commit appends to the write-ahead log reaches its file in one call.
//!
//! SQLite writes each page of a commit in two calls, its frame's header and the page (<https://sqlite.org/fileformat2.html#walformat>,
//! section 4). In a browser a call costs more than its bytes. Here they are gathered, and written once the commit is complete: the header
//! of its last frame says so. Nothing of a commit that SQLite believes to be written is kept back after that, flushed or not; whatever
//! looks at the file sees all of it.
//!
//! Files also say of themselves that a write touches no bytes beside its own when the power goes (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`).
//! SQLite takes that for granted on every operating system, whose files these are in the end. Without it each commit writes its last page
//! a second time, to the end of the sector.
#![allow(unsafe_code)]

use std::ffi::{CString, c_int, c_void};
use std::mem::{align_of, size_of};
use std::slice;

use rsqlite_vfs::ffi::{
    SQLITE_CANTOPEN, SQLITE_IOCAP_POWERSAFE_OVERWRITE, SQLITE_OK, SQLITE_OPEN_WAL, sqlite3_file,
    sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register, sqlite3_vfs_unregister,
};

/// So many bytes are written although the commit goes on.
const MOST: usize = 512 * 1024;

const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// A registered VFS. SQLite has a pointer to it.
#[repr(C)]
struct Layer {
    vfs: sqlite3_vfs,
    below: *mut sqlite3_vfs,
    /// Where in a file's memory ours begins.
    offset: usize,
    database: Methods,
    log: Methods,
    name: CString,
}

/// What a file points to; SQLite knows the first member.
#[repr(C)]
#[derive(Clone, Copy)]
struct Methods {
    own: sqlite3_io_methods,
    below: *const sqlite3_io_methods,
    offset: usize,
}

/// Registers the layer `name` over the VFS `below`, unless it is there.
pub(super) fn install(below: &str, name: &str) -> Result<(), String> {
    let registered = find(name)?;
    if !registered.is_null() {
        return Ok(());
    }
    let below = find(below)?;
    if below.is_null() {
        return Err("the pool has no VFS".into());
    }
    let name = CString::new(name).map_err(|error| error.to_string())?;
    // SAFETY: it is registered, so SQLite has it, too; the pool keeps it.
    let mut vfs = unsafe { *below };
    let offset = (vfs.szOsFile as usize).next_multiple_of(align_of::<*mut Gathered>());
    vfs.szOsFile = (offset + size_of::<*mut Gathered>()) as c_int;
    vfs.pNext = std::ptr::null_mut();
    vfs.zName = name.as_ptr();
    vfs.xOpen = Some(open);
    // SAFETY: all zero is no method at all.
    let none: Methods = unsafe { std::mem::zeroed() };
    let layer = Box::into_raw(Box::new(Layer {
        vfs,
        below,
        offset,
        database: none,
        log: none,
        name,
    }));
    // SAFETY: it lives until `uninstall`.
    match unsafe { sqlite3_vfs_register(layer.cast(), 0) } {
        SQLITE_OK => Ok(()),
        code => Err(format!("the VFS was not registered: {code}")),
    }
}

/// Gives the layer up. No connection may be open on it.
pub(super) fn uninstall(name: &str) {
    if let Ok(layer) = find(name)
        && !layer.is_null()
    {
        // SAFETY: `install` made it, and nothing is open on it.
        unsafe {
            sqlite3_vfs_unregister(layer);
            let layer = Box::from_raw(layer.cast::<Layer>());
            drop(layer);
        }
    }
}

fn find(name: &str) -> Result<*mut sqlite3_vfs, String> {
    let name = CString::new(name).map_err(|error| error.to_string())?;
    // SAFETY: a worker has one thread.
    Ok(unsafe { sqlite3_vfs_find(name.as_ptr()) })
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes what `install` registered and memory of the size it names.
    unsafe {
        let layer = &mut *vfs.cast::<Layer>();
        let Some(open) = (*layer.below).xOpen else {
            return SQLITE_CANTOPEN;
        };
        let code = open(layer.below, name, file, flags, out_flags);
        if code != SQLITE_OK {
            return code;
        }
        let below = (*file).pMethods;
        let is_log = flags & SQLITE_OPEN_WAL != 0;
        let methods = if is_log {
            &mut layer.log
        } else {
            &mut layer.database
        };
        if methods.below.is_null() {
            let mut own = *below;
            own.xDeviceCharacteristics = Some(characteristics);
            if is_log {
                own.xClose = Some(close);
                own.xRead = Some(read);
                own.xWrite = Some(write);
                own.xTruncate = Some(truncate);
                own.xSync = Some(sync);
                own.xFileSize = Some(size);
            }
            *methods = Methods {
                own,
                below,
                offset: layer.offset,
            };
        }
        if is_log {
            *gathered(file, layer.offset) = Box::into_raw(Box::default());
        }
        (*file).pMethods = (&raw const *methods).cast();
        SQLITE_OK
    }
}

/// Where a file's own part is kept.
unsafe fn gathered(file: *mut sqlite3_file, offset: usize) -> *mut *mut Gathered {
    // SAFETY: the file has the size that `install` asked for.
    unsafe { file.byte_add(offset).cast() }
}

/// The parts of an open log.
unsafe fn parts<'f>(file: *mut sqlite3_file) -> (&'f sqlite3_io_methods, &'f mut Gathered) {
    // SAFETY: `open` set both, and SQLite calls one method of a file at a time.
    unsafe {
        let methods = &*(*file).pMethods.cast::<Methods>();
        (&*methods.below, &mut **gathered(file, methods.offset))
    }
}

/// What is not in the file yet.
#[derive(Default)]
struct Gathered {
    /// Where it goes.
    at: u64,
    bytes: Vec<u8>,
    /// The page that comes next completes the commit.
    is_last: bool,
}

impl Gathered {
    /// Where an append continues.
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    /// Takes bytes; whether they should be written now.
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

    /// Writes what was gathered. What cannot be written is forgotten: its commit has failed.
    unsafe fn put_down(&mut self, below: &sqlite3_io_methods, file: *mut sqlite3_file) -> c_int {
        if self.bytes.is_empty() {
            return SQLITE_OK;
        }
        // SAFETY: the bytes stay where they are meanwhile.
        let code = unsafe { pass_on(below, file, &self.bytes, self.at) };
        if code == SQLITE_OK {
            self.at = self.end();
        }
        self.bytes.clear();
        code
    }
}

unsafe fn pass_on(
    below: &sqlite3_io_methods,
    file: *mut sqlite3_file,
    bytes: &[u8],
    at: u64,
) -> c_int {
    // SAFETY: the file is open.
    below.xWrite.map_or(SQLITE_CANTOPEN, |write| unsafe {
        let length = bytes.len() as c_int;
        write(file, bytes.as_ptr().cast(), length, at as sqlite3_int64)
    })
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe {
        let (below, gathered) = parts(file);
        let bytes = slice::from_raw_parts(bytes.cast::<u8>(), length as usize);
        let at = at as u64;
        let begins = at == 0 && bytes.len() == LOG_HEADER;
        if at != gathered.end() || begins {
            let code = gathered.put_down(below, file);
            if code != SQLITE_OK {
                return code;
            }
            if at < gathered.at && !begins {
                // Into what is there already: checksums and pages of a commit that did not fit into the cache, or after a roll-back.
                gathered.at = gathered.at.max(at + bytes.len() as u64);
                return pass_on(below, file, bytes, at);
            }
            gathered.at = at;
        }
        if gathered.take(bytes) {
            return gathered.put_down(below, file);
        }
        SQLITE_OK
    }
}

/// Writes what was gathered, then does the same below.
macro_rules! after_writing {
    ($name:ident, $method:ident $(, $argument:ident: $type:ty)*) => {
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: as SQLite calls it.
            unsafe {
                let (below, gathered) = parts(file);
                match gathered.put_down(below, file) {
                    SQLITE_OK => below.$method.map_or(SQLITE_CANTOPEN, |method| method(file $(, $argument)*)),
                    code => code,
                }
            }
        }
    };
}

after_writing!(read, xRead, into: *mut c_void, length: c_int, at: sqlite3_int64);
after_writing!(truncate, xTruncate, size: sqlite3_int64);
after_writing!(sync, xSync, flags: c_int);
after_writing!(size, xFileSize, into: *mut sqlite3_int64);

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as SQLite calls it; `open` made the box, and nothing follows.
    unsafe {
        let (below, gathered) = parts(file);
        let written = gathered.put_down(below, file);
        drop(Box::from_raw(gathered));
        let closed = below.xClose.map_or(SQLITE_OK, |close| close(file));
        if written == SQLITE_OK {
            closed
        } else {
            written
        }
    }
}

unsafe extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: `open` set the methods.
    unsafe {
        let methods = &*(*file).pMethods.cast::<Methods>();
        let below = (*methods.below).xDeviceCharacteristics;
        below.map_or(0, |below| below(file)) | SQLITE_IOCAP_POWERSAFE_OVERWRITE
    }
}
