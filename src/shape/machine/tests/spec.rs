//! The tables of `SPEC.md`, cell by cell.

use super::*;

const SPEC: &str = include_str!("../../SPEC.md");

const STATES: [&str; 8] = [
    "Idle", "CatchUp", "Live", "Applying", "Waiting", "Failed", "Paused", "Storing",
];
const EVENTS: [&str; 12] = [
    "Start",
    "ResponseHead",
    "Response",
    "Failed",
    "Committed",
    "CommitFailed",
    "Timer",
    "Refresh",
    "Refetch",
    "Pause",
    "Resume",
    "HeadersChanged",
];

/// The cells of the table whose header begins with this name.
fn table(first_column: &str) -> Vec<Vec<&'static str>> {
    let rows = SPEC
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {first_column} |")));
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|row: &Vec<&str>| !row[0].starts_with("---"))
        .collect()
}

fn world_in(state: &str) -> World {
    let mut world = World::catching_up("H", "10_0");
    match state {
        "Idle" => world = World::at("H", "10_0"),
        "CatchUp" => {}
        "Live" => world = World::live("H", "10_0"),
        "Applying" => drop(world.log("H", "12_0", HEAD)),
        "Waiting" => drop(world.fail(FetchFailure::Network)),
        "Failed" => drop(world.answer(404, &[], "")),
        "Paused" => drop(world.on(Event::Pause)),
        "Storing" => {
            world.log("H", "12_0", HEAD);
            world.on(Event::Pause);
        }
        other => panic!("{other}"),
    }
    assert_eq!(name(&world.shape.state), state);
    world
}

fn name(state: &State) -> &'static str {
    match state {
        State::Idle => "Idle",
        State::Requesting { current, .. } if current.live => "Live",
        State::Requesting { .. } => "CatchUp",
        State::Applying { .. } => "Applying",
        State::Waiting(_) => "Waiting",
        State::Failed => "Failed",
        State::Paused { pending: None } => "Paused",
        State::Paused { pending: Some(_) } => "Storing",
    }
}

fn happens(world: &mut World, event: &str) -> Steps {
    let attempt = world.shape.last_attempt();
    match event {
        "Start" => world.on(Event::Start),
        "ResponseHead" => {
            let headers = Box::leak(Box::new(ResponseHeaders::new(of_log("H", "12_0"))));
            world.on(Event::ResponseHead {
                attempt,
                status: 200,
                headers,
            })
        }
        "Response" => world.log("H", "12_0", HEAD),
        "Failed" => world.fail(FetchFailure::Network),
        "Committed" => world.on(Event::Committed),
        "CommitFailed" => world.on(Event::CommitFailed(Error::Quota("full".into()))),
        "Timer" => {
            world.later(60_000);
            world.on(Event::Timer)
        }
        "Refresh" => world.on(Event::Refresh),
        "Refetch" => world.on(Event::Refetch),
        "Pause" => world.on(Event::Pause),
        "Resume" => world.on(Event::Resume),
        "HeadersChanged" => world.on(Event::HeadersChanged),
        other => panic!("{other}"),
    }
}

#[test]
fn every_state_takes_every_event_as_the_spec_says() {
    let table = table("event");
    assert_eq!(table[0][1..], STATES);
    let events: Vec<_> = table[1..].iter().map(|row| row[0]).collect();
    assert_eq!(events, EVENTS);
    for row in &table[1..] {
        for (state, expected) in STATES.iter().zip(&row[1..]) {
            let mut world = world_in(state);
            let steps = happens(&mut world, row[0]);
            let next = name(&world.shape.state);
            let found = if next == *state && steps.is_empty() {
                "·"
            } else {
                next
            };
            assert_eq!(found, *expected, "{} in {state}: {steps:?}", row[0]);
        }
    }
}

/// A request that was aborted or replaced has no say any more.
#[test]
fn no_state_listens_to_an_attempt_that_is_not_out() {
    for state in STATES {
        let mut world = world_in(state);
        let old = Attempt(world.shape.last_attempt().0 + 7);
        for status in [200, 409, 401, 500] {
            assert_eq!(world.answer_to(old, status, &of_log("N", "1_0"), HEAD), []);
        }
        let failure = FetchFailure::Aborted;
        assert_eq!(
            world.on(Event::Failed {
                attempt: old,
                failure
            }),
            []
        );
        assert_eq!(name(&world.shape.state), state);
    }
}

fn given(id: &str, world: &mut World) {
    let log = |handle| of_log(handle, "12_0");
    match id {
        "A1" => world.log("H", "10_0", EMPTY),
        "A2" => world.log("H", "12_0", ROW_AND_HEAD),
        "A3" => world.log("E", "12_0", ROW),
        "A4" => world.log("N", "12_0", ROW),
        "A5" => world.log("H", "9_0", ROW),
        "A6" => world.answer(
            200,
            &[("electric-handle", "H"), ("electric-schema", "{}")],
            HEAD,
        ),
        "A7" => world.answer(
            200,
            &[("Content-Type", "text/html; charset=utf-8")],
            "Log in",
        ),
        "A8" => world.answer(200, &log("H"), r#"{"rows":[]}"#),
        "A9" => world.answer(200, &log("H"), &ROW[..30]),
        "A10" => world.answer(204, &[], ""),
        "A11" => world.answer(302, &[("location", "/login")], ""),
        "A12" => world.answer(304, &log("H"), ""),
        "A13" => world.answer(
            400,
            &[],
            r#"{"message":"Invalid request","errors":{"table":["no"]}}"#,
        ),
        "A14" => world.answer(400, &[], OUT_OF_BOUNDS),
        "A15" => world.answer(401, &[], ""),
        "A16" => world.answer(403, &[], "<h1>no</h1>"),
        "A17" => world.answer(404, &[], "not found"),
        "A18" => world.answer(408, &[], ""),
        "A19" => world.answer(409, &[("electric-handle", "N")], MUST_REFETCH),
        "A20" => world.answer(409, &[], MUST_REFETCH),
        "A21" => world.answer(409, &[("electric-handle", "H")], MUST_REFETCH),
        "A22" => world.answer(429, &[("retry-after", "3")], ""),
        "A23" => world.answer(500, &[], r#"{"error":"Internal server error"}"#),
        "A24" => world.answer(503, &[], "<html>Bad gateway</html>"),
        "A25" => world.answer(414, &[], ""),
        other => panic!("SPEC.md has {other}, the test has not"),
    };
}

#[test]
fn every_answer_leads_where_the_spec_says_live_or_not() {
    let table = table("id");
    assert_eq!(table.len(), 26);
    for row in &table[1..] {
        for mut world in [world_in("CatchUp"), world_in("Live")] {
            world.shape.stored.expired.push("E".into());
            let before = world.position();
            given(row[0], &mut world);
            assert_eq!(name(&world.shape.state), row[2], "{}", row[1]);
            assert_eq!(
                world.position(),
                before,
                "{}: nothing is committed yet",
                row[1]
            );
        }
    }
}
