//! Postgres values from a real service's answers to the app and back, and what results tell of their types.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

#[path = "support/recording.rs"]
mod recording;
mod support;

use recording::recording;
use support::{App, lines, statement};
use throughline::engine::{Answer, Effect, Event};
use throughline::tabs::{LiveDiff, Notification, Reply, Request, Rows};
use throughline::value::Value;

const OPTIONS: &str = r#"{"name": "r", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"TABLE": {}}}"#;

/// A database of one table that read these recordings, one request after the other.
fn replayed(table: &str, numbers: &[&str]) -> App {
    let mut app = App::open(&OPTIONS.replace("TABLE", table));
    for number in numbers {
        answer(&mut app, number);
    }
    app
}

fn answer(app: &mut App, number: &str) {
    let effects = std::mem::take(&mut app.effects);
    let fetch = effects
        .into_iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::Fetch(fetch) => Some(fetch.id),
            _ => None,
        })
        .expect("a request is out");
    let recording = recording(number);
    let answer = Answer {
        status: recording.status,
        headers: recording.fields,
        body: recording.body,
    };
    app.effects = app.handle(Event::Answered { fetch, answer });
    app.assert_sound();
}

const UP_TO_DATE: &str = r#"{"headers":{"control":"up-to-date"}}"#;

/// Ends a log whose head was not recorded: only then readers see its rows.
fn complete(app: &mut App, last: &str) {
    let fetch = app.effects.iter().rev().find_map(|effect| match effect {
        Effect::Fetch(fetch) => Some(fetch.clone()),
        _ => None,
    });
    let fetch = fetch.expect("a request is out");
    let of_query = |name: &str| {
        let (_, query) = fetch.url.split_once('?').unwrap();
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name));
        pair.unwrap().to_owned()
    };
    let fields = recording(last).fields;
    let is_schema = |field: &&(String, String)| field.0 == "electric-schema";
    let schema = fields.iter().find(is_schema).unwrap();
    let headers = [
        ("electric-handle", of_query("handle=")),
        ("electric-offset", of_query("offset=")),
        ("electric-schema", schema.1.clone()),
    ];
    let answer = Answer {
        status: 200,
        headers: headers.map(|(name, value)| (name.into(), value)).to_vec(),
        body: format!("[{UP_TO_DATE}]"),
    };
    let fetch = fetch.id;
    app.effects = app.handle(Event::Answered { fetch, answer });
}

const ZOO: [&str; 4] = ["40", "41", "42", "43"];

#[test]
fn traps_6_and_10_a_stream_over_a_snapshot_ends_where_a_new_snapshot_begins() {
    // 44 is the snapshot of the very rows that 40 to 43 lead to: booleans, addresses and NULLs came in the other spelling.
    let all = "SELECT * FROM zoo ORDER BY id";
    let streamed = replayed("zoo", &ZOO).try_query(all).unwrap();
    let mut snapshot = replayed("zoo", &["44"]);
    complete(&mut snapshot, "44");
    let snapshot = snapshot.try_query(all).unwrap();
    assert_eq!(streamed.values().len(), 5 * streamed.columns().names.len());
    assert_eq!(streamed, snapshot);
}

#[test]
fn trap_7_a_boolean_in_the_key_is_one_row_in_both_spellings() {
    let mut app = replayed("Weird Tbl", &["45", "46"]);
    let all = r#"SELECT * FROM "Weird Tbl" ORDER BY 1, 2, 3"#;
    assert_eq!(app.rows(all), ["1|0|a\"b|y|2", "1|1|a/b|x|1", "2|1||z|3"]);
    answer(&mut app, "47");
    assert_eq!(app.rows(all), ["1|1|a/b|x|10", "2|1|moved|z|3"]);
}

