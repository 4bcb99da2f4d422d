//! Recordings 40 to 44: nearly every Postgres type, in snapshot form and in stream form.

use throughline_server::electric::{Column, PgType, Row, Table, row};

use crate::commit;
use crate::twin::Twin;

const TABLE: &str = "zoo";

fn zoo() -> Table {
    let named = |name: &str| PgType::Named(name.into());
    let array = |element: &str, dims| PgType::Array(element.into(), dims);
    let columns = [
        ("id", PgType::Int8),
        ("i2", PgType::Int2),
        ("i4", PgType::Int4),
        ("f4", PgType::Float4),
        ("f8", PgType::Float8),
        ("num", PgType::Numeric(Some((30, 6)))),
        ("b", PgType::Bool),
        ("t", PgType::Text),
        ("vc", PgType::Varchar(Some(20))),
        ("bc", PgType::Bpchar(6)),
        ("u", PgType::Uuid),
        ("by", PgType::Bytea),
        ("j", PgType::Json),
        ("jb", PgType::Jsonb),
        ("d", PgType::Date),
        ("ti", named("time")),
        ("ts", PgType::Timestamp),
        ("tz", PgType::TimestamptzOf(3)),
        ("iv", named("interval")),
        ("m", named("mood")),
        ("ia", array("int4", 1)),
        ("ta", array("text", 1)),
        ("ba", array("bool", 1)),
        ("m2", array("int4", 2)),
        ("ja", array("jsonb", 1)),
        ("ip", PgType::Inet),
        ("ci", named("cidr")),
        ("bits", PgType::Bit(4)),
        ("r", named("int4range")),
        ("p", named("point")),
        ("pk2", named("oid")),
    ];
    let columns = columns.map(|(name, pg_type)| Column::new(name, pg_type));
    Table::new(TABLE, &["id"], columns)
}

/// As the SQL has it, but for the types that the model passes through.
fn extremes(id: &str) -> Row {
    row([
        ("id", id),
        ("i2", "-32768"),
        ("i4", "2147483647"),
        ("f4", "1.5"),
        ("f8", "0.1"),
        ("num", "12345678901234567890.123456"),
        ("b", "true"),
        ("t", "line\nquote \" and emoji 😀"),
        ("vc", "vc"),
        ("bc", "ab"),
        ("u", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
        ("by", "\\xdeadbeef00"),
        ("j", "{\"a\": 1.0,  \"b\":null}"),
        ("jb", "{\"b\":null,\"a\":1.0,\"big\":12345678901234567890}"),
        ("d", "2026-02-28"),
        ("ti", "23:59:59.999999"),
        ("ts", "2026-02-28 12:34:56.789"),
        ("tz", "2026-02-28 12:34:56.789+05:30"),
        ("iv", "P1Y2M3DT4H5M6.789S"),
        ("m", "ok"),
        ("ia", "{1,2,NULL}"),
        ("ta", "{\"a b\",\"c,d\",\"e\\\"f\",NULL,\"NULL\",\"\"}"),
        ("ba", "{t,f,NULL}"),
        ("m2", "{{1,2},{3,NULL}}"),
        ("ja", "{\"{\\\"a\\\": 1}\",NULL}"),
        ("ip", "192.168.0.1"),
        ("ci", "10.0.0.0/8"),
        ("bits", "1010"),
        ("r", "[1,5)"),
        ("p", "(1,2)"),
        ("pk2", "4294967295"),
    ])
}

fn empty(id: &str) -> Row {
    row([
        ("id", id),
        ("i2", "0"),
        ("i4", "0"),
        ("f4", "NaN"),
        ("f8", "Infinity"),
        ("num", "NaN"),
        ("b", "false"),
        ("t", ""),
        ("vc", ""),
        ("bc", ""),
        ("u", "00000000-0000-0000-0000-000000000000"),
        ("by", "\\x"),
        ("j", "null"),
        ("jb", "null"),
        ("d", "infinity"),
        ("ti", "00:00:00"),
        ("ts", "-infinity"),
        ("tz", "infinity"),
        ("iv", "P-1M2DT-0.000001S"),
        ("m", "happy"),
        ("ia", "{}"),
        ("ta", "{}"),
        ("ba", "{}"),
        ("m2", "{}"),
        ("ja", "{}"),
        ("ip", "::1"),
        ("ci", "::/0"),
        ("bits", "0000"),
        ("r", "empty"),
        ("p", "(NaN,Infinity)"),
        ("pk2", "0"),
    ])
}

#[test]
fn every_type_has_its_snapshot_and_its_stream_form() {
    let mut twin = Twin::new();
    twin.electric.create_table(zoo());
    commit(&mut twin.electric, |tx| {
        let nothing = row([("id", "-1")]);
        for new in [extremes("9223372036854775807"), nothing, empty("0")] {
            tx.insert(TABLE, new).unwrap();
        }
    });
    twin.same("40");
    twin.same("41");
    twin.same_after("42", |electric| {
        commit(electric, |tx| {
            tx.insert(TABLE, extremes("9007199254740993")).unwrap();
            tx.insert(TABLE, empty("-9223372036854775808")).unwrap();
        });
    });
    twin.same_after("43", |electric| {
        commit(electric, |tx| {
            let id = |id| row([("id", id)]);
            let null = row([("b", None), ("t", None), ("jb", None), ("ia", None)]);
            assert!(tx.update(TABLE, &id("9007199254740993"), null).unwrap());
            for (number, b) in [("9223372036854775807", "f"), ("0", "t")] {
                let json = "{\"k\":[1,2,{\"z\":\"é\"}]}";
                let new = row([("b", b), ("jb", json), ("ip", "10.1.2.3/24")]);
                assert!(tx.update(TABLE, &id(number), new).unwrap());
            }
        });
    });
    twin.same("44");
    twin.finish();
}
