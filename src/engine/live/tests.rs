//! Results that follow each other, and what is told of them.
#![allow(clippy::unwrap_used)]

use rusqlite::Connection;

use super::steps::{Known, Steps};
use crate::error::Result;
use crate::store::query::{Head, Sink};
use crate::tabs::{Columns, LiveDiff, LiveStep};
use crate::value::Value;

/// One subscriber of a query whose rows are given.
struct Subscriber {
    conn: Connection,
    key: Vec<String>,
    types: Vec<String>,
    known: Option<Known>,
}

impl Subscriber {
    fn new(key: &[&str]) -> Self {
        Self {
            conn: Connection::open_in_memory().unwrap(),
            key: key.iter().map(ToString::to_string).collect(),
            types: Vec::new(),
            known: None,
        }
    }

    fn see(&mut self, rows: &[(i64, &str)]) -> Result<Option<LiveDiff>> {
        let mut steps = Steps::new(self.known.as_ref(), &self.key);
        let origins = if self.types.is_empty() {
            vec![]
        } else {
            vec!["todos.id".into(), String::new()]
        };
        let head = Head {
            columns: Columns {
                names: vec!["id".into(), "title".into()],
                origins,
                types: self.types.clone(),
            },
            booleans: vec![false, false],
        };
        steps.begin(&head)?;
        for (id, title) in rows {
            let mut row = self.conn.prepare_cached("SELECT ?1, ?2")?;
            row.query_row((id, title), |row| steps.row(&head, row))?;
        }
        let (diff, known) = steps.finish();
        self.known = Some(known);
        Ok(diff)
    }

    fn told(&mut self, rows: &[(i64, &str)]) -> LiveDiff {
        self.see(rows).unwrap().unwrap()
    }
}

fn ids(diff: &LiveDiff) -> Vec<Value> {
    diff.rows.values().into_iter().step_by(2).collect()
}

const KEEP_TWO: LiveStep = LiveStep::Keep { from: 0, count: 2 };

#[test]
fn the_first_result_is_whole_even_when_empty_and_the_same_again_is_nothing() {
    let mut query = Subscriber::new(&["id"]);
    assert!(query.see(&[]).unwrap().is_some());
    assert_eq!(query.see(&[]).unwrap(), None);
    let some = [(1, "a"), (2, "b")];
    assert!(query.see(&some).unwrap().is_some());
    assert_eq!(query.see(&some).unwrap(), None);
}

#[test]
fn unchanged_rows_are_kept_and_only_changed_values_cross() {
    let mut query = Subscriber::new(&["id"]);
    query.told(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]);
    let diff = query.told(&[(5, "new"), (1, "a"), (2, "b"), (4, "D")]);
    let steps = [
        LiveStep::Insert { count: 1 },
        KEEP_TWO,
        LiveStep::Replace { from: 3 },
    ];
    assert_eq!(diff.steps, steps);
    assert_eq!(diff.rows.columns().names, ["id", "title"]);
    let new = Value::Text("new".into());
    let changed = Value::Text("D".into());
    assert_eq!(
        diff.rows.values(),
        [Value::Integer(5), new, Value::Integer(4), changed]
    );
}

#[test]
fn rows_that_moved_are_kept_where_they_are_found() {
    let mut query = Subscriber::new(&["id"]);
    query.told(&[(1, "a"), (2, "b"), (3, "c")]);
    let diff = query.told(&[(3, "c"), (1, "a"), (2, "B")]);
    let keep = |from| LiveStep::Keep { from, count: 1 };
    assert_eq!(
        diff.steps,
        [keep(2), keep(0), LiveStep::Replace { from: 1 }]
    );
    assert_eq!(ids(&diff), [Value::Integer(2)]);
}

#[test]
fn types_are_told_once_and_rows_of_another_type_are_new_ones() {
    let mut query = Subscriber::new(&["id"]);
    let typed = |name: &str| vec![name.to_owned(), String::new()];
    query.types = typed("int4");
    let first = query.told(&[(1, "a"), (2, "b")]);
    assert_eq!(first.rows.columns().types, typed("int4"));
    let second = query.told(&[(1, "a"), (2, "b"), (3, "c")]);
    assert!(second.rows.columns().types.is_empty() && second.rows.columns().origins.is_empty());
    query.types = typed("int8");
    let third = query.told(&[(1, "a"), (2, "b")]);
    assert_eq!(third.rows.columns().types, typed("int8"));
    let replaced = [LiveStep::Replace { from: 0 }, LiveStep::Replace { from: 1 }];
    assert_eq!(third.steps, replaced);
    assert_eq!(query.see(&[(1, "a"), (2, "b")]).unwrap(), None);
    query.told(&[]);
    query.types = typed("int2");
    let last = query.told(&[]);
    assert_eq!(
        last.rows.columns().types,
        typed("int2"),
        "told of no rows as well"
    );
}

