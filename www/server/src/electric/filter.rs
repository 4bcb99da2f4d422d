//! The `where` of a shape: evaluation over a row, with SQL's three-valued logic.
//!
//! Modelled: comparisons of a column with a literal, `IN` with a list or a subquery, `IS [NOT] NULL`, a bare bool
//! column, `AND`, `OR`, `NOT`. Everything else that Electric evaluates (functions, casts of columns, `LIKE`) is
//! refused by the parser with a 400 that says so.

use std::cmp::Ordering;

use super::subquery::{Subquery, Values};
use super::table::Row;
use super::transaction::Tables;
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
    /// Unknown until [`Filter::resolved`].
    In {
        column: String,
        subquery: Box<Subquery>,
    },
    /// A subquery whose values are known.
    Member {
        column: String,
        values: Values,
    },
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

impl Filter {
    /// Whether the row is in the shape; unknown counts as no.
    pub(crate) fn matches(&self, row: &Row) -> bool {
        self.evaluate(row) == Some(true)
    }

    pub(crate) fn evaluate(&self, row: &Row) -> Option<bool> {
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
            Filter::In { .. } => None,
            Filter::Member { column, values } => Some(values.contains(value(column)?)),
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

    /// The same condition with its subqueries answered from the tables as they are.
    pub(crate) fn resolved(&self, tables: &Tables) -> Self {
        let resolve = |filter: &Filter| Box::new(filter.resolved(tables));
        match self {
            Filter::In { column, subquery } => Filter::Member {
                column: column.clone(),
                values: subquery.values(tables),
            },
            Filter::Not(inner) => Filter::Not(resolve(inner)),
            Filter::And(left, right) => Filter::And(resolve(left), resolve(right)),
            Filter::Or(left, right) => Filter::Or(resolve(left), resolve(right)),
            other => other.clone(),
        }
    }

    fn parts(&self) -> Vec<&Filter> {
        match self {
            Filter::Not(inner) => inner.parts(),
            Filter::And(left, right) | Filter::Or(left, right) => {
                let mut parts = left.parts();
                parts.extend(right.parts());
                parts
            }
            atom => vec![atom],
        }
    }

    /// The columns of the root table that it looks at.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts().into_iter().filter_map(|part| match part {
            Filter::Compare { column, .. }
            | Filter::Holds(column)
            | Filter::IsNull(column)
            | Filter::In { column, .. }
            | Filter::Member { column, .. } => Some(column.as_str()),
            _ => None,
        })
    }

    /// Its subqueries, not those within them.
    pub(crate) fn subqueries(&self) -> impl Iterator<Item = &Subquery> {
        self.parts().into_iter().filter_map(|part| match part {
            Filter::In { subquery, .. } => Some(subquery.as_ref()),
            _ => None,
        })
    }

    /// Whether a subquery of it reads the table.
    pub(crate) fn reads(&self, table: &str) -> bool {
        self.subqueries().any(|subquery| subquery.reads(table))
    }
}
