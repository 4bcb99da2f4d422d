//! The SQL that makes one table: synced table, shadow table, indexes, view, triggers.
//!
//! The view is the form that lets SQLite use indexes: synced rows that no shadow row hides, then whole shadow
//! rows. Both arms flatten into the outer query and an `ORDER BY` merges two ordered arms.
//!
//! The triggers run inside the app's own statement, so the shadow row and its intent commit with it or not at
//! all. An incremental step here equals one step of [`crate::optimistic::fold`]; `verify()` compares the two.

use super::names::{self, ShadowColumns, function};
use super::sql::{identifier, list, literal};
use super::table::{Column, TableSchema};
use crate::value::PgType;

/// `CREATE TABLE` of the synced rows, under the name given.
pub fn create_rows(table: &TableSchema, name: &str) -> String {
    format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({}))",
        identifier(name),
        row_columns(table),
        list(key_identifiers(table))
    )
}

pub(super) fn row_columns(table: &TableSchema) -> String {
    list(table.columns.iter().enumerate().map(|(at, column)| {
        let null = if table.is_key(at) { " NOT NULL" } else { "" };
        format!("{}{null}", declared(column))
    }))
}

/// The shadow table. Without rowids: each row is in one page, and not in the key's index besides.
pub fn create_local(table: &TableSchema) -> String {
    let shadow = ShadowColumns::of(table);
    let mut columns: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let null = if table.is_key(at) { " NOT NULL" } else { "" };
            format!("{}{null}", declared(column))
        })
        .collect();
    if table.write_id().is_none() {
        columns.push(format!("{} TEXT", identifier(&shadow.write_id)));
    }
    columns.push(format!("{} TEXT", identifier(&shadow.changed_columns)));
    columns.push(format!("{} INTEGER", identifier(&shadow.is_deleted)));
    format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({})) WITHOUT ROWID",
        identifier(&names::local(&table.name)),
        list(columns),
        list(key_identifiers(table))
    )
}

/// The declared indexes, on both tables.
pub fn create_indexes(table: &TableSchema) -> Vec<String> {
    let bases = [names::synced(&table.name), names::local(&table.name)];
    bases
        .iter()
        .flat_map(|base| {
            table.indexes.iter().enumerate().map(move |(n, columns)| {
                format!(
                    "CREATE INDEX {} ON {} ({})",
                    identifier(&names::index(base, n)),
                    identifier(base),
                    list(columns.iter().map(|column| identifier(column)))
                )
            })
        })
        .collect()
}

/// The view: synced rows that no shadow row hides, then whole shadow rows. Whether there is a shadow row at all SQLite asks once a
/// statement, and while there is none a scan need not ask for each row.
pub fn create_view(table: &TableSchema) -> String {
    let shadow = ShadowColumns::of(table);
    let columns = |arm: &str| {
        list(
            table
                .columns
                .iter()
                .map(|column| format!("{arm}.{0} AS {0}", identifier(&column.name))),
        )
    };
    let same_key = table
        .key_columns()
        .map(|column| format!("l.{0} = s.{0}", identifier(&column.name)))
        .collect::<Vec<_>>()
        .join(" AND ");
    format!(
        "CREATE VIEW {view} AS\n\
         SELECT {synced_columns} FROM {synced} AS s\n\
         WHERE NOT EXISTS (SELECT 1 FROM {local}) OR NOT EXISTS (SELECT 1 FROM {local} AS l WHERE {same_key})\n\
         UNION ALL\n\
         SELECT {local_columns} FROM {local} AS l WHERE NOT l.{is_deleted}",
        view = identifier(&table.name),
        synced = identifier(&names::synced(&table.name)),
        local = identifier(&names::local(&table.name)),
        synced_columns = columns("s"),
        local_columns = columns("l"),
        is_deleted = identifier(&shadow.is_deleted),
    )
}

/// The three triggers.
pub fn create_triggers(table: &TableSchema) -> Vec<String> {
    vec![on_insert(table), on_update(table), on_delete(table)]
}

