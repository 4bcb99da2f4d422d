//! Values of every type, as the client spells them.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::*;

const ZOO: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'so so');
    CREATE DOMAIN code AS varchar(3) CHECK (VALUE <> '');
    CREATE DOMAIN flag AS bool;
    CREATE TABLE "The ""Zoo""" (
        id int8 PRIMARY KEY, "Bool?" bool, i2 int2, i4 int4, f4 float4, f8 float8, n numeric, n2 numeric(10,2), t text,
        v varchar(5), c char(3), u uuid, b bytea, j json, jb jsonb, d date, ts timestamp, tz timestamptz, tm time,
        iv interval, bits bit(4), ip inet, m mood, dom code, fl flag, r int4range, i4s int4[], ts_ text[], i8s int8[],
        jbs jsonb[], bs bytea[], bools bool[], deep int4[][], boxes box[], moods mood[]
    );
"#;

async fn zoo() -> World {
    with(ZOO, &["The \"Zoo\""]).await
}

#[tokio::test]
async fn every_type_keeps_every_digit() {
    let world = zoo().await;
    let cases: [(&str, &str, &str); 46] = [
        ("Bool?", "true", "true"),
        ("i2", "-32768", "-32768"),
        ("i4", "2147483647", "2147483647"),
        ("f4", "0.1", "0.1"),
        ("f8", "0.1", "0.1"),
        ("f8", "1e300", "1e+300"),
        ("f8", r#""NaN""#, "NaN"),
        ("f8", r#""-Infinity""#, "-Infinity"),
        (
            "n",
            r#""12345678901234567890.123456789""#,
            "12345678901234567890.123456789",
        ),
        ("n", "1.10", "1.10"),
        ("n2", r#""0.10""#, "0.10"),
        ("t", r#""""#, ""),
        ("t", r#""it's \"ü\" \\ $1\n""#, "it's \"ü\" \\ $1\n"),
        ("v", r#""12345""#, "12345"),
        ("c", r#""a""#, "a"),
        (
            "u",
            r#""A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11""#,
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ),
        ("b", r#""\\xDEADbeef""#, "\\xdeadbeef"),
        ("b", r#""\\x""#, "\\x"),
        ("j", r#"{"b":1,  "a":[null]}"#, r#"{"b":1,  "a":[null]}"#),
        (
            "jb",
            r#"{"n":12345678901234567890.5}"#,
            r#"{"n": 12345678901234567890.5}"#,
        ),
        ("jb", r#""\u006eull""#, "null"),
        ("jb", r#""null""#, "\"null\""),
        ("jb", "false", "false"),
        ("d", r#""2026-02-28""#, "2026-02-28"),
        ("d", r#""infinity""#, "infinity"),
        (
            "ts",
            r#""2026-01-02 03:04:05.678901""#,
            "2026-01-02 03:04:05.678901",
        ),
        (
            "tz",
            r#""2026-01-02T03:04:05.6Z""#,
            "2026-01-02 03:04:05.6+00",
        ),
        (
            "tz",
            r#""2026-01-02 03:04:05.6+00""#,
            "2026-01-02 03:04:05.6+00",
        ),
        ("tm", r#""03:04:05""#, "03:04:05"),
        ("iv", r#""1 mon 02:00:00""#, "1 mon 02:00:00"),
        ("bits", r#""1010""#, "1010"),
        ("ip", r#""10.1.2.3""#, "10.1.2.3/32"),
        ("m", r#""so so""#, "so so"),
        ("dom", r#""abc""#, "abc"),
        ("fl", "false", "false"),
        ("r", r#""[1,3]""#, "[1,4)"),
        ("i4s", "[1,null,-3]", "{1,NULL,-3}"),
        ("i4s", "[]", "{}"),
        (
            "i8s",
            r#"[1,"9223372036854775807"]"#,
            "{1,9223372036854775807}",
        ),
        (
            "ts_",
            r#"["a b","","NULL",null,"\"{\\,}"]"#,
            r#"{"a b","","NULL",NULL,"\"{\\,}"}"#,
        ),
        (
            "jbs",
            r#"[{"a":1},[2],"x"]"#,
            r#"{"{\"a\": 1}",[2],"\"x\""}"#,
        ),
        ("bs", r#"["\\xff"]"#, r#"{"\\xff"}"#),
        ("bools", "[true,false]", "{t,f}"),
        ("deep", "[[1,2],[3,4]]", "{{1,2},{3,4}}"),
        (
            "boxes",
            r#"["(2,2),(1,1)","(4,4),(3,3)"]"#,
            "{(2,2),(1,1);(4,4),(3,3)}",
        ),
        ("moods", r#"["sad","so so"]"#, r#"{sad,"so so"}"#),
    ];
    for (number, (column, json, text)) in cases.into_iter().enumerate() {
        // Beyond 2^53, so the key is text, too.
        let key = (1_u64 << 60) + number as u64;
        let json = RawValue::from_string(json.to_owned()).unwrap();
        let column_json = serde_json::to_string(column).unwrap();
        let insert = format!(
            r#"[{{"id":"c:{number}","changes":[
                {{"table":"The \"Zoo\"","operation":"insert","value":{{"id":"{key}"}}}},
                {{"table":"The \"Zoo\"","operation":"update","value":{{"id":"{key}",{column_json}:{json}}}}}]}}]"#
        );
        let (_, answer) = send(&world.router, "POST", "/changes", &[], insert).await;
        assert_eq!(
            answer["transactions"][0]["status"], "accepted",
            "{column} {json}: {answer}"
        );
        let stored = format!(r#"SELECT "{column}" FROM "The ""Zoo""" WHERE id = {key}"#);
        let stored = world.text(&stored).await;
        assert_eq!(stored.as_deref(), Some(text), "{column} {json}");
        let clear = change(
            "The \"Zoo\"",
            "update",
            json!({"id": key.to_string(), column: null}),
        );
        assert_eq!(
            world.verdict(&format!("n:{number}"), json!([clear])).await["status"],
            "accepted"
        );
    }
    let left = r#""The ""Zoo""" WHERE num_nonnulls("Bool?", i2, i4, f4, f8, n, n2, t, v, c, u, b, j, jb, d, ts, tz, i4s) > 0"#;
    assert_eq!(world.count(left).await, 0);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_and_never_cut() {
    let world = zoo().await;
    let cases: [(&str, Value); 14] = [
        ("v", json!("123456")),
        ("c", json!("abcd")),
        ("dom", json!("abcd")),
        ("dom", json!("")),
        ("bits", json!("10101")),
        ("i2", json!(32768)),
        ("i4", json!(1.5)),
        ("i4", json!("7")),
        ("u", json!("x")),
        ("Bool?", json!("yes")),
        ("m", json!("glad")),
        ("d", json!("2026-02-30")),
        ("i4s", json!(["x"])),
        ("t", json!({"a": 1})),
    ];
    for (number, (column, value)) in cases.into_iter().enumerate() {
        let insert = change("The \"Zoo\"", "insert", json!({"id": 1, column: value}));
        let verdict = world.verdict(&format!("c:{number}"), json!([insert])).await;
        let code = verdict["error"]["code"].as_str().unwrap();
        // A domain's own rule is a check.
        assert!(
            matches!(code, "INVALID_VALUE" | "CHECK_VIOLATION"),
            "{column} {value}: {verdict}"
        );
    }
    assert_eq!(world.count("\"The \"\"Zoo\"\"\"").await, 0);
}

#[tokio::test]
async fn keys_of_several_columns_and_of_the_databases_making() {
    let schema = "
        CREATE TABLE pairs (b text, a int, n int, PRIMARY KEY (a, b));
        CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);
        CREATE TABLE defaulted (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
    ";
    let world = with(schema, &["pairs", "numbered", "defaulted"]).await;
    let key = json!({"a": 1, "b": "x"});
    let accepted = [
        change("pairs", "insert", json!({"a": 1, "b": "x", "n": 1})),
        change("pairs", "insert", json!({"a": 1, "b": "y", "n": 1})),
        change("pairs", "update", json!({"a": 1, "b": "y", "n": 2})),
        change("pairs", "update", key.clone()),
        change("pairs", "delete", key),
        change("numbered", "insert", json!({"n": 5})),
        change("numbered", "update", json!({"id": 1, "n": 6})),
        change("defaulted", "insert", json!({})),
    ];
    let verdict = world.verdict("c:1", json!(accepted)).await;
    assert_eq!(verdict["status"], "accepted", "{verdict}");
    assert_eq!(
        world.text("SELECT (b, n) FROM pairs").await.unwrap(),
        "(y,2)"
    );
    assert_eq!(world.text("SELECT n FROM numbered").await.unwrap(), "6");
    let own = change("numbered", "insert", json!({"id": 9}));
    assert_eq!(
        world.verdict("c:2", json!([own])).await["error"]["code"],
        "FORBIDDEN"
    );
}
