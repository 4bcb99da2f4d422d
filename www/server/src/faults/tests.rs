#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::electric::Micros;

const NOW: Micros = Micros(784_111_777_000_000);

fn fault(text: serde_json::Value) -> Fault {
    serde_json::from_value(text).unwrap()
}

#[test]
fn faults_meet_the_requests_they_are_for_in_order() {
    let mut script = Script::default();
    script.add(fault(json!({
        "path": "/v1/shape", "query": "live=true", "skip": 1, "count": 2, "effect": "login_page",
    })));
    script.add(fault(
        json!({ "path": "/v1/shape", "effect": "drop", "bytes": 3 }),
    ));
    script.add(fault(
        json!({ "path": "/v1/shape", "count": 0, "effect": "login_page" }),
    ));
    let drop = Some(Effect::Drop { bytes: 3 });
    assert_eq!(script.take("/changes", ""), None);
    assert_eq!(script.take("/v1/shape", "table=a"), drop);
    assert_eq!(script.take("/v1/shape", "table=a&live=true"), drop);
    for _ in 0..2 {
        assert_eq!(
            script.take("/v1/shape", "live=true"),
            Some(Effect::LoginPage)
        );
    }
    assert_eq!(script.take("/v1/shape", "live=true"), drop);
    script.clear();
    assert_eq!(script.take("/v1/shape", "live=true"), None);
}

#[test]
fn queries_match_decoded_as_well() {
    let mut script = Script::default();
    let wanted = json!({ "path": "/v1/shape", "query": "where=id = 1", "effect": "login_page" });
    script.add(fault(wanted));
    assert!(script.take("/v1/shape", "table=t&where=id+%3D+1").is_some());
    assert!(script.take("/v1/shape", "table=t").is_none());
}

fn in_place(effect: serde_json::Value, query: &str) -> Reply {
    let mut fields = json!({ "path": "/v1/shape" });
    fields
        .as_object_mut()
        .unwrap()
        .extend(effect.as_object().unwrap().clone());
    let effect = fault(fields).effect;
    effect.in_place(query, NOW, &Shelf::default()).unwrap()
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let seconds = in_place(
        json!({ "effect": "retry_later", "status": 429, "seconds": 7 }),
        "",
    );
    assert_eq!(
        (seconds.status, seconds.header("retry-after")),
        (429, Some("7"))
    );
    let date = json!({ "effect": "retry_later", "status": 503, "seconds": 1, "date": true });
    assert_eq!(
        in_place(date, "").header("retry-after"),
        Some("Sun, 06 Nov 1994 08:49:38 GMT")
    );
}

#[test]
fn a_409_names_no_handle_the_sent_one_or_another() {
    let handle = |named: serde_json::Value| {
        let effect = json!({ "effect": "must_refetch", "handle": named });
        let reply = in_place(effect, "table=t&handle=1-2&offset=0_0");
        assert_eq!(reply.status, 409);
        let handle = reply.header("electric-handle").map(str::to_owned);
        let rule = reply.header("cache-control").unwrap();
        assert_eq!(rule.contains("max-age=60"), handle.is_some());
        handle
    };
    assert_eq!(handle(json!("none")), None);
    assert_eq!(handle(json!("sent")).as_deref(), Some("1-2"));
    assert_eq!(handle(json!({ "is": "3-4" })).as_deref(), Some("3-4"));
}

#[test]
fn a_stale_cache_gives_the_oldest_answer_of_the_key_it_knows() {
    let mut shelf = Shelf::default();
    let reply = |text: &str| Reply::new(200, text);
    shelf.keep("table=t&offset=-1", &reply("old"));
    shelf.keep("offset=-1&table=t", &reply("new"));
    shelf.keep("table=u&offset=-1", &reply("other"));
    let stale = |query: &str, ignoring: &[&str]| {
        let ignoring = ignoring.iter().map(|&name| name.to_owned()).collect();
        let found = Effect::Stale { ignoring }.in_place(query, NOW, &shelf);
        found.map(|reply| reply.body)
    };
    assert_eq!(stale("offset=-1&table=t", &[]).as_deref(), Some("old"));
    let busted = "table=t&offset=-1&cache-buster=9";
    assert_eq!(stale(busted, &[]), None);
    assert_eq!(stale(busted, &["cache-buster"]).as_deref(), Some("old"));
    shelf.clear();
    assert!(shelf.oldest("table=t&offset=-1", &[]).is_none());
}

#[test]
fn answers_lose_bytes_or_headers() {
    let reply = || {
        Reply::new(200, "[\"ü\"]")
            .with("electric-offset", "0_0")
            .with("etag", "x")
    };
    let dropped = Effect::Drop { bytes: 1 }.alter(reply());
    assert_eq!(dropped, Delivery::Broken(reply(), 1));
    // Text is never cut within a letter.
    let Delivery::Whole(cut) = (Effect::Truncate { bytes: 3 }).alter(reply()) else {
        panic!("broken");
    };
    assert_eq!(cut.body, "[\"");
    let Delivery::Whole(bare) = (Effect::HideHeaders { prefix: None }).alter(reply()) else {
        panic!("broken");
    };
    assert_eq!(bare.headers, [("etag".to_owned(), "x".to_owned())]);
}
