//! The origin private file system: one pool of access handles a database.

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::convert::get;
use super::measure;
use super::pool::{self, Failure};
use crate::engine::files;
use crate::error::{Error, Result};
use crate::tabs::OpenTrouble;

/// Holds a folder for each database.
const FOLDER: &str = ".throughline";

/// An open pool.
pub(super) struct Pool {
    files: pool::Pool,
    /// The VFS to open a database on.
    pub(super) vfs: String,
}

/// Why there is none.
pub(super) enum PoolError {
    /// This browser, or this kind of window, has no OPFS.
    Unavailable(String),
    /// Someone else holds the files.
    InUse,
    /// It is there and failed.
    Failed(String),
    /// No space.
    Full(String),
}

impl Pool {
    /// Opens the pool of a database.
    pub(super) async fn open(database: &str) -> Result<Self, PoolError> {
        let global = js_sys::global();
        let handle = get(&get(&global, "FileSystemFileHandle"), "prototype");
        let storage = get(&get(&global, "navigator"), "storage");
        let parts = [
            (handle, "createSyncAccessHandle"),
            (storage, "getDirectory"),
        ];
        if parts.iter().any(|(of, part)| !get(of, part).is_function()) {
            let missing = "there are no synchronous file handles";
            return Err(PoolError::Unavailable(missing.into()));
        }
        let directory = directory(database);
        let vfs = format!("throughline-{directory}");
        let files = pool::Pool::open(&[FOLDER, &directory], &vfs).await;
        let files = files.map_err(classify)?;
        Ok(Self { files, vfs })
    }

    /// Lets go of the files. The connection must be closed.
    pub(super) fn release(self) -> Result<()> {
        self.files.close().map_err(error)
    }

    /// Gives the pool up for good: its folder is gone. The connection must be closed.
    ///
    /// In Chromium the handles of deleted files go on working, but closing one never returns. So they are left to the garbage
    /// collector.
    pub(super) fn forget(&self) -> Result<()> {
        self.files.lose().map_err(error)
    }

    /// The names of all that are there.
    pub(super) fn names(&self) -> Vec<String> {
        self.files.names()
    }

    /// A file's size with those of its companions, in bytes.
    pub(super) fn size(&self, name: &str) -> Result<u64> {
        let sizes = files::with_companions(name).map(|one| self.files.size(&one));
        sizes
            .into_iter()
            .try_fold(0, |sum, size| Ok(sum + size.map_err(error)?))
    }

    /// A file's bytes. Nothing may have it open, or have a log beside it.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>> {
        self.files.read(name).map_err(error)
    }

    /// Writes a new file, which is to be opened without a write-ahead log.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.files.write(name, bytes).map_err(error)
    }

    /// Deletes a file.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        self.files.remove(name).map_err(error)
    }

    /// Deletes everything in the pool. The connection must be closed.
    pub(super) fn clear(&self) -> Result<()> {
        self.names().iter().try_for_each(|name| self.remove(name))
    }
}

impl PoolError {
    /// What it means for the opening.
    pub(super) fn trouble(self) -> OpenTrouble {
        match self {
            Self::InUse => OpenTrouble::Held,
            Self::Full(reason) => Error::Quota(reason).into(),
            Self::Unavailable(reason) | Self::Failed(reason) => Error::Storage(reason).into(),
        }
    }
}

/// A failure of the pool for the app.
fn error(failure: Failure) -> Error {
    match classify(failure) {
        PoolError::Full(reason) => Error::Quota(reason),
        PoolError::Unavailable(reason) | PoolError::Failed(reason) => Error::Storage(reason),
        PoolError::InUse => Error::Storage("another worker has the files".into()),
    }
}

/// Whether the folder of a database is still there: the user can clear it under an open database, whose handles go on working on
/// files that nobody will find again.
pub(super) async fn is_there(database: &str) -> bool {
    let storage = get(&get(&js_sys::global(), "navigator"), "storage");
    let mut at = measure::call(&storage, "getDirectory").await;
    for name in [FOLDER, &directory(database)] {
        let Some(open) = get(&at, "getDirectoryHandle")
            .dyn_ref::<Function>()
            .cloned()
        else {
            // It cannot be looked for.
            return true;
        };
        let Ok(opening) = open.call1(&at, &name.into()) else {
            return true;
        };
        match JsFuture::from(Promise::resolve(&opening)).await {
            Ok(found) => at = found,
            Err(thrown) => return exception(&thrown) != "NotFoundError",
        }
    }
    true
}

/// A database name as a directory name: what is not plain is spelled by its bytes.
fn directory(database: &str) -> String {
    let mut name = String::new();
    for byte in database.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(byte.into());
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name
}

fn classify(failure: Failure) -> PoolError {
    let message = failure.to_string();
    match failure.exception().as_str() {
        "NoModificationAllowedError" | "InvalidStateError" => PoolError::InUse,
        "SecurityError" | "NotSupportedError" | "UnknownError" | "TypeError" => {
            PoolError::Unavailable(message)
        }
        "QuotaExceededError" => PoolError::Full(message),
        _ => PoolError::Failed(message),
    }
}

fn exception(value: &JsValue) -> String {
    get(value, "name").as_string().unwrap_or_default()
}