/// The view of the rows with writes that are not settled: the key, how far the least settled write is (`rejected`,
/// `pending`, `accepted`), and the number of the newest transaction.
pub fn create_writes(table: &TableSchema) -> String {
    let key = list(table.key_columns().enumerate().map(|(at, column)| {
        let part = match column.ty {
            PgType::Int8 => format!("CAST(c.key ->> {at} AS INTEGER)"),
            PgType::Bytea => format!("unhex(substr(c.key ->> {at}, 3))"),
            _ => format!("c.key ->> {at}"),
        };
        format!("{part} AS {}", identifier(&column.name))
    }));
    let unsettled = |log| {
        format!(
            "SELECT key, transaction_id FROM {log} WHERE table_name = {}",
            literal(&table.name)
        )
    };
    format!(
        "CREATE VIEW {view} AS\n\
         SELECT {key},\n\
         \x20 CASE max(CASE t.state WHEN 'rejected' THEN 3 WHEN 'accepted' THEN 1 ELSE 2 END)\n\
         \x20 WHEN 3 THEN 'rejected' WHEN 2 THEN 'pending' ELSE 'accepted' END AS {state},\n\
         \x20 max(t.id) AS {number}\n\
         FROM ({changes} UNION ALL {journal}) AS c\n\
         JOIN {transactions} AS t ON t.id = c.transaction_id GROUP BY c.key",
        view = identifier(&names::writes(&table.name)),
        state = identifier(&names::free(table, "state")),
        number = identifier(&names::free(table, "transaction_number")),
        changes = unsettled(names::CHANGES),
        journal = unsettled(names::JOURNAL),
        transactions = names::TRANSACTIONS,
    )
}

/// Drops what [`create_view`], [`create_writes`] and [`create_triggers`] make; the triggers go with their view.
pub fn drop_views(table: &str) -> String {
    format!(
        "DROP VIEW IF EXISTS {}; DROP VIEW IF EXISTS {}",
        identifier(table),
        identifier(&names::writes(table))
    )
}

fn on_insert(table: &TableSchema) -> String {
    let taken = literal(&format!(
        "UNIQUE constraint failed: {}",
        key_label(table, ", ")
    ));
    let this_row = table
        .key
        .iter()
        .map(|at| {
            let name = identifier(&table.columns[*at].name);
            format!("{name} = {}", new_value(*at))
        })
        .collect::<Vec<_>>()
        .join(" AND ");
    let body = format!(
        "{take}\
         \x20 SELECT RAISE(ABORT, {taken}) WHERE CASE (SELECT {is_deleted} FROM {local} WHERE {this_row})\n\
         \x20   WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE EXISTS (SELECT 1 FROM {synced} WHERE {this_row}) END;\n\
         {log}{shadow}",
        take = take_up(function::INSERT, table, row(table, "NEW")),
        is_deleted = identifier(&ShadowColumns::of(table).is_deleted),
        local = identifier(&names::local(&table.name)),
        synced = identifier(&names::synced(&table.name)),
        log = log_change(table, "insert", "NULL"),
        shadow = upsert_shadow(table, "insert", new_value, "0"),
    );
    create_trigger(table, "insert", &body)
}

fn on_update(table: &TableSchema) -> String {
    let mut columns = row(table, "OLD");
    columns.extend(row(table, "NEW"));
    let value = |at: usize| {
        if table.is_key(at) {
            format!("OLD.{}", identifier(&table.columns[at].name))
        } else {
            new_value(at)
        }
    };
    let body = format!(
        "{take}{log}{shadow}",
        take = take_up(function::UPDATE, table, columns),
        log = log_change(table, "update", &call(function::BASE)),
        shadow = upsert_shadow(table, "update", value, "0"),
    );
    create_trigger(table, "update", &body)
}

fn on_delete(table: &TableSchema) -> String {
    let old = |at: usize| format!("OLD.{}", identifier(&table.columns[at].name));
    let body = format!(
        "{take}{log}{shadow}",
        take = take_up(function::DELETE, table, row(table, "OLD")),
        log = log_change(table, "delete", &call(function::BASE)),
        shadow = upsert_shadow(table, "delete", old, "1"),
    );
    create_trigger(table, "delete", &body)
}

