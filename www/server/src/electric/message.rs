//! The messages of a log, as JSON text (protocol section 7).

use serde_json::{Map, Value, json};

use super::constants::DEFAULT_SCHEMA;
use super::definition::Definition;
use super::table::{Row, Table};
use super::transaction::Op;

/// What a row change means to one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShapeChange<'a> {
    Insert(&'a Row),
    Update {
        old: &'a Row,
        new: &'a Row,
    },
    Delete(&'a Row),
    /// A changed primary key: a delete and an insert that name each other.
    Move {
        old: &'a Row,
        new: &'a Row,
    },
}

impl<'a> ShapeChange<'a> {
    /// Converts a row change: entering the `where` is an insert, leaving it a delete, an update that changes no
    /// selected column is nothing.
    pub(crate) fn of(op: &'a Op, table: &Table, definition: &Definition) -> Option<Self> {
        let inside = |row: &&Row| {
            definition
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(row))
        };
        let old = op.old.as_ref().filter(inside);
        let new = op.new.as_ref().filter(inside);
        match (old, new) {
            (None, None) => None,
            (None, Some(new)) => Some(ShapeChange::Insert(new)),
            (Some(old), None) => Some(ShapeChange::Delete(old)),
            (Some(old), Some(new)) if table.key_of(old) != table.key_of(new) => {
                Some(ShapeChange::Move { old, new })
            }
            (Some(old), Some(new)) => {
                let changed = definition
                    .columns
                    .iter()
                    .any(|name| old.get(name) != new.get(name));
                changed.then_some(ShapeChange::Update { old, new })
            }
        }
    }
}

/// Where a streamed change stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) lsn: u64,
    pub(crate) op_position: u64,
    pub(crate) txid: u32,
}

/// Writes a shape's messages.
pub(crate) struct Writer<'a> {
    pub(crate) table: &'a Table,
    pub(crate) definition: &'a Definition,
}

impl Writer<'_> {
    /// A row of the snapshot: selected columns cast to text, no position.
    pub(crate) fn snapshot_row(&self, row: &Row) -> String {
        let shown = self.snapshot_form(row);
        json!({
            "key": self.key(&shown),
            "value": self.values(&shown, |_| true),
            "headers": { "operation": "insert", "relation": self.relation() },
        })
        .to_string()
    }

    /// The messages of a change with their positions; `last` marks the final one.
    pub(crate) fn changes(
        &self,
        change: &ShapeChange<'_>,
        place: Place,
        last: bool,
    ) -> Vec<(u64, String)> {
        let at = place.op_position;
        let full = self.definition.full_replica;
        let is_key = |name: &str| self.table.is_key(name);
        match change {
            ShapeChange::Insert(new) => {
                let value = self.values(new, |_| true);
                vec![(
                    at,
                    self.message(new, value, self.headers("insert", place, last), None),
                )]
            }
            ShapeChange::Update { old, new } => {
                let changed = |name: &str| old.get(name) != new.get(name);
                let value = self.values(new, |name| full || is_key(name) || changed(name));
                let old_value = full.then(|| self.values(old, changed));
                let headers = self.headers("update", place, last);
                vec![(at, self.message(new, value, headers, old_value))]
            }
            ShapeChange::Delete(old) => {
                let value = self.values(old, |name| full || is_key(name));
                vec![(
                    at,
                    self.message(old, value, self.headers("delete", place, last), None),
                )]
            }
            ShapeChange::Move { old, new } => {
                let after = Place {
                    op_position: at + 1,
                    ..place
                };
                let mut gone = self.headers("delete", place, false);
                gone.insert("key_change_to".into(), json!(self.key(new)));
                let mut come = self.headers("insert", after, last);
                come.insert("key_change_from".into(), json!(self.key(old)));
                let old_value = self.values(old, |name| full || is_key(name));
                vec![
                    (at, self.message(old, old_value, gone, None)),
                    (
                        at + 1,
                        self.message(new, self.values(new, |_| true), come, None),
                    ),
                ]
            }
        }
    }

    fn message(
        &self,
        row: &Row,
        value: Map<String, Value>,
        headers: Map<String, Value>,
        old_value: Option<Map<String, Value>>,
    ) -> String {
        let mut message = json!({ "key": self.key(row), "value": value, "headers": headers });
        if let Some(old_value) = old_value {
            message["old_value"] = Value::Object(old_value);
        }
        message.to_string()
    }

    fn headers(&self, operation: &str, place: Place, last: bool) -> Map<String, Value> {
        let mut headers = Map::new();
        headers.insert("operation".into(), json!(operation));
        headers.insert("relation".into(), self.relation());
        headers.insert("lsn".into(), json!(place.lsn.to_string()));
        headers.insert("op_position".into(), json!(place.op_position));
        headers.insert("txids".into(), json!([place.txid]));
        if last {
            headers.insert("last".into(), json!(true));
        }
        headers
    }

    fn relation(&self) -> Value {
        json!([DEFAULT_SCHEMA, self.table.name])
    }

    fn values(&self, row: &Row, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
        let selected = self.definition.columns.iter().filter(|name| wanted(name));
        selected
            .map(|name| {
                (
                    name.clone(),
                    json!(row.get(name).and_then(Option::as_deref)),
                )
            })
            .collect()
    }

    fn snapshot_form(&self, row: &Row) -> Row {
        let cast = |(name, value): (&String, &Option<String>)| {
            let text = value.as_deref().map(|text| match self.table.column(name) {
                Some(column) => column.pg_type.snapshot_text(text).to_owned(),
                None => text.to_owned(),
            });
            (name.clone(), text)
        };
        row.iter().map(cast).collect()
    }

    /// Quoted relation and key values; `.` in names and `/` in values are doubled (section 7.1).
    fn key(&self, row: &Row) -> String {
        let mut key = format!(
            "\"{DEFAULT_SCHEMA}\".\"{}\"",
            self.table.name.replace('.', "..")
        );
        for value in self.table.key_of(row) {
            key.push_str(&format!("/\"{}\"", value.replace('/', "//")));
        }
        key
    }
}

/// The end of the initial snapshot, visible up to the next transaction id. Ids are 64 bits wide here.
pub(crate) fn snapshot_end(next_xid: u64) -> String {
    let xid = next_xid.to_string();
    json!({ "headers": { "control": "snapshot-end", "xmin": xid, "xmax": xid, "xip_list": [] } })
        .to_string()
}

/// The head of the log.
pub(crate) fn up_to_date(global_last_seen_lsn: u64) -> String {
    let lsn = global_last_seen_lsn.to_string();
    json!({ "headers": { "control": "up-to-date", "global_last_seen_lsn": lsn } }).to_string()
}
