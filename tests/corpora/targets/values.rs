//! A type and a text: as the server sends it, as an app binds it, as JSON. The input is two lines; the first is the type, in SQL or,
//! after `$`, as Electric names it with its dimensions.

use serde_json::value::RawValue;
use throughline::error::Result;
use throughline::value::{PgType, Value, canonical, decode, read_wire, write_wire};

use super::device::assert_clear;

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (spelled, text) = text.split_once('\n').unwrap_or(("text", text));
    let Some(ty) = read_type(spelled) else {
        return;
    };
    // What the server says is taken on trust: it need be no value that an app could write.
    if let Some(value) = clear(decode(&ty, text)) {
        clear(read_wire(&ty, &wire(&ty, &value)));
        assert_canonical(&ty, value);
    }
    let bound = [
        Value::Text(text.to_owned()),
        Value::Blob(text.as_bytes().to_vec()),
        text.parse().map_or(Value::Null, Value::Integer),
        text.parse()
            .ok()
            .filter(|real: &f64| !real.is_nan())
            .map_or(Value::Null, Value::Real),
    ];
    for value in bound {
        assert_canonical(&ty, value);
    }
    if let Ok(json) = serde_json::from_str::<&RawValue>(text)
        && let Some(value) = clear(read_wire(&ty, json))
        // Spaces and the like are the sender's; what is written of it has none.
        && let Some(value) = clear(read_wire(&ty, &wire(&ty, &value)))
    {
        assert_survives_the_wire(&ty, &value, text);
    }
}

fn read_type(spelled: &str) -> Option<PgType> {
    if let Some(name) = spelled.strip_prefix('$') {
        let (name, dims) = name.split_once(' ').unwrap_or((name, "0"));
        let dims = dims.parse().unwrap_or_default();
        let ty = PgType::from_electric(name, dims);
        let again = PgType::parse_declared(&PgType::spell_electric(name, dims));
        assert!(
            name.is_empty() || again == Ok(ty.clone()),
            "{name:?} {dims}: {again:?}"
        );
        return Some(ty);
    }
    PgType::parse_declared(spelled)
        .inspect_err(|reason| assert!(!reason.is_empty()))
        .ok()
}

fn clear<T>(read: Result<T>) -> Option<T> {
    read.inspect_err(|error| assert_clear(&error.report())).ok()
}

/// What an app may write, once taken, is taken as it is, and is the same on the server and back.
fn assert_canonical(ty: &PgType, value: Value) {
    match canonical(ty, value) {
        Ok(once) => {
            let twice = canonical(ty, once.clone());
            assert_eq!(twice.as_ref().map(bits), Ok(bits(&once)), "{ty:?}");
            assert_survives_the_wire(ty, &once, "as bound");
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
}

fn assert_survives_the_wire(ty: &PgType, value: &Value, text: &str) {
    let raw = wire(ty, value);
    let back =
        read_wire(ty, &raw).unwrap_or_else(|error| panic!("{ty:?} {text:?}: {raw}: {error}"));
    assert_eq!(bits(&back), bits(value), "{ty:?} {text:?}: {raw}");
}

/// Whatever the value, it is JSON.
fn wire(ty: &PgType, value: &Value) -> Box<RawValue> {
    let mut json = String::new();
    write_wire(&mut json, ty, value);
    RawValue::from_string(json.clone())
        .unwrap_or_else(|error| panic!("{ty:?} {value:?}: {json}: {error}"))
}

/// Bit by bit: `-0.0` is not `0.0` here.
fn bits(value: &Value) -> (Value, Option<u64>) {
    match value {
        Value::Real(real) => (value.clone(), Some(real.to_bits())),
        _ => (value.clone(), None),
    }
}
