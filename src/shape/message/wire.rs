//! JSON to [`Message`]: one borrowing pass; a second, patient one only over a body that holds something unknown.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Change, Control, Event, EventKind, Message, Operation, Pattern, Row};
use crate::error::{Error, Result};
use crate::ids::{Lsn, Xid};
use crate::shape::protocol::{MAX_IN_PROGRESS, control, event};
use crate::shape::snapshot::Snapshot;
use crate::shape::subset::SubsetRows;

/// Reads a body. [`Error::Protocol`] for anything but an array of messages.
pub fn parse(body: &str) -> Result<Vec<Message<'_>>> {
    if !body.trim_start().starts_with('[') {
        return Err(not_a_log(body));
    }
    match crate::json::from_str::<Messages<'_>>(body) {
        Ok(messages) => Ok(messages.0),
        Err(_) => parse_patiently(body),
    }
}

/// Reads the body of a subset. [`Error::Protocol`] for anything else.
pub fn parse_subset(body: &str) -> Result<SubsetRows<'_>> {
    let subset: WireSubset<'_> = crate::json::from_str(body)
        .map_err(|error| Error::Protocol(format!("the body is not a subset: {error}")))?;
    let Metadata {
        xmin,
        xmax,
        xip_list,
        database_lsn,
    } = subset.metadata;
    Ok(SubsetRows {
        messages: subset.messages.0,
        snapshot: Snapshot {
            xmin: xmin.0,
            xmax: xmax.0,
            xip: in_progress(xip_list).map_err(Error::Protocol)?,
        },
        lsn: Lsn(database_lsn.0),
    })
}

/// Finds out whether the fault lies in a message of a known kind, or in one that may be skipped.
fn parse_patiently(body: &str) -> Result<Vec<Message<'_>>> {
    let raw: Vec<&RawValue> = crate::json::from_str(body)
        .map_err(|e| Error::Protocol(format!("the body is not a JSON array of messages: {e}")))?;
    raw.into_iter().enumerate().map(parse_one).collect()
}

fn parse_one<'a>((i, raw): (usize, &'a RawValue)) -> Result<Message<'a>> {
    let error = match crate::json::from_str::<Wire<'a>>(raw.get()).map(Message::try_from) {
        Ok(Ok(message)) => return Ok(message),
        Ok(Err(reason)) => reason,
        Err(e) => e.to_string(),
    };
    match crate::json::from_str::<Envelope<'a>>(raw.get()) {
        Ok(envelope) if envelope.headers.is_unknown() => Ok(Message::Unknown),
        _ => Err(Error::Protocol(format!("message {i} of the body: {error}"))),
    }
}

fn not_a_log(body: &str) -> Error {
    let start = body.trim_start();
    let what = if start.is_empty() {
        "it is empty".to_owned()
    } else if start.starts_with('<') {
        "it is HTML, so a login page or a proxy answered".to_owned()
    } else {
        let beginning: String = start.chars().take(80).collect();
        format!("it begins with {beginning:?}")
    };
    Error::Protocol(format!("the body is not a JSON array of messages: {what}"))
}

/// The array, converted as it is read so that no second copy is held.
struct Messages<'a>(Vec<Message<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Messages<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Messages<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of messages")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut messages = Vec::new();
                while let Some(wire) = seq.next_element::<Wire<'de>>()? {
                    messages.push(Message::try_from(wire).map_err(A::Error::custom)?);
                }
                Ok(Messages(messages))
            }
        }
        input.deserialize_seq(Elements)
    }
}

/// Text that stays in the body unless it holds an escape. (`Option<Cow<str>>` alone would always copy.)
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(borrow)]
    value: Option<Row<'a>>,
    #[serde(borrow)]
    old_value: Option<Row<'a>>,
    #[serde(borrow)]
    headers: Headers<'a>,
}

#[derive(Deserialize)]
struct Headers<'a> {
    #[serde(borrow)]
    operation: Option<Text<'a>>,
    #[serde(borrow)]
    control: Option<Text<'a>>,
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    relation: Option<(Text<'a>, Text<'a>)>,
    lsn: Option<Decimal>,
    op_position: Option<u64>,
    #[serde(default)]
    txids: Vec<Xid>,
    #[serde(default)]
    last: bool,
    #[serde(borrow)]
    key_change_to: Option<Text<'a>>,
    #[serde(borrow)]
    key_change_from: Option<Text<'a>>,
    #[serde(default)]
    is_move_in: bool,
    #[serde(borrow)]
    tags: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    removed_tags: Vec<Text<'a>>,
    active_conditions: Option<Vec<bool>>,
    global_last_seen_lsn: Option<Decimal>,
    xmin: Option<Decimal>,
    xmax: Option<Decimal>,
    xip_list: Option<Vec<Decimal>>,
    #[serde(borrow)]
    patterns: Option<Vec<WirePattern<'a>>>,
}

#[derive(Deserialize)]
struct WireSubset<'a> {
    metadata: Metadata,
    #[serde(borrow, rename = "data")]
    messages: Messages<'a>,
}

#[derive(Deserialize)]
struct Metadata {
    xmin: Decimal,
    xmax: Decimal,
    xip_list: Vec<Decimal>,
    database_lsn: Decimal,
}

