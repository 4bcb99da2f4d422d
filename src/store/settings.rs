//! Single values that outlive the process.

use rusqlite::Connection;

use super::bookkeeping::{first, run};
use crate::error::Result;
use crate::ids::ClientId;

const CLIENT_ID: &str = "client_id";
/// Stands there while the database is open.
const OPEN: &str = "open";

/// This database's id, minted from `rng` when there is none yet, or none that can be one. Wants a transaction.
pub fn client_id(conn: &Connection, rng: &mut fastrand::Rng) -> Result<ClientId> {
    let found: Option<String> = first(
        conn,
        "SELECT value FROM _throughline_settings WHERE name = ?1",
        &[&CLIENT_ID],
        |row| Ok(row.get(0)?),
    )?;
    if let Some(found) = found.filter(|found| uuid::Uuid::try_parse(found).is_ok()) {
        return Ok(ClientId(found));
    }
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    let minted = uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string();
    run(
        conn,
        "INSERT OR REPLACE INTO _throughline_settings (name, value) VALUES (?1, ?2)",
        &[&CLIENT_ID, &minted],
    )?;
    Ok(ClientId(minted))
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
