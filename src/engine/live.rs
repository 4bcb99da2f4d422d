//! Live queries: which ones a commit touched, and what changed in their results.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use crate::error::{Error, Result};
use crate::ids::{SubscriptionId, TabNumber};
use crate::schema::Names;
use crate::tabs::{LiveDiff, LiveStep, Rows, Statement};
use crate::value::Value;

/// One subscription.
#[derive(Debug)]
pub(super) struct LiveQuery {
    pub(super) tab: TabNumber,
    pub(super) subscription: SubscriptionId,
    /// Results that were told and that the tab has not dealt with.
    pub(super) untaken: u32,
    /// The result may have changed, and is not told yet.
    pub(super) is_stale: bool,
    pub(super) statement: Statement,
    /// Tables, lower case.
    pub(super) reads: Names,
    key: Vec<String>,
    /// The result that the subscriber has: of each row what it is told apart by, and its content.
    known: Option<Vec<RowHash>>,
    /// The columns' origins and their types as the subscriber was told them.
    origins: Vec<String>,
    types: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RowHash {
    key: u64,
    content: u64,
}

impl LiveQuery {
    pub(super) fn new(
        (tab, subscription): (TabNumber, SubscriptionId),
        statement: Statement,
        reads: Names,
        key: Vec<String>,
    ) -> Self {
        Self {
            tab,
            subscription,
            // The first result, which follows at once.
            untaken: 1,
            is_stale: false,
            statement,
            reads,
            key,
            known: None,
            origins: Vec::new(),
            types: Vec::new(),
        }
    }

    /// Whether it is that tab's subscription.
    pub(super) fn is_of(&self, subscription: (TabNumber, SubscriptionId)) -> bool {
        (self.tab, self.subscription) == subscription
    }

    /// What leads from the result that the subscriber has to this one; `None` if it is the same.
    ///
    /// # Errors
    /// [`Error::Argument`] when the result lacks a key column.
    pub(super) fn update(&mut self, mut rows: Rows) -> Result<Option<LiveDiff>> {
        let fresh = self.hashes(&rows)?;
        let known = self.known.take();
        let first = known.is_none();
        let mut known = known.unwrap_or_default();
        if self.origins == rows.origins && self.types == rows.types {
            rows.origins.clear();
            rows.types.clear();
        } else {
            // The subscriber read the rows it has by types that are no more.
            for row in &mut known {
                row.content = !row.content;
            }
            self.origins = rows.origins.clone();
            self.types = rows.types.clone();
        }
        if !first && known == fresh {
            self.known = Some(known);
            return Ok(None);
        }
        let steps = steps(&known, &fresh);
        let changed = changed_rows(rows, &steps);
        self.known = Some(fresh);
        Ok(Some(LiveDiff {
            steps,
            rows: changed,
        }))
    }

