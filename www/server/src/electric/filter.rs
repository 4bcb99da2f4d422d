//! The `where` of a shape: evaluation over a row, with SQL's three-valued logic.
//!
//! Modelled: comparisons of a column with a literal, `IN`, `IS [NOT] NULL`, a bare bool column, `AND`, `OR`, `NOT`.
//! Everything else that Electric evaluates (functions, casts of columns, `LIKE`, subqueries) is refused by the
//! parser with a 400 that says so.

use std::cmp::Ordering;

use super::table::Row;
use super::types::PgType;

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// A parsed condition. Equal conditions make equal shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Compare {
        column: String,
        pg_type: PgType,
        comparison: Comparison,
        /// In canonical text; NULL compares as unknown.
        literal: Option<String>,
    },
    /// A bool column standing alone.
    Holds(String),
    IsNull(String),
    Constant(Option<bool>),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

impl Filter {
    /// Whether the row is in the shape; unknown counts as no.
    pub(crate) fn matches(&self, row: &Row) -> bool {
        self.evaluate(row) == Some(true)
    }

    fn evaluate(&self, row: &Row) -> Option<bool> {
        let value = |column: &String| row.get(column).and_then(Option::as_deref);
        match self {
            Filter::Compare {
                column,
                pg_type,
                comparison,
                literal,
            } => {
                let ordering = pg_type.compare(value(column)?, literal.as_deref()?);
                Some(comparison.holds(ordering))
            }
            Filter::Holds(column) => Some(value(column)? == "t"),
            Filter::IsNull(column) => Some(value(column).is_none()),
            Filter::Constant(constant) => *constant,
            Filter::Not(inner) => Some(!inner.evaluate(row)?),
            Filter::And(left, right) => match (left.evaluate(row), right.evaluate(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Filter::Or(left, right) => match (left.evaluate(row), right.evaluate(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}
