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

/// The shadow table.
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
        columns.push(format!("{} TEXT NOT NULL", identifier(&shadow.write_id)));
    }
    columns.push(format!(
        "{} TEXT NOT NULL",
        identifier(&shadow.changed_columns)
    ));
    columns.push(format!(
        "{} INTEGER NOT NULL",
        identifier(&shadow.is_deleted)
    ));
    format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({}))",
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

/// The view.
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
         WHERE NOT EXISTS (SELECT 1 FROM {local} AS l WHERE {same_key})\n\
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
    let no_null = list(table.key_columns().map(|column| {
        let label = literal(&format!(
            "NOT NULL constraint failed: {}.{}",
            table.name, column.name
        ));
        format!(
            "CASE WHEN NEW.{} IS NULL THEN RAISE(ABORT, {label}) END",
            identifier(&column.name)
        )
    }));
    let taken = literal(&format!(
        "UNIQUE constraint failed: {}",
        key_label(table, ", ")
    ));
    let new_key: Vec<String> = table
        .key_columns()
        .map(|column| cast(table, column))
        .collect();
    let this_row = table
        .key_columns()
        .zip(&new_key)
        .map(|(column, value)| format!("{} = {value}", identifier(&column.name)))
        .collect::<Vec<_>>()
        .join(" AND ");
    let body = format!(
        "  SELECT {no_null};\n\
         \x20 SELECT RAISE(ABORT, {taken}) WHERE EXISTS (SELECT 1 FROM {view} WHERE {this_row});\n\
         {log}{shadow}",
        view = identifier(&table.name),
        log = log_change(
            table,
            "insert",
            &call(function::KEY, table, new_key),
            &call(function::INSERTED, table, row(table, "NEW")),
            "NULL",
        ),
        shadow = upsert_shadow(table, &this_row, |column| cast(table, column), "0"),
    );
    create_trigger(table, "insert", &body)
}

fn on_update(table: &TableSchema) -> String {
    let fixed_key = list(table.key_columns().map(|column| {
        let label = literal(&format!(
            "{}.{} is part of the primary key and cannot change: delete the row and insert it anew",
            table.name, column.name
        ));
        format!(
            "CASE WHEN {} IS NOT OLD.{} THEN RAISE(ABORT, {label}) END",
            cast(table, column),
            identifier(&column.name)
        )
    }));
    let both = || {
        let mut columns = row(table, "OLD");
        columns.extend(row(table, "NEW"));
        columns
    };
    let body = format!(
        "  SELECT {fixed_key};\n{log}{shadow}",
        log = log_change(
            table,
            "update",
            &old_key(table),
            &call(function::CHANGED, table, both()),
            &call(function::BASE, table, both()),
        ),
        shadow = upsert_shadow(
            table,
            &old_row(table),
            |column| if is_key(table, column) {
                format!("OLD.{}", identifier(&column.name))
            } else {
                cast(table, column)
            },
            "0"
        ),
    );
    create_trigger(table, "update", &body)
}

fn on_delete(table: &TableSchema) -> String {
    let body = format!(
        "{log}{shadow}",
        log = log_change(
            table,
            "delete",
            &old_key(table),
            "'{}'",
            &call(function::ROW, table, row(table, "OLD")),
        ),
        shadow = upsert_shadow(
            table,
            &old_row(table),
            |column| format!("OLD.{}", identifier(&column.name)),
            "1"
        ),
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

/// One intent. An update that changes nothing has a NULL value and leaves none.
fn log_change(table: &TableSchema, operation: &str, key: &str, value: &str, base: &str) -> String {
    format!(
        "  INSERT INTO {changes} (transaction_id, write_id, table_name, operation, key, value, base)\n\
         \x20 SELECT {transaction}(), {write_id}(), {name}, {operation}, {key}, value, {base}\n\
         \x20   FROM (SELECT {value} AS value) WHERE value IS NOT NULL;\n",
        changes = identifier(names::CHANGES),
        transaction = function::TRANSACTION,
        write_id = function::WRITE_ID,
        name = literal(&table.name),
        operation = literal(operation),
    )
}

/// The whole merged row, if [`log_change`] just logged an intent for it.
fn upsert_shadow(
    table: &TableSchema,
    this_row: &str,
    value: impl Fn(&Column) -> String,
    is_deleted: &str,
) -> String {
    let shadow = ShadowColumns::of(table);
    let local = identifier(&names::local(&table.name));
    let changed = format!(
        "{}({}, (SELECT {} FROM {local} WHERE {this_row}), c.value)",
        function::COLUMNS,
        literal(&table.name),
        identifier(&shadow.changed_columns),
    );
    let mut columns: Vec<(String, String)> = table
        .columns
        .iter()
        .filter(|column| column.name != shadow.write_id)
        .map(|column| (identifier(&column.name), value(column)))
        .collect();
    columns.push((identifier(&shadow.write_id), "c.write_id".into()));
    columns.push((identifier(&shadow.changed_columns), changed));
    columns.push((identifier(&shadow.is_deleted), is_deleted.into()));
    let key: Vec<String> = key_identifiers(table).collect();
    let update = list(
        columns
            .iter()
            .filter(|(column, _)| !key.contains(column))
            .map(|(column, _)| format!("{column} = excluded.{column}")),
    );
    format!(
        "  INSERT INTO {local} ({names})\n\
         \x20 SELECT {values}\n\
         \x20   FROM {changes} AS c WHERE changes() > 0 AND c.id = last_insert_rowid()\n\
         \x20 ON CONFLICT ({key}) DO UPDATE SET {update};\n",
        names = list(columns.iter().map(|(column, _)| column)),
        values = list(columns.iter().map(|(_, value)| value)),
        changes = identifier(names::CHANGES),
        key = list(&key),
    )
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

fn is_key(table: &TableSchema, column: &Column) -> bool {
    table.key_columns().any(|key| key.name == column.name)
}

/// `NEW.<column>` in the spelling that the server would send back.
fn cast(table: &TableSchema, column: &Column) -> String {
    let value = format!("NEW.{}", identifier(&column.name));
    format!(
        "{}({value}, {}, {})",
        function::CAST,
        literal(&column.type_name),
        literal(&format!("{}.{}", table.name, column.name))
    )
}

fn row(table: &TableSchema, side: &str) -> Vec<String> {
    table
        .columns
        .iter()
        .map(|column| format!("{side}.{}", identifier(&column.name)))
        .collect()
}

fn old_key(table: &TableSchema) -> String {
    let columns = table
        .key_columns()
        .map(|column| format!("OLD.{}", identifier(&column.name)));
    call(function::KEY, table, columns.collect())
}

fn old_row(table: &TableSchema) -> String {
    table
        .key_columns()
        .map(|column| format!("{0} = OLD.{0}", identifier(&column.name)))
        .collect::<Vec<_>>()
        .join(" AND ")
}

fn call(function: &str, table: &TableSchema, arguments: Vec<String>) -> String {
    format!("{function}({}, {})", literal(&table.name), list(arguments))
}