    fn hashes(&self, rows: &Rows) -> Result<Vec<RowHash>> {
        let key = self
            .key
            .iter()
            .map(|name| {
                rows.columns
                    .iter()
                    .position(|column| column == name)
                    .ok_or_else(|| {
                        Error::Argument(format!("the query has no column {name:?} for its key"))
                    })
            })
            .collect::<Result<Vec<_>>>()?;
        let width = rows.columns.len().max(1);
        Ok(rows
            .values
            .chunks(width)
            .map(|row| {
                let content = hash(row.iter());
                RowHash {
                    key: if key.is_empty() {
                        content
                    } else {
                        hash(key.iter().filter_map(|at| row.get(*at)))
                    },
                    content,
                }
            })
            .collect())
    }
}

/// The new result as stretches of the old one, replaced rows and new ones.
fn steps(known: &[RowHash], fresh: &[RowHash]) -> Vec<LiveStep> {
    let mut places: HashMap<u64, VecDeque<u32>> = HashMap::with_capacity(known.len());
    for (at, row) in (0..).zip(known) {
        places.entry(row.key).or_default().push_back(at);
    }
    let mut steps: Vec<LiveStep> = Vec::new();
    for row in fresh {
        let found = places.get_mut(&row.key).and_then(VecDeque::pop_front);
        let step = match found {
            Some(from) if known[from as usize].content == row.content => {
                LiveStep::Keep { from, count: 1 }
            }
            Some(from) => LiveStep::Replace { from },
            None => LiveStep::Insert { count: 1 },
        };
        match (steps.last_mut(), step) {
            (Some(LiveStep::Keep { from, count }), LiveStep::Keep { from: next, .. })
                if *from + *count == next =>
            {
                *count += 1;
            }
            (Some(LiveStep::Insert { count }), LiveStep::Insert { .. }) => *count += 1,
            _ => steps.push(step),
        }
    }
    steps
}

/// Only the rows that the subscriber does not have.
fn changed_rows(rows: Rows, steps: &[LiveStep]) -> Rows {
    let width = rows.columns.len();
    let mut values = Vec::new();
    let mut old = rows.values.into_iter();
    for step in steps {
        let (count, new) = match *step {
            LiveStep::Keep { count, .. } => (count, false),
            LiveStep::Replace { .. } => (1, true),
            LiveStep::Insert { count } => (count, true),
        };
        let stretch = old.by_ref().take(count as usize * width);
        if new {
            values.extend(stretch);
        } else {
            stretch.for_each(drop);
        }
    }
    Rows {
        columns: rows.columns,
        booleans: rows.booleans,
        origins: rows.origins,
        types: rows.types,
        values,
    }
}

fn hash<'a>(values: impl Iterator<Item = &'a Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in values {
        match value {
            Value::Null => 0u8.hash(&mut hasher),
            Value::Integer(number) => (1u8, number).hash(&mut hasher),
            Value::Real(number) => (2u8, number.to_bits()).hash(&mut hasher),
            Value::Text(text) => (3u8, text).hash(&mut hasher),
            Value::Blob(bytes) => (4u8, bytes).hash(&mut hasher),
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rows(titles: &[(i64, &str)]) -> Rows {
        Rows {
            columns: vec!["id".into(), "title".into()],
            booleans: vec![false, false],
            values: titles
                .iter()
                .flat_map(|(id, title)| [Value::Integer(*id), Value::Text((*title).into())])
                .collect(),
            ..Rows::default()
        }
    }

    fn query(key: &[&str]) -> LiveQuery {
        let statement = Statement {
            sql: String::new(),
            params: vec![],
            typed: false,
        };
        let key = key.iter().map(ToString::to_string).collect();
        LiveQuery::new(
            (TabNumber(0), SubscriptionId(1)),
            statement,
            Names::new(),
            key,
        )
    }

    #[test]
    fn the_first_result_is_whole_even_when_empty_and_the_same_again_is_nothing() {
        let mut query = query(&["id"]);
        assert!(query.update(rows(&[])).unwrap().is_some());
        assert_eq!(query.update(rows(&[])).unwrap(), None);
    }

    #[test]
    fn unchanged_rows_are_kept_and_only_changed_values_cross() {
        let mut query = query(&["id"]);
        query
            .update(rows(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]))
            .unwrap();
        let diff = query
            .update(rows(&[(5, "new"), (1, "a"), (2, "b"), (4, "D")]))
            .unwrap()
            .unwrap();
        assert_eq!(
            diff.steps,
            [
                LiveStep::Insert { count: 1 },
                LiveStep::Keep { from: 0, count: 2 },
                LiveStep::Replace { from: 3 },
            ]
        );
        assert_eq!(diff.rows, rows(&[(5, "new"), (4, "D")]));
    }

    #[test]
    fn types_are_told_once_and_rows_of_another_type_are_new_ones() {
        let typed = |type_name: &str| {
            let mut rows = rows(&[(1, "a"), (2, "b")]);
            rows.origins = vec!["todos.id".into(), String::new()];
            rows.types = vec![type_name.into(), String::new()];
            rows
        };
        let mut query = query(&["id"]);
        let first = query.update(typed("int4")).unwrap().unwrap();
        assert_eq!(first.rows, typed("int4"));
        let mut more = typed("int4");
        more.values.extend(rows(&[(3, "c")]).values);
        let second = query.update(more).unwrap().unwrap();
        assert_eq!(second.rows, rows(&[(3, "c")]));
        let third = query.update(typed("int8")).unwrap().unwrap();
        assert_eq!(third.rows, typed("int8"));
        assert_eq!(
            third.steps,
            [LiveStep::Replace { from: 0 }, LiveStep::Replace { from: 1 }]
        );
        assert_eq!(query.update(typed("int8")).unwrap(), None);
    }

    #[test]
    fn without_a_key_rows_are_matched_by_content_each_once() {
        let mut query = query(&[]);
        query.update(rows(&[(1, "a"), (1, "a")])).unwrap();
        let diff = query
            .update(rows(&[(1, "a"), (1, "a"), (1, "a")]))
            .unwrap()
            .unwrap();
        assert_eq!(
            diff.steps,
            [
                LiveStep::Keep { from: 0, count: 2 },
                LiveStep::Insert { count: 1 }
            ]
        );
    }

    #[test]
    fn a_key_that_the_query_does_not_return_is_the_callers_mistake() {
        assert_eq!(
            query(&["uuid"]).update(rows(&[])).unwrap_err().code(),
            "ARGUMENT"
        );
    }
}
