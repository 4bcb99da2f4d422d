//! Postgres text ⇄ SQLite ⇄ wire: the three spellings of one value.
//!
//! | spelling | where | example (bool, timestamptz) |
//! |---|---|---|
//! | Electric's text | shape messages | `"t"`/`"true"`, `"2026-01-02 03:04:05.5+00"` |
//! | [`Value`] | SQLite | `1`, `'2026-01-02 03:04:05.5+00'` |
//! | wire JSON | change log and `POST /changes` | `true`, `"2026-01-02 03:04:05.5+00"` |

/// A SQLite value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// SQL NULL.
    #[default]
    Null,
    /// A 64-bit integer; booleans are 0 and 1.
    Integer(i64),
    /// A double. Never NaN: SQLite would store NULL.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}
