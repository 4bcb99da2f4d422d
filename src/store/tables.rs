//! Making, refreshing and replacing a table's objects.

use rusqlite::{Connection, OptionalExtension};

use super::error::corrupt;
use super::{membership, staging};
use crate::error::{Error, Result};
use crate::ids::ShapeId;
use crate::schema::{TableSchema, ddl, identifier, list, names};

/// Makes all objects of a new table. Wants a transaction.
///
/// # Errors
/// [`Error::Schema`] when an object of the app's own has one of the names; [`Error::Corrupt`] when the table was made already, which nothing
/// in the file says any more.
pub fn create(conn: &Connection, table: &TableSchema) -> Result<()> {
    for name in names::of_table(&table.name) {
        if let Some(kind) = kind_of(conn, &name)? {
            // No app can name a trigger so.
            for operation in names::OPERATIONS {
                if exists(conn, &names::trigger(&table.name, operation))? {
                    return Err(corrupt(format!("nothing is known of table {}", table.name)));
                }
            }
            return Err(Error::schema(
                &table.name,
                format!("the {kind} {name:?} is in the way"),
            ));
        }
    }
    conn.execute_batch(&ddl::create_rows(table, &names::synced(&table.name)))?;
    conn.execute_batch(&ddl::create_local(table))?;
    create_dependents(conn, table)?;
    membership::bring_up(conn, table)
}

/// Makes indexes, view and triggers again where they are not what this build would make. Wants a transaction.
pub fn refresh(conn: &Connection, table: &TableSchema) -> Result<()> {
    let wanted = dependents(table);
    let found = dependents_found(conn, table)?;
    if wanted.len() == found.len() && wanted.iter().all(|sql| found.contains(sql)) {
        return Ok(());
    }
    drop_dependents(conn, table)?;
    create_dependents(conn, table)
}

/// Replaces the tables of a changed schema; rows keep the columns that both have, and shadow rows are left to
/// be folded again. Wants a transaction.
pub fn replace(conn: &Connection, old: &TableSchema, new: &TableSchema) -> Result<()> {
    drop_dependents(conn, old)?;
    let synced = names::synced(&new.name);
    let outdated = names::outdated(&new.name);
    conn.execute_batch(&format!(
        "ALTER TABLE {} RENAME TO {}",
        identifier(&synced),
        identifier(&outdated)
    ))?;
    conn.execute_batch(&ddl::create_rows(new, &synced))?;
    if old.identifies_like(new) {
        let shared = list(
            new.columns
                .iter()
                .filter(|column| old.position(&column.name).is_some())
                .map(|column| identifier(&column.name)),
        );
        conn.execute_batch(&format!(
            "INSERT OR IGNORE INTO {} ({shared}) SELECT {shared} FROM {}",
            identifier(&synced),
            identifier(&outdated)
        ))?;
    } else {
        membership::drop_tables(conn, &new.name)?;
        membership::bring_up(conn, new)?;
    }
    conn.execute_batch(&format!("DROP TABLE {}", identifier(&outdated)))?;
    conn.execute_batch(&format!(
        "DROP TABLE {}",
        identifier(&names::local(&new.name))
    ))?;
    conn.execute_batch(&ddl::create_local(new))?;
    create_dependents(conn, new)
}

/// Deletes a table's rows that only this shape holds, and all that is kept in its name. Wants a transaction.
pub fn purge(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<()> {
    let synced = identifier(&names::synced(&table.name));
    if !membership::are_kept(conn, table)? {
        conn.execute_batch(&format!("DELETE FROM {synced}"))?;
        return staging::clear(conn, table, shape);
    }
    staging::clear(conn, table, shape)?;
    membership::release_rows(conn, table, shape, None)?;
    membership::leave(conn, table, shape)?;
    membership::clear(conn, table, shape.0)
}

/// Rows that readers see in the name of a shape.
pub fn count_held(conn: &Connection, table: &TableSchema, shape: ShapeId) -> Result<u64> {
    if membership::are_kept(conn, table)? {
        return membership::count(conn, table, shape.0);
    }
    count_rows(conn, &names::synced(&table.name))
}

/// Rows in a table.
pub(super) fn count_rows(conn: &Connection, base: &str) -> Result<u64> {
    let count: i64 = conn
        .prepare_cached(&format!("SELECT count(*) FROM {}", identifier(base)))?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn dependents(table: &TableSchema) -> Vec<String> {
    let mut sql = ddl::create_indexes(table);
    sql.extend([ddl::create_view(table), ddl::create_writes(table)]);
    sql.extend(ddl::create_triggers(table));
    sql
}

fn dependents_found(conn: &Connection, table: &TableSchema) -> Result<Vec<String>> {
    let bases = [names::synced(&table.name), names::local(&table.name)];
    let mut statement = conn.prepare(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL
         AND (tbl_name IN (?1, ?4) AND type IN ('view', 'trigger')
           OR tbl_name IN (?2, ?3) AND type = 'index' AND name NOT GLOB '_throughline_*')",
    )?;
    let writes = names::writes(&table.name);
    let found = statement
        .query_map([&table.name, &bases[0], &bases[1], &writes], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

pub(super) fn create_dependents(conn: &Connection, table: &TableSchema) -> Result<()> {
    for sql in dependents(table) {
        conn.execute_batch(&sql)?;
    }
    Ok(())
}

pub(super) fn drop_dependents(conn: &Connection, table: &TableSchema) -> Result<()> {
    conn.execute_batch(&ddl::drop_views(&table.name))?;
    for base in [names::synced(&table.name), names::local(&table.name)] {
        let indexes: Vec<String> = conn
            .prepare(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL
                 AND name NOT GLOB '_throughline_*'",
            )?
            .query_map([&base], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for index in indexes {
            conn.execute_batch(&format!("DROP INDEX {}", identifier(&index)))?;
        }
    }
    Ok(())
}

/// Whether an object of that name is there.
pub(super) fn exists(conn: &Connection, name: &str) -> Result<bool> {
    Ok(kind_of(conn, name)?.is_some())
}

fn kind_of(conn: &Connection, name: &str) -> Result<Option<String>> {
    Ok(conn
        .prepare_cached("SELECT type FROM sqlite_master WHERE name = ?1 COLLATE NOCASE")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}
