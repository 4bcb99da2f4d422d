//! Whether a file from elsewhere is a database that this build would have made, and nothing hangs on what is ours in it.
//!
//! Our own statements run unasked, so a trigger on the change log or on synced rows would run with them; and a file that cannot be
//! opened must not take the place of one that can.

use rusqlite::Connection;

use super::bookkeeping::{all, first};
use super::salvage::columns;
use super::{migrations, shapes, staging, transactions};
use crate::error::{Error, Result};
use crate::ids::ClientId;
use crate::schema::membership::{create_members, create_slots};
use crate::schema::{TableSchema, names};

/// An object as SQLite keeps it.
#[derive(PartialEq)]
struct Object {
    kind: String,
    name: String,
    /// What it hangs on; itself for tables and views.
    table: String,
    sql: Option<String>,
}

/// Looks through all definitions, and reads what is kept of tables, shapes and writes.
///
/// # Errors
/// [`Error::Argument`] with the first object that is not as it should be; what reading it says.
pub fn check(conn: &Connection, client: &ClientId) -> Result<()> {
    let model = Connection::open_in_memory()?;
    migrations::migrate(&model)?;
    let (model, found) = (objects(&model)?, objects(conn)?);
    if let Some(missing) = model.iter().find(|object| !found.contains(object)) {
        return Err(wrong(missing));
    }
    let tables = shapes::load_tables(conn)?;
    for object in found.iter().filter(|object| !model.contains(object)) {
        if !is_in_place(object, &tables) {
            return Err(wrong(object));
        }
    }
    let has_columns = |base: String, table: &TableSchema| {
        let held = columns(conn, &base)?;
        match table.columns.iter().all(|one| held.contains(&one.name)) {
            true => Ok(()),
            false => Err(refused(&base)),
        }
    };
    for table in &tables {
        has_columns(names::synced(&table.name), table)?;
        has_columns(names::local(&table.name), table)?;
    }
    for shape in shapes::load(conn)? {
        if let (Some(loading), true) = (&shape.loading, staging::has_begun(conn, shape.id)?) {
            has_columns(names::staged(shape.id), loading)?;
        }
    }
    let circle = "SELECT 1 FROM _throughline_transactions WHERE replaced_by <= id";
    if first(conn, circle, &[], |_| Ok(()))?.is_some() {
        return Err(refused(names::TRANSACTIONS));
    }
    transactions::accepted_positions(conn)?;
    transactions::pending(conn, client)?;
    transactions::rejected(conn, client)?;
    Ok(())
}

/// Whether an object may be where it is: the views and their triggers are made anew if they are not ours, all else that has a name of
/// ours must be a table or an index.
fn is_in_place(object: &Object, tables: &[TableSchema]) -> bool {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let is_staged = |name: &str| name.starts_with(names::STAGED);
    let is_view = |name: &str| tables.iter().any(|table| is(&table.name, name));
    let is_ours = |name: &str| {
        let generated = |table: &TableSchema| names::of_table(&table.name);
        let prefix = name.get(..names::PREFIX.len());
        prefix.is_some_and(|prefix| is(prefix, names::PREFIX))
            || tables.iter().flat_map(generated).any(|one| is(&one, name))
    };
    let lower = object.sql.as_deref().unwrap_or_default();
    let lower = lower.to_ascii_lowercase();
    match object.kind.as_str() {
        "table" => {
            let made = |table: &TableSchema| {
                let kept = [create_members(table), create_slots(table)];
                let rows = [names::synced(&table.name), names::local(&table.name)];
                kept.iter().any(|sql| is(sql, &lower))
                    || rows.iter().any(|rows| is(rows, &object.name))
            };
            let is_real = !lower.starts_with("create virtual");
            !is_ours(&object.name)
                || is_real && (is_staged(&object.name) || tables.iter().any(made))
        }
        "trigger" if is_view(&object.table) => true,
        "view" if is_view(&object.name) => true,
        "view"
            if tables
                .iter()
                .any(|table| is(&names::writes(&table.name), &object.name)) =>
        {
            true
        }
        "trigger" | "view" => {
            !is_ours(&object.name) && !is_ours(&object.table) && !names::mentions_trigger(&lower)
        }
        _ => true,
    }
}

fn objects(conn: &Connection) -> Result<Vec<Object>> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema";
    all(conn, sql, &[], |row| {
        Ok(Object {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
        })
    })
}

fn wrong(object: &Object) -> Error {
    refused(&object.name)
}

fn refused(name: &str) -> Error {
    Error::Argument(format!("import: {name:?} is not as this package makes it"))
}
