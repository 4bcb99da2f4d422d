use std::borrow::Cow;

use super::*;
use crate::error::Error;

#[test]
fn traps_6_and_38_both_phases_of_a_shape_decode_alike() {
    let cases = [
        ("boolean", "t", Value::Integer(1)),
        ("boolean", "true", Value::Integer(1)),
        ("boolean", "f", Value::Integer(0)),
        ("boolean", "false", Value::Integer(0)),
        ("inet", "192.168.0.1/32", text("192.168.0.1")),
        ("inet", "192.168.0.1", text("192.168.0.1")),
        ("inet", "::1/128", text("::1")),
        ("inet", "2001:db8::/32", text("2001:db8::/32")),
        ("inet", "10.1.2.3/24", text("10.1.2.3/24")),
        ("cidr", "10.0.0.1/32", text("10.0.0.1/32")),
        ("bigint", "9223372036854775807", Value::Integer(i64::MAX)),
        ("bigint", "-9223372036854775808", Value::Integer(i64::MIN)),
        ("oid", "4294967295", Value::Integer(4_294_967_295)),
        ("real", "1e-07", Value::Real(1e-7)),
        ("double precision", "NaN", text("NaN")),
        (
            "double precision",
            "-Infinity",
            Value::Real(f64::NEG_INFINITY),
        ),
        ("numeric", "1.500", text("1.500")),
        ("numeric", "-Infinity", text("-Infinity")),
        ("bytea", "\\x", Value::Blob(vec![])),
        (
            "bytea",
            "\\xdeadBEEF00",
            Value::Blob(vec![0xde, 0xad, 0xbe, 0xef, 0]),
        ),
        ("char(6)", "ab    ", text("ab    ")),
        (
            "json",
            "{\"a\": 1.0,  \"b\":null}",
            text("{\"a\": 1.0,  \"b\":null}"),
        ),
        ("json", "\n[1, 2]\n", text("[1, 2]")),
        ("jsonb", "null", text("null")),
        ("date", "0044-03-15 BC", text("0044-03-15 BC")),
        ("date", "5874897-12-31", text("5874897-12-31")),
        ("timestamp", "-infinity", text("-infinity")),
        (
            "timestamptz",
            "294276-12-31 23:59:59.999999+00",
            text("294276-12-31 23:59:59.999999+00"),
        ),
        // A proxy's session in another time zone.
        (
            "timestamptz",
            "2026-01-02 03:04:05.5+05:30",
            text("2026-01-01 21:34:05.5+00"),
        ),
        ("time with time zone", "03:04:05+02", text("03:04:05+02")),
        (
            "interval",
            "P-10M-3DT4H5M6.789S",
            text("P-10M-3DT4H5M6.789S"),
        ),
        ("mood", "sad", text("sad")),
        ("pair", r#"(1,"x y",t)"#, text(r#"(1,"x y",t)"#)),
        ("int4range", "[1,5)", text("[1,5)")),
        ("int4multirange", "{[1,3),[5,7)}", text("{[1,3),[5,7)}")),
        ("money", "$1,234.50", text("$1,234.50")),
        ("box", "(1,1),(0,0)", text("(1,1),(0,0)")),
        ("varbit", "1010", text("1010")),
        ("xid8", "18446744073709551615", text("18446744073709551615")),
        ("tsvector", "'a':1 'b''c'", text("'a':1 'b''c'")),
        ("pg_lsn", "16/B374D848", text("16/B374D848")),
        ("macaddr", "08:00:2b:01:02:03", text("08:00:2b:01:02:03")),
        (
            "timestamptz",
            "0044-03-15 12:00:00.5+00 BC",
            text("0044-03-15 12:00:00.5+00 BC"),
        ),
        (
            "timestamp",
            "12345-01-02 00:00:00",
            text("12345-01-02 00:00:00"),
        ),
    ];
    for (declared, from, expected) in cases {
        assert_eq!(
            decode(&ty(declared), from),
            Ok(expected.clone()),
            "{declared} {from}"
        );
        let again = canonical(&ty(declared), expected.clone());
        assert_eq!(again, Ok(expected), "{declared} {from}");
    }
}

#[test]
fn arrays_become_json_text() {
    let cases = [
        ("integer[]", "{1,2,NULL}", "[1,2,null]"),
        ("integer[]", "{}", "[]"),
        ("integer[]", "{{1,2},{3,NULL}}", "[[1,2],[3,null]]"),
        ("integer[]", "[0:1]={7,8}", "[7,8]"),
        ("integer[]", "[1:1][-2:-1]={{7,8}}", "[[7,8]]"),
        ("bigint[]", "{9223372036854775807}", "[9223372036854775807]"),
        ("boolean[]", "{t,f,NULL}", "[true,false,null]"),
        (
            "real[]",
            "{1,2.5,1e+22,NaN,-Infinity,-0}",
            r#"[1,2.5,1e22,"NaN","-Infinity",-0]"#,
        ),
        ("numeric[]", "{1.50,NaN}", r#"["1.50","NaN"]"#),
        (
            "text[]",
            r#"{"a b","c,d","e\"f","g\\h",NULL,"NULL","",x,"}{","日本"}"#,
            r#"["a b","c,d","e\"f","g\\h",null,"NULL","","x","}{","日本"]"#,
        ),
        (
            "text[]",
            "{\"line\nbreak\",\"\u{1}\"}",
            r#"["line\nbreak","\u0001"]"#,
        ),
        ("bytea[]", r#"{"\\xde","\\xAD"}"#, r#"["\\xde","\\xad"]"#),
        (
            "jsonb[]",
            r#"{"{\"a\": 1}",NULL,"\"s\"",12345678901234567890}"#,
            r#"[{"a": 1},null,"s",12345678901234567890]"#,
        ),
        ("jsonb[]", r#"{{"[1, 2]"},{"{}"}}"#, "[[[1, 2]],[{}]]"),
        (
            "timestamptz[]",
            r#"{"2026-01-02 03:04:05+00"}"#,
            r#"["2026-01-02 03:04:05+00"]"#,
        ),
        ("interval[]", "{P1D,PT2H}", r#"["P1D","PT2H"]"#),
        ("inet[]", "{::1,10.0.0.1/32}", r#"["::1","10.0.0.1"]"#),
        (
            "box[]",
            "{(1,1),(0,0);(2,2),(1,1)}",
            r#"["(1,1),(0,0)","(2,2),(1,1)"]"#,
        ),
        ("mood[]", "{sad,ok}", r#"["sad","ok"]"#),
        (
            "mood[]",
            r#"{sad,"so ok","NULL",NULL}"#,
            r#"["sad","so ok","NULL",null]"#,
        ),
        (
            "pair[]",
            r#"{"(1,\"x y\",t)","(,\"\",f)",NULL}"#,
            r#"["(1,\"x y\",t)","(,\"\",f)",null]"#,
        ),
        ("int4range[]", r#"{"[1,5)",empty}"#, r#"["[1,5)","empty"]"#),
        (
            "int4multirange[]",
            r#"{"{[1,3),[5,7)}"}"#,
            r#"["{[1,3),[5,7)}"]"#,
        ),
        ("box[]", "{(1,1),(0,0);NULL}", r#"["(1,1),(0,0)",null]"#),
        ("point[]", r#"{"(1,2)"}"#, r#"["(1,2)"]"#),
        ("integer[]", "[-2:-1][0:0]={{7},{NULL}}", "[[7],[null]]"),
        ("money[]", r#"{"$1,234.50"}"#, r#"["$1,234.50"]"#),
        ("varbit[]", "{1010,1}", r#"["1010","1"]"#),
        (
            "xid8[]",
            "{18446744073709551615}",
            r#"["18446744073709551615"]"#,
        ),
        ("tsvector[]", r#"{"'a':1 'b''c'"}"#, r#"["'a':1 'b''c'"]"#),
        (
            "date[]",
            r#"{"0044-03-15 BC",infinity,12345-01-01}"#,
            r#"["0044-03-15 BC","infinity","12345-01-01"]"#,
        ),
        (
            "interval[]",
            "{P-1M2DT-0.000001S,PT0S}",
            r#"["P-1M2DT-0.000001S","PT0S"]"#,
        ),
        ("text[]", r#"{"tab	","null"}"#, r#"["tab\t","null"]"#),
        // The one pair that JSON text does not keep apart: a JSON null and an SQL NULL.
        (
            "jsonb[]",
            r#"{"null",NULL,"\"null\""}"#,
            r#"[null,null,"null"]"#,
        ),
    ];
    for (declared, from, expected) in cases {
        let expected = text(expected);
        assert_eq!(
            decode(&ty(declared), from),
            Ok(expected.clone()),
            "{declared} {from}"
        );
        let again = canonical(&ty(declared), expected.clone());
        assert_eq!(again, Ok(expected), "{declared} {from}");
    }
}

#[test]
fn malformed_text_is_the_servers_fault_and_names_the_type() {
    let cases = [
        ("boolean", "TRUE"),
        ("boolean", ""),
        ("smallint", "32768"),
        ("integer", "2147483648"),
        ("integer", "1.0"),
        ("bigint", "9223372036854775808"),
        ("oid", "-1"),
        ("real", "one"),
        ("numeric", "1e5"),
        ("numeric", "1."),
        ("uuid", "F47AC10B-58CC-4372-A567-0E02B2C3D479"),
        ("bytea", "\\xabc"),
        ("bytea", "\\xag"),
        ("bytea", "abc"),
        ("date", "29.02.2026"),
        ("timestamptz", "yesterday"),
        ("integer[]", "{1,2"),
        ("integer[]", "{1,2}}"),
        ("integer[]", "{1,,2}"),
        ("integer[]", "{1,}"),
        ("integer[]", "{a}"),
        ("integer[]", "[0:1]"),
        ("text[]", "{\"a}"),
        ("text[]", "{a\\"),
        ("text[]", "{a\"b\"}"),
        ("integer[]", "{{{{{{{1}}}}}}}"),
        ("jsonb[]", "{\"{\"}"),
    ];
    for (declared, from) in cases {
        let expected = format!("{from:?} is not {}", ty(declared).with_article());
        assert_eq!(decode(&ty(declared), from), Err(Error::Protocol(expected)));
    }
    let long = "é".repeat(200);
    let Err(Error::Protocol(message)) = decode(&PgType::Int4, &long) else {
        panic!("200 letters are no integer");
    };
    assert_eq!(
        message,
        format!("\"{}\"… is not an integer", "é".repeat(80))
    );
}

#[test]
fn a_text_that_stays_is_not_copied() {
    let text = "2026-01-02 03:04:05+00";
    for given in [Cow::Borrowed(text), Cow::Owned(text.to_owned())] {
        let at = given.as_ptr();
        let Ok(Decoded::Text(kept)) = decode_text(&PgType::Timestamptz, given) else {
            panic!("a timestamp is kept as text");
        };
        assert_eq!(kept.as_ptr(), at);
    }
}
