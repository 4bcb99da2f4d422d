//! Postgres column types: their names, their part of the `electric-schema` header and how values compare
//! (protocol sections 3 and 12).

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::type_name::TypeName;

/// A Postgres column type. Values travel as Postgres text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum PgType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// With precision and scale, or free.
    Numeric(Option<(u32, u32)>),
    Text,
    /// With a length limit in characters, or free.
    Varchar(Option<u32>),
    Uuid,
    Bytea,
    Json,
    Jsonb,
    Date,
    Timestamp,
    Timestamptz,
    /// With so many fractional digits of a second.
    TimestamptzOf(u8),
    /// Padded with spaces to a length in characters.
    Bpchar(u32),
    /// So many bits.
    Bit(u32),
    Inet,
    /// Any other type by name: `time`, `interval`, an enum, a range. Values must be written as Postgres prints them.
    Named(TypeName),
    /// An array: its element type and its dimensions. Values must be written as Postgres prints them.
    Array(TypeName, u8),
}

impl PgType {
    /// The name Postgres and the schema header use.
    pub fn name(self) -> &'static str {
        match self {
            PgType::Bool => "bool",
            PgType::Int2 => "int2",
            PgType::Int4 => "int4",
            PgType::Int8 => "int8",
            PgType::Float4 => "float4",
            PgType::Float8 => "float8",
            PgType::Numeric(_) => "numeric",
            PgType::Text => "text",
            PgType::Varchar(_) => "varchar",
            PgType::Uuid => "uuid",
            PgType::Bytea => "bytea",
            PgType::Json => "json",
            PgType::Jsonb => "jsonb",
            PgType::Date => "date",
            PgType::Timestamp => "timestamp",
            PgType::Timestamptz | PgType::TimestamptzOf(_) => "timestamptz",
            PgType::Bpchar(_) => "bpchar",
            PgType::Bit(_) => "bit",
            PgType::Inet => "inet",
            PgType::Named(name) | PgType::Array(name, _) => name.as_str(),
        }
    }

    /// The type of that name, without modifiers.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            PgType::Bool,
            PgType::Int2,
            PgType::Int4,
            PgType::Int8,
            PgType::Float4,
            PgType::Float8,
            PgType::Numeric(None),
            PgType::Text,
            PgType::Varchar(None),
            PgType::Uuid,
            PgType::Bytea,
            PgType::Json,
            PgType::Jsonb,
            PgType::Date,
            PgType::Timestamp,
            PgType::Timestamptz,
            PgType::Inet,
        ];
        all.into_iter().find(|pg_type| pg_type.name() == name)
    }

    /// The type's fields in the schema header.
    pub(crate) fn schema_fields(self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("type".into(), json!(self.name()));
        match self {
            PgType::Varchar(Some(length)) => {
                fields.insert("max_length".into(), json!(length));
            }
            PgType::Numeric(Some((precision, scale))) => {
                fields.insert("precision".into(), json!(precision));
                fields.insert("scale".into(), json!(scale));
            }
            PgType::TimestamptzOf(precision) => {
                fields.insert("precision".into(), json!(precision));
            }
            PgType::Bpchar(length) | PgType::Bit(length) => {
                fields.insert("length".into(), json!(length));
            }
            PgType::Array(_, dims) => {
                fields.insert("dims".into(), json!(dims));
            }
            _ => {}
        }
        fields
    }

    /// The text of a value in a snapshot, where it is cast to text, rather than in the stream.
    /// Only bool differs, `true` and `false` instead of `t` and `f`, and inet, always with its mask (section 12).
    pub(crate) fn snapshot_text(self, stream_text: &str) -> Cow<'_, str> {
        match (self, stream_text) {
            (PgType::Bool, "t") => Cow::Borrowed("true"),
            (PgType::Bool, "f") => Cow::Borrowed("false"),
            (PgType::Inet, address) if !address.contains('/') => {
                let bits = if address.contains(':') { 128 } else { 32 };
                Cow::Owned(format!("{address}/{bits}"))
            }
            (_, text) => Cow::Borrowed(text),
        }
    }

    /// Whether `where` can compare the type (section 16: no json or bytea operators).
    pub(crate) fn is_comparable(self) -> bool {
        !matches!(
            self,
            PgType::Json
                | PgType::Jsonb
                | PgType::Bytea
                | PgType::Bit(_)
                | PgType::Inet
                | PgType::Named(_)
                | PgType::Array(..)
        )
    }

    /// Whether values of both types can be equal.
    pub(crate) fn compares_with(self, other: Self) -> bool {
        let class = |pg_type| match pg_type {
            PgType::Int2 | PgType::Int4 | PgType::Int8 => "integer",
            PgType::Varchar(_) => PgType::Text.name(),
            other => other.name(),
        };
        self.is_comparable() && class(self) == class(other)
    }

    /// Order of two values in canonical text. Numerics go through floats, as in Electric (section 3).
    pub(crate) fn compare(self, left: &str, right: &str) -> Ordering {
        fn parsed<T: std::str::FromStr + PartialOrd>(left: &str, right: &str) -> Option<Ordering> {
            left.parse::<T>()
                .ok()?
                .partial_cmp(&right.parse::<T>().ok()?)
        }
        let numeric = match self {
            PgType::Int2 | PgType::Int4 | PgType::Int8 => parsed::<i64>(left, right),
            PgType::Float4 | PgType::Float8 | PgType::Numeric(_) => parsed::<f64>(left, right),
            _ => None,
        };
        numeric.unwrap_or_else(|| left.cmp(right))
    }
}
