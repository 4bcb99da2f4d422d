//! Which rows a shape sees.

use super::filter::Filter;
use super::plan::{Marks, Plan};
use super::subquery::Values;
use super::table::Row;

/// A shape's condition with all it takes to decide on a row.
#[derive(Clone, Copy)]
pub(crate) enum Sight<'a> {
    /// Every row.
    All,
    /// Those that a condition without subqueries selects.
    Where(&'a Filter),
    /// Those that a condition with subqueries selects, given what these select.
    Plan {
        plan: &'a Plan,
        views: &'a [Values],
        /// Makes the shape's tags its own.
        seed: &'a str,
    },
}

impl Sight<'_> {
    pub(crate) fn sees(&self, row: &Row) -> bool {
        match self {
            Sight::All => true,
            Sight::Where(filter) => filter.matches(row),
            Sight::Plan { plan, views, .. } => plan.includes(&plan.active(row, views)),
        }
    }

    /// The row's tags and conditions, in a shape with subqueries.
    pub(crate) fn marks(&self, row: &Row) -> Option<Marks> {
        match self {
            Sight::Plan { plan, views, seed } => Some(plan.marks(row, views, seed)),
            _ => None,
        }
    }
}
