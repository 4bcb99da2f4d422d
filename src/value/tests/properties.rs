use proptest::prelude::*;

use super::*;

/// Any value that an app could bind to a column.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        (-3_i64..3).prop_map(Value::Integer),
        any::<f64>().prop_filter("SQLite has no NaN", |f| !f.is_nan()).prop_map(Value::Real),
        any::<String>().prop_map(Value::Text),
        "[-+]?[0-9]{0,12}[.]?[0-9]{0,12}(e[-+]?[0-9]{1,2})?".prop_map(Value::Text),
        "[0-9]{4,6}-[01]?[0-9]-[0-3]?[0-9]([T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9](\\.[0-9]{0,9})?)?(Z|[-+][01][0-9](:?[0-5][0-9])?)?)?( BC)?"
            .prop_map(Value::Text),
        "[0-2][0-9]:[0-5][0-9](:[0-6][0-9](\\.[0-9]{0,9})?)?([-+][01][0-9])?".prop_map(Value::Text),
        "\\{?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\\}?".prop_map(Value::Text),
        "([0-9]{1,3}\\.){3}[0-9]{1,3}(/[0-9]{1,2})?".prop_map(Value::Text),
        "[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}(/[0-9]{1,3})?".prop_map(Value::Text),
        "[{\\[](-?[0-9]{1,3}|null|\"[^\"\\\\]{0,4}\"|true)(,(-?[0-9.]{1,3}|\"a\"|NULL)){0,3}[}\\]]".prop_map(Value::Text),
        any_json().prop_map(|json| Value::Text(json.to_string())),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::Blob),
        prop::collection::vec(any::<u8>(), 0..8)
            .prop_map(|bytes| Value::Text(bytes.iter().fold("\\x".to_owned(), |hex, b| format!("{hex}{b:02X}")))),
    ]
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn any_type() -> impl Strategy<Value = PgType> {
    let names = [
        "bool",
        "int2",
        "int4",
        "int8",
        "oid",
        "float4",
        "float8",
        "numeric",
        "text",
        "bpchar",
        "uuid",
        "bytea",
        "json",
        "jsonb",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "inet",
        "cidr",
        "mood",
        "box",
    ];
    (prop::sample::select(names.to_vec()), 0_u32..2)
        .prop_map(|(name, dims)| PgType::from_electric(name, dims))
}

/// Equal bit by bit: `-0.0` is not `0.0` here.
fn bits(value: &Value) -> (Value, Option<u64>) {
    match value {
        Value::Real(real) => (value.clone(), Some(real.to_bits())),
        _ => (value.clone(), None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn what_canonical_passes_is_canonical_and_survives_the_wire(ty in any_type(), value in any_value()) {
        if let Ok(once) = canonical(&ty, value) {
            let twice = canonical(&ty, once.clone());
            prop_assert_eq!(twice.as_ref().map(bits), Ok(bits(&once)));
            let json = wire(&ty, &once);
            let back = unwire(&ty, &json);
            prop_assert_eq!(back.as_ref().map(bits), Ok(bits(&once)), "{}", json);
        }
    }

    #[test]
    fn decode_makes_of_the_echo_what_canonical_made_of_the_write(ty in any_type(), value in any_value()) {
        let Ok(once) = canonical(&ty, value) else { return Ok(()) };
        let echo = match &once {
            Value::Integer(int) if ty == PgType::Bool => if *int == 0 { "f" } else { "true" }.to_owned(),
            Value::Integer(int) => int.to_string(),
            Value::Real(real) => real.to_string(),
            Value::Text(text) if !matches!(ty, PgType::Array(_)) => text.clone(),
            _ => return Ok(()),
        };
        let decoded = decode(&ty, &echo);
        prop_assert_eq!(decoded.as_ref().map(bits), Ok(bits(&once)), "{}", echo);
    }
}
