//! `verify()`: every shadow row recomputed and compared. Changes nothing.

use rusqlite::Connection;

use super::session::Session;
use super::shadow::{folded, stored};
use super::{changes, shadow::Key};
use crate::error::Result;
use crate::tabs::Verification;

/// Compares the shadow tables with the fold and runs SQLite's own check of the file.
pub fn verify(conn: &Connection, session: &Session) -> Result<Verification> {
    let mut report = Verification::default();
    for table in session.tables() {
        let mut keys = changes::keys_with_intents(conn, &table.name)?;
        for (key, shadow) in stored(conn, &table)? {
            report.shadow_rows += 1;
            if let Ok(at) = keys.binary_search(&key.json) {
                keys.remove(at);
            }
            match folded(conn, &table, &key)? {
                None => report.problems.push(format!(
                    "{} {}: a shadow row without pending intents",
                    table.name, key.json
                )),
                Some(expected) if expected != shadow => report.problems.push(format!(
                    "{} {}: the shadow row is not the fold of its intents: {shadow:?}, expected {expected:?}",
                    table.name, key.json
                )),
                Some(_) => {}
            }
        }
        for json in keys {
            let Ok(key) = Key::parse(&table, &json) else {
                continue;
            };
            report.problems.push(format!(
                "{} {}: pending intents without a shadow row",
                table.name, key.json
            ));
        }
    }
    let check: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        report.problems.push(format!("the file: {check}"));
    }
    Ok(report)
}