fn create_trigger(table: &TableSchema, operation: &str, body: &str) -> String {
    format!(
        "CREATE TRIGGER {trigger} INSTEAD OF {verb} ON {view} BEGIN\n{body}END",
        trigger = identifier(&names::trigger(&table.name, operation)),
        verb = operation.to_ascii_uppercase(),
        view = identifier(&table.name),
    )
}

/// Looks at the row once; what follows asks for the parts that come of it.
fn take_up(function: &str, table: &TableSchema, columns: Vec<String>) -> String {
    format!(
        "  SELECT {function}({}, {});\n",
        literal(&table.name),
        list(columns)
    )
}

/// One intent, unless it is an update that changes nothing.
fn log_change(table: &TableSchema, operation: &str, base: &str) -> String {
    format!(
        "  INSERT INTO {changes} (transaction_id, write_id, table_name, operation, key, value, base)\n\
         \x20 {values};\n",
        changes = identifier(names::CHANGES),
        values = values(
            operation,
            &[
                call(function::TRANSACTION),
                call(function::WRITE_ID),
                literal(&table.name),
                literal(operation),
                call(function::KEY),
                call(function::VALUE),
                base.to_owned(),
            ]
        ),
    )
}

/// A row that only an update has to be asked about.
fn values(operation: &str, values: &[String]) -> String {
    if operation == "update" {
        format!("SELECT {} WHERE {}", list(values), call(function::DIFFERS))
    } else {
        format!("VALUES ({})", list(values))
    }
}

/// The whole merged row, if [`log_change`] just logged an intent for it.
///
/// What the shadow row said of its columns is added to where it is replaced: a value that was read from the table that it goes to would
/// have SQLite write a temporary table for each row (<https://sqlite.org/lang_upsert.html> says what a name means there).
fn upsert_shadow(
    table: &TableSchema,
    operation: &str,
    value: impl Fn(usize) -> String,
    is_deleted: &str,
) -> String {
    let shadow = ShadowColumns::of(table);
    let changed_columns = identifier(&shadow.changed_columns);
    let own = table.columns.iter().enumerate();
    let mut columns: Vec<(String, String)> = own
        .filter(|(_, column)| column.name != shadow.write_id)
        .map(|(at, column)| (identifier(&column.name), value(at)))
        .collect();
    columns.push((identifier(&shadow.write_id), call(function::WRITE_ID)));
    columns.push((changed_columns.clone(), columns_after("NULL")));
    columns.push((identifier(&shadow.is_deleted), is_deleted.into()));
    let key: Vec<String> = key_identifiers(table).collect();
    let others = columns.iter().map(|(column, _)| column);
    let update = list(others.filter(|column| !key.contains(column)).map(|column| {
        if *column == changed_columns {
            format!("{column} = {}", columns_after(column))
        } else {
            format!("{column} = excluded.{column}")
        }
    }));
    let new: Vec<String> = columns.iter().map(|(_, value)| value.clone()).collect();
    format!(
        "  INSERT INTO {local} ({names})\n\
         \x20 {values}\n\
         \x20 ON CONFLICT ({key}) DO UPDATE SET {update};\n",
        local = identifier(&names::local(&table.name)),
        names = list(columns.iter().map(|(column, _)| column)),
        values = values(operation, &new),
        key = list(&key),
    )
}

/// The columns that this intent sends, and those so far.
fn columns_after(so_far: &str) -> String {
    format!("{}({so_far})", function::COLUMNS)
}

fn declared(column: &Column) -> String {
    format!("{} {}", identifier(&column.name), column.ty.declared_type())
}

pub(super) fn key_identifiers(table: &TableSchema) -> impl Iterator<Item = String> {
    table.key_columns().map(|column| identifier(&column.name))
}

fn key_label(table: &TableSchema, separator: &str) -> String {
    table
        .key_columns()
        .map(|column| format!("{}.{}", table.name, column.name))
        .collect::<Vec<_>>()
        .join(separator)
}

/// A column of the row that was taken up, in the spelling that the server would send back.
fn new_value(at: usize) -> String {
    format!("{}({at})", function::COLUMN)
}

fn row(table: &TableSchema, side: &str) -> Vec<String> {
    table
        .columns
        .iter()
        .map(|column| format!("{side}.{}", identifier(&column.name)))
        .collect()
}

fn call(function: &str) -> String {
    format!("{function}()")
}
