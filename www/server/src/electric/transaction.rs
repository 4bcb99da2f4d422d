//! Transactions: staged against a view of the tables, committed as a whole or not at all.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::canonical::canonical;
use super::heap::Heap;
use super::table::{Alter, Column, Key, Row, Table};
use super::time::Micros;

/// A table and its rows.
#[derive(Clone, Debug)]
pub(crate) struct StoredTable {
    pub(crate) table: Table,
    pub(crate) heap: Heap,
    /// The definition the service still believes in, and the changes it has not seen.
    pub(crate) unseen: Option<(Table, Vec<Alter>)>,
}

/// All tables by name.
pub(crate) type Tables = BTreeMap<String, StoredTable>;

impl StoredTable {
    pub(crate) fn new(table: Table) -> Self {
        Self {
            table,
            heap: Heap::default(),
            unseen: None,
        }
    }

    /// The definition as the service knows it.
    pub(crate) fn seen(&self) -> &Table {
        self.unseen.as_ref().map_or(&self.table, |(seen, _)| seen)
    }
}

/// One row change, as logical replication reports it with `REPLICA IDENTITY FULL`: both whole rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// The table.
    pub table: String,
    /// The row before; an insert has none.
    pub old: Option<Row>,
    /// The row after; a delete has none.
    pub new: Option<Row>,
}

/// A committed transaction as shapes follow it.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) ops: Arc<[Op]>,
    pub(crate) lsn: u64,
    /// The whole id.
    pub(crate) xid: u64,
    /// Its lower half.
    pub(crate) txid: u32,
}

/// Where a transaction went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its id as the log's `txids` carry it. `None` when it wrote nothing and so has no id.
    pub txid: Option<u32>,
    /// LSN of its commit record, the `lsn` of its changes in the log. Without changes, the current position.
    pub commit_lsn: u64,
    /// `pg_current_wal_insert_lsn()` read after the commit: above `commit_lsn`.
    pub lsn: u64,
}

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ChangeError {
    #[error("there is no table \"{0}\"")]
    UnknownTable(String),
    #[error("table \"{table}\" has no column \"{column}\"")]
    UnknownColumn { table: String, column: String },
    #[error("column \"{column}\": {reason}")]
    InvalidValue { column: String, reason: String },
    #[error("the key column \"{0}\" has no value")]
    MissingKey(String),
    #[error("column \"{0}\" must not be null")]
    NotNull(String),
    #[error("table \"{0}\" already has a row with this key")]
    KeyConflict(String),
    #[error("table \"{table}\" cannot be filled: {reason}")]
    NotFillable { table: String, reason: String },
}

