//! Requests of a page that no client of ours would send, and values that it may send.

use throughline::engine::{Answer, Effect, Event};
use throughline::tabs::{Request, Statement};
use throughline::value::Value;

use super::support::{App, statement};

const DOCUMENTS: &str = r#"{"name": "test", "write": {"url": "/changes"}, "tables": {"documents": {
    "columns": {"id": "integer", "body": "json", "indexed": "jsonb", "numbers": "numeric[]"}, "primaryKey": ["id"]}}}"#;

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// JSON that the column takes, and that no reader of ours into values does.
#[test]
fn a_document_beyond_what_json_readers_take_can_be_sent_and_settled() {
    for (column, body) in [
        ("body", nested(200)),
        ("body", nested(100_000)),
        ("body", "1e400".into()),
        ("body", format!("{}", "9".repeat(400))),
        ("body", r#""\ud800""#.into()),
        ("indexed", nested(400)),
        ("indexed", "1e400".into()),
        ("numbers", format!("[{}]", "9".repeat(400))),
    ] {
        let mut app = App::open(DOCUMENTS);
        let insert = format!("INSERT INTO documents (id, {column}) VALUES (1, ?)");
        app.execute(&insert, &[Value::Text(body.clone())]).unwrap();
        let update = format!("UPDATE documents SET {column} = NULL");
        app.execute(&update, &[]).unwrap();
        assert_eq!(app.pending().len(), 2, "{body:.40}");
        let post = app.effects.iter().find_map(|effect| match effect {
            Effect::Fetch(fetch) => Some(fetch.clone()),
            _ => None,
        });
        let (fetch, sent) = post.map(|post| (post.id, post.body.unwrap())).unwrap();
        let refusal = r#"{"transactions":[{"id":"ID","status":"rejected"}]}"#;
        let first = app.pending()[0].id.clone();
        assert!(sent.contains(&first), "{body:.40}");
        let answer = Answer {
            status: 200,
            headers: Vec::new(),
            body: refusal.replace("ID", &first),
        };
        app.handle(Event::Answered { fetch, answer });
        let rejected = app.rejected();
        assert_eq!(rejected.len(), 2, "{body:.40}");
        assert!(rejected[0].changes[0].value.get(column).is_some());
        let number = rejected[0].number;
        let retry = Request::Retry {
            number,
            dependents: true,
        };
        app.ask(retry).unwrap();
        app.assert_sound();
    }
}
