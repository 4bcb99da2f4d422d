//! A shape server whose answers are held, because another shape is to show its changes at the same moment.

use throughline::tabs::ShapePhase;

use super::victim::{SCHEMA, Victim, headers, up_to_date};

const GROUPED: &str = r#"{"name": "hostile", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"t": {"shape": {"group": "g"}}, "u": {"shape": {"group": "g"}}, "other": {}}}"#;

/// Both shapes of the group are up to date and shown.
fn grouped() -> Victim {
    let mut victim = Victim::open(GROUPED);
    victim.loads("t", "H");
    victim.loads("u", "U");
    rounds(&mut victim, 10, "H");
    assert_eq!(victim.app.rows("SELECT a FROM t"), ["one", "two"]);
    assert_eq!(victim.app.rows("SELECT a FROM u"), ["one", "two"]);
    victim.remember();
    victim
}

fn up_to(lsn: u32) -> String {
    up_to_date().replace(r#""10""#, &format!("\"{lsn}\""))
}

/// An honest server has nothing new for either, however often it is asked, but for a log that is read from its start.
fn rounds(victim: &mut Victim, lsn: u32, handle: &str) {
    for _ in 0..6 {
        victim.run_for(6_000);
        for (table, handle) in [("t", handle), ("u", "U")] {
            let asks = victim.asks(table).map(|fetch| fetch.url.clone());
            if asks.is_some_and(|url| !url.contains("live=true") && !url.contains("offset=-1")) {
                let offset = format!("{lsn}_0");
                let body = format!("[{}]", up_to(lsn));
                victim.answers(table, 200, &headers(handle, &offset, SCHEMA), &body);
            }
        }
    }
}

#[test]
fn a_row_that_cannot_be_shown_is_refused_when_it_comes_and_holds_nothing_back() {
    for value in [
        r#"{"id":"9","body":"x"}"#,
        r#"{"id":"nine","a":"x"}"#,
        r#"{"a":"x"}"#,
    ] {
        let mut victim = grouped();
        let body = format!(
            r#"[{{"key":"9","value":{value},"headers":{{"operation":"insert","lsn":"20"}}}},{}]"#,
            up_to(20)
        );
        victim.answers("t", 200, &headers("H", "20_0", SCHEMA), &body);
        assert_eq!(victim.code(), "PROTOCOL", "{value}");
        assert_eq!(
            victim.app.rows("SELECT count(*) FROM _throughline_held"),
            ["0"]
        );
        assert_eq!(victim.status().storage.error, None);
        victim.assert_unharmed();
    }
}

#[test]
fn what_turns_out_to_be_wrong_when_it_is_shown_is_read_anew() {
    let mut victim = grouped();
    let rows: Vec<String> = (0..40)
        .map(|n| {
            let tags = (0..50).map(|m| format!(r#""t{n}-{m}/""#));
            format!(
                r#"{{"key":"9","value":{{"id":"9","a":"x"}},"headers":{{"operation":"insert","lsn":"20","tags":[{}]}}}}"#,
                tags.collect::<Vec<_>>().join(",")
            )
        })
        .collect();
    let body = format!("[{},{}]", rows.join(","), up_to(20));
    victim.answers("t", 200, &headers("H", "20_0", SCHEMA), &body);
    rounds(&mut victim, 20, "H");
    assert_eq!(victim.status().storage.error, None);
    victim.loads("t", "H2");
    rounds(&mut victim, 30, "H2");
    assert_eq!(victim.phase(), ShapePhase::Live);
    assert_eq!(victim.app.rows("SELECT a FROM t"), ["one", "two"]);
    victim.assert_unharmed();
}
