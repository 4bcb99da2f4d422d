use super::*;

#[test]
fn the_wire_spelling_of_each_type() {
    let cases = [
        ("boolean", Value::Integer(1), "true"),
        ("boolean", Value::Integer(0), "false"),
        ("integer", Value::Integer(-5), "-5"),
        ("oid", Value::Integer(4_294_967_295), "4294967295"),
        (
            "bigint",
            Value::Integer(9_007_199_254_740_991),
            "9007199254740991",
        ),
        (
            "bigint",
            Value::Integer(9_007_199_254_740_992),
            "\"9007199254740992\"",
        ),
        (
            "bigint",
            Value::Integer(i64::MIN),
            "\"-9223372036854775808\"",
        ),
        ("double precision", Value::Real(0.1), "0.1"),
        ("double precision", Value::Real(1e22), "1e22"),
        (
            "double precision",
            Value::Real(f64::MIN_POSITIVE),
            "2.2250738585072014e-308",
        ),
        (
            "double precision",
            Value::Real(f64::NEG_INFINITY),
            "\"-Infinity\"",
        ),
        ("double precision", text("NaN"), "\"NaN\""),
        ("numeric", text("1.500"), "\"1.500\""),
        (
            "text",
            text("tab\t\u{0}\u{1f}\u{7f}\u{2028}😀\"\\/"),
            "\"tab\\t\\u0000\\u001f\u{7f}\u{2028}😀\\\"\\\\/\"",
        ),
        ("bytea", Value::Blob(vec![0xde, 0xad, 0]), "\"\\\\xdead00\""),
        (
            "jsonb",
            text("{\"big\": 12345678901234567890.10}"),
            "{\"big\": 12345678901234567890.10}",
        ),
        ("jsonb", text("\"null\""), "\"null\""),
        ("jsonb", text("null"), "\"\\u006eull\""),
        ("integer[]", text("[1,null]"), "[1,null]"),
        (
            "bigint[]",
            text("[[9007199254740993,null],[-9223372036854775808,5]]"),
            "[[\"9007199254740993\",null],[\"-9223372036854775808\",5]]",
        ),
        ("date", text("2026-01-02"), "\"2026-01-02\""),
        ("text", Value::Null, "null"),
        ("jsonb", Value::Null, "null"),
    ];
    for (declared, value, json) in cases {
        assert_eq!(wire(&ty(declared), &value), json);
        assert_eq!(unwire(&ty(declared), json), Ok(value), "{declared} {json}");
    }
}

#[test]
fn a_negative_zero_keeps_its_sign() {
    let Ok(Value::Real(zero)) = unwire(&PgType::Float8, &wire(&PgType::Float8, &Value::Real(-0.0)))
    else {
        panic!("a zero is a float");
    };
    assert!(zero == 0.0 && zero.is_sign_negative());
}

#[test]
fn numbers_may_arrive_as_text_and_text_as_numbers() {
    let cases = [
        ("bigint", "\"5\"", Value::Integer(5)),
        ("double precision", "5", Value::Real(5.0)),
        (
            "numeric",
            "12345678901234567890.10",
            text("12345678901234567890.10"),
        ),
        ("boolean", "1", Value::Integer(1)),
        ("boolean", "\"f\"", Value::Integer(0)),
        ("text", "5", text("5")),
        ("jsonb", "5", text("5")),
    ];
    for (declared, json, expected) in cases {
        assert_eq!(
            unwire(&ty(declared), json),
            Ok(expected),
            "{declared} {json}"
        );
    }
}

#[test]
fn json_of_another_type_is_refused() {
    let cases = [
        ("boolean", "2"),
        ("integer", "1.5"),
        ("integer", "\"a\""),
        ("integer", "true"),
        ("bytea", "\"abc\""),
        ("text", "[1]"),
        ("text", "{}"),
        ("integer[]", "{}"),
        ("text", "\"\\ud800\""),
    ];
    for (declared, json) in cases {
        let message = format!("{json:?} is not a value of type {}", ty(declared));
        let refused = crate::error::Error::Constraint(message);
        assert_eq!(unwire(&ty(declared), json), Err(refused));
    }
}

#[test]
fn the_longest_numbers_that_numeric_holds_are_spelled_out() {
    for (written, digits) in [
        ("1e65536", 65_537),
        ("1e131071", 131_072),
        ("1e-16383", 16_385),
    ] {
        for declared in ["numeric", "jsonb"] {
            let spelled = canonical(&ty(declared), Value::Text(written.to_owned())).unwrap();
            let Value::Text(spelled) = spelled else {
                panic!("{spelled:?}")
            };
            assert_eq!(spelled.len(), digits, "{declared} {written}");
        }
    }
}
