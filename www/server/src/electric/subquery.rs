//! `SELECT column FROM table WHERE …` inside a condition (protocol section 11).
//!
//! Values compare by their text in one spelling. NULLs among the selected values are left out; to Postgres they would
//! make a `NOT IN` unknown.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filter::Filter;
use super::transaction::Tables;

/// What a subquery selects.
pub(crate) type Values = Arc<BTreeSet<String>>;

/// A parsed subquery. Its own condition may hold others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subquery {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) filter: Option<Filter>,
}

impl Subquery {
    /// What it selects from the tables as they are.
    pub(crate) fn values(&self, tables: &Tables) -> Values {
        let filter = self.filter.as_ref().map(|filter| filter.resolved(tables));
        let rows = tables.get(&self.table).into_iter();
        let selected = rows
            .flat_map(|stored| stored.heap.scan_all())
            .filter(|row| filter.as_ref().is_none_or(|filter| filter.matches(row)))
            .filter_map(|row| row.get(&self.column).cloned().flatten());
        Arc::new(selected.collect())
    }

    /// Whether it reads the table, at any depth.
    pub(crate) fn reads(&self, table: &str) -> bool {
        self.table == table
            || self
                .filter
                .as_ref()
                .is_some_and(|filter| filter.reads(table))
    }

    /// Whether it uses the column of the table, at any depth.
    pub(crate) fn uses(&self, table: &str, column: &str) -> bool {
        let own = self.table == table
            && (self.column == column
                || self
                    .filter
                    .iter()
                    .flat_map(Filter::columns)
                    .any(|used| used == column));
        own || self
            .filter
            .iter()
            .flat_map(Filter::subqueries)
            .any(|inner| inner.uses(table, column))
    }
}
