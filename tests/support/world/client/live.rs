//! What a live query of a client shows.

use throughline::tabs::{LiveDiff, LiveStep, Statement};
use throughline::value::Value;

/// A live query's result, kept up by its diffs alone.
pub struct LiveResult {
    pub(super) query: Statement,
    pub(super) key: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
    /// Every result so far.
    pub history: Vec<Vec<String>>,
}

impl LiveResult {
    pub(super) fn take(&mut self, diff: LiveDiff) {
        let width = diff.rows.columns().names.len().max(1);
        let values = diff.rows.values();
        let mut fresh = values.chunks(width).map(<[Value]>::to_vec);
        let mut rows = Vec::new();
        for step in diff.steps {
            match step {
                LiveStep::Keep { from, count } => {
                    rows.extend_from_slice(&self.rows[from as usize..(from + count) as usize]);
                }
                LiveStep::Replace { from } => {
                    assert!((from as usize) < self.rows.len(), "replaces a row that is");
                    rows.push(fresh.next().expect("a row for each replacement"));
                }
                LiveStep::Insert { count } => {
                    rows.extend(fresh.by_ref().take(count as usize));
                }
            }
        }
        assert!(fresh.next().is_none(), "no rows beyond the steps");
        self.rows = rows;
        self.history.push(self.lines());
    }

    /// The result as text, columns joined by `|`.
    pub fn lines(&self) -> Vec<String> {
        let line = |row: &Vec<Value>| {
            let texts: Vec<String> = row.iter().map(crate::support::text).collect();
            texts.join("|")
        };
        self.rows.iter().map(line).collect()
    }
}
