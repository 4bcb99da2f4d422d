//! From a result that is known to the one that a statement returns now, row by row as they come.

use rusqlite::Row;

use super::hash::Hash;
use super::places::Places;
use crate::error::{Error, Result};
use crate::store::query::{Head, Sink, cell};
use crate::tabs::{Columns, LiveDiff, LiveStep, Rows, RowsWriter};

/// A result as a subscriber has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// The columns' origins and their types as the subscriber was told them.
    origins: Vec<String>,
    types: Vec<String>,
    rows: Vec<RowHash>,
}

impl Known {
    /// How many rows it has.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Of each row what it is told apart by, and its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowHash {
    pub(super) key: u64,
    content: u64,
}

/// Reads a result and notes what leads to it. Nothing is kept of a row that the subscriber has.
pub(super) struct Steps<'k> {
    known: Option<&'k Known>,
    old: &'k [RowHash],
    /// The subscriber read the rows it has by types that are no more.
    is_retyped: bool,
    key: &'k [String],
    /// Where in a row the key is.
    key_places: Vec<usize>,
    columns: Columns,
    rows: Vec<RowHash>,
    steps: Vec<LiveStep>,
    writer: Option<RowsWriter>,
    /// The old row that comes next if nothing changed.
    next: usize,
    /// Old rows that are in a step.
    used: Vec<bool>,
    /// How many.
    taken: usize,
    /// Made for the first row that is not where it was.
    places: Option<Places>,
}

impl<'k> Steps<'k> {
    /// From `known`, if the subscriber has anything. `key`: the columns that name a row; without any its content does.
    pub(super) fn new(known: Option<&'k Known>, key: &'k [String]) -> Self {
        let old = known.map_or(&[][..], |known| &known.rows);
        Self {
            known,
            old,
            is_retyped: false,
            key,
            key_places: Vec::new(),
            columns: Columns::default(),
            rows: Vec::with_capacity(old.len()),
            steps: Vec::new(),
            writer: None,
            next: 0,
            used: vec![false; old.len()],
            taken: 0,
            places: None,
        }
    }

    /// What there is to tell, if anything, and what is known then.
    pub(super) fn finish(self) -> (Option<LiveDiff>, Known) {
        let is_same = self.known.is_some() && !self.is_retyped && self.rows == self.old;
        let diff = (!is_same).then(|| LiveDiff {
            steps: self.steps,
            rows: self.writer.map_or_else(Rows::default, RowsWriter::finish),
        });
        let known = Known {
            origins: self.columns.origins,
            types: self.columns.types,
            rows: self.rows,
        };
        (diff, known)
    }

    fn hashes(&self, row: &Row<'_>) -> RowHash {
        let content = hash(row, 0..self.columns.names.len());
        let key = if self.key_places.is_empty() {
            content
        } else {
            hash(row, self.key_places.iter().copied())
        };
        RowHash { key, content }
    }

    /// The place of the old row with that key that is in no step yet.
    fn find(&mut self, row: RowHash) -> Option<usize> {
        // Where it was, or after a row that is gone.
        for at in [self.next, self.next + 1] {
            if let Some(old) = self.old.get(at)
                && !self.used[at]
                && (*old == row || (at == self.next && old.key == row.key))
            {
                return Some(at);
            }
        }
        if self.taken == self.old.len() {
            return None;
        }
        let places = match &mut self.places {
            Some(places) => places,
            none => none.insert(Places::of(self.old)),
        };
        places.take(self.old, &self.used, row.key)
    }

    fn step(&mut self, row: RowHash) -> LiveStep {
        let Some(at) = self.find(row) else {
            return LiveStep::Insert { count: 1 };
        };
        self.used[at] = true;
        self.taken += 1;
        self.next = at + 1;
        let from = at as u32;
        if self.is_retyped || self.old[at].content != row.content {
            LiveStep::Replace { from }
        } else {
            LiveStep::Keep { from, count: 1 }
        }
    }

    fn note(&mut self, step: LiveStep) {
        match (self.steps.last_mut(), step) {
            (Some(LiveStep::Keep { from, count }), LiveStep::Keep { from: next, .. })
                if *from + *count == next =>
            {
                *count += 1;
            }
            (Some(LiveStep::Insert { count }), LiveStep::Insert { .. }) => *count += 1,
            _ => self.steps.push(step),
        }
    }
}

impl Sink for Steps<'_> {
    fn begin(&mut self, head: &Head) -> Result<()> {
        let names = &head.columns.names;
        let place = |name: &String| {
            let found = names.iter().position(|column| column == name);
            found.ok_or_else(|| {
                Error::Argument(format!("the query has no column {name:?} for its key"))
            })
        };
        self.key_places = self.key.iter().map(place).collect::<Result<_>>()?;
        self.columns = head.columns.clone();
        let told = self.known.is_some_and(|known| {
            known.origins == self.columns.origins && known.types == self.columns.types
        });
        self.is_retyped = self.known.is_some() && !told;
        self.writer = Some(if told {
            RowsWriter::new(&Columns {
                names: names.clone(),
                ..Columns::default()
            })
        } else {
            RowsWriter::new(&self.columns)
        });
        Ok(())
    }

    fn row(&mut self, head: &Head, row: &Row<'_>) {
        let hashes = self.hashes(row);
        let step = self.step(hashes);
        self.rows.push(hashes);
        self.note(step);
        if let (Some(writer), LiveStep::Replace { .. } | LiveStep::Insert { .. }) =
            (&mut self.writer, step)
        {
            head.write(row, writer);
        }
    }
}

fn hash(row: &Row<'_>, places: impl Iterator<Item = usize>) -> u64 {
    let mut hash = Hash::default();
    for at in places {
        hash.value(cell(row, at));
    }
    hash.finish()
}