#[test]
fn without_a_key_rows_are_matched_by_content_each_once() {
    let mut query = Subscriber::new(&[]);
    query.told(&[(1, "a"), (1, "a")]);
    let diff = query.told(&[(1, "a"), (1, "a"), (1, "a")]);
    assert_eq!(diff.steps, [KEEP_TWO, LiveStep::Insert { count: 1 }]);
    let alike = vec![(1, "a"); 2_000];
    let mut other = alike.clone();
    other.insert(0, (2, "b"));
    query.told(&alike);
    let diff = query.told(&other);
    let kept = LiveStep::Keep {
        from: 0,
        count: 2_000,
    };
    assert_eq!(diff.steps, [LiveStep::Insert { count: 1 }, kept]);
}

#[test]
fn a_key_that_the_query_does_not_return_is_the_callers_mistake() {
    let error = Subscriber::new(&["uuid"]).see(&[]).unwrap_err();
    assert_eq!(error.code(), "ARGUMENT");
}

/// Whatever comes after whatever: the steps lead from the one to the other, and no row crosses that is at hand.
#[test]
fn steps_lead_from_any_result_to_any_other() {
    let mut rng = fastrand::Rng::with_seed(7);
    for key in [&["id"][..], &[]] {
        let mut query = Subscriber::new(key);
        let mut had: Vec<(i64, &str)> = Vec::new();
        query.told(&had);
        for _ in 0..2_000 {
            let mut rows = had.clone();
            for _ in 0..rng.usize(0..4) {
                let at = rng.usize(0..=rows.len());
                match rng.u8(0..4) {
                    0 => rows.insert(at, (rng.i64(0..12), "a")),
                    1 if at < rows.len() => drop(rows.remove(at)),
                    2 if at < rows.len() => rows[at].1 = ["a", "b", "c"][rng.usize(0..3)],
                    _ => rng.shuffle(&mut rows),
                }
            }
            let told = query.see(&rows).unwrap();
            assert_eq!(told.is_none(), rows == had, "{had:?} {rows:?}");
            if let Some(diff) = told {
                assert_eq!(applied(&had, &diff), rows);
                let lacking = |row: &&(i64, &str)| !had.contains(row);
                let fewest = rows.iter().filter(lacking).count();
                let crossed = diff.rows.values().len() / 2;
                assert!(crossed >= fewest, "{had:?} {rows:?} {diff:?}");
                let each_once = rows.len() - had.len().min(rows.len());
                if key.is_empty() && fewest == 0 {
                    assert!(crossed <= each_once + 4, "{had:?} {rows:?} {diff:?}");
                }
            }
            had = rows;
        }
    }
}

fn applied(had: &[(i64, &str)], diff: &LiveDiff) -> Vec<(i64, &'static str)> {
    let mut left: Vec<Option<(i64, &str)>> = had.iter().copied().map(Some).collect();
    let values = diff.rows.values();
    let mut fresh = values.chunks(2).map(|row| match row {
        [Value::Integer(id), Value::Text(title)] => (*id, spelled(title)),
        other => panic!("{other:?}"),
    });
    let mut rows = Vec::new();
    for step in &diff.steps {
        match *step {
            LiveStep::Keep { from, count } => {
                for at in from..from + count {
                    let (id, title) = left[at as usize].take().unwrap();
                    rows.push((id, spelled(title)));
                }
            }
            LiveStep::Replace { from } => {
                left[from as usize].take().unwrap();
                rows.push(fresh.next().unwrap());
            }
            LiveStep::Insert { count } => rows.extend(fresh.by_ref().take(count as usize)),
        }
    }
    assert_eq!(fresh.next(), None);
    rows
}

fn spelled(title: &str) -> &'static str {
    ["a", "b", "c"]
        .into_iter()
        .find(|known| *known == title)
        .unwrap()
}
