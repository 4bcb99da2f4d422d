//! A shape and its log: snapshot chunks, then streamed changes cut into chunks at transaction ends
//! (protocol sections 4 and 7.5).

use std::ops::Range;

use super::constants::FRAGMENT_CHANGES;
use super::definition::{Definition, ShapeParams};
use super::message::{Place, ShapeChange, Writer};
use super::moves::Pending;
use super::offset::Offset;
use super::options::Options;
use super::sight::Sight;
use super::snapshot::Snapshot;
use super::subquery::Values;
use super::table::Table;
use super::transaction::{Logged, StoredTable, Tables};

/// A shape that was opened: its handle's time and what was asked for. Replaying it opens the same shape again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Opened {
    /// The microseconds of the handle.
    pub micros: u64,
    /// The definition as sent.
    pub params: ShapeParams,
}

/// A message of the log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    offset: Offset,
    pub(crate) message: String,
}

/// A log and its name.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) handle: String,
    pub(crate) definition: Definition,
    /// The next transaction id when the snapshot was taken: what came before is in it.
    pub(crate) opened_xid: u64,
    /// When it was asked for last, in requests.
    pub(crate) used: u64,
    snapshot: Snapshot,
    pub(crate) log: Vec<Entry>,
    /// Last offsets of the full log chunks.
    chunk_ends: Vec<Offset>,
    /// Size of the log chunk being filled.
    open_bytes: usize,
    /// What each subquery selects, as far as the log tells.
    pub(crate) views: Vec<Values>,
    /// Transactions that wait for a move-in.
    pub(crate) pending: Option<Pending>,
}

/// Part of a log.
pub(crate) struct Chunk {
    source: Source,
    /// The offset it ends at.
    pub(crate) end: Offset,
}

enum Source {
    Snapshot(usize),
    Log(Range<usize>),
}

impl Chunk {
    /// Whether it has no messages. A chunk of the snapshot counts as having some.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.source, Source::Log(range) if range.is_empty())
    }
}

impl Shape {
    /// Takes the snapshot of the rows as they are.
    pub(crate) fn open(
        handle: String,
        definition: Definition,
        stored: &StoredTable,
        tables: &Tables,
        next_xid: u64,
        options: &Options,
    ) -> Self {
        let plan = definition.plan.as_ref();
        let views = plan.map(|plan| plan.views(tables)).unwrap_or_default();
        let writer = Writer {
            table: stored.seen(),
            definition: &definition,
            sight: sight(&definition, &handle, &views),
        };
        let snapshot = Snapshot::take(&writer, stored, next_xid, options);
        Self {
            snapshot,
            handle,
            definition,
            opened_xid: next_xid,
            used: 0,
            log: Vec::new(),
            chunk_ends: Vec::new(),
            open_bytes: 0,
            views,
            pending: None,
        }
    }

    /// What writes the shape's messages with the present views.
    pub(crate) fn writer<'a>(&'a self, table: &'a Table) -> Writer<'a> {
        Writer {
            table,
            definition: &self.definition,
            sight: sight(&self.definition, &self.handle, &self.views),
        }
    }

    /// Appends what a committed transaction means to this shape.
    pub(crate) fn append(&mut self, table: &Table, transaction: &Logged) {
        let Logged { ops, lsn, txid, .. } = transaction;
        let writer = self.writer(table);
        let changes: Vec<(usize, ShapeChange<'_>)> = ops
            .iter()
            .enumerate()
            .filter(|(_, op)| op.table == table.name)
            .filter_map(|(index, op)| Some((index, ShapeChange::of(op, &writer)?)))
            .collect();
        let Some(&(final_change, _)) = changes.last() else {
            return;
        };
        // A transaction is processed in fragments; `last` is lost when the final one has nothing for the shape.
        let final_fragment = (ops.len() - 1) / FRAGMENT_CHANGES;
        let marks_last = final_change / FRAGMENT_CHANGES == final_fragment;
        let mut entries = Vec::with_capacity(changes.len());
        for (index, change) in &changes {
            let place = Place {
                lsn: *lsn,
                op_position: 2 * *index as u64,
                txid: *txid,
            };
            let last = marks_last && *index == final_change;
            let messages = writer.changes(change, place, last).into_iter();
            entries.extend(messages.map(|(position, message)| Entry {
                offset: Offset::new(*lsn, position),
                message,
            }));
        }
        self.open_bytes += entries
            .iter()
            .map(|entry| entry.message.len())
            .sum::<usize>();
        self.log.extend(entries);
    }

    /// Appends a message that is no change of a row: it takes the position after the last.
    pub(crate) fn append_after(&mut self, message: String) {
        self.open_bytes += message.len();
        self.log.push(Entry {
            offset: self.head().next(),
            message,
        });
    }

    /// Ends the log's chunk if it is full. Called where a transaction ends.
    pub(crate) fn end_chunk(&mut self, chunk_bytes: usize) {
        if self.open_bytes >= chunk_bytes {
            self.chunk_ends
                .extend(self.log.last().map(|entry| entry.offset));
            self.open_bytes = 0;
        }
    }

    /// The last offset of the log.
    pub(crate) fn head(&self) -> Offset {
        let last = self.log.last();
        last.map_or(Offset::SNAPSHOT_END, |entry| entry.offset)
    }

    /// The first chunk of the snapshot.
    pub(crate) fn first_chunk(&self) -> Chunk {
        self.snapshot_chunk(0)
    }

    /// What follows an offset, up to the end of its chunk.
    pub(crate) fn chunk_after(&self, offset: Offset) -> Chunk {
        if offset.lsn == 0 && offset.position < self.snapshot.len() as u64 - 1 {
            return self.snapshot_chunk(offset.position as usize + 1);
        }
        let chunk_end = self.chunk_ends.partition_point(|end| *end <= offset);
        let end = self.chunk_ends.get(chunk_end).copied();
        let end = end.unwrap_or_else(|| self.head());
        let from = self.log.partition_point(|entry| entry.offset <= offset);
        let to = self.log.partition_point(|entry| entry.offset <= end);
        Chunk {
            source: Source::Log(from..to),
            end,
        }
    }

    fn snapshot_chunk(&self, index: usize) -> Chunk {
        Chunk {
            source: Source::Snapshot(index),
            end: Offset::new(0, index as u64),
        }
    }

    /// The messages of a chunk, joined by commas.
    pub(crate) fn text(&self, chunk: &Chunk) -> String {
        match &chunk.source {
            Source::Snapshot(index) => self.snapshot.chunk(*index),
            Source::Log(range) => {
                let entries = self.log[range.clone()].iter();
                let messages: Vec<&str> = entries.map(|entry| entry.message.as_str()).collect();
                messages.join(",")
            }
        }
    }
}

fn sight<'a>(definition: &'a Definition, handle: &'a str, views: &'a [Values]) -> Sight<'a> {
    match (&definition.plan, &definition.filter) {
        (Some(plan), _) => Sight::Plan {
            plan,
            views,
            seed: handle,
        },
        (None, Some(filter)) => Sight::Where(filter),
        (None, None) => Sight::All,
    }
}