#[derive(Deserialize)]
struct WirePattern<'a> {
    pos: u32,
    #[serde(borrow)]
    value: Text<'a>,
}

/// Just enough of a message to name its kind.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    headers: Kind<'a>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    operation: Option<&'a RawValue>,
    #[serde(borrow)]
    control: Option<Text<'a>>,
    #[serde(borrow)]
    event: Option<Text<'a>>,
}

impl Kind<'_> {
    fn is_unknown(&self) -> bool {
        match (&self.operation, &self.control, &self.event) {
            (Some(_), _, _) => false,
            (None, Some(name), _) => ![
                control::UP_TO_DATE,
                control::MUST_REFETCH,
                control::SNAPSHOT_END,
            ]
            .contains(&&*name.0),
            (None, None, Some(name)) => ![event::MOVE_IN, event::MOVE_OUT].contains(&&*name.0),
            (None, None, None) => true,
        }
    }
}

/// An unsigned 64-bit number as decimal text.
struct Decimal(u64);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an unsigned number as decimal text")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map(Decimal).map_err(E::custom)
            }
        }
        input.deserialize_str(Digits)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Columns;
        impl<'de> Visitor<'de> for Columns {
            type Value = Row<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("columns with text or null")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut columns = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(Text(name)) = map.next_key()? {
                    let Cell(value) = map.next_value()?;
                    columns.push((name, value));
                }
                Ok(Row(columns))
            }
        }
        input.deserialize_map(Columns)
    }
}

/// A column's text, borrowed if it can be, or NULL.
struct Cell<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    /// By what the JSON itself says: the texts of the rows are most of a body.
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct TextOrNull;
        impl<'de> Visitor<'de> for TextOrNull {
            type Value = Cell<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or null")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cell(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cell(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Cell(None))
            }
        }
        input.deserialize_any(TextOrNull)
    }
}

impl<'a> TryFrom<Wire<'a>> for Message<'a> {
    type Error = String;

    fn try_from(wire: Wire<'a>) -> Result<Self, String> {
        let mut headers = wire.headers;
        if let Some(operation) = headers.operation.take() {
            let operation = match &*operation.0 {
                "insert" => Operation::Insert,
                "update" => Operation::Update,
                "delete" => Operation::Delete,
                other => return Err(format!("{other:?} is not an operation")),
            };
            return Ok(Self::Change(Change {
                key: wire.key.ok_or("a change without a key")?.0,
                operation,
                value: wire.value.ok_or("a change without a value")?,
                old_value: wire.old_value,
                relation: headers.relation.map(|(schema, table)| (schema.0, table.0)),
                lsn: headers.lsn.map(|lsn| Lsn(lsn.0)),
                op_position: headers.op_position,
                txids: headers.txids,
                last: headers.last,
                key_change_to: headers.key_change_to.map(|key| key.0),
                key_change_from: headers.key_change_from.map(|key| key.0),
                is_move_in: headers.is_move_in,
                tags: headers.tags.map(texts),
                removed_tags: texts(headers.removed_tags),
                active_conditions: headers.active_conditions,
            }));
        }
        if let Some(name) = headers.control.take() {
            return Ok(Self::Control(match &*name.0 {
                control::UP_TO_DATE => Control::UpToDate {
                    global_last_seen_lsn: headers.global_last_seen_lsn.map(|lsn| Lsn(lsn.0)),
                },
                control::MUST_REFETCH => Control::MustRefetch,
                control::SNAPSHOT_END => Control::SnapshotEnd(Snapshot {
                    xmin: headers.xmin.ok_or("snapshot-end without xmin")?.0,
                    xmax: headers.xmax.ok_or("snapshot-end without xmax")?.0,
                    xip: in_progress(headers.xip_list.ok_or("snapshot-end without xip_list")?)?,
                }),
                _ => Control::Unknown(name.0),
            }));
        }
        if let Some(name) = headers.event.take() {
            let (kind, known) = match &*name.0 {
                event::MOVE_IN => (EventKind::MoveIn, true),
                event::MOVE_OUT => (EventKind::MoveOut, true),
                _ => (EventKind::Unknown(name.0), false),
            };
            if known && headers.patterns.is_none() {
                return Err("an event without patterns".into());
            }
            let patterns = headers.patterns.unwrap_or_default().into_iter();
            return Ok(Self::Event(Event {
                kind,
                patterns: patterns
                    .map(|pattern| Pattern {
                        pos: pattern.pos,
                        value: pattern.value.0,
                    })
                    .collect(),
                txids: headers.txids,
            }));
        }
        Ok(Self::Unknown)
    }
}

/// They are looked through for each change; a server has no more than it has connections.
fn in_progress(list: Vec<Decimal>) -> Result<Vec<u64>, String> {
    if list.len() > MAX_IN_PROGRESS {
        return Err(format!("{} transactions in progress", list.len()));
    }
    Ok(list.into_iter().map(|xid| xid.0).collect())
}

fn texts(list: Vec<Text<'_>>) -> Vec<Cow<'_, str>> {
    list.into_iter().map(|text| text.0).collect()
}
