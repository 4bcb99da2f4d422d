//! The body of `POST <write url>`: JSON text put together from JSON text, so that nothing is rounded.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::change::Operation;
use crate::error::{Error, Result};
use crate::ids::{ChangeId, WriteId};

/// A queued transaction, read from the change log.
#[derive(Debug, Serialize)]
pub struct OutgoingTransaction {
    /// The idempotency key: `<client id>:<n>`, unique across devices and reinstalls.
    pub id: String,
    /// What the app attached to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<RawValue>>,
    /// In the order they were made.
    pub changes: Vec<OutgoingChange>,
}

/// One intent.
#[derive(Debug)]
pub struct OutgoingChange {
    /// Its place in the change log.
    pub id: ChangeId,
    /// The table as the app calls it.
    pub table: String,
    /// What it does.
    pub operation: Operation,
    /// Comes back with the synced row.
    pub write_id: WriteId,
    /// Name and wire value of each key column.
    pub key: Vec<(String, Box<RawValue>)>,
    /// The changed columns: a JSON object.
    pub value: Box<RawValue>,
    /// What they held before: a JSON object. Only of updates.
    pub base: Option<Box<RawValue>>,
}

/// The request body.
///
/// # Errors
/// [`Error::Internal`] when the change log holds what is no JSON.
pub fn body(transactions: &[OutgoingTransaction]) -> Result<String> {
    serde_json::to_string(transactions)
        .map_err(|error| Error::Internal(format!("cannot write the request body: {error}")))
}

impl Serialize for OutgoingChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("table", &self.table)?;
        map.serialize_entry("operation", &self.operation)?;
        map.serialize_entry("write_id", &self.write_id)?;
        map.serialize_entry("value", &KeyAnd(&self.key, &self.value))?;
        if let Some(base) = &self.base {
            map.serialize_entry("base", base)?;
        }
        map.end()
    }
}

/// The key columns and the object's members, as one object.
struct KeyAnd<'a>(&'a [(String, Box<RawValue>)], &'a RawValue);

impl Serialize for KeyAnd<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members: crate::schema::Ordered<Box<RawValue>> =
            crate::json::from_str(self.1.get()).map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in members.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.into()).unwrap()
    }

    #[test]
    fn the_body_is_the_contract_and_keeps_big_numbers() {
        let rename = OutgoingChange {
            id: ChangeId(7),
            table: "todos".into(),
            operation: Operation::Update,
            write_id: "w-1".into(),
            key: vec![("id".into(), raw(r#""a""#))],
            value: raw(r#"{"title":"new","big":12345678901234567890.5,"note":null}"#),
            base: Some(raw(r#"{"title":"old","big":1,"note":"n"}"#)),
        };
        let transaction = OutgoingTransaction {
            id: "client:3".into(),
            meta: Some(raw(r#"{"label":"rename"}"#)),
            changes: vec![rename],
        };
        assert_eq!(
            body(&[transaction]).unwrap(),
            r#"[{"id":"client:3","meta":{"label":"rename"},"changes":[{"id":7,"table":"todos","operation":"update","write_id":"w-1","value":{"id":"a","title":"new","big":12345678901234567890.5,"note":null},"base":{"title":"old","big":1,"note":"n"}}]}]"#
        );
    }
}
