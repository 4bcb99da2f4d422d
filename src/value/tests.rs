#![allow(clippy::unwrap_used)]

mod canonical_table;
mod decode_table;
#[cfg(not(target_family = "wasm"))] // proptest's seeds need an operating system
mod properties;
mod recordings;
mod round_trips;
mod types;

use super::*;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn ty(declared: &str) -> PgType {
    PgType::parse_declared(declared).unwrap()
}

fn wire(ty: &PgType, value: &Value) -> String {
    let mut out = String::new();
    write_wire(&mut out, ty, value);
    out
}

fn unwire(ty: &PgType, json: &str) -> crate::error::Result<Value> {
    read_wire(ty, serde_json::from_str(json).unwrap())
}
