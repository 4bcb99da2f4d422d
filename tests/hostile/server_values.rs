//! Values that a shape server sends.

use throughline::tabs::ShapePhase;
use throughline::value::Value;

use super::victim::{Victim, json, up_to_date};

/// One row of `t`, whose column `a` has that entry in the schema and that text.
fn told(entry: &str, text: &str) -> Victim {
    let mut victim = Victim::waiting();
    let schema =
        format!(r#"{{"id":{{"type":"int4","pk_index":0}},"a":{entry},"b":{{"type":"text"}}}}"#);
    let body = format!(
        r#"[{{"key":"1","value":{{"id":"1","a":{}}},"headers":{{"operation":"insert"}}}},{}]"#,
        json(text),
        up_to_date()
    );
    victim.log_with(&schema, "10_0", &body);
    victim.assert_unharmed();
    victim
}

const JSON: [&str; 4] = [
    r#"{"type":"json"}"#,
    r#"{"type":"jsonb"}"#,
    r#"{"type":"json","dims":1}"#,
    r#"{"type":"jsonb","dims":1}"#,
];

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn json_without_end_of_nesting_does_not_overflow_the_stack() {
    for entry in JSON {
        let deep = nested(200_000);
        let text = match entry.contains("dims") {
            true => format!("{{\"{deep}\"}}"),
            false => deep.clone(),
        };
        let mut victim = told(entry, &text);
        assert_eq!(victim.phase(), ShapePhase::Live, "{entry}");
        for sql in ["UPDATE t SET b = 'mine'", "UPDATE t SET a = ?"] {
            let params = vec![Value::Text(nested(200_001)); sql.matches('?').count()];
            if let Err(error) = victim.app.execute(sql, &params) {
                assert_eq!(error.code(), "CONSTRAINT", "{entry}");
            }
            victim.app.assert_sound();
        }
    }
}
