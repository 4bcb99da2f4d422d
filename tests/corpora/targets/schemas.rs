//! Tables of any name with columns of any name and type, made from what the server says of them, changed, and opened again.

use serde_json::{Map, Value as Json, json};
use throughline::engine::{Answer, Config, Fetch};
use throughline::schema::{identifier, list};
use throughline::tabs::ShapePhase;
use throughline::value::Value;

use super::device::{Device, assert_clear};
use super::input::Input;

const NAMES: &[&str] = &[
    "id",
    "ID",
    "title",
    "select",
    "rowid",
    "oid",
    "_rowid_",
    "write_id",
    "is_deleted",
    "changed_columns",
    "_throughline_holder",
    "table",
    "a.b",
    "items_synced",
    "items_local",
    "new",
    "old",
    "sqlite_master",
    "$1",
    "?1",
    ":a",
    "[a]",
    "`a`",
    "--",
    "/*",
    "%s",
    "{}",
];

const TYPES: &[&str] = &[
    "bool",
    "int2",
    "int4",
    "int8",
    "oid",
    "float4",
    "float8",
    "numeric",
    "text",
    "varchar",
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
    "int4range",
];

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let table = if input.one_in(2) {
        "items".to_owned()
    } else {
        name(&mut input)
    };
    let options = options(&table, &mut input);
    if let Err(error) = Config::parse(&options) {
        return assert_clear(&error.report());
    }
    let mut device = match Device::open(&options, input.one_in(4)) {
        Ok(device) => device,
        Err(error) => return assert_clear(&error.report()),
    };
    for round in 0..3 {
        let columns = columns(&mut input);
        answer(&mut device, &columns, round);
        device.assert_sound();
        show(&mut device, &table, &columns);
        write(&mut device, &table, &columns, &mut input);
        device.assert_sound();
        if input.one_in(3) {
            device.crash();
            device.assert_sound();
            show(&mut device, &table, &columns);
        }
    }
}

fn name(input: &mut Input<'_>) -> String {
    if input.one_in(2) {
        input.pick(NAMES).to_owned()
    } else {
        input.text()
    }
}

fn options(table: &str, input: &mut Input<'_>) -> String {
    let mut declaration = Map::new();
    if input.one_in(3) {
        declaration.insert(
            "indexes".into(),
            json!([name(input), [name(input), "title"]]),
        );
    }
    if input.one_in(4) {
        let columns = [
            ("id".to_owned(), json!("int4")),
            (name(input), json!(name(input))),
        ];
        declaration.insert(
            "columns".into(),
            Json::Object(columns.into_iter().collect()),
        );
        declaration.insert("primaryKey".into(), json!(["id"]));
    }
    let tables: Map<_, _> = [(table.to_owned(), Json::Object(declaration))]
        .into_iter()
        .collect();
    json!({"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false}, "tables": tables}).to_string()
}

/// The header, and which of its columns are in the key.
struct Columns {
    header: String,
    names: Vec<String>,
}

fn columns(input: &mut Input<'_>) -> Columns {
    let mut header = Map::new();
    for at in 0..=input.below(5) {
        let name = if at == 0 && !input.one_in(4) {
            "id".to_owned()
        } else {
            name(input)
        };
        let mut column = Map::new();
        let ty = if input.one_in(8) {
            name.clone()
        } else {
            input.pick(TYPES).to_owned()
        };
        column.insert("type".into(), json!(ty));
        if at == 0 || input.one_in(6) {
            column.insert("pk_index".into(), json!(input.below(2)));
        }
        if input.one_in(4) {
            column.insert("dims".into(), json!(input.below(3)));
        }
        if input.one_in(4) {
            column.insert("not_null".into(), json!(true));
        }
        if input.one_in(16) {
            column.insert(
                input.text(),
                input.pick(&[json!(null), json!(-1), json!("x"), json!({})]),
            );
        }
        header.insert(name, Json::Object(column));
    }
    let names = header.keys().cloned().collect();
    let header = if input.one_in(24) {
        input.rest(64)
    } else {
        Json::Object(header).to_string()
    };
    Columns { header, names }
}

/// The whole table anew, in a log of its own.
fn answer(device: &mut Device, columns: &Columns, round: u32) {
    let handle = format!("h-{round}");
    // The log of before ends.
    for _ in 0..3 {
        let Some(fetch) = device.out.first().cloned() else {
            return;
        };
        let is_start = fetch.url.contains("offset=-1");
        let (status, body) = if is_start {
            (200, body(columns))
        } else {
            (409, "[]".to_owned())
        };
        let answer = Answer {
            status,
            headers: headers(&fetch, columns, &handle),
            body,
        };
        device.answer(&fetch, answer);
        if is_start {
            return;
        }
    }
}

fn headers(fetch: &Fetch, columns: &Columns, handle: &str) -> Vec<(String, String)> {
    let live = fetch.url.contains("live=true");
    let all = [
        ("electric-handle", handle),
        ("electric-offset", "0_0"),
        ("electric-cursor", "7"),
        (
            if live { "x" } else { "electric-schema" },
            columns.header.as_str(),
        ),
    ];
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// One row, of values that all types but few have.
fn body(columns: &Columns) -> String {
    let row: Map<_, _> = columns
        .names
        .iter()
        .map(|name| (name.clone(), json!("1")))
        .collect();
    json!([
        {"key": "k", "value": row, "headers": {"operation": "insert"}},
        {"headers": {"control": "up-to-date", "global_last_seen_lsn": "9"}}
    ])
    .to_string()
}

/// What is live can be read, by the names that the server gave.
fn show(device: &mut Device, table: &str, columns: &Columns) {
    let shape = device.status().shapes.remove(0);
    if let (ShapePhase::Live, 200..) = (shape.phase, shape.bytes) {
        let names = list(columns.names.iter().map(|name| identifier(name)));
        let rows = device.query(&format!("SELECT {names} FROM {}", identifier(table)));
        assert!(rows.is_ok(), "{rows:?}: {names} of {table}");
    }
}

fn write(device: &mut Device, table: &str, columns: &Columns, input: &mut Input<'_>) {
    let names = list(columns.names.iter().map(|name| identifier(name)));
    let table = identifier(table);
    let places = list(columns.names.iter().map(|_| "?"));
    let values: Vec<Value> = columns
        .names
        .iter()
        .map(|_| match input.below(4) {
            0 => Value::Null,
            1 => Value::Text(input.text()),
            n => Value::Integer(n as i64),
        })
        .collect();
    device.execute(
        &format!("INSERT INTO {table} ({names}) VALUES ({places})"),
        values,
    );
    let last = identifier(columns.names.last().unwrap());
    device.execute(
        &format!("UPDATE {table} SET {last} = ?"),
        vec![Value::Text(input.text())],
    );
    if input.one_in(4) {
        device.execute(&format!("DELETE FROM {table}"), vec![]);
    }
}
