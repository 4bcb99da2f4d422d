//! Where the database lives: OPFS if the browser has it, else memory if the app allows it.

use wasm_bindgen::JsValue;

use super::convert::get;
use super::opfs::{Pool, PoolError};
use crate::engine::{self, Connection};
use crate::error::{Error, Result};
use crate::tabs::{OpenTrouble, Persistence};

/// The file's name within its pool.
const FILE: &str = "database.sqlite3";

/// What keeps a database open; dropped after its connection.
pub(super) struct Storage {
    pool: Option<Pool>,
}

/// A connection and where it leads.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) persistence: Persistence,
    pub(super) reason: Option<String>,
    pub(super) storage: Storage,
}

/// Whether `options.storage` is something to go by: `auto` (the default), `opfs` or `memory`.
///
/// # Errors
/// [`Error::Argument`].
pub(super) fn check(options: &JsValue) -> Result<()> {
    match get(options, "storage").as_string().as_deref() {
        None | Some("auto" | "opfs" | "memory") => Ok(()),
        Some(other) => Err(Error::Argument(format!(
            "storage must be \"auto\", \"opfs\" or \"memory\", not {other:?}"
        ))),
    }
}

/// Opens the database as `options.storage` says.
///
/// # Errors
/// [`OpenTrouble::Held`] while another worker has its files; [`Error::Storage`] with `opfs` where there is none.
pub(super) async fn open(
    name: &str,
    options: &JsValue,
) -> std::result::Result<Opened, OpenTrouble> {
    let wanted = get(options, "storage").as_string();
    if wanted.as_deref() == Some("memory") {
        return Ok(memory("the app asked for it".into())?);
    }
    match Pool::open(name).await {
        Ok(pool) => {
            let connection = engine::open_on_vfs(FILE, pool.vfs())?;
            Ok(Opened {
                connection,
                persistence: Persistence::Opfs,
                reason: None,
                storage: Storage { pool: Some(pool) },
            })
        }
        Err(PoolError::Unavailable(reason)) if wanted.as_deref() != Some("opfs") => {
            Ok(memory(format!("this browser has no OPFS here: {reason}"))?)
        }
        Err(PoolError::InUse) => Err(OpenTrouble::Held),
        Err(PoolError::Full(reason)) => Err(Error::Quota(reason).into()),
        Err(PoolError::Unavailable(reason) | PoolError::Failed(reason)) => {
            Err(Error::Storage(reason).into())
        }
    }
}

fn memory(reason: String) -> Result<Opened> {
    Ok(Opened {
        connection: engine::open_memory()?,
        persistence: Persistence::Memory,
        reason: Some(reason),
        storage: Storage { pool: None },
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

    /// Lets go of the files. The connection must be closed.
    pub(super) fn release(self) -> Result<()> {
        match &self.pool {
            Some(pool) => pool.release().map_err(Error::Storage),
            None => Ok(()),
        }
    }
}
