use super::*;

/// (type, what an app writes, what the server's echo decodes to); each pair was compared with PostgreSQL 15.
pub(super) const TEXTS: &[(&str, &str, &str)] = &[
    (
        "uuid",
        "F47AC10B-58CC-4372-A567-0E02B2C3D479",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    ),
    (
        "uuid",
        "{f47ac10b58cc4372a5670e02b2c3d479}",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    ),
    (
        "uuid",
        "f47a-c10b-58cc-4372-a567-0e02-b2c3-d479",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    ),
    ("numeric", "+007.50", "7.50"),
    (
        "numeric",
        " 12345678901234567890.123456 ",
        "12345678901234567890.123456",
    ),
    ("numeric", ".5", "0.5"),
    ("numeric", "5.", "5"),
    ("numeric", "-0.00", "0.00"),
    ("numeric", "1.50e1", "15.0"),
    ("numeric", "1.5E+3", "1500"),
    ("numeric", "-1.5e-3", "-0.0015"),
    ("numeric", "0e-5", "0.00000"),
    ("numeric", "12e-2", "0.12"),
    ("numeric", "nan", "NaN"),
    ("numeric", "-inf", "-Infinity"),
    (
        "timestamptz",
        "2026-01-02T03:04:05.678Z",
        "2026-01-02 03:04:05.678+00",
    ),
    (
        "timestamptz",
        "2026-01-02 03:04:05+05:30",
        "2026-01-01 21:34:05+00",
    ),
    (
        "timestamptz",
        "2026-01-02 03:04:05 -0800",
        "2026-01-02 11:04:05+00",
    ),
    (
        "timestamptz",
        "2026-01-02t03:04:05-08",
        "2026-01-02 11:04:05+00",
    ),
    (
        "timestamptz",
        "2026-01-02 03:04:05.500000",
        "2026-01-02 03:04:05.5+00",
    ),
    ("timestamptz", "2026-1-2 3:04", "2026-01-02 03:04:00+00"),
    ("timestamptz", "2026-01-02", "2026-01-02 00:00:00+00"),
    (
        "timestamptz",
        "2026-01-02 03:04:05.1234564Z",
        "2026-01-02 03:04:05.123456+00",
    ),
    (
        "timestamptz",
        "2026-12-31 23:59:59.9999996Z",
        "2027-01-01 00:00:00+00",
    ),
    (
        "timestamptz",
        "2026-02-28 24:00:00",
        "2026-03-01 00:00:00+00",
    ),
    (
        "timestamptz",
        "2024-02-29 23:59:60 UTC",
        "2024-03-01 00:00:00+00",
    ),
    (
        "timestamptz",
        "0001-01-01 00:00:00+01",
        "0001-12-31 23:00:00+00 BC",
    ),
    (
        "timestamptz",
        "0044-03-15 12:00:00+00 BC",
        "0044-03-15 12:00:00+00 BC",
    ),
    (
        "timestamptz",
        "12345-01-02 03:04:05+00",
        "12345-01-02 03:04:05+00",
    ),
    ("timestamptz", "Infinity", "infinity"),
    ("timestamptz", "-infinity", "-infinity"),
    (
        "timestamp",
        "2026-01-02T03:04:05.678Z",
        "2026-01-02 03:04:05.678",
    ),
    (
        "timestamp",
        "2026-01-02 03:04:05+05:30",
        "2026-01-02 03:04:05",
    ),
    (
        "timestamp",
        "0044-03-15 12:00:00 BC",
        "0044-03-15 12:00:00 BC",
    ),
    ("date", "2026-01-02", "2026-01-02"),
    ("date", "2026-01-02T23:04:05", "2026-01-02"),
    ("date", "2026-01-02T23:04:05.678Z", "2026-01-02"),
    ("date", "infinity", "infinity"),
    ("date", "4714-11-24 BC", "4714-11-24 BC"),
    (
        "timestamptz",
        "4714-11-24 00:00:00+00 BC",
        "4714-11-24 00:00:00+00 BC",
    ),
    ("date", "5874897-12-31", "5874897-12-31"),
    ("time", "3:04", "03:04:00"),
    ("time", "03:04:05.250", "03:04:05.25"),
    ("time", "03:04:05+02", "03:04:05"),
    ("time", "24:00:00", "24:00:00"),
    ("time with time zone", "03:04:05", "03:04:05+00"),
    ("time with time zone", "03:04:05z", "03:04:05+00"),
    ("time with time zone", "03:04:05.5-0330", "03:04:05.5-03:30"),
    (
        "time with time zone",
        "03:04:05+05:53:28",
        "03:04:05+05:53:28",
    ),
    ("inet", "192.168.0.1/32", "192.168.0.1"),
    ("inet", "10.1.2.3/24", "10.1.2.3/24"),
    ("inet", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("inet", "::ffff:1.2.3.4", "::ffff:1.2.3.4"),
    ("inet", "::102:304", "::1.2.3.4"),
    ("inet", "2001:db8::1/64", "2001:db8::1/64"),
    ("cidr", "10.0.0.0/8", "10.0.0.0/8"),
    ("cidr", "10.0.0.1", "10.0.0.1/32"),
    ("cidr", "::/0", "::/0"),
    ("cidr", "2001:db8::/32", "2001:db8::/32"),
    ("jsonb", "{}", "{}"),
    ("jsonb", " [ ] ", "[]"),
    ("jsonb", "null", "null"),
    (
        "jsonb",
        r#"{"bb":[1,{ "z":null}],"a":1.0,"a":12345678901234567890.10,"c":"\u00fc"}"#,
        r#"{"a": 12345678901234567890.10, "c": "ü", "bb": [1, {"z": null}]}"#,
    ),
    (
        "jsonb",
        r#"{"ä":1,"zz":2,"z":{"":true,"\"":false}}"#,
        r#"{"z": {"": true, "\"": false}, "zz": 2, "ä": 1}"#,
    ),
    (
        "jsonb",
        "[1e2,1.50E1,-0,-0.0,1e-7,1E+3]",
        "[100, 15.0, 0, 0.0, 0.0000001, 1000]",
    ),
    (
        "jsonb",
        r#"["\b\f\n\r\t\u0001\/\\","a\"]b,{","\ud83d\ude00"]"#,
        r#"["\b\f\n\r\t\u0001/\\", "a\"]b,{", "😀"]"#,
    ),
];

#[test]
fn what_an_app_writes_is_spelled_as_the_servers_echo() {
    for (declared, written, expected) in TEXTS {
        let once = canonical(&ty(declared), text(written));
        assert_eq!(once, Ok(text(expected)), "{declared} {written}");
        assert_eq!(
            canonical(&ty(declared), text(expected)),
            once,
            "{declared} {expected}"
        );
        assert_eq!(
            decode(&ty(declared), expected),
            Ok(text(expected)),
            "{declared}"
        );
    }
}

#[test]
fn what_javascript_makes_of_a_date_is_read_as_utc() {
    let late = text("2026-01-02T23:04:05-08:00");
    assert_eq!(canonical(&PgType::Date, late), Ok(text("2026-01-03")));
    let clock = text("2026-01-02T03:04:05.500Z");
    assert_eq!(canonical(&PgType::Time, clock), Ok(text("03:04:05.5")));
    // JavaScript's years beyond four digits.
    let far = text("+012345-01-02T03:04:05.000Z");
    assert_eq!(
        canonical(&PgType::Timestamptz, far),
        Ok(text("12345-01-02 03:04:05+00"))
    );
    let ides = text("-000043-03-15T12:00:00.000Z");
    assert_eq!(
        canonical(&PgType::Timestamptz, ides),
        Ok(text("0044-03-15 12:00:00+00 BC"))
    );
}

#[test]
fn storage_classes_move_to_that_of_the_column() {
    let cases = [
        ("boolean", text("TRUE"), Value::Integer(1)),
        ("boolean", text("f"), Value::Integer(0)),
        ("boolean", Value::Real(1.0), Value::Integer(1)),
        ("smallint", Value::Real(-32768.0), Value::Integer(-32768)),
        ("integer", text(" +12 "), Value::Integer(12)),
        (
            "bigint",
            text("-9223372036854775808"),
            Value::Integer(i64::MIN),
        ),
        ("double precision", Value::Integer(3), Value::Real(3.0)),
        ("double precision", text("nan"), text("NaN")),
        ("double precision", text("inf"), Value::Real(f64::INFINITY)),
        (
            "real",
            Value::Real(0.123_456_789),
            Value::Real(0.123_456_79),
        ),
        ("real", Value::Real(1.1), Value::Real(1.1)),
        (
            "numeric",
            Value::Integer(i64::MIN),
            text("-9223372036854775808"),
        ),
        ("numeric", Value::Real(0.1), text("0.1")),
        (
            "numeric",
            Value::Real(-1e22),
            text("-10000000000000000000000"),
        ),
        ("numeric", Value::Real(1.5e-7), text("0.00000015")),
        ("numeric", Value::Real(-0.0), text("0")),
        ("text", Value::Integer(5), text("5")),
        ("text", Value::Real(1.5), text("1.5")),
        ("mood", Value::Integer(5), text("5")),
        ("bytea", text("\\xDEAD"), Value::Blob(vec![0xde, 0xad])),
        ("bytea", Value::Blob(vec![1]), Value::Blob(vec![1])),
        ("jsonb", Value::Integer(1), text("1")),
        ("jsonb", Value::Real(1.5), text("1.5")),
        ("json", text(" {\"a\" : [1]} "), text("{\"a\" : [1]}")),
        ("jsonb", text(" {\"a\" : [1]} "), text("{\"a\": [1]}")),
        ("jsonb", Value::Real(1e22), text("10000000000000000000000")),
        ("integer[]", text("[ 1, \"2\", null ]"), text("[1,2,null]")),
        ("integer[]", text("{1, 2 ,null}"), text("[1,2,null]")),
        ("integer[]", text("[0:1]={7,8}"), text("[7,8]")),
        (
            "bigint[]",
            text("[9223372036854775807]"),
            text("[9223372036854775807]"),
        ),
        (
            "boolean[]",
            text("[true, 0, \"t\"]"),
            text("[true,false,true]"),
        ),
        (
            "real[]",
            text("[1.50, 2, \"NaN\"]"),
            text("[1.5,2,\"NaN\"]"),
        ),
        ("numeric[]", text("[1.50, \"2\"]"), text("[\"1.50\",\"2\"]")),
        (
            "uuid[]",
            text("{F47AC10B58CC4372A5670E02B2C3D479}"),
            text("[\"f47ac10b-58cc-4372-a567-0e02b2c3d479\"]"),
        ),
        (
            "text[]",
            text("[[\"a\"], [\"={\"]]"),
            text("[[\"a\"],[\"={\"]]"),
        ),
        (
            "timestamptz[]",
            text("[\"2026-01-02T03:04:05Z\"]"),
            text("[\"2026-01-02 03:04:05+00\"]"),
        ),
        (
            "jsonb[]",
            text("[{\"a\":1}, [1, 2], \"s\", null]"),
            text("[{\"a\": 1},[1, 2],\"s\",null]"),
        ),
    ];
    for (declared, written, expected) in cases {
        let once = canonical(&ty(declared), written);
        assert_eq!(once, Ok(expected.clone()), "{declared}");
        assert_eq!(canonical(&ty(declared), expected), once, "{declared}");
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    let cases = [
        ("uuid", text("abc"), "\"abc\" is not a uuid"),
        ("uuid", Value::Integer(1), "1 is not a uuid"),
        ("boolean", Value::Integer(2), "2 is not a boolean"),
        ("boolean", text("maybe"), "\"maybe\" is not a boolean"),
        (
            "smallint",
            Value::Integer(32768),
            "32768 is out of range for smallint",
        ),
        ("oid", Value::Integer(-1), "-1 is out of range for oid"),
        ("integer", Value::Real(1.5), "1.5 is not an integer"),
        ("integer", text("5.0"), "\"5.0\" is not an integer"),
        ("bigint", Value::Real(9.3e18), "9.3e18 is not a bigint"),
        ("real", Value::Real(1e39), "1e39 is out of range for real"),
        ("real", Value::Real(1e-60), "1e-60 is out of range for real"),
        (
            "double precision",
            text("1e400"),
            "\"1e400\" is out of range for double precision",
        ),
        ("numeric", text("1,5"), "\"1,5\" is not a numeric"),
        (
            "numeric",
            text("1e999999999"),
            "\"1e999999999\" is not a numeric",
        ),
        ("numeric", text("+nan"), "\"+nan\" is not a numeric"),
        ("text", Value::Blob(vec![0]), "bytes are not a text"),
        ("interval", Value::Integer(5), "5 is not an interval"),
        ("jsonb", text("{a: 1}"), "\"{a: 1}\" is not valid JSON"),
        ("json", Value::Real(f64::INFINITY), "Infinity is not a json"),
        ("jsonb", text("1e999999"), "\"1e999999\" is not a jsonb"),
        (
            "jsonb[]",
            text("[\"\\ud800\"]"),
            "\"\\\"\\\\ud800\\\"\" is not a jsonb",
        ),
        ("bytea", text("abc"), "\"abc\" is not a bytea"),
        ("date", text("2026-02-29"), "\"2026-02-29\" is not a date"),
        ("date", text("02.01.2026"), "\"02.01.2026\" is not a date"),
        (
            "date",
            text("4714-11-23 BC"),
            "\"4714-11-23 BC\" is not a date",
        ),
        ("date", text("0000-01-01"), "\"0000-01-01\" is not a date"),
        (
            "timestamptz",
            text("2026-01-02 25:00"),
            "\"2026-01-02 25:00\" is not a timestamp with time zone",
        ),
        (
            "timestamptz",
            text("2026-01-02 03:04:05+17"),
            "\"2026-01-02 03:04:05+17\" is not a timestamp with time zone",
        ),
        (
            "timestamp",
            text("294277-01-01"),
            "\"294277-01-01\" is not a timestamp",
        ),
        ("time", text("2026-01-02"), "\"2026-01-02\" is not a time"),
        (
            "timestamp",
            Value::Integer(1_767_323_045_678),
            "1767323045678 is not a timestamp",
        ),
        ("inet", text("10.0.0.256"), "\"10.0.0.256\" is not an inet"),
        ("cidr", text("10.1.2.3/8"), "\"10.1.2.3/8\" is not a cidr"),
        ("integer[]", text("[1,\"x\"]"), "\"x\" is not an integer"),
        ("integer[]", text("1,2"), "\"1,2\" is not an integer[]"),
        ("integer[]", text("[1,"), "the array is not valid JSON"),
        ("integer[]", text("{1,"), "the array text is malformed"),
        (
            "integer[]",
            text("[[[[[[[1]]]]]]]"),
            "an array has at most six dimensions",
        ),
    ];
    for (declared, written, expected) in cases {
        assert_eq!(
            canonical(&ty(declared), written),
            Err(expected.to_owned()),
            "{declared}"
        );
    }
}

#[test]
fn null_passes_into_every_type() {
    for declared in [
        "boolean",
        "bigint",
        "text",
        "jsonb",
        "integer[]",
        "date",
        "mood",
    ] {
        assert_eq!(canonical(&ty(declared), Value::Null), Ok(Value::Null));
    }
}
