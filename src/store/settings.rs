//! Single values that outlive the process.

use rusqlite::Connection;

use super::bookkeeping::{first, run};
use crate::error::{Error, Result};
use crate::ids::ClientId;

const CLIENT_ID: &str = "client_id";
/// Stands there while the database is open.
const OPEN: &str = "open";

/// This database's id, minted from `rng` when there is none yet. Wants a transaction.
pub fn client_id(conn: &Connection, rng: &mut fastrand::Rng) -> Result<ClientId> {
    let found: Option<String> = first(
        conn,
        "SELECT value FROM _throughline_settings WHERE name = ?1",
        &[&CLIENT_ID],
        |row| Ok(row.get(0)?),
    )?;
    if let Some(found) = found {
        return match is_client_id(&found) {
            true => Ok(ClientId(found)),
            false => Err(Error::Corrupt(format!("client id {found:?}"))),
        };
    }
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    let minted = uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string();
    run(
        conn,
        "INSERT INTO _throughline_settings (name, value) VALUES (?1, ?2)",
        &[&CLIENT_ID, &minted],
    )?;
    Ok(ClientId(minted))
}

fn is_client_id(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

/// Drops what a broken file had in the place of an id: another one is minted. How much that is. Wants a transaction.
pub fn drop_misfits(conn: &Connection) -> Result<usize> {
    let found: Option<Option<String>> = first(
        conn,
        "SELECT value FROM _throughline_settings WHERE name = ?1",
        &[&CLIENT_ID],
        |row| Ok(row.get(0).ok()),
    )?;
    match found {
        Some(text) if !text.as_deref().is_some_and(is_client_id) => run(
            conn,
            "DELETE FROM _throughline_settings WHERE name = ?1",
            &[&CLIENT_ID],
        ),
        _ => Ok(0),
    }
}

/// Leaves a mark that a clean close takes away; whether the one of the last session is still there. Wants a transaction.
pub fn mark_open(conn: &Connection) -> Result<bool> {
    let marked = run(
        conn,
        "INSERT OR IGNORE INTO _throughline_settings (name, value) VALUES (?1, '1')",
        &[&OPEN],
    )?;
    Ok(marked == 0)
}

/// The mark goes: all that was committed is in order.
pub fn mark_closed(conn: &Connection) -> Result<()> {
    run(
        conn,
        "DELETE FROM _throughline_settings WHERE name = ?1",
        &[&OPEN],
    )?;
    Ok(())
}
