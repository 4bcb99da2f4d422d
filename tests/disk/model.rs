//! What a disk keeps. One for each thread, and each test has a thread.
//!
//! The real files hold what a living machine reads. Beside each stands what is flushed and, in order, what has changed since. When the
//! power goes, any of these changes may be on the disk or not: of a write any of its sectors, as many as chance takes, whatever came
//! before or after it. A file that was made and not flushed may be missing, and one that was deleted may be back.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::ffi;

/// In bytes: what is written whole or not at all.
pub const SECTOR: usize = 512;

/// What SQLite asks of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Open,
    Read,
    Write,
    Truncate,
    Sync,
    Delete,
}

/// What goes wrong, counted from [`arm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing: to count.
    None,
    /// The call of that number fails.
    Once(usize),
    /// It and all after it.
    From(usize),
    /// The power goes in the change of that number: a call that is neither an opening nor a reading.
    PowerCut(usize),
}

/// How many calls there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub calls: usize,
    pub changes: usize,
}

#[derive(Default)]
struct Disk {
    files: BTreeMap<String, Kept>,
    trouble: Option<Trouble>,
    count: Count,
    /// Grows with each power cut; what was opened before it is dead.
    life: u64,
    off: bool,
    failed: usize,
}

/// One file.
#[derive(Default)]
struct Kept {
    /// What is flushed; `None`: that there is such a file is not.
    flushed: Option<Vec<u8>>,
    since: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
    Delete,
}

thread_local! {
    static DISK: RefCell<Disk> = RefCell::default();
}

fn with<T>(work: impl FnOnce(&mut Disk) -> T) -> T {
    DISK.with_borrow_mut(work)
}

/// A new machine, which knows no file.
pub fn begin() {
    with(|disk| {
        *disk = Disk {
            life: disk.life + 1,
            ..Disk::default()
        };
    });
}

/// From now on calls are counted and meet this trouble.
pub fn arm(trouble: Trouble) {
    with(|disk| {
        (disk.trouble, disk.count, disk.failed) = (Some(trouble), Count::default(), 0);
    });
}

/// The disk works; how many calls there were since it was armed, and how many of them failed.
pub fn disarm() -> (Count, usize) {
    with(|disk| {
        disk.trouble = None;
        (disk.count, disk.failed)
    })
}

/// Whether the power has gone.
pub fn is_off() -> bool {
    with(|disk| disk.off)
}

/// The machine's lives so far.
pub fn life() -> u64 {
    with(|disk| disk.life)
}

/// Whether that life goes on.
pub fn is_up(life: u64) -> bool {
    with(|disk| !disk.off && disk.life == life)
}

/// A call: the code that it fails with, if it does. `cut` notes what it was about to change when the power goes in it.
pub fn call(call: Call, life: u64, cut: impl FnOnce()) -> Result<(), i32> {
    let (fails, cuts) = with(|disk| {
        if disk.off || disk.life != life {
            return (true, false);
        }
        let Some(trouble) = disk.trouble else {
            return (false, false);
        };
        let at = disk.count;
        let is_change = !matches!(call, Call::Open | Call::Read);
        disk.count.calls += 1;
        disk.count.changes += usize::from(is_change);
        let cuts = is_change && trouble == Trouble::PowerCut(at.changes);
        let fails = match trouble {
            Trouble::Once(number) => at.calls == number,
            Trouble::From(number) => at.calls >= number,
            Trouble::None | Trouble::PowerCut(_) => cuts,
        };
        disk.failed += usize::from(fails);
        (fails, cuts)
    });
    if cuts {
        cut();
        with(|disk| disk.off = true);
    }
    if fails { Err(code(call)) } else { Ok(()) }
}

/// As the system's VFS tells it; a write that fails finds the disk full.
fn code(call: Call) -> i32 {
    match call {
        Call::Open => ffi::SQLITE_CANTOPEN,
        Call::Read => ffi::SQLITE_IOERR_READ,
        Call::Write => ffi::SQLITE_FULL,
        Call::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
        Call::Sync => ffi::SQLITE_IOERR_FSYNC,
        Call::Delete => ffi::SQLITE_IOERR_DELETE,
    }
}

/// What a file has when it is met for the first time is flushed.
pub fn opened(path: &str) {
    with(|disk| {
        if !disk.files.contains_key(path) {
            let flushed = fs::read(path).ok().filter(|bytes| !bytes.is_empty());
            let since = Vec::new();
            disk.files.insert(path.into(), Kept { flushed, since });
        }
    });
}

pub fn wrote(path: &str, at: usize, bytes: &[u8]) {
    change(path, Change::Write(at, bytes.to_vec()));
}

pub fn truncated(path: &str, size: usize) {
    change(path, Change::Truncate(size));
}

/// Durably, once it is done: as the browser's pool of files does, and the system's with the next flush in the folder.
pub fn deleted(path: &str) {
    change(path, Change::Delete);
    synced(path);
}

/// The power goes in it.
pub fn deleting(path: &str) {
    change(path, Change::Delete);
}

fn change(path: &str, change: Change) {
    with(|disk| {
        disk.files
            .entry(path.into())
            .or_default()
            .since
            .push(change)
    });
}

pub fn synced(path: &str) {
    with(|disk| {
        let Some(kept) = disk.files.get_mut(path) else {
            return;
        };
        let mut flushed = Some(kept.flushed.take().unwrap_or_default());
        for change in kept.since.drain(..) {
            change.survive(&mut flushed, usize::MAX, || true);
        }
        kept.flushed = flushed;
    });
}

/// The machine starts again with what chance left of the files.
pub fn power_returns(seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    // Nothing, most or all of it; and by sectors, by pages of the system or by whole writes.
    let survives = [0.0, 0.5, 0.5, 0.9, 1.0][rng.usize(0..5)];
    let unit = [SECTOR, SECTOR, 4096, usize::MAX][rng.usize(0..4)];
    let files = with(|disk| {
        disk.life += 1;
        (disk.off, disk.trouble) = (false, None);
        std::mem::take(&mut disk.files)
    });
    for (path, kept) in files {
        let mut left = kept.flushed;
        for change in kept.since {
            if !change.survive(&mut left, unit, || rng.f64() < survives) {
                break;
            }
        }
        let folder = Path::new(&path).parent();
        if !folder.is_some_and(Path::exists) {
            continue;
        }
        match left {
            Some(bytes) => fs::write(path, bytes).expect("a file"),
            None => drop(fs::remove_file(path)),
        }
    }
}

impl Change {
    /// Does the parts of it that survive, each of so many bytes of the file; false: what came later was done to another file of
    /// that name, which is not there.
    fn survive(
        self,
        file: &mut Option<Vec<u8>>,
        unit: usize,
        mut survives: impl FnMut() -> bool,
    ) -> bool {
        match self {
            Self::Write(at, bytes) => {
                let mut done = 0;
                while done < bytes.len() {
                    let from = at + done;
                    let length = (unit - from % unit).min(bytes.len() - done);
                    if survives() {
                        let file = file.get_or_insert_default();
                        file.resize(file.len().max(from + length), 0);
                        file[from..from + length].copy_from_slice(&bytes[done..done + length]);
                    }
                    done += length;
                }
            }
            Self::Truncate(size) if survives() => file.get_or_insert_default().resize(size, 0),
            Self::Truncate(_) => {}
            Self::Delete if survives() => *file = None,
            Self::Delete => return false,
        }
        true
    }
}
