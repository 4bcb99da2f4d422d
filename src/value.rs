//! Postgres text ⇄ SQLite ⇄ wire: the three spellings of one value.
//!
//! | spelling | where | bool | int8 | numeric | float8 | timestamptz | bytea | jsonb | int4\[\] |
//! |---|---|---|---|---|---|---|---|---|---|
//! | Electric's text | shape messages | `t`, `true` | `9007199254740993` | `1.50` | `1e+22`, `NaN` | `2026-01-02 03:04:05.5+00` | `\xdead` | `{"a": 1.0}` | `{1,NULL}` |
//! | [`Value`] | SQLite | `1` | `9007199254740993` | `'1.50'` | `1e22`, `'NaN'` | `'2026-01-02 03:04:05.5+00'` | `x'dead'` | `'{"a": 1.0}'` | `'[1,null]'` |
//! | wire JSON | change log and `POST` body | `true` | `"9007199254740993"` | `"1.50"` | `1e22`, `"NaN"` | `"2026-01-02 03:04:05.5+00"` | `"\\xdead"` | `{"a": 1.0}` | `[1,null]` |
//!
//! [`decode`] reads the first row into the second. [`canonical`] takes what an app wrote and gives what [`decode`] will make of the
//! server's echo, so that a pending and a synced row compare and sort alike. [`write_wire`] and [`read_wire`] are each other's inverse.
//! The source of every spelling is protocol section 12.

mod array;
mod canonical;
mod decode;
mod json;
mod jsonb;
mod moment;
mod network;
mod number;
mod pg_type;
mod real;
mod wire;

use serde::{Deserialize, Serialize};

pub use canonical::canonical;
pub use decode::{Decoded, decode, decode_text};
pub(crate) use json::{is_valid as is_valid_json, write_string};
pub use pg_type::PgType;
pub use wire::{read_wire, write_wire};

/// A SQLite value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL.
    #[default]
    Null,
    /// A 64-bit integer; booleans are 0 and 1.
    Integer(i64),
    /// A double. Never NaN: SQLite would store NULL.
    Real(#[serde(with = "bits")] f64),
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// JSON has no infinity, and serde_json reads some doubles a bit beside what it wrote.
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(double: &f64, to: S) -> Result<S::Ok, S::Error> {
        double.to_bits().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}

#[cfg(test)]
mod tests;
