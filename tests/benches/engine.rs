//! Our side: the parser alone, and the engine from an answer to committed rows.

use std::hint::black_box;

use throughline::engine::{Answer, Config, Effect, Engine, Event, open_memory};
use throughline::ids::{Millis, RequestId};
use throughline::shape::message;
use throughline::tabs::{Persistence, Reply, Request, Statement};
use throughline::value::Value;

use super::body::{Body, COLUMNS};
use super::clock::timed;

const NOW: Millis = Millis(1_767_322_800_000);

/// Reads the body; milliseconds.
pub fn parse(body: &Body) -> f64 {
    let (messages, ms) = timed(|| message::parse(black_box(&body.text)).unwrap());
    assert_eq!(messages.len(), body.rows + 1);
    ms
}

/// Hands the body to an engine with an empty table; milliseconds until it is committed.
pub fn apply(body: &Body) -> f64 {
    let mut rng = fastrand::Rng::with_seed(2);
    let (mut engine, effects) = Engine::open(
        open_memory().unwrap(),
        Config::parse(&options()).unwrap(),
        Persistence::Memory,
        None,
        NOW,
        &mut rng,
    )
    .unwrap();
    let fetch = effects
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Fetch(fetch) => Some(fetch.id),
            _ => None,
        })
        .expect("the shape is asked for");
    let answer = Answer {
        status: 200,
        headers: headers(),
        body: body.text.clone(),
    };
    let (_, ms) = timed(|| engine.handle(NOW, &mut rng, Event::Answered { fetch, answer }));
    assert_eq!(count(&mut engine, &mut rng), body.rows as i64);
    ms
}

fn options() -> String {
    let columns: Vec<String> = COLUMNS
        .iter()
        .map(|(name, ty)| format!(r#""{name}":"{ty}""#))
        .collect();
    format!(
        r#"{{"name":"bench","electric":{{"url":"http://127.0.0.1/v1/shape"}},
            "tables":{{"items":{{"columns":{{{}}},"primaryKey":["{}"]}}}}}}"#,
        columns.join(","),
        COLUMNS[0].0
    )
}

fn headers() -> Vec<(String, String)> {
    let columns: Vec<String> = COLUMNS
        .iter()
        .enumerate()
        .map(|(at, (name, ty))| match at {
            0 => format!(r#""{name}":{{"type":"{ty}","pk_index":0,"not_null":true}}"#),
            _ => format!(r#""{name}":{{"type":"{ty}"}}"#),
        })
        .collect();
    let schema = format!("{{{}}}", columns.join(","));
    [
        ("electric-handle", "1-1"),
        ("electric-offset", "0_0"),
        ("electric-schema", &schema),
        ("electric-up-to-date", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The rows that the app sees.
fn count(engine: &mut Engine, rng: &mut fastrand::Rng) -> i64 {
    let request = Request::Query {
        statement: Statement {
            sql: "SELECT count(*) FROM items".to_owned(),
            params: Vec::new(),
            typed: false,
        },
        transaction: None,
    };
    let effects = engine.handle(NOW, rng, Event::Request(RequestId(1).into(), request));
    let rows = effects.into_iter().find_map(|effect| match effect {
        Effect::Reply(_, Ok(Reply::Rows(rows))) => Some(rows),
        _ => None,
    });
    match rows.expect("the query is answered").values()[..] {
        [Value::Integer(count)] => count,
        ref other => panic!("{other:?}"),
    }
}
