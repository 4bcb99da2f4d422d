//! Every type through the whole loop: app, change log, POST, server, shape, table.

use throughline::value::Value;
use throughline_server::electric::{Column, PgType, Table};

use crate::support::text;
use crate::support::world::World;

const OPTIONS: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"zoo": {}}}"#;

fn zoo() -> World {
    let types = [
        ("big", PgType::Int8),
        ("exact", PgType::Numeric(None)),
        ("bytes", PgType::Bytea),
        ("doc", PgType::Jsonb),
        ("raw", PgType::Json),
        ("real", PgType::Float8),
        ("single", PgType::Float4),
        ("flag", PgType::Bool),
        ("day", PgType::Date),
        ("moment", PgType::Timestamptz),
        ("local", PgType::Timestamp),
        ("word", PgType::Text),
        ("small", PgType::Int2),
    ];
    let columns = [Column::new("id", PgType::Int4)]
        .into_iter()
        .chain(types.map(|(name, ty)| Column::new(name, ty)));
    let mut world = World::new(1);
    world
        .server()
        .create_table(Table::new("zoo", &["id"], columns));
    world.open("a", OPTIONS);
    world.settle();
    world
}

/// Writes the column, and asserts that what is shown at once is what comes back.
fn round_trip(world: &mut World, n: i64, column: &str, value: Value, expected: Value) {
    let insert = format!("INSERT INTO zoo (id, {column}) VALUES (?, ?)");
    world
        .client("a")
        .execute(&insert, &[Value::Integer(n), value.clone()]);
    let select = format!("SELECT {column} FROM zoo WHERE id = {n}");
    let pending = world.client("a").query(&select).values();
    assert_eq!(
        pending,
        std::slice::from_ref(&expected),
        "{column} {value:?}: at once"
    );
    world.settle();
    let synced = world.client("a").query(&select).values();
    assert_eq!(synced, [expected], "{column} {value:?}: from the server");
    assert_eq!(
        world.client("a").count("zoo_local"),
        0,
        "{column} {value:?}"
    );
}

#[test]
fn values_come_back_as_they_were_shown() {
    let world = &mut zoo();
    let t = |text: &str| Value::Text(text.into());
    let same = |value: Value| (value.clone(), value);
    let cases = [
        ("big", same(Value::Integer(i64::MAX))),
        ("big", same(Value::Integer(9_007_199_254_740_993))),
        ("big", same(Value::Integer(i64::MIN))),
        ("exact", same(t("12345678901234567890.123456789"))),
        ("exact", (t("1.50"), t("1.50"))),
        ("bytes", same(Value::Blob(vec![0, 255, 92, 39]))),
        ("bytes", same(Value::Blob(vec![]))),
        (
            "doc",
            (
                t(r#"{"a": [1, null, "x"], "b": 1.0}"#),
                t(r#"{"a": [1, null, "x"], "b": 1.0}"#),
            ),
        ),
        (
            "doc",
            (
                t(r#"{"long":{"z":1,"a":[1,2]},"b":"\u00fc","b":null}"#),
                t(r#"{"b": null, "long": {"a": [1, 2], "z": 1}}"#),
            ),
        ),
        ("doc", same(t("12345678901234567890.5"))),
        ("raw", same(t(r#"{"b":1, "b":2}"#))),
        ("real", same(Value::Real(0.1))),
        ("real", same(Value::Real(1e300))),
        ("real", same(Value::Real(5e-324))),
        ("flag", same(Value::Integer(1))),
        ("flag", same(Value::Integer(0))),
        ("day", same(t("2026-02-28"))),
        (
            "moment",
            (t("2026-01-02T03:04:05.6Z"), t("2026-01-02 03:04:05.6+00")),
        ),
        (
            "moment",
            (
                t("2026-01-02 03:04:05.123456-08"),
                t("2026-01-02 11:04:05.123456+00"),
            ),
        ),
        (
            "local",
            (t("2026-01-02T03:04:05"), t("2026-01-02 03:04:05")),
        ),
        ("word", same(t("quotes ' \" \\ and \u{1F980} and\nlines"))),
        ("word", same(t(""))),
        ("word", same(Value::Null)),
        ("small", same(Value::Integer(-32768))),
    ];
    for (n, (column, (written, expected))) in (1..).zip(cases) {
        round_trip(world, n, column, written, expected);
    }
    world.assert_same("zoo");
}

#[test]
fn a_column_set_to_null_is_null_on_the_server() {
    let world = &mut zoo();
    world
        .client("a")
        .run("INSERT INTO zoo (id, word, big) VALUES (1, 'x', 2)");
    world.settle();
    world.client("a").run("UPDATE zoo SET word = NULL");
    world.settle();
    assert_eq!(world.server().texts("zoo", "word"), ["NULL"]);
    assert_eq!(world.server().texts("zoo", "big"), ["2"]);
    world.assert_same("zoo");
}

#[test]
fn an_update_of_a_pending_row_keeps_the_digits_of_the_others() {
    let world = &mut zoo();
    world.client("a").disconnect();
    world.client("a").execute(
        "INSERT INTO zoo (id, big, exact, bytes) VALUES (1, ?, ?, ?)",
        &[
            Value::Integer(i64::MAX),
            Value::Text("0.10000000000000000000000001".into()),
            Value::Blob(vec![1, 2]),
        ],
    );
    world.client("a").run("UPDATE zoo SET word = 'w'");
    world.client("a").connect();
    world.settle();
    let row = world
        .client("a")
        .query("SELECT big, exact, bytes, word FROM zoo")
        .values();
    let shown: Vec<String> = row.iter().map(text).collect();
    assert_eq!(
        shown,
        [
            &i64::MAX.to_string(),
            "0.10000000000000000000000001",
            "[01, 02]",
            "w"
        ]
    );
    world.assert_same("zoo");
}
