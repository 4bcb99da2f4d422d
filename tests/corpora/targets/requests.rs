//! What pages ask of a database, from several tabs. The input is lines: a request as JSON, `shape` or `subset` with the JSON that an app
//! passes, or else one SQL statement.

use std::cell::Cell;

use throughline::engine::{Asked, Event};
use throughline::error::Result;
use throughline::ids::{Millis, RequestId, TabNumber, TransactionId};
use throughline::tabs::{Request, Statement};

use super::device::{Device, assert_clear};

const MOST_LINES: usize = 24;

/// A statement is interrupted at so many looks at the clock.
const MOST_LOOKS: i64 = 200;

const OPTIONS: &str = r#"{"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false}, "statementTimeout": 200,
    "tables": {"items": {"columns": {"id": "int4", "title": "text", "done": "bool", "doc": "jsonb", "tags": "text[]"}, "primaryKey": ["id"],
    "shape": {"log": "changes_only"}}}}"#;

thread_local! {
    static LOOKS: Cell<i64> = const { Cell::new(0) };
}

/// Goes on with each look at it: the same statement is interrupted at the same place.
fn clock() -> Millis {
    LOOKS.set(LOOKS.get() + 200 / MOST_LOOKS);
    Millis(LOOKS.get())
}

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut device = Device::open(OPTIONS, false).unwrap();
    device.engine.limit_statements(clock).unwrap();
    for (at, line) in text.lines().take(MOST_LINES).enumerate() {
        let (tab, line) = match line.split_once('>') {
            Some((tab, line)) if tab.len() == 1 => (TabNumber(tab.as_bytes()[0].into()), line),
            _ => (TabNumber::default(), line),
        };
        match read(line) {
            Ok(Some(request)) => {
                let asked = Asked {
                    tab,
                    ..RequestId(1000 + at as u32).into()
                };
                device.ask_as(asked, request);
            }
            Ok(None) => {}
            Err(error) => assert_clear(&error.report()),
        }
    }
    // With the tabs go their transactions; what a page is still waiting for is answered or dropped.
    for tab in 0..=u8::MAX {
        device.handle(Event::TabGone(TabNumber(tab.into())));
    }
    for number in 0..MOST_LINES {
        device.ask(Request::Rollback(TransactionId(number as i64)));
    }
    device.assert_sound();
}

/// `None` for what would end the device, or needs more of it than there is.
fn read(line: &str) -> Result<Option<Request>> {
    if let Some(json) = line.strip_prefix("shape ") {
        return Request::set_shape("items".into(), None, json).map(Some);
    }
    if let Some(json) = line.strip_prefix("subset ") {
        return Request::load_subset("items".into(), None, json).map(Some);
    }
    Ok(match serde_json::from_str(line) {
        Ok(
            Request::Close
            | Request::Wipe
            | Request::Export
            | Request::Import(_)
            | Request::Record(_),
        ) => None,
        Ok(request) => Some(request),
        Err(_) => Some(Request::Execute {
            statement: Statement {
                sql: line.to_owned(),
                params: vec![],
                typed: line.len() % 2 == 1,
            },
            transaction: None,
        }),
    })
}
