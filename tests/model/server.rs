//! The other side, played: a history of each table, what of it a device was sent, and verdicts that stay what they were.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Value, json};
use throughline::change::Operation::{self, Delete, Insert, Update};
use throughline::engine::Answer;

use crate::model::{Change, Columns, Rows, Snapshot, Verdict, WRITE_ID, apply};

/// Transaction ids begin just below where 32 bits wrap, or where one more digit begins.
const FIRST_TXIDS: [u64; 2] = [(1 << 32) - 6, 994];
/// Positions are that far apart.
const STEP: u64 = 10;

/// One shape's side of it.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// All that was ever committed, with positions.
    history: Vec<(u64, Change)>,
    /// How much of it was sent, or was in the snapshot that was.
    sent: usize,
    /// Counts up with each log.
    handle: u32,
    /// Whether a snapshot was sent under it.
    pub(crate) begun: bool,
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) shapes: BTreeMap<&'static str, Shape>,
    verdicts: BTreeMap<i64, Verdict>,
    txid: u64,
    lsn: u64,
}

impl Server {
    pub(crate) fn new(rng: &mut fastrand::Rng) -> Self {
        Self {
            shapes: ["notes", "items"]
                .map(|name| (name, Shape::default()))
                .into(),
            verdicts: BTreeMap::new(),
            txid: FIRST_TXIDS[rng.usize(0..2)],
            lsn: STEP,
        }
    }

    pub(crate) fn rows(&self, table: &str) -> Rows {
        self.shapes[table].rows_after(usize::MAX)
    }

    /// Commits what changes anything; its transaction id.
    fn commit(&mut self, changes: Vec<(&'static str, String, Operation, Columns)>) -> Option<u64> {
        let mut rows: BTreeMap<&str, Rows> = self
            .shapes
            .keys()
            .map(|name| (*name, self.rows(name)))
            .collect();
        let mut made = Vec::new();
        for (table, key, operation, mut value) in changes {
            let rows = rows.get_mut(table).unwrap();
            let happens = match (operation, rows.get(&key)) {
                (Insert, _) => true,
                (Update, Some(row)) => {
                    // A log carries the columns that differ.
                    value.retain(|name, new| row[name] != *new);
                    !value.is_empty()
                }
                (Delete, Some(_)) => true,
                (Update | Delete, None) => false,
            };
            if happens {
                let txid = self.txid;
                let change = Change {
                    key,
                    operation,
                    value,
                    txid,
                };
                apply(rows, &change);
                made.push((table, change));
            }
        }
        if made.is_empty() {
            return None;
        }
        self.lsn += STEP;
        self.txid += 1;
        for (table, change) in made {
            let shape = self.shapes.get_mut(table).unwrap();
            shape.history.push((self.lsn, change));
        }
        Some(self.txid - 1)
    }

    /// Someone else writes.
    pub(crate) fn someone_writes(
        &mut self,
        table: &'static str,
        key: &str,
        operation: Operation,
        value: Columns,
    ) {
        let operation = match (operation, self.rows(table).contains_key(key)) {
            (Insert, true) => Update,
            (Update, false) => Insert,
            _ => operation,
        };
        let mut row = value;
        if operation == Insert {
            for column in columns_of(table) {
                row.entry(column).or_default();
            }
        }
        self.commit(vec![(table, key.to_owned(), operation, row)]);
    }

    /// Traffic in other tables.
    pub(crate) fn heartbeat(&mut self) {
        self.lsn += STEP;
    }

    /// The verdict on a transaction of a POST: the one that it had before, or a new one.
    pub(crate) fn judge(
        &mut self,
        number: i64,
        posted: &Value,
        rng: &mut fastrand::Rng,
    ) -> Verdict {
        if let Some(verdict) = self.verdicts.get(&number) {
            return verdict.clone();
        }
        let verdict = self.execute(posted, rng);
        self.verdicts.insert(number, verdict.clone());
        verdict
    }

    pub(crate) fn has_judged(&self, number: i64) -> bool {
        self.verdicts.contains_key(&number)
    }

    pub(crate) fn refuse(&mut self, number: i64) {
        self.verdicts.insert(number, Verdict::Rejected);
    }

    fn execute(&mut self, posted: &Value, rng: &mut fastrand::Rng) -> Verdict {
        let rows = |name: &&'static str| {
            let keys = self.rows(name).into_keys();
            keys.map(|key| (*name, key)).collect::<Vec<_>>()
        };
        let mut there: BTreeSet<(&str, String)> = self.shapes.keys().flat_map(rows).collect();
        let mut changes = Vec::new();
        for change in posted["changes"].as_array().unwrap() {
            let table = table_named(change["table"].as_str().unwrap());
            let operation = Operation::parse(change["operation"].as_str().unwrap()).unwrap();
            let mut value = columns(table, &change["value"]);
            let key = change["value"]["id"].as_str().unwrap().to_owned();
            if operation == Insert && !there.insert((table, key.clone())) {
                return Verdict::Rejected;
            }
            if operation == Delete {
                there.remove(&(table, key.clone()));
                value.clear();
            } else if table == "notes" {
                let id = change["write_id"].as_str().unwrap().to_owned();
                value.insert(WRITE_ID, Some(id));
            }
            changes.push((table, key, operation, value));
        }
        if rng.u32(0..6) == 0 {
            return Verdict::Rejected;
        }
        let txid = self.commit(changes);
        // Read after the commit: only another one moves the shapes as far.
        let lsn = rng.bool().then_some(self.lsn + 1);
        Verdict::Accepted {
            txid: txid.filter(|_| rng.u32(0..4) > 0),
            lsn,
            noop: txid.is_none(),
        }
    }

