//! The floor: what any client must do with such a body, by the fastest plain means there are. The platform's own JSON
//! reader, and one prepared insert a row in one transaction, into a bare table by the very same build of SQLite.

use rusqlite::Connection;

use super::body::{Body, COLUMNS};
use super::clock::timed;

/// The body as the platform has it before it reads it.
pub struct Floor {
    source: json::Source,
    rows: usize,
}

impl Floor {
    pub fn new(body: &Body) -> Self {
        Self {
            source: json::source(&body.text),
            rows: body.rows,
        }
    }

    /// Reads the body; milliseconds.
    pub fn parse(&self) -> f64 {
        timed(|| std::hint::black_box(json::parse(&self.source))).1
    }

    /// Reads the body and inserts its rows; milliseconds until they are committed.
    pub fn apply(&self) -> f64 {
        let conn = throughline::engine::open_memory().unwrap();
        let mut columns: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        columns[0] = "id TEXT PRIMARY KEY";
        conn.execute_batch(&format!("CREATE TABLE items ({})", columns.join(",")))
            .unwrap();
        let ((), ms) = timed(|| insert(&conn, &json::parse(&self.source)));
        let count: i64 = conn
            .query_row("SELECT count(*) FROM items", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, self.rows as i64);
        ms
    }
}

fn insert(conn: &Connection, messages: &json::Messages) {
    let places = vec!["?"; COLUMNS.len()].join(",");
    let transaction = conn.unchecked_transaction().unwrap();
    let mut statement = conn
        .prepare(&format!("INSERT INTO items VALUES ({places})"))
        .unwrap();
    json::each_row(messages, |at, text| {
        statement.raw_bind_parameter(at + 1, text).unwrap();
        if at + 1 == COLUMNS.len() {
            statement.raw_execute().unwrap();
        }
    });
    drop(statement);
    transaction.commit().unwrap();
}

#[cfg(not(target_family = "wasm"))]
mod json {
    use serde_json::Value;

    use super::COLUMNS;

    pub type Source = String;
    pub type Messages = Vec<Value>;

    pub fn source(text: &str) -> Source {
        text.to_owned()
    }

    pub fn parse(source: &Source) -> Messages {
        serde_json::from_str(source).unwrap()
    }

    /// Position and text of each column, row by row.
    pub fn each_row(messages: &Messages, mut column: impl FnMut(usize, Option<&str>)) {
        for row in messages.iter().filter_map(|message| message.get("value")) {
            for (at, (name, _)) in COLUMNS.iter().enumerate() {
                column(at, row[name].as_str());
            }
        }
    }
}

#[cfg(target_family = "wasm")]
mod json {
    use js_sys::{Array, Function, JsString, Reflect, global};
    use wasm_bindgen::{JsCast, JsValue};

    use super::COLUMNS;

    pub type Source = JsString;
    pub type Messages = Array;

    pub fn source(text: &str) -> Source {
        text.into()
    }

    /// `JSON.parse` of a string that already is JavaScript's.
    pub fn parse(source: &Source) -> Messages {
        let json = Reflect::get(&global(), &"JSON".into()).unwrap();
        let parse: Function = Reflect::get(&json, &"parse".into())
            .unwrap()
            .unchecked_into();
        parse.call1(&json, source).unwrap().unchecked_into()
    }

    /// Position and text of each column, row by row.
    pub fn each_row(messages: &Messages, mut column: impl FnMut(usize, Option<&str>)) {
        let value = JsValue::from("value");
        let names: Vec<JsValue> = COLUMNS
            .iter()
            .map(|(name, _)| JsValue::from(*name))
            .collect();
        for message in messages.iter() {
            let row = Reflect::get(&message, &value).unwrap();
            if row.is_undefined() {
                continue;
            }
            for (at, name) in names.iter().enumerate() {
                let text = Reflect::get(&row, name)
                    .unwrap()
                    .dyn_into::<JsString>()
                    .ok();
                column(at, text.map(String::from).as_deref());
            }
        }
    }
}
