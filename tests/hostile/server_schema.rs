//! The schema that a shape server sends: names, types, and how many of them.

use std::time::Duration;

use throughline::tabs::ShapePhase;

use super::effort::at_once;
use super::support::App;
use super::victim::{OPTIONS, Victim, headers, json, up_to_date};

/// Names that are SQL, or look like what the generated SQL uses.
const NAMES: [&str; 30] = [
    "\"",
    "\"\"",
    "a\"; DROP TABLE drafts; --",
    "a') ; DELETE FROM other_synced; --",
    "'; --",
    "a\nb",
    "a\r\n\tb",
    "/*",
    "--",
    "[x]",
    "`x`",
    "$1",
    "?1",
    ":x",
    "@x",
    " ",
    "rowid",
    "_rowid_",
    "oid",
    "NEW",
    "OLD",
    "excluded",
    "changed_columns",
    "is_deleted",
    "s",
    "l",
    "state",
    "transaction_number",
    "\u{202e}txet",
    "ÄÖ",
];

/// A row whose column of that name is 1.
fn row(name: &str) -> String {
    let id = if name == "id" { "" } else { r#""id":"1","# };
    format!(
        r#"{{"key":"1","value":{{{id}{}:"1"}},"headers":{{"operation":"insert"}}}}"#,
        json(name)
    )
}

/// The body of a log with that row.
fn body(row: &str) -> String {
    format!("[{row},{}]", up_to_date())
}

fn beside_id(name: &str, ty: &str) -> String {
    format!(
        r#"{{"id":{{"type":"int4","pk_index":0}},{}:{{"type":{}}}}}"#,
        json(name),
        json(ty)
    )
}

/// Writes, and deletes, by the generated triggers; in between the view shows it.
fn is_writable(victim: &mut Victim, name: &str) {
    let column = format!("\"{}\"", name.replace('"', "\"\""));
    victim.app.run(&format!("UPDATE t SET {column} = '2'"));
    assert_eq!(victim.app.rows(&format!("SELECT {column} FROM t")), ["2"]);
    victim.app.assert_sound();
    victim.app.run("DELETE FROM t");
    assert_eq!(victim.app.rows("SELECT count(*) FROM t"), ["0"]);
    victim.app.assert_sound();
}

#[test]
fn a_column_named_like_sql_is_a_name() {
    let long = "x\"'; --".repeat(10_000);
    for name in NAMES.into_iter().chain([long.as_str()]) {
        let mut victim = Victim::waiting();
        victim.log_with(&beside_id(name, "text"), "10_0", &body(&row(name)));
        assert_eq!(victim.phase(), ShapePhase::Live, "{name:?}");
        victim.assert_unharmed();
        is_writable(&mut victim, name);
        let key = format!(
            r#"{{{}:{{"type":"int4","pk_index":0}},"id":{{"type":"int4"}}}}"#,
            json(name)
        );
        let mut victim = Victim::waiting();
        victim.log_with(&key, "10_0", &body(&row(name)));
        assert_eq!(victim.phase(), ShapePhase::Live, "{name:?} as key");
        victim.assert_unharmed();
        is_writable(&mut victim, "id");
    }
}

/// The message's tags make the tables in which it is kept who holds a row.
#[test]
fn a_column_named_like_one_of_ours_is_refused_or_a_column_like_any_other() {
    let tagged = |name: &str| {
        row(name).replace(
            r#""operation":"insert""#,
            r#""operation":"insert","tags":["x"]"#,
        )
    };
    for name in [
        "_throughline_holder",
        "_throughline_lsn",
        "_THROUGHLINE_tags",
        "_throughline_changed_columns",
    ] {
        let both = format!(
            r#"{{"id":{{"type":"int4","pk_index":0}},{}:{{"type":"int4","pk_index":1}},"changed_columns":{{"type":"text"}}}}"#,
            json(name)
        );
        let mut victim = Victim::waiting();
        victim.log_with(&both, "10_0", &body(&tagged(name)));
        assert_eq!(victim.code(), "SCHEMA", "{name:?}");
        victim.assert_recovers();
    }
}

#[test]
fn a_write_id_that_is_the_key_is_the_servers() {
    for name in ["write_id", "WRITE_ID"] {
        let schema =
            format!(r#"{{"{name}":{{"type":"uuid","pk_index":0}},"id":{{"type":"int4"}}}}"#);
        let id = "00000000-0000-4000-8000-000000000001";
        let row = format!(
            r#"{{"key":"1","value":{{"{name}":"{id}","id":"1"}},"headers":{{"operation":"insert"}}}}"#
        );
        let mut victim = Victim::waiting();
        victim.log_with(&schema, "10_0", &body(&row));
        is_writable(&mut victim, "id");
    }
}

#[test]
fn names_that_sqlite_cannot_hold_or_tell_apart_are_refused() {
    let id = r#""id":{"type":"int4","pk_index":0}"#;
    for schema in [
        format!(r#"{{{id},"a":{{"type":"text"}},"A":{{"type":"text"}}}}"#),
        format!(r#"{{{id},"a":{{"type":"text"}},"a":{{"type":"int4"}}}}"#),
        format!(r#"{{{id},"":{{"type":"text"}}}}"#),
        format!(r#"{{{id},"a\u0000b":{{"type":"text"}}}}"#),
        r#"{"id":{"type":"int4"}}"#.into(),
        "{}".into(),
    ] {
        let mut victim = Victim::waiting();
        victim.log_with(&schema, "10_0", &body(&row("id")));
        assert_eq!(victim.code(), "SCHEMA", "{schema}");
        victim.assert_recovers();
    }
}

#[test]
fn a_schema_that_is_none_is_refused() {
    for schema in [
        "[]",
        "null",
        "1",
        "x",
        &"[".repeat(100_000),
        &format!(r#"{{"id":{}}}"#, "[".repeat(100_000)),
        r#"{"id":{"type":"int4","pk_index":-1}}"#,
        r#"{"id":{"type":"int4","pk_index":1}}"#,
        r#"{"id":{"type":"int4","pk_index":18446744073709551615}}"#,
        r#"{"id":{"type":"int4","pk_index":0},"b":{"type":"int4","pk_index":0}}"#,
        r#"{"id":{"type":"int4","pk_index":0},"a":{"type":"int4","dims":4294967296}}"#,
        r#"{"id":{"type":["int4"],"pk_index":0}}"#,
    ] {
        let mut victim = Victim::waiting();
        victim.log_with(schema, "10_0", &body(&row("id")));
        assert_eq!(victim.code(), "PROTOCOL", "{schema:.80}");
        victim.assert_recovers();
    }
}

/// The key's columns are looked for one after the other, each name is compared with all others.
#[test]
fn columns_by_the_thousand_are_refused_at_once() {
    for key in ["", r#","pk_index":"#] {
        for count in [500, 1_000, 2_000, 2_001, 100_000] {
            let columns = (0..count).map(|n| match key {
                "" if n > 0 => format!(r#""c{n}":{{"type":"text"}}"#),
                _ => format!(r#""c{n}":{{"type":"text","pk_index":{n}}}"#),
            });
            let schema = format!("{{{}}}", columns.collect::<Vec<_>>().join(","));
            let mut victim = Victim::waiting();
            at_once(Duration::from_secs(2), &format!("{count} columns"), || {
                victim.log_with(&schema, "10_0", &format!("[{}]", up_to_date()));
            });
            assert_eq!(victim.code(), "SCHEMA", "{count} columns");
            victim.assert_recovers();
        }
    }
}

#[test]
fn as_many_columns_as_a_trigger_takes_can_be_written() {
    for keys in [1, 32] {
        let columns = (0..499).map(|n| match n {
            n if n < keys => format!(r#""c{n}":{{"type":"text","pk_index":{n}}}"#),
            n => format!(r#""c{n}":{{"type":"text"}}"#),
        });
        let schema = format!("{{{}}}", columns.collect::<Vec<_>>().join(","));
        let values = (0..499).map(|n| format!(r#""c{n}":"1""#));
        let row = format!(
            r#"{{"key":"1","value":{{{}}},"headers":{{"operation":"insert","tags":["x"]}}}}"#,
            values.collect::<Vec<_>>().join(",")
        );
        let mut victim = Victim::waiting();
        victim.log_with(&schema, "10_0", &body(&row));
        assert_eq!(victim.phase(), ShapePhase::Live, "{keys} in the key");
        is_writable(&mut victim, "c498");
    }
}

/// A type's name is kept with the table and read again by the next session.
#[test]
fn a_type_named_like_sql_outlives_the_session_or_is_refused() {
    let folder = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    for (n, ty) in [
        "text\"); DROP TABLE drafts; --",
        "mood'; --",
        "My Mood",
        "",
        "\"",
        "\"\"",
        "x.\"y\"",
        "a.\"",
        "a.b.c",
        "(((",
        ")",
        "a[",
        "[]",
        "int4[]",
        "int4 array",
        "int4\0",
        "\0",
        "a\nb",
    ]
    .into_iter()
    .enumerate()
    {
        for column in [
            beside_id("a", ty),
            beside_id("a", ty).replace("int4", "text"),
        ] {
            let path = folder.path().join(n.to_string());
            let mut victim = Victim::at(&path);
            victim.log_with(&column, "10_0", &body(&row("a")));
            let refused = victim.phase() == ShapePhase::Failed;
            if refused {
                assert_eq!(victim.code(), "PROTOCOL", "{ty:?}");
            } else {
                is_writable(&mut victim, "a");
            }
            let app: App = victim.app.reopened(&path, OPTIONS).unwrap();
            let mut victim = Victim::of(app);
            victim.app.assert_sound();
            if !refused {
                let asks = victim.asks("t").expect("it goes on").url.clone();
                assert!(asks.contains("offset=10_0"), "{ty:?}: {asks}");
                victim.answers(
                    "t",
                    200,
                    &headers("H", "11_0", &column),
                    &format!("[{}]", up_to_date()),
                );
                assert_eq!(victim.phase(), ShapePhase::Live, "{ty:?}");
                assert!(
                    victim
                        .asks("t")
                        .expect("it goes on")
                        .url
                        .contains("offset=11_0")
                );
            }
            drop(victim);
            std::fs::remove_file(&path).unwrap();
        }
    }
}