    /// A snapshot under which some of the last changes are still running, and the answer that carries it.
    pub(crate) fn snapshot(
        &mut self,
        table: &'static str,
        rng: &mut fastrand::Rng,
    ) -> (Rows, Snapshot, Answer) {
        let end = self.txid;
        let shape = self.shapes.get_mut(table).unwrap();
        let mut cut = shape.history.len() - rng.usize(0..=shape.history.len().min(2));
        // Of a transaction all is visible or nothing.
        while cut > 0 && cut < shape.history.len() && shape.txid(cut - 1) == shape.txid(cut) {
            cut -= 1;
        }
        shape.sent = cut;
        shape.begun = true;
        let running: BTreeSet<u64> = (cut..shape.history.len())
            .map(|at| shape.txid(at))
            .collect();
        let rows = shape.rows_after(cut);
        let mut body: Vec<Value> = rows
            .iter()
            .map(|(key, row)| message(table, key, Insert, row, None))
            .collect();
        body.push(json!({"headers": {"control": "snapshot-end",
            "xmin": running.first().unwrap_or(&end).to_string(), "xmax": end.to_string(),
            "xip_list": running.iter().map(u64::to_string).collect::<Vec<_>>()}}));
        let answer = shape.answer(200, table, "0_0".into(), &body);
        let snapshot = Snapshot {
            end,
            running,
            since: BTreeSet::new(),
        };
        (rows, snapshot, answer)
    }

    /// What comes next in the log, and where the server is if that is told.
    pub(crate) fn next(
        &mut self,
        table: &'static str,
        rng: &mut fastrand::Rng,
    ) -> (Vec<Change>, Option<u64>, Answer) {
        let shape = self.shapes.get_mut(table).unwrap();
        let left = shape.history.len() - shape.sent;
        let part = shape.sent..shape.sent + rng.usize(0..=left);
        let is_all = part.end == shape.history.len();
        let last = part.end.checked_sub(1).map_or(0, |at| shape.history[at].0);
        let at = if is_all { self.lsn } else { last };
        let head = (part.is_empty() || rng.u32(0..4) > 0).then_some(at);
        let mut body = shape.messages(table, part.clone());
        if let Some(at) = head {
            body.push(json!({"headers": {"control": "up-to-date",
                "global_last_seen_lsn": at.to_string()}}));
        }
        let offset = if last == 0 {
            "0_0".into()
        } else {
            format!("{last}_{}", part.end)
        };
        let answer = shape.answer(200, table, offset, &body);
        let changes = shape.history[part.clone()].iter();
        let changes = changes.map(|(_, change)| change.clone()).collect();
        shape.sent = part.end;
        (changes, head, answer)
    }

    /// The log has ended, and another one begins.
    pub(crate) fn must_refetch(&mut self, table: &'static str) -> Answer {
        let shape = self.shapes.get_mut(table).unwrap();
        shape.handle += 1;
        shape.begun = false;
        let body = [json!({"headers": {"control": "must-refetch"}})];
        shape.answer(409, table, String::new(), &body)
    }
}

impl Shape {
    fn txid(&self, at: usize) -> u64 {
        self.history[at].1.txid
    }

    fn rows_after(&self, changes: usize) -> Rows {
        let mut rows = Rows::new();
        for (_, change) in self.history.iter().take(changes) {
            apply(&mut rows, change);
        }
        rows
    }

    fn messages(&self, table: &str, part: Range<usize>) -> Vec<Value> {
        let one = |at: usize| {
            let (lsn, change) = &self.history[at];
            let place = Some((*lsn, at, change.txid));
            message(table, &change.key, change.operation, &change.value, place)
        };
        part.map(one).collect()
    }

    fn answer(&self, status: u16, table: &str, offset: String, body: &[Value]) -> Answer {
        let headers = [
            ("electric-handle", format!("{table}-{}", self.handle)),
            ("electric-offset", offset),
            ("electric-schema", schema(table).to_string()),
            ("electric-cursor", "7".into()),
        ];
        Answer {
            status,
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: Value::from(body).to_string(),
        }
    }
}

fn message(
    table: &str,
    key: &str,
    operation: Operation,
    row: &Columns,
    place: Option<(u64, usize, u64)>,
) -> Value {
    let mut value = json!(row);
    value["id"] = key.into();
    let mut headers = json!({"operation": operation.as_str()});
    if let Some((lsn, at, txid)) = place {
        headers["lsn"] = lsn.to_string().into();
        headers["op_position"] = at.into();
        // A log shows 32 bits of it.
        headers["txids"] = json!([txid as u32]);
    }
    json!({"key": format!("\"public\".\"{table}\"/\"{key}\""), "value": value, "headers": headers})
}

fn schema(table: &str) -> Value {
    let text = json!({"type": "text"});
    let mut schema = json!({"id": {"type": "text", "pk_index": 0, "not_null": true}});
    for column in columns_of(table) {
        schema[*column] = text.clone();
    }
    if table == "notes" {
        schema[WRITE_ID] = json!({"type": "uuid"});
    }
    schema
}

/// Beside the key.
pub(crate) fn columns_of(table: &str) -> &'static [&'static str] {
    match table {
        "notes" => &["a", "b", WRITE_ID],
        _ => &["label", "note"],
    }
}

pub(crate) fn table_named(name: &str) -> &'static str {
    ["notes", "items"]
        .into_iter()
        .find(|one| *one == name)
        .unwrap()
}

/// What of an object belongs to columns.
pub(crate) fn columns(table: &str, object: &Value) -> Columns {
    let column = |name: &&'static str| {
        let value = object.get(*name)?;
        Some((*name, value.as_str().map(ToOwned::to_owned)))
    };
    columns_of(table).iter().filter_map(column).collect()
}