/// A transaction being written. It sees its own changes.
pub struct Transaction<'a> {
    now: Micros,
    tables: &'a BTreeMap<String, StoredTable>,
    written: BTreeMap<(String, Key), Option<Row>>,
    pub(crate) ops: Vec<Op>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(now: Micros, tables: &'a BTreeMap<String, StoredTable>) -> Self {
        Self {
            now,
            tables,
            written: BTreeMap::new(),
            ops: Vec::new(),
        }
    }

    /// Inserts a row; an omitted column takes its default.
    ///
    /// # Errors
    /// Unknown table or column, a value of another type, NULL where it is refused, or a key that exists.
    pub fn insert(&mut self, table: &str, values: Row) -> Result<(), ChangeError> {
        let stored = self.stored(table)?;
        let definition = &stored.table;
        let mut new = checked(definition, values)?;
        for column in &definition.columns {
            if !new.contains_key(&column.name) {
                let default = column
                    .default
                    .as_ref()
                    .map(|default| default.text(self.now));
                let default = default.map(|text| typed(column, &text)).transpose()?;
                new.insert(column.name.clone(), default);
            }
            if column.not_null && new.get(&column.name).is_none_or(Option::is_none) {
                return Err(match definition.is_key(&column.name) {
                    true => ChangeError::MissingKey(column.name.clone()),
                    false => ChangeError::NotNull(column.name.clone()),
                });
            }
        }
        let key = definition.key_of(&new);
        if self.current(stored, &key).is_some() {
            return Err(ChangeError::KeyConflict(table.to_owned()));
        }
        self.written
            .insert((table.to_owned(), key), Some(new.clone()));
        self.push(table, None, Some(new));
        Ok(())
    }

    /// Updates the row named by `key`, whose columns must hold the primary key; `false` when there is none.
    /// A new value for a key column moves the row.
    ///
    /// # Errors
    /// Unknown table or column, a value of another type, NULL where it is refused, or a new key that exists.
    pub fn update(&mut self, table: &str, key: &Row, changes: Row) -> Result<bool, ChangeError> {
        let stored = self.stored(table)?;
        let definition = &stored.table;
        let old_key = key_from(definition, key)?;
        let changes = checked(definition, changes)?;
        if let Some((name, _)) = changes.iter().find(|(name, value)| {
            value.is_none()
                && definition
                    .column(name)
                    .is_some_and(|column| column.not_null)
        }) {
            return Err(ChangeError::NotNull(name.clone()));
        }
        let Some(old) = self.current(stored, &old_key).map(Cow::into_owned) else {
            return Ok(false);
        };
        let mut new = old.clone();
        new.extend(changes);
        let new_key = definition.key_of(&new);
        if new_key != old_key {
            if self.current(stored, &new_key).is_some() {
                return Err(ChangeError::KeyConflict(table.to_owned()));
            }
            self.written.insert((table.to_owned(), old_key), None);
        }
        self.written
            .insert((table.to_owned(), new_key), Some(new.clone()));
        self.push(table, Some(old), Some(new));
        Ok(true)
    }

    /// Deletes the row named by `key`; `false` when there is none.
    ///
    /// # Errors
    /// Unknown table, or a key that is incomplete or of another type.
    pub fn delete(&mut self, table: &str, key: &Row) -> Result<bool, ChangeError> {
        let stored = self.stored(table)?;
        let key = key_from(&stored.table, key)?;
        let Some(old) = self.current(stored, &key).map(Cow::into_owned) else {
            return Ok(false);
        };
        self.written.insert((table.to_owned(), key), None);
        self.push(table, Some(old), None);
        Ok(true)
    }

    /// The row named by `key` as the transaction sees it.
    ///
    /// # Errors
    /// Unknown table, or a key that is incomplete or of another type.
    pub fn get(&self, table: &str, key: &Row) -> Result<Option<Cow<'_, Row>>, ChangeError> {
        let stored = self.stored(table)?;
        Ok(self.current(stored, &key_from(&stored.table, key)?))
    }

    fn stored(&self, table: &str) -> Result<&'a StoredTable, ChangeError> {
        let unknown = || ChangeError::UnknownTable(table.to_owned());
        self.tables.get(table).ok_or_else(unknown)
    }

    fn current<'b>(&'b self, stored: &'b StoredTable, key: &Key) -> Option<Cow<'b, Row>> {
        match self.written.get(&(stored.table.name.clone(), key.clone())) {
            Some(written) => written.as_ref().map(Cow::Borrowed),
            None => stored.heap.get(key),
        }
    }

    fn push(&mut self, table: &str, old: Option<Row>, new: Option<Row>) {
        self.ops.push(Op {
            table: table.to_owned(),
            old,
            new,
        });
    }
}

/// The values in canonical text.
fn checked(table: &Table, values: Row) -> Result<Row, ChangeError> {
    let check = |(name, value): (String, Option<String>)| {
        let column = table
            .column(&name)
            .ok_or_else(|| ChangeError::UnknownColumn {
                table: table.name.clone(),
                column: name.clone(),
            })?;
        let value = value.map(|text| typed(column, &text)).transpose()?;
        Ok((name, value))
    };
    values.into_iter().map(check).collect()
}

fn typed(column: &Column, text: &str) -> Result<String, ChangeError> {
    canonical(column.pg_type, text).map_err(|error| ChangeError::InvalidValue {
        column: column.name.clone(),
        reason: error.to_string(),
    })
}

fn key_from(table: &Table, key: &Row) -> Result<Key, ChangeError> {
    let part = |name: &String| {
        let text = key.get(name).and_then(Option::as_deref);
        let text = text.ok_or_else(|| ChangeError::MissingKey(name.clone()))?;
        match table.column(name) {
            Some(column) => typed(column, text),
            None => Err(ChangeError::MissingKey(name.clone())),
        }
    };
    table.primary_key.iter().map(part).collect()
}
