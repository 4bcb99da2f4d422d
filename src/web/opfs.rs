//! The origin private file system: one pool of access handles a database.

use js_sys::{Function, Object, Promise};
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_vfs::sahpool::{OpfsSAHError, OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::convert::{get, set};
use super::{measure, wal};
use crate::error::Error;
use crate::tabs::OpenTrouble;

/// Database, write-ahead log, the rollback journal of the moment before WAL is on, a broken file that was set aside, one that is
/// taken in or out with its journal, and temporary files: a statement that sorts or replaces many rows has some of them open at once.
const SLOTS: usize = 12;

/// Holds a folder for each database.
const FOLDER: &str = ".throughline";

/// An open pool.
pub(super) struct Pool {
    pub(super) files: OpfsSAHPoolUtil,
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
        let handle = get(&js_sys::global(), "FileSystemFileHandle");
        if !get(&get(&handle, "prototype"), "createSyncAccessHandle").is_function() {
            let missing = "there are no synchronous file handles";
            return Err(PoolError::Unavailable(missing.into()));
        }
        let directory = directory(database);
        let vfs = format!("throughline-{directory}");
        let config = OpfsSAHPoolCfgBuilder::new()
            .vfs_name(&below(&vfs))
            .directory(&format!("{FOLDER}/{directory}"))
            .initial_capacity(SLOTS)
            .build();
        Self::try_open(&config, &vfs).await
    }

    async fn try_open(
        config: &sqlite_wasm_vfs::sahpool::OpfsSAHPoolCfg,
        vfs: &str,
    ) -> Result<Self, PoolError> {
        let pool = install::<WasmOsCallback>(config, false)
            .await
            .map_err(classify)?;
        // Of a database that this worker closed before.
        pool.resume().await.map_err(classify)?;
        wal::install(&below(vfs), vfs).map_err(PoolError::Failed)?;
        Ok(Self {
            files: pool,
            vfs: vfs.to_owned(),
        })
    }

    /// Lets go of the files. The connection must be closed.
    pub(super) fn release(&self) -> Result<(), String> {
        self.files.pause().map_err(|error| error.to_string())
    }

    /// Gives the pool up for good: its folder is gone. The connection must be closed.
    ///
    /// In Chromium the handles of deleted files go on working, but closing one never returns. So they are left to the garbage
    /// collector.
    #[allow(unsafe_code)]
    pub(super) fn forget(&self) -> Result<(), String> {
        let handle = get(&js_sys::global(), "FileSystemSyncAccessHandle");
        let prototype = Object::from(get(&handle, "prototype"));
        let close = get(&prototype, "close");
        set(&prototype, "close", Function::new_no_args(""));
        wal::uninstall(&self.vfs);
        // SAFETY: the engine dropped its connection, and nobody else is told of this VFS.
        let forgotten = unsafe { self.files.uninstall() };
        set(&prototype, "close", close);
        forgotten.map_err(|error| error.to_string())
    }

    /// Deletes everything in the pool. The connection must be closed.
    pub(super) fn clear(&self) -> Result<(), String> {
        use rsqlite_vfs::VfsFilesManager;
        self.files.clear().map_err(|error| error.to_string())
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
pub(super) fn error(error: OpfsSAHError) -> Error {
    match classify(error) {
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

/// The pool's own VFS, under the one that databases are opened on.
fn below(vfs: &str) -> String {
    format!("{vfs}-pool")
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

fn classify(error: OpfsSAHError) -> PoolError {
    let message = error.to_string();
    match &error {
        OpfsSAHError::NotSupported => PoolError::Unavailable(message),
        OpfsSAHError::Opfs { value, .. } => match exception(value).as_str() {
            "NoModificationAllowedError" | "InvalidStateError" => PoolError::InUse,
            "SecurityError" | "NotSupportedError" | "UnknownError" | "TypeError" => {
                PoolError::Unavailable(message)
            }
            "QuotaExceededError" => PoolError::Full(message),
            _ => PoolError::Failed(message),
        },
        _ => PoolError::Failed(message),
    }
}

fn exception(value: &JsValue) -> String {
    get(value, "name").as_string().unwrap_or_default()
}
