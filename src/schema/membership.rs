//! The SQL that makes the tables in which a table's shapes keep who holds which row.
//!
//! They exist only where they are needed: when a table has several shapes, or a shape with a subquery.

use super::names::{self, member};
use super::sql::{identifier, list};
use super::table::TableSchema;

/// One row a row and shape. By key first: the question at each change is who else holds the row.
pub fn create_members(table: &TableSchema) -> String {
    format!(
        "CREATE TABLE {} ({}, {} INTEGER NOT NULL, {} INTEGER NOT NULL, {} TEXT, {} TEXT, {} INTEGER, \
         PRIMARY KEY ({}, {})) WITHOUT ROWID",
        identifier(&names::members(&table.name)),
        declared_key(table),
        member::HOLDER,
        member::LSN,
        member::TAGS,
        member::ACTIVE,
        member::MARK,
        key(table),
        member::HOLDER,
    )
}

/// One row a slot and row: a move event names slots.
pub fn create_slots(table: &TableSchema) -> String {
    let (holder, pos, value) = (member::HOLDER, member::POS, member::VALUE);
    format!(
        "CREATE TABLE {} ({holder} INTEGER NOT NULL, {pos} INTEGER NOT NULL, {value} TEXT NOT NULL, {}, \
         PRIMARY KEY ({holder}, {pos}, {value}, {})) WITHOUT ROWID",
        identifier(&names::slots(&table.name)),
        declared_key(table),
        key(table),
    )
}

fn declared_key(table: &TableSchema) -> String {
    list(table.key_columns().map(|column| {
        format!(
            "{} {} NOT NULL",
            identifier(&column.name),
            column.ty.declared_type()
        )
    }))
}

fn key(table: &TableSchema) -> String {
    list(table.key_columns().map(|column| identifier(&column.name)))
}
