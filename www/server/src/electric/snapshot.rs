//! The initial snapshot of a shape, cut into chunks (protocol section 4).

use std::ops::Range;

use super::fill_text::FillText;
use super::message::{self, Reading, Writer};
use super::options::Options;
use super::transaction::StoredTable;

/// The snapshot as it was taken. There is always a first chunk.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    fill: Option<FillText>,
    chunks: Vec<Chunk>,
}

/// A chunk: rows of a fill, written when they are asked for, then messages that are kept.
#[derive(Clone, Debug, Default)]
struct Chunk {
    filled: Range<usize>,
    text: String,
}

impl Snapshot {
    /// Takes the rows as they are.
    pub(crate) fn take(
        writer: &Writer<'_>,
        stored: &StoredTable,
        next_xid: u64,
        options: &Options,
    ) -> Self {
        let chunk_bytes = options.chunk_bytes;
        let empty = writer.definition.changes_only;
        // Tags differ from row to row: with them all rows are written at once.
        let by_formula = !empty && writer.definition.plan.is_none();
        let fill = by_formula.then(|| FillText::take(writer, stored)).flatten();
        let mut chunks = Vec::new();
        let mut open = Chunk::default();
        let mut bytes = 0;
        if let Some(fill) = &fill {
            let message_bytes = fill.message_bytes().max(1);
            let rows = chunk_bytes.div_ceil(message_bytes).max(1);
            let mut from = 0;
            while from + rows < fill.len() {
                chunks.push(Chunk {
                    filled: from..from + rows,
                    ..Chunk::default()
                });
                from += rows;
            }
            open.filled = from..fill.len();
            bytes = open.filled.len() * message_bytes;
        }
        let written = || stored.heap.scan().map(std::borrow::Cow::Borrowed);
        let rows: Box<dyn Iterator<Item = _>> = match (empty, by_formula) {
            (true, _) => Box::new(std::iter::empty()),
            (false, true) => Box::new(written()),
            (false, false) => Box::new(stored.heap.scan_all()),
        };
        for row in rows.filter(|row| writer.sight.sees(row)) {
            if bytes + open.text.len() >= chunk_bytes && bytes + open.text.len() > 0 {
                chunks.push(std::mem::take(&mut open));
                bytes = 0;
            }
            open.next();
            writer.row(&row, Reading::Snapshot, &mut open.text);
        }
        open.next();
        open.text.push_str(&message::snapshot_end(next_xid));
        chunks.push(open);
        if options.empty_last_chunk {
            chunks.push(Chunk::default());
        }
        Self { fill, chunks }
    }

    /// The number of chunks.
    pub(crate) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// The messages of a chunk, joined by commas.
    pub(crate) fn chunk(&self, index: usize) -> String {
        let Some(chunk) = self.chunks.get(index) else {
            return String::new();
        };
        let mut out = String::new();
        if let Some(fill) = &self.fill
            && !chunk.filled.is_empty()
        {
            out.reserve(chunk.filled.len() * (fill.message_bytes() + 8) + chunk.text.len());
            fill.write(chunk.filled.clone(), &mut out);
            if !chunk.text.is_empty() {
                out.push(',');
            }
        }
        out.push_str(&chunk.text);
        out
    }
}

impl Chunk {
    /// Makes room for another message.
    fn next(&mut self) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
    }
}
