//! A `changes_only` log that begins now, and a subset beside it (protocol section 10).

use serde_json::{Value as Json, json};
use throughline::engine::{Effect, Event};
use throughline::ids::RequestId;
use throughline::schema::Subset;
use throughline::tabs::{Reply, Request, ShapePhase};

use crate::recording::{query, recording};
use crate::replay::{Replay, options};

/// Trap 34: the position stays the log's own.
#[test]
fn a_subset_is_asked_for_beside_the_log_and_shown() {
    let mut replay = Replay::cold(&options("items", r#"{"log": "changes_only"}"#));
    replay.replay("69");
    assert_eq!(replay.phase(), ShapePhase::Live);
    assert_eq!(replay.items(), Vec::<String>::new());
    let before = replay.position();

    let load = Request::LoadSubset {
        table: "items".into(),
        name: "default".into(),
        subset: Subset {
            where_clause: Some("list_id = $1".into()),
            params: vec!["1".into()],
            order_by: Some("id desc".into()),
            limit: Some(3),
            ..Subset::default()
        },
    };
    let id = RequestId(1_000);
    replay.happens(Event::Request(id.into(), load));
    let fetch = replay.fetch_like("70");
    // The recorded one is a GET, which the service will no longer take; a POST says the same.
    let mut asked = recording("70").asked;
    let body: Json = serde_json::from_str(fetch.body.as_deref().unwrap()).unwrap();
    let recorded = json!({
        "where": asked.remove("subset__where"),
        "params": serde_json::from_str::<Json>(&asked.remove("subset__params").unwrap()).unwrap(),
        "order_by": asked.remove("subset__order_by"),
        "limit": asked.remove("subset__limit").unwrap().parse::<u32>().unwrap(),
    });
    assert_eq!(body, recorded);
    assert_eq!(query(&fetch.url), asked);

    let recorded = recording("70");
    let effects = replay.app.handle(Event::Answered {
        fetch: fetch.id,
        answer: throughline::engine::Answer {
            status: recorded.status,
            headers: recorded.fields,
            body: recorded.body,
        },
    });
    let loaded =
        |effect: &Effect| matches!(effect, Effect::Reply(of, Ok(Reply::Loaded(3))) if *of == id);
    assert!(effects.iter().any(loaded), "{effects:?}");
    replay.note(effects);
    assert_eq!(
        replay.items(),
        ["1248 1 bulk 1248", "1249 1 bulk 1249", "1250 1 bulk 1250"]
    );
    assert_eq!(replay.position(), before);
}
