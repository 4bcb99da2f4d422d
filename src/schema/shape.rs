//! What the app declares of one shape (protocol section 3) and of a subset of its rows (section 10).

use serde::{Deserialize, Deserializer, Serialize};

use super::declaration::Ordered;
use crate::error::{Error, Result};

/// The name of a table's only shape.
pub const DEFAULT_SHAPE: &str = "default";

/// Which rows and columns of a server's table are synced, and how its log tells of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ShapeDeclaration {
    /// The server's table, if it is called differently. Default: the declared name.
    pub table: Option<String>,
    /// A SQL condition on its rows, with `$1`, `$2`, … for `params`.
    #[serde(rename = "where")]
    pub where_clause: Option<String>,
    /// The values of `$1`, `$2`, … as text. JSON numbers, booleans and the form `{"1": …}` are taken too.
    #[serde(deserialize_with = "params")]
    pub params: Vec<String>,
    /// The columns to sync, all of the primary key among them. Default: the declared ones, or all.
    pub columns: Option<Vec<String>>,
    /// How much of a row an update carries.
    pub replica: Replica,
    /// Whether the log starts with a snapshot.
    pub log: Log,
    /// Shapes of the same group show their changes together, at one position of the server's log.
    pub group: Option<String>,
    /// Further query parameters, for a proxy.
    pub extra: Ordered<String>,
}

/// See [`ShapeDeclaration::replica`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replica {
    /// Updates carry the key and what changed.
    #[default]
    Default,
    /// Updates and deletes carry the whole row.
    Full,
}

/// See [`ShapeDeclaration::log`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log {
    /// Snapshot, then changes.
    #[default]
    Full,
    /// Changes from now on; rows come by subset snapshots.
    ChangesOnly,
}

/// Which rows: all fields together, as SQL would have them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Subset {
    /// A SQL condition beside the shape's own, with `$1`, `$2`, … for `params`, numbered on their own.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub where_clause: Option<String>,
    /// The values of `$1`, `$2`, … as text.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "params")]
    pub params: Vec<String>,
    /// Columns with directions, such as `created_at DESC, id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    /// At most so many rows; needs an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Leaves so many rows out first; needs an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
}

impl Subset {
    /// Says what is wrong with it before a server has to. [`Error::Argument`].
    pub fn check(&self) -> Result<()> {
        if self.order_by.is_none() && (self.limit.is_some() || self.offset.is_some()) {
            return Err(Error::Argument(
                "a subset's limit and offset need orderBy".into(),
            ));
        }
        if self.limit == Some(0) {
            return Err(Error::Argument("a subset's limit must be above 0".into()));
        }
        Ok(())
    }
}

fn params<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    use serde::de::Error as _;
    use serde_json::Value;

    let values: Vec<Value> = match Value::deserialize(input)? {
        Value::Array(values) => values,
        Value::Object(mut values) => (1..=values.len())
            .map(|n| values.remove(&n.to_string()))
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("params must be numbered 1, 2, 3, …"))?,
        _ => return Err(D::Error::custom("params must be a list")),
    };
    values
        .into_iter()
        .map(|value| match value {
            Value::String(text) => Ok(text),
            Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
            _ => Err(D::Error::custom(
                "a param must be text, a number or a boolean",
            )),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn params_are_taken_as_a_list_or_numbered() {
        let params = |json: &str| -> Option<Vec<String>> {
            let declared: ShapeDeclaration =
                serde_json::from_str(&format!(r#"{{"params": {json}}}"#)).ok()?;
            Some(declared.params)
        };
        assert_eq!(params(r#"[7, "a", true]"#).unwrap(), ["7", "a", "true"]);
        assert_eq!(params(r#"{"2": "b", "1": "a"}"#).unwrap(), ["a", "b"]);
        for wrong in [r#"{"1": "a", "3": "c"}"#, r#"[null]"#, r#""a""#] {
            assert_eq!(params(wrong), None, "{wrong}");
        }
    }
}
