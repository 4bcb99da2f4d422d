//! `verify()`: every shadow row recomputed and compared. Changes nothing.

use rusqlite::Connection;

use super::session::Session;
use super::shadow::{folded, stored};
use super::{changes, check, shadow::Key};
use crate::error::{Error, Result};
use crate::optimistic::ShadowRow;
use crate::schema::TableSchema;
use crate::tabs::Verification;

/// Compares the shadow tables with the fold and runs SQLite's own check of the file.
///
/// # Errors
/// [`Error::Corrupt`] for broken pages.
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
                    "{} {}: the shadow row is not the fold of its intents, by {}",
                    table.name,
                    key.json,
                    difference(&table, &shadow, &expected)
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
    for problem in check::problems(conn, "1")? {
        if check::is_of_pages(&problem) {
            return Err(Error::Corrupt(problem));
        }
        report.problems.push(format!("the file: {problem}"));
    }
    Ok(report)
}

/// In what two shadow rows differ.
fn difference(table: &TableSchema, found: &ShadowRow, expected: &ShadowRow) -> String {
    let columns = table
        .columns
        .iter()
        .zip(found.row.iter().zip(&expected.row));
    let differ = columns.filter(|(_, (found, expected))| found != expected);
    let mut names: Vec<&str> = differ.map(|(column, _)| column.name.as_str()).collect();
    for (same, name) in [
        (found.changed == expected.changed, "the changed columns"),
        (
            found.is_deleted == expected.is_deleted,
            "whether it is deleted",
        ),
        (found.write_id == expected.write_id, "the write id"),
    ] {
        if !same {
            names.push(name);
        }
    }
    names.join(", ")
}
