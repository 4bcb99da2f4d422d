//! A row of a body on its way into a table: its columns by position, their texts still in the body.

use crate::error::{Error, Result};
use crate::schema::TableSchema;
use crate::shape::message::{Message, Row};
use crate::value::{Decoded, Value, decode_text};

/// Whether the rows of a body can go into the table, for a body that is kept to be shown later.
///
/// # Errors
/// [`Error::Protocol`] for one that cannot.
pub fn check(table: &TableSchema, messages: Vec<Message<'_>>) -> Result<()> {
    let mut row = Incoming::new(table);
    for message in messages {
        if let Message::Change(change) = message {
            row.read(change.value)?;
            row.check_key()?;
        }
    }
    Ok(())
}

/// Holds one row after the other.
pub(super) struct Incoming<'t, 'b> {
    table: &'t TableSchema,
    /// By position in the table; `None` where the message has nothing.
    columns: Vec<Option<Decoded<'b>>>,
    /// Where the last row's columns belong, in the order they came: a server keeps to one order.
    order: Vec<usize>,
}

impl<'t, 'b> Incoming<'t, 'b> {
    /// Holds none yet.
    pub(super) fn new(table: &'t TableSchema) -> Self {
        Self {
            table,
            columns: Vec::new(),
            order: (0..table.columns.len()).collect(),
        }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a column that the table has not, and for a text that its type has not.
    #[inline(never)]
    pub(super) fn read(&mut self, row: Row<'b>) -> Result<()> {
        let table = self.table;
        self.columns.clear();
        self.columns.resize(table.columns.len(), None);
        for (n, (name, text)) in row.0.into_iter().enumerate() {
            let at = self.place(n, &name).ok_or_else(|| {
                Error::Protocol(format!(
                    "a row of {} has the column {name:?}, which its schema has not",
                    table.name
                ))
            })?;
            self.columns[at] = Some(match text {
                Some(text) => decode_text(&table.columns[at].ty, text)?,
                None => Decoded::Value(Value::Null),
            });
        }
        Ok(())
    }

    /// The column at that position in the table; `None`: absent from the message.
    pub(super) fn get(&self, at: usize) -> Option<&Decoded<'b>> {
        self.columns.get(at)?.as_ref()
    }

    /// What the message has beside the key.
    pub(super) fn present(&self) -> Vec<usize> {
        let table = self.table;
        (0..self.columns.len())
            .filter(|at| !table.is_key(*at) && self.columns[*at].is_some())
            .collect()
    }

    /// The primary key.
    ///
    /// # Errors
    /// [`Error::Protocol`] when a column of it is absent or NULL.
    pub(super) fn key(&self) -> Result<Vec<Value>> {
        let parts = self.table.key.iter();
        parts
            .map(|at| Ok(Value::from(self.key_part(*at)?.clone())))
            .collect()
    }

    /// Whether the primary key is whole.
    ///
    /// # Errors
    /// As [`Incoming::key`].
    pub(super) fn check_key(&self) -> Result<()> {
        let mut parts = self.table.key.iter();
        parts.try_for_each(|at| self.key_part(*at).map(|_| ()))
    }

    fn key_part(&self, at: usize) -> Result<&Decoded<'b>> {
        let part = self.get(at);
        part.filter(|part| !matches!(part, Decoded::Value(Value::Null)))
            .ok_or_else(|| {
                Error::Protocol(format!(
                    "a row of {} came without its key column {:?}",
                    self.table.name, self.table.columns[at].name
                ))
            })
    }

    fn place(&mut self, n: usize, name: &str) -> Option<usize> {
        let is_it = |at: &usize| self.table.columns[*at].name == name;
        if let Some(at) = self.order.get(n).copied().filter(is_it) {
            return Some(at);
        }
        let at = self.table.position(name)?;
        if let Some(place) = self.order.get_mut(n) {
            *place = at;
        }
        Some(at)
    }
}
