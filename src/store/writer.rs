//! Writing the rows of a body, one after the other, by statements that are prepared once.

use rusqlite::{CachedStatement, Connection};

use super::incoming::Incoming;
use super::rows;
use crate::error::Result;
use crate::schema::TableSchema;
use crate::value::Value;

/// Which columns an existing row takes over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patch {
    /// All; those the message has not become NULL.
    Whole,
    /// Those the message has.
    Present,
}

/// Writes to one table.
pub(super) struct Writer<'c> {
    conn: &'c Connection,
    table: &'c TableSchema,
    base: String,
    insert: CachedStatement<'c>,
    /// For the columns that were patched last: updates come in runs of one kind.
    patch: Option<(Vec<usize>, CachedStatement<'c>)>,
    delete: Option<CachedStatement<'c>>,
}

impl<'c> Writer<'c> {
    /// Writes to the table of that name, which has the columns of `table`; `appends` if it has no key by which it could have a row.
    pub(super) fn new(
        conn: &'c Connection,
        table: &'c TableSchema,
        base: String,
        appends: bool,
    ) -> Result<Self> {
        let insert = if appends {
            rows::append_sql(table, &base)
        } else {
            rows::insert_sql(table, &base)
        };
        Ok(Self {
            insert: conn.prepare_cached(&insert)?,
            conn,
            table,
            base,
            patch: None,
            delete: None,
        })
    }

    /// Inserts the row; false if one with its key is here, which stays as it is.
    pub(super) fn insert(&mut self, row: &Incoming<'_, '_>) -> Result<bool> {
        for at in 0..self.table.columns.len() {
            match row.get(at) {
                Some(value) => self.insert.raw_bind_parameter(at + 1, value)?,
                None => self.insert.raw_bind_parameter(at + 1, Value::Null)?,
            }
        }
        Ok(self.insert.raw_execute()? > 0)
    }

    /// Writes columns of the row with that key; true if there is one.
    pub(super) fn patch(
        &mut self,
        key: &[Value],
        row: &Incoming<'_, '_>,
        patch: Patch,
    ) -> Result<bool> {
        let columns = match patch {
            Patch::Whole => {
                let all = 0..self.table.columns.len();
                all.filter(|at| !self.table.is_key(*at)).collect()
            }
            Patch::Present => row.present(),
        };
        if columns.is_empty() {
            return Ok(rows::find(self.conn, self.table, &self.base, key)?.is_some());
        }
        let held = self.patch.take().filter(|(held, _)| *held == columns);
        let (columns, statement) = self.patch.insert(match held {
            Some(held) => held,
            None => {
                let sql = rows::patch_sql(self.table, &self.base, &columns);
                (columns, self.conn.prepare_cached(&sql)?)
            }
        });
        for (n, at) in columns.iter().enumerate() {
            match row.get(*at) {
                Some(value) => statement.raw_bind_parameter(n + 1, value)?,
                None => statement.raw_bind_parameter(n + 1, Value::Null)?,
            }
        }
        for (n, part) in key.iter().enumerate() {
            statement.raw_bind_parameter(columns.len() + n + 1, part)?;
        }
        Ok(statement.raw_execute()? > 0)
    }

    /// Deletes the row with that key; true if there was one.
    pub(super) fn remove(&mut self, key: &[Value]) -> Result<bool> {
        let statement = match &mut self.delete {
            Some(held) => held,
            none => none.insert(
                self.conn
                    .prepare_cached(&rows::remove_sql(self.table, &self.base))?,
            ),
        };
        for (n, part) in key.iter().enumerate() {
            statement.raw_bind_parameter(n + 1, part)?;
        }
        Ok(statement.raw_execute()? > 0)
    }
}
