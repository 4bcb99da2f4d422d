//! What a broken page left in rows that can be read, made to be what such a row can hold, or dropped.

use rusqlite::Connection;

use super::bookkeeping::run;
use super::settings;
use crate::error::Result;
use crate::ids::Millis;
use crate::schema::names;

/// Columns of a transaction that say nothing where they are no number in that range: what is said instead.
const NUMBERS: [(&str, i64, &str); 7] = [
    ("attempts", i32::MAX as i64, "1"),
    // It may have been sent.
    ("unanswered", i32::MAX as i64, "1"),
    ("created_at", i64::MAX, "?1"),
    ("changed_at", i64::MAX, "NULL"),
    ("txid", u32::MAX as i64, "NULL"),
    ("caused_by", i64::MAX, "NULL"),
    ("replaced_by", i64::MAX, "NULL"),
];

/// The same of texts, with what they have to be.
const TEXTS: [(&str, &str); 3] = [
    ("lsn", "lsn NOT GLOB '*[^0-9]*' AND length(lsn) BETWEEN 1 AND 19"),
    ("meta", "json_valid(meta)"),
    (
        "error",
        "CASE WHEN json_valid(error) THEN json_type(error, '$.code') = 'text' AND json_type(error, '$.message') = 'text'
         AND json_type(error, '$.retryable') IN ('true', 'false') END",
    ),
];

/// How many rows had to go. Wants a transaction. What it leaves must be readable: it would be broken again in the next file otherwise.
pub(super) fn mend(conn: &Connection, now: Millis) -> Result<usize> {
    let mut lost = settings::drop_misfits(conn)?;
    for log in [names::CHANGES, names::JOURNAL] {
        let sql = format!(
            "DELETE FROM {log} WHERE NOT (
               operation IN ('insert', 'update', 'delete') AND typeof(write_id) = 'text' AND typeof(table_name) = 'text'
               AND {} AND {} AND (base IS NULL OR {}))",
            is_json("key", "array"),
            is_json("value", "object"),
            is_json("base", "object"),
        );
        lost += run(conn, &sql, &[])?;
    }
    let heard = format!(
        "UPDATE _throughline_changes SET heard_txids = '[]' WHERE NOT {}",
        is_json("heard_txids", "array")
    );
    run(conn, &heard, &[])?;
    let seen = "UPDATE _throughline_changes SET seen = 0 WHERE typeof(seen) <> 'integer'";
    run(conn, seen, &[])?;
    for (column, most, instead) in NUMBERS {
        // What is bound has to be named.
        let sql = format!(
            "UPDATE _throughline_transactions SET {column} = {instead}
             WHERE {column} IS NOT NULL AND NOT (typeof({column}) = 'integer' AND {column} BETWEEN 0 AND {most}) AND ?1 = ?1"
        );
        run(conn, &sql, &[&now.0])?;
    }
    for (column, fits) in TEXTS {
        let sql = format!(
            "UPDATE _throughline_transactions SET {column} = NULL
             WHERE {column} IS NOT NULL AND NOT ifnull(typeof({column}) = 'text' AND {fits}, 0)"
        );
        run(conn, &sql, &[])?;
    }
    // Whoever speaks for another one came later.
    let replaced =
        "UPDATE _throughline_transactions SET replaced_by = NULL WHERE replaced_by <= id";
    run(conn, replaced, &[])?;
    Ok(lost)
}

/// SQL: the column holds JSON text of that type. `CASE`, since an `AND` may ask of what is no JSON, too.
fn is_json(column: &str, kind: &str) -> String {
    format!(
        "CASE WHEN typeof({column}) = 'text' AND json_valid({column}) THEN json_type({column}) = '{kind}' ELSE 0 END"
    )
}
