//! The initial snapshot of a shape, cut into chunks (protocol section 4).

use super::message::{self, Reading, Writer};
use super::transaction::StoredTable;

/// The snapshot as it was taken. There is always a first chunk.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    chunks: Vec<String>,
}

impl Snapshot {
    /// Takes the rows as they are.
    pub(crate) fn take(
        writer: &Writer<'_>,
        stored: &StoredTable,
        next_xid: u64,
        chunk_bytes: usize,
    ) -> Self {
        let mut chunks = vec![String::new()];
        let mut add = |write: &mut dyn FnMut(&mut String), may_begin: bool| {
            if may_begin
                && chunks
                    .last()
                    .is_some_and(|chunk| chunk.len() >= chunk_bytes)
            {
                chunks.push(String::new());
            }
            if let Some(chunk) = chunks.last_mut() {
                if !chunk.is_empty() {
                    chunk.push(',');
                }
                write(chunk);
            }
        };
        if !writer.definition.changes_only {
            for row in stored.heap.scan_all() {
                if writer.sight.sees(&row) {
                    add(
                        &mut |chunk| writer.row(&row, Reading::Snapshot, chunk),
                        true,
                    );
                }
            }
        }
        add(
            &mut |chunk| chunk.push_str(&message::snapshot_end(next_xid)),
            false,
        );
        Self { chunks }
    }

    /// The number of chunks.
    pub(crate) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// The messages of a chunk, joined by commas.
    pub(crate) fn chunk(&self, index: usize) -> String {
        self.chunks.get(index).cloned().unwrap_or_default()
    }
}
