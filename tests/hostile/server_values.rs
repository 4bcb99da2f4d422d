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

#[test]
fn a_value_that_no_app_may_write_does_not_keep_the_rest_of_its_row_from_being_written() {
    let digits = "9".repeat(200_000);
    for (entry, text) in [
        (r#"{"type":"jsonb"}"#, nested(5_000).as_str()),
        (r#"{"type":"jsonb"}"#, "'; DROP TABLE drafts; --"),
        (r#"{"type":"json"}"#, "{"),
        (r#"{"type":"numeric"}"#, &digits),
        (r#"{"type":"inet"}"#, "nowhere"),
        (r#"{"type":"cidr"}"#, ""),
    ] {
        let mut victim = told(entry, text);
        assert_eq!(victim.app.run("UPDATE t SET b = 'mine'"), 1, "{entry}");
        assert_eq!(
            victim.app.rows("SELECT a, b FROM t"),
            [format!("{text}|mine")]
        );
        let sent = victim
            .app
            .rows("SELECT value FROM _throughline_changes WHERE table_name = 't'");
        assert_eq!(sent, [r#"{"b":"mine"}"#]);
        victim.app.assert_sound();
    }
}
