//! Where the database lives: OPFS if the browser has it, else memory if the app allows it.

use wasm_bindgen::JsValue;

use super::convert::get;
use super::locks::FileLock;
use super::opfs::{Pool, PoolError};
use crate::engine::{self, Connection};
use crate::error::{Error, Result};
use crate::tabs::Persistence;

/// The file's name within its pool.
const FILE: &str = "database.sqlite3";

/// What keeps a database open; dropped after its connection.
pub(super) struct Storage {
    pool: Option<Pool>,
    _lock: Option<FileLock>,
}

/// A connection and where it leads.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) persistence: Persistence,
    pub(super) reason: Option<String>,
    pub(super) storage: Storage,
}

/// Opens the database as `options.storage` says: `auto` (the default), `opfs` or `memory`.
///
/// # Errors
/// [`Error::InUse`] at once while another tab holds it; [`Error::Storage`] with `opfs` where there is none.
pub(super) async fn open(name: &str, options: &JsValue) -> Result<Opened> {
    let wanted = get(options, "storage").as_string();
    match wanted.as_deref() {
        None | Some("auto" | "opfs") => {}
        Some("memory") => return memory(Some("the app asked for it".into())),
        Some(other) => {
            return Err(Error::Argument(format!(
                "storage must be \"auto\", \"opfs\" or \"memory\", not {other:?}"
            )));
        }
    }
    let lock = FileLock::take(&format!("throughline:{name}"))
        .await
        .map_err(|thrown| Error::Storage(format!("Web Locks refused: {thrown:?}")))?
        .ok_or_else(|| Error::InUse(name.to_owned()))?;
    match Pool::open(name).await {
        Ok(pool) => {
            let connection = engine::open_on_vfs(FILE, pool.vfs())?;
            Ok(Opened {
                connection,
                persistence: Persistence::Opfs,
                reason: None,
                storage: Storage {
                    pool: Some(pool),
                    _lock: Some(lock),
                },
            })
        }
        Err(PoolError::Unavailable(reason)) if wanted.as_deref() != Some("opfs") => {
            memory(Some(format!("this browser has no OPFS here: {reason}")))
        }
        Err(PoolError::InUse) => Err(Error::InUse(name.to_owned())),
        Err(PoolError::Full(reason)) => Err(Error::Quota(reason)),
        Err(PoolError::Unavailable(reason) | PoolError::Failed(reason)) => {
            Err(Error::Storage(reason))
        }
    }
}

fn memory(reason: Option<String>) -> Result<Opened> {
    Ok(Opened {
        connection: engine::open_memory()?,
        persistence: Persistence::Memory,
        reason,
        storage: Storage {
            pool: None,
            _lock: None,
        },
    })
}

impl Storage {
    /// Deletes the files. The connection must be closed.
    pub(super) fn delete(&self) -> Result<()> {
        match &self.pool {
            Some(pool) => pool.clear().map_err(Error::Storage),
            None => Ok(()),
        }
    }

    /// Lets go of the files and of the lock. The connection must be closed.
    pub(super) fn release(self) -> Result<()> {
        match &self.pool {
            Some(pool) => pool.release().map_err(Error::Storage),
            None => Ok(()),
        }
    }
}
