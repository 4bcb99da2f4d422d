//! A shape and its log: snapshot chunks, then streamed changes cut into chunks at transaction ends
//! (protocol sections 4 and 7.5).

use super::constants::FRAGMENT_CHANGES;
use super::definition::{Definition, ShapeParams};
use super::message::{self, Place, ShapeChange, Writer};
use super::offset::Offset;
use super::table::Table;
use super::transaction::{Op, StoredTable};

/// A shape that was opened: its handle's time and what was asked for. Replaying it opens the same shape again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Opened {
    /// The microseconds of the handle.
    pub micros: u64,
    /// The definition as sent.
    pub params: ShapeParams,
}

#[derive(Clone, Debug)]
struct Entry {
    offset: Offset,
    message: String,
}

/// A log and its name.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) handle: String,
    pub(crate) definition: Definition,
    /// Messages of each snapshot chunk; never empty.
    snapshot: Vec<Vec<String>>,
    log: Vec<Entry>,
    /// Last offsets of the full log chunks.
    chunk_ends: Vec<Offset>,
    /// Size of the log chunk being filled.
    open_bytes: usize,
}

/// Part of a log.
pub(crate) struct Chunk<'a> {
    pub(crate) messages: Vec<&'a str>,
    /// The offset it ends at.
    pub(crate) end: Offset,
}

impl Shape {
    /// Takes the snapshot of the rows as they are.
    pub(crate) fn open(
        handle: String,
        definition: Definition,
        stored: &StoredTable,
        next_xid: u64,
        chunk_bytes: usize,
    ) -> Self {
        let writer = Writer {
            table: &stored.table,
            definition: &definition,
        };
        let mut snapshot = vec![Vec::new()];
        let mut bytes = 0;
        let filter = definition.filter.as_ref();
        for row in stored.heap.scan() {
            if definition.changes_only || filter.is_some_and(|filter| !filter.matches(row)) {
                continue;
            }
            if bytes >= chunk_bytes {
                snapshot.push(Vec::new());
                bytes = 0;
            }
            let message = writer.snapshot_row(row);
            bytes += message.len();
            if let Some(chunk) = snapshot.last_mut() {
                chunk.push(message);
            }
        }
        if let Some(chunk) = snapshot.last_mut() {
            chunk.push(message::snapshot_end(next_xid));
        }
        Self {
            handle,
            definition,
            snapshot,
            log: Vec::new(),
            chunk_ends: Vec::new(),
            open_bytes: 0,
        }
    }

    /// Appends what a committed transaction means to this shape. Returns whether it meant anything.
    pub(crate) fn append(
        &mut self,
        table: &Table,
        ops: &[Op],
        lsn: u64,
        txid: u32,
        chunk_bytes: usize,
    ) -> bool {
        let writer = Writer {
            table,
            definition: &self.definition,
        };
        let changes: Vec<(usize, ShapeChange<'_>)> = ops
            .iter()
            .enumerate()
            .filter(|(_, op)| op.table == table.name)
            .filter_map(|(index, op)| Some((index, ShapeChange::of(op, table, &self.definition)?)))
            .collect();
        let Some(&(final_change, _)) = changes.last() else {
            return false;
        };
        // A transaction is processed in fragments; `last` is lost when the final one has nothing for the shape.
        let final_fragment = (ops.len() - 1) / FRAGMENT_CHANGES;
        let marks_last = final_change / FRAGMENT_CHANGES == final_fragment;
        for (index, change) in &changes {
            let place = Place {
                lsn,
                op_position: 2 * *index as u64,
                txid,
            };
            let last = marks_last && *index == final_change;
            for (position, message) in writer.changes(change, place, last) {
                self.open_bytes += message.len();
                self.log.push(Entry {
                    offset: Offset::new(lsn, position),
                    message,
                });
            }
        }
        if self.open_bytes >= chunk_bytes {
            self.chunk_ends
                .extend(self.log.last().map(|entry| entry.offset));
            self.open_bytes = 0;
        }
        true
    }

    /// The last offset of the log.
    pub(crate) fn head(&self) -> Offset {
        self.log
            .last()
            .map_or(Offset::SNAPSHOT_END, |entry| entry.offset)
    }

    /// The first chunk of the snapshot.
    pub(crate) fn first_chunk(&self) -> Chunk<'_> {
        self.snapshot_chunk(0)
    }

    /// What follows an offset, up to the end of its chunk.
    pub(crate) fn chunk_after(&self, offset: Offset) -> Chunk<'_> {
        if offset.lsn == 0 && offset.position < self.snapshot.len() as u64 - 1 {
            return self.snapshot_chunk(offset.position as usize + 1);
        }
        let chunk_end = self.chunk_ends.partition_point(|end| *end <= offset);
        let end = self
            .chunk_ends
            .get(chunk_end)
            .copied()
            .unwrap_or_else(|| self.head());
        let from = self.log.partition_point(|entry| entry.offset <= offset);
        let to = self.log.partition_point(|entry| entry.offset <= end);
        Chunk {
            messages: self.log[from..to]
                .iter()
                .map(|entry| entry.message.as_str())
                .collect(),
            end,
        }
    }

    fn snapshot_chunk(&self, index: usize) -> Chunk<'_> {
        Chunk {
            messages: self.snapshot[index].iter().map(String::as_str).collect(),
            end: Offset::new(0, index as u64),
        }
    }
}