#[test]
fn trap_10_null_in_an_update_is_null_and_what_is_absent_stays() {
    let mut app = replayed("zoo", &ZOO[..3]);
    let row = "SELECT b, t, jb, ia, num, u FROM zoo WHERE id = 9007199254740993";
    let rest = "12345678901234567890.123456|f47ac10b-58cc-4372-a567-0e02b2c3d479";
    assert!(!app.rows(row)[0].contains("NULL|NULL"));
    answer(&mut app, "43");
    assert_eq!(app.rows(row), [format!("NULL|NULL|NULL|NULL|{rest}")]);
    // Stored JSON null is no SQL NULL.
    let nulls = "SELECT id, jb FROM zoo WHERE jb IS NULL OR jb = 'null' ORDER BY id";
    assert_eq!(
        app.rows(nulls),
        [
            "-9223372036854775808|null",
            "-1|NULL",
            "9007199254740993|NULL"
        ]
    );
}

#[test]
fn trap_38_intervals_infinities_and_nan_are_what_the_server_said() {
    let mut app = replayed("zoo", &ZOO);
    let odd = "SELECT f4, f8, num, d, ts, tz, iv, p FROM zoo WHERE id IN (0, 9223372036854775807) ORDER BY id";
    assert_eq!(
        app.rows(odd),
        [
            "NaN|inf|NaN|infinity|-infinity|infinity|P-1M2DT-0.000001S|(NaN,Infinity)",
            "1.5|0.1|12345678901234567890.123456|2026-02-28|2026-02-28 12:34:56.789|2026-02-28 07:04:56.789+00|\
             P1Y2M3DT4H5M6.789S|(1,2)",
        ]
    );
}

