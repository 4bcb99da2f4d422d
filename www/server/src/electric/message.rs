//! The messages of a log, as JSON text (protocol section 7).

use std::borrow::Cow;

use serde_json::json;

use super::constants::DEFAULT_SCHEMA;
use super::definition::Definition;
use super::json_text::Object;
use super::plan::Marks;
use super::sight::Sight;
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
    /// Converts a row change: entering the `where` is an insert, leaving it a delete, an update that changes neither
    /// a selected column nor the row's tags is nothing.
    pub(crate) fn of(op: &'a Op, writer: &Writer<'_>) -> Option<Self> {
        let Writer {
            table,
            definition,
            sight,
        } = writer;
        let old = op.old.as_ref().filter(|row| sight.sees(row));
        let new = op.new.as_ref().filter(|row| sight.sees(row));
        match (old, new) {
            (None, None) => None,
            (None, Some(new)) => Some(ShapeChange::Insert(new)),
            (Some(old), None) => Some(ShapeChange::Delete(old)),
            (Some(old), Some(new)) if table.key_of(old) != table.key_of(new) => {
                Some(ShapeChange::Move { old, new })
            }
            (Some(old), Some(new)) => {
                let mut columns = definition.columns.iter();
                let changed = columns.any(|name| old.get(name) != new.get(name))
                    || sight.marks(old) != sight.marks(new);
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

/// How a row of the present came to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// By the initial snapshot.
    Snapshot,
    /// By a move-in.
    MoveIn,
    /// By a subset snapshot with this mark.
    Subset(u64),
}

/// Writes a shape's messages.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) table: &'a Table,
    pub(crate) definition: &'a Definition,
    pub(crate) sight: Sight<'a>,
}

/// The parts of a streamed change's headers.
struct Streamed<'a> {
    operation: &'a str,
    place: Place,
    last: bool,
    key_change: Option<(&'a str, String)>,
    marks: Option<Marks>,
    removed_tags: Option<Vec<String>>,
}

impl Writer<'_> {
    /// A row as it is now: selected columns cast to text, no position.
    pub(crate) fn row(&self, row: &Row, reading: Reading, out: &mut String) {
        let cast = |name: &str| -> Option<Cow<'_, str>> {
            let text = row.get(name)?.as_deref()?;
            Some(match self.table.column(name) {
                Some(column) => column.pg_type.snapshot_text(text),
                None => Cow::Borrowed(text),
            })
        };
        let mut message = Object::open(out);
        let parts = self.table.primary_key.iter();
        let key = self.key_of(parts.map(|name| cast(name).unwrap_or_default()));
        message.text("key", Some(&key));
        message.object("value", |value| {
            for name in &self.definition.columns {
                value.text(name, cast(name).as_deref());
            }
        });
        message.object("headers", |headers| {
            headers.text("operation", Some("insert"));
            headers.raw("relation", &self.relation());
            match reading {
                Reading::Snapshot => {}
                Reading::MoveIn => {
                    headers.raw("is_move_in", "true");
                }
                Reading::Subset(mark) => {
                    headers.raw("snapshot_mark", &mark.to_string());
                }
            }
            if let Some(marks) = self.sight.marks(row) {
                push_marks(headers, &marks);
            }
        });
        message.close();
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
        let streamed = |operation, row: &Row| Streamed {
            operation,
            place,
            last,
            key_change: None,
            marks: self.sight.marks(row),
            removed_tags: None,
        };
        match change {
            ShapeChange::Insert(new) => {
                let headers = streamed("insert", new);
                vec![(at, self.message(new, |_| true, headers, None))]
            }
            ShapeChange::Update { old, new } => {
                let changed = |name: &str| old.get(name) != new.get(name);
                let wanted = |name: &str| full || is_key(name) || changed(name);
                let mut headers = streamed("update", new);
                if let (Some(before), Some(now)) = (self.sight.marks(old), &headers.marks) {
                    let gone = before
                        .tags
                        .into_iter()
                        .filter(|tag| !now.tags.contains(tag));
                    headers.removed_tags = Some(gone.collect());
                }
                vec![(at, self.message(new, wanted, headers, full.then_some(*old)))]
            }
            ShapeChange::Delete(old) => {
                let headers = streamed("delete", old);
                vec![(
                    at,
                    self.message(old, |name| full || is_key(name), headers, None),
                )]
            }
            ShapeChange::Move { old, new } => {
                let gone = Streamed {
                    last: false,
                    key_change: Some(("key_change_to", self.key(new))),
                    ..streamed("delete", old)
                };
                let come = Streamed {
                    place: Place {
                        op_position: at + 1,
                        ..place
                    },
                    key_change: Some(("key_change_from", self.key(old))),
                    ..streamed("insert", new)
                };
                vec![
                    (
                        at,
                        self.message(old, |name| full || is_key(name), gone, None),
                    ),
                    (at + 1, self.message(new, |_| true, come, None)),
                ]
            }
        }
    }

    /// A streamed change. `before` is the old row of an update whose changed columns go along.
    fn message(
        &self,
        row: &Row,
        wanted: impl Fn(&str) -> bool,
        headers: Streamed<'_>,
        before: Option<&Row>,
    ) -> String {
        let mut out = String::new();
        let mut message = Object::open(&mut out);
        message.text("key", Some(&self.key(row)));
        let columns = || self.definition.columns.iter();
        let value = |row: &Row, name: &String| row.get(name).cloned().flatten();
        message.object("value", |object| {
            for name in columns().filter(|name| wanted(name)) {
                object.text(name, value(row, name).as_deref());
            }
        });
        if let Some(before) = before {
            message.object("old_value", |object| {
                for name in columns().filter(|&name| before.get(name) != row.get(name)) {
                    object.text(name, value(before, name).as_deref());
                }
            });
        }
        message.object("headers", |object| self.push_headers(object, headers));
        message.close();
        out
    }

    fn push_headers(&self, object: &mut Object<'_>, headers: Streamed<'_>) {
        let place = headers.place;
        object.text("operation", Some(headers.operation));
        object.raw("relation", &self.relation());
        object.text("lsn", Some(&place.lsn.to_string()));
        object.raw("op_position", &place.op_position.to_string());
        object.raw("txids", &format!("[{}]", place.txid));
        if headers.last {
            object.raw("last", "true");
        }
        if let Some((name, key)) = &headers.key_change {
            object.text(name, Some(key));
        }
        if let Some(marks) = &headers.marks {
            push_marks(object, marks);
        }
        if let Some(removed) = &headers.removed_tags {
            object.raw("removed_tags", &json!(removed).to_string());
        }
    }

    fn relation(&self) -> String {
        json!([DEFAULT_SCHEMA, self.table.name]).to_string()
    }

    fn key(&self, row: &Row) -> String {
        self.key_of(self.table.key_of(row).into_iter().map(Cow::Owned))
    }

    /// Quoted relation and key values; `.` in names and `/` in values are doubled (section 7.1).
    fn key_of<'v>(&self, values: impl Iterator<Item = Cow<'v, str>>) -> String {
        let name = self.table.name.replace('.', "..");
        let mut key = format!("\"{DEFAULT_SCHEMA}\".\"{name}\"");
        for value in values {
            key.push_str("/\"");
            key.push_str(&value.replace('/', "//"));
            key.push('"');
        }
        key
    }
}

fn push_marks(headers: &mut Object<'_>, marks: &Marks) {
    headers.raw("tags", &json!(marks.tags).to_string());
    headers.raw(
        "active_conditions",
        &json!(marks.active_conditions).to_string(),
    );
}

/// The end of rows read as visible up to the next transaction id. Ids are 64 bits wide here.
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
