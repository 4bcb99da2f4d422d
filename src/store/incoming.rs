//! What the messages of a body say of a table's rows.

use std::collections::HashMap;

use super::changes::Evidence;
use crate::error::{Error, Result};
use crate::ids::{Lsn, WriteId};
use crate::schema::TableSchema;
use crate::shape::message::{Message, Operation, Row};
use crate::value::{Value, decode_owned};

/// Where each transaction takes a row out for the last time. Within one transaction a key has one spelling.
pub(super) fn last_deletes(messages: &[Message<'_>]) -> HashMap<(Lsn, String), usize> {
    let delete = |(at, message): (usize, &Message<'_>)| match message {
        Message::Change(change) if change.operation == Operation::Delete => {
            Some(((change.lsn?, change.key.to_string()), at))
        }
        _ => None,
    };
    messages.iter().enumerate().filter_map(delete).collect()
}

/// Whether it tells why its row is in the shape.
pub(super) fn tagged(message: &Message<'_>) -> bool {
    matches!(message, Message::Change(change) if change.tags.is_some())
}

/// What a write id in a row shows.
pub(super) fn evidence_of(write_id: &Value) -> Option<Evidence> {
    match write_id {
        Value::Text(id) => Some(Evidence::WriteId(WriteId(id.clone()))),
        _ => None,
    }
}

/// The columns of a row that a change carries, by position.
pub(super) fn decode_row(table: &TableSchema, row: Row<'_>) -> Result<Vec<(usize, Value)>> {
    row.0
        .into_iter()
        .enumerate()
        .map(|(hint, (name, text))| {
            let at = table.position_near(hint, &name).ok_or_else(|| {
                Error::Protocol(format!(
                    "a row of {} has the column {name:?}, which its schema has not",
                    table.name
                ))
            })?;
            let value = match text {
                Some(text) => decode_owned(&table.columns[at].ty, text)?,
                None => Value::Null,
            };
            Ok((at, value))
        })
        .collect()
}

/// The key among them.
pub(super) fn key_of(table: &TableSchema, columns: &[(usize, Value)]) -> Result<Vec<Value>> {
    table
        .key
        .iter()
        .map(|wanted| {
            columns
                .iter()
                .find_map(|(at, value)| (at == wanted).then(|| value.clone()))
                .filter(|value| *value != Value::Null)
                .ok_or_else(|| {
                    Error::Protocol(format!(
                        "a row of {} came without its key column {:?}",
                        table.name, table.columns[*wanted].name
                    ))
                })
        })
        .collect()
}