#[test]
fn trap_39_digits_of_jsonb_survive_in_the_row_the_intent_and_its_base() {
    let mut app = replayed("zoo", &ZOO[..3]);
    let id = "id = 9007199254740993";
    let big = r#"{"a": 1.0, "b": null, "big": 12345678901234567890}"#;
    app.run(&format!("UPDATE zoo SET t = 'x' WHERE {id}"));
    app.run(&format!(
        r#"UPDATE zoo SET jb = '{{"big":12345678901234567891}}' WHERE {id}"#
    ));
    let intents = app.rows("SELECT value, base FROM _throughline_changes ORDER BY id");
    assert_eq!(
        intents[1],
        format!(r#"{{"jb":{{"big": 12345678901234567891}}}}|{{"jb":{big}}}"#)
    );
    // What another column's write sends does not touch it.
    assert_eq!(
        intents[0],
        r#"{"t":"x"}|{"t":"line\nquote \" and emoji 😀"}"#
    );
    app.assert_sound();
}

/// What a server answers first about a table `odd` with these columns besides its key.
fn first_answer(columns: &str, rows: &[&str]) -> Answer {
    let schema = format!(r#"{{"id":{{"type":"int4","not_null":true,"pk_index":0}},{columns}}}"#);
    let insert =
        |row: &&str| format!(r#"{{"key":"k","value":{row},"headers":{{"operation":"insert"}}}}"#);
    let rows: Vec<String> = rows.iter().map(insert).collect();
    let headers = [
        ("electric-handle", "1-1"),
        ("electric-offset", "0_0"),
        ("electric-schema", &schema),
    ];
    Answer {
        status: 200,
        headers: headers
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec(),
        body: format!("[{},{UP_TO_DATE}]", rows.join(",")),
    }
}

fn first_fetch(app: &App) -> throughline::ids::FetchId {
    let fetch = app.effects.iter().find_map(|effect| match effect {
        Effect::Fetch(fetch) => Some(fetch.id),
        _ => None,
    });
    fetch.unwrap()
}

#[test]
fn a_type_of_any_name_is_itself_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.db");
    let options = OPTIONS.replace("TABLE", "odd");
    let columns = r#""a":{"type":"My Mood"},"b":{"type":"char"},"c":{"type":"a(b","dims":1},"d":{"type":"say \"x\""},"e":{"type":"x[]"}"#;
    let row = r#"{"id":"1","a":"sad","b":"c","c":"{x}","d":"y","e":"z"}"#;
    let mut app = App::open_at(&path, &options).unwrap();
    let fetch = first_fetch(&app);
    let answer = first_answer(columns, &[row]);
    app.effects = app.handle(Event::Answered { fetch, answer });
    let told = r#"odd.a My Mood, odd.b char, odd.c a(b[], odd.d say "x", odd.e x[]"#;
    for restarted in [false, true] {
        if restarted {
            drop(app);
            app = App::open_at(&path, &options).unwrap();
        }
        assert_eq!(app.rows("SELECT * FROM odd"), [r#"1|sad|c|["x"]|y|z"#]);
        assert_eq!(
            origins(&mut app, "SELECT a, b, c, d, e FROM odd"),
            told,
            "{restarted}"
        );
        app.run("UPDATE odd SET a = 'ok'");
        app.run("UPDATE odd SET a = 'sad'");
        app.assert_sound();
    }
}

#[test]
fn traps_6_and_7_a_domain_is_read_as_the_type_that_the_app_declares() {
    // Electric tells a domain's name and not what it is over: only the app knows that `t` and `true` are the same.
    let declared =
        r#"{"columns": {"id": "int4", "done": "bool", "host": "inet"}, "primaryKey": ["id"]}"#;
    let options = OPTIONS.replace(r#""TABLE": {}"#, &format!(r#""odd": {declared}"#));
    let mut app = App::open(&options);
    let fetch = first_fetch(&app);
    let answer = first_answer(
        r#""done":{"type":"flag"},"host":{"type":"addr"}"#,
        &[
            r#"{"id":"1","done":"true","host":"10.0.0.1/32"}"#,
            r#"{"id":"2","done":"t","host":"10.0.0.1"}"#,
        ],
    );
    app.effects = app.handle(Event::Answered { fetch, answer });
    assert_eq!(
        app.rows("SELECT * FROM odd"),
        ["1|1|10.0.0.1", "2|1|10.0.0.1"]
    );
    assert_eq!(
        origins(&mut app, "SELECT done, host FROM odd"),
        "odd.done bool, odd.host inet"
    );
}

const TYPES: &str = r#"{"name": "test", "tables": {
    "todos": {"columns": {"id": "uuid", "title": "character varying(20)", "done": "boolean", "at": "timestamp(3) with time zone",
        "tags": "text[]", "mood": "public.\"My Mood\"", "write_id": "uuid"}, "primaryKey": ["id"]},
    "lists": {"columns": {"id": "bigint", "meta": "jsonb"}, "primaryKey": ["id"]}}}"#;

fn typed(app: &mut App, sql: &str) -> Rows {
    let mut statement = statement(sql, &[]);
    statement.typed = true;
    match app.ask(Request::Execute {
        statement,
        transaction: None,
    }) {
        Ok(Reply::Executed(done)) => done.rows,
        other => panic!("{sql}: {other:?}"),
    }
}

/// `column type` of each result column, `-` where there is none.
fn origins(app: &mut App, sql: &str) -> String {
    let shown = |(origin, type_name): (&String, &String)| match origin.as_str() {
        "" => "-".into(),
        origin => format!("{origin} {type_name}"),
    };
    let rows = typed(app, sql);
    let columns = rows.columns();
    assert_eq!(columns.origins.len(), columns.names.len(), "{sql}");
    assert_eq!(columns.types.len(), columns.names.len(), "{sql}");
    let each = columns.origins.iter().zip(&columns.types).map(shown);
    each.collect::<Vec<String>>().join(", ")
}

#[test]
fn results_name_the_column_and_the_type_behind_them() {
    let mut app = App::open(TYPES);
    let cases = [
        (
            "SELECT * FROM todos",
            "todos.id uuid, todos.title varchar, todos.done bool, todos.at timestamptz, todos.tags text[], todos.mood My Mood, \
             todos.write_id uuid",
        ),
        (
            "SELECT ID AS x, rowid FROM lists_synced",
            "lists.id int8, lists.id int8",
        ),
        ("SELECT id, is_deleted FROM lists_local", "lists.id int8, -"),
        (
            "SELECT t.at, l.meta FROM todos t LEFT JOIN lists l ON l.id = 1",
            "todos.at timestamptz, lists.meta jsonb",
        ),
        (
            "SELECT a, b FROM (SELECT at AS a, done AS b FROM todos ORDER BY at LIMIT 5)",
            "todos.at timestamptz, todos.done bool",
        ),
        (
            "WITH recent AS (SELECT at FROM todos) SELECT * FROM recent",
            "todos.at timestamptz",
        ),
        (
            "SELECT id FROM lists UNION ALL SELECT id FROM lists",
            "lists.id int8",
        ),
        (
            "SELECT id FROM lists UNION SELECT id FROM lists ORDER BY 1",
            "lists.id int8",
        ),
        ("SELECT (SELECT at FROM todos)", "todos.at timestamptz"),
        ("SELECT at FROM todos GROUP BY at", "todos.at timestamptz"),
        (
            "SELECT id + 0, upper(meta), meta ->> '$.a', count(*), max(id), coalesce(id, 1), NULL FROM lists",
            "-, -, -, -, -, -, -",
        ),
        (
            "INSERT INTO lists (id, meta) VALUES (1, '{}') RETURNING id, meta, 5",
            "lists.id int8, lists.meta jsonb, -",
        ),
        ("DELETE FROM lists", ""),
    ];
    for (sql, expected) in cases {
        assert_eq!(origins(&mut app, sql), expected, "{sql}");
    }
}

#[test]
fn tables_of_the_app_have_no_postgres_types_and_its_views_show_those_behind() {
    let mut app = App::open(TYPES);
    app.run("CREATE TABLE drafts_local (id uuid, at timestamptz)");
    app.run("CREATE VIEW soon AS SELECT at, title || '!' AS loud FROM todos");
    assert_eq!(origins(&mut app, "SELECT * FROM drafts_local"), "-, -");
    assert_eq!(
        origins(&mut app, "SELECT * FROM soon"),
        "todos.at timestamptz, -"
    );
}

#[test]
fn types_are_told_to_those_who_ask() {
    let mut app = App::open(TYPES);
    let rows = app.try_query("SELECT * FROM todos").unwrap();
    assert_eq!(
        (rows.columns().names.len(), rows.columns().origins.len()),
        (7, 0)
    );
}

#[test]
fn types_come_from_the_schema_that_the_server_sent() {
    let mut app = replayed("zoo", &["40"]);
    let told = origins(
        &mut app,
        "SELECT m, m2, ja, tz, bits, r, vc, pk2, id FROM zoo",
    );
    assert_eq!(
        told,
        "zoo.m mood, zoo.m2 int4[], zoo.ja jsonb[], zoo.tz timestamptz, zoo.bits bit, zoo.r int4range, zoo.vc varchar, zoo.pk2 oid, \
         zoo.id int8"
    );
}

#[test]
fn a_live_query_tells_its_types_once() {
    let mut app = App::open(TYPES);
    let mut statement = statement("SELECT id, meta FROM lists ORDER BY id", &[]);
    statement.typed = true;
    let told = |app: &mut App| -> Vec<LiveDiff> {
        let effects = std::mem::take(&mut app.effects);
        let live = effects.into_iter().filter_map(|effect| match effect {
            Effect::Tell(_, Notification::Live { diff, .. }) => Some(diff),
            _ => None,
        });
        live.collect()
    };
    let subscribe = Request::Live {
        subscription: throughline::ids::SubscriptionId(1),
        statement,
        key: vec!["id".into()],
    };
    app.ask(subscribe).unwrap();
    let first = told(&mut app);
    assert_eq!(first[0].rows.columns().origins.len(), 2);
    app.execute("INSERT INTO lists VALUES (?, NULL)", &[Value::Integer(7)])
        .unwrap();
    let second = told(&mut app);
    assert_eq!(lines(&second[0].rows), ["7|NULL"]);
    let columns = second[0].rows.columns();
    assert!(columns.origins.is_empty() && columns.types.is_empty());
}
