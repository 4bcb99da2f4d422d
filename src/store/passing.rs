//! Changes that their own transaction undoes: where a row leaves one shape and stays for another, what it was in
//! between was never committed and must not show.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::ids::Lsn;
use crate::shape::message::{Change, Message, Operation};

/// Where each transaction of a body takes each row out for the last time.
#[derive(Debug, Default)]
pub(super) struct Passing<'b> {
    /// Within one transaction a key has one spelling.
    last_deletes: HashMap<(Lsn, Cow<'b, str>), usize>,
}

impl<'b> Passing<'b> {
    pub(super) fn of(messages: &[Message<'b>]) -> Self {
        let deletes = messages.iter().enumerate().filter_map(|(at, message)| {
            let Message::Change(change) = message else {
                return None;
            };
            let is_delete = change.operation == Operation::Delete;
            is_delete.then_some(((change.lsn?, change.key.clone()), at))
        });
        Self {
            last_deletes: deletes.collect(),
        }
    }

    /// Whether the message at that place is undone by one after it.
    pub(super) fn contains(&self, at: usize, change: &Change<'b>) -> bool {
        let Some(lsn) = change.lsn.filter(|_| !self.last_deletes.is_empty()) else {
            return false;
        };
        let last = self.last_deletes.get(&(lsn, change.key.clone()));
        last.is_some_and(|last| at < *last)
    }
}
