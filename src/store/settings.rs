//! Single values that outlive the process.

use rusqlite::{Connection, OptionalExtension};

use super::error::corrupt;
use crate::error::Result;
use crate::ids::ClientId;

const CLIENT_ID: &str = "client_id";

/// This database's id, minted from `rng` when there is none yet. Wants a transaction.
pub fn client_id(conn: &Connection, rng: &mut fastrand::Rng) -> Result<ClientId> {
    let found: Option<String> = conn
        .prepare_cached("SELECT value FROM _throughline_settings WHERE name = ?1")?
        .query_row([CLIENT_ID], |row| row.get(0))
        .optional()?;
    if let Some(found) = found {
        uuid::Uuid::parse_str(&found).map_err(|_| corrupt(format!("client id {found:?}")))?;
        return Ok(ClientId(found));
    }
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    let minted = uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string();
    conn.prepare_cached("INSERT INTO _throughline_settings (name, value) VALUES (?1, ?2)")?
        .execute([CLIENT_ID, &minted])?;
    Ok(ClientId(minted))
}
