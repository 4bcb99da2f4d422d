//! What an engine recorded is played over a copy of its database, and every step has the same effects.
//!
//! `THROUGHLINE_TRACE=trace.json cargo test -p throughline --test trace -- --ignored --nocapture` plays a file that the inspector saved,
//! and prints each step.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "support/mod.rs"]
mod support;

use serde_json::{Value, json};
use support::world::{Fault, SYNCED, World};
use throughline::engine::{Config, Endpoint, Engine, Event, Place, trace_lines};
use throughline::ids::Millis;
use throughline::store::connection::open_file;
use throughline::tabs::{Inspection, Reply, Request};

/// Plays a trace as the inspector saves it: how many steps went as recorded, or what went otherwise.
fn play(trace: &Value, mut seen: impl FnMut(&Value)) -> Result<usize, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    std::fs::write(&path, bytes(trace["database"].as_str().unwrap())).unwrap();
    let [opening, steps @ ..] = &trace["steps"].as_array().unwrap()[..] else {
        return Err("there is no step".into());
    };
    let now = |step: &Value| Millis(step["now"].as_i64().unwrap());
    let seed = opening["seed"]
        .as_str()
        .expect("a trace from its opening on");
    let mut rng = fastrand::Rng::with_seed(seed.parse().unwrap());
    let mut config = Config::parse(&opening["options"].to_string()).unwrap();
    config.connect = opening["connect"].as_bool().unwrap();
    let place = Place {
        conn: open_file(&path).unwrap(),
        persistence: serde_json::from_value(opening["persistence"].clone()).unwrap(),
        reason: None,
        salvage: None,
    };
    let (mut engine, effects) = Engine::open_at(place, config, now(opening), &mut rng).unwrap();
    compare(0, opening, &json!(trace_lines(&effects)))?;
    for (at, step) in (1..).zip(steps) {
        seen(step);
        let event: Event = serde_json::from_value(step["event"].clone()).unwrap();
        let effects = engine.handle(now(step), &mut rng, event);
        compare(at, step, &json!(trace_lines(&effects)))?;
    }
    Ok(steps.len() + 1)
}

fn compare(at: usize, step: &Value, effects: &Value) -> Result<(), String> {
    if step["effects"] == *effects {
        return Ok(());
    }
    Err(format!(
        "step {at}: {step:#}\nhas these effects: {effects:#}"
    ))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// A world whose client records from here on, and the database as it is now.
fn recording(world: &mut World) -> Value {
    let Ok(Reply::Bytes(database)) = world.client("a").ask(Request::Record(true)) else {
        panic!("no database");
    };
    let hex: String = database.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.into()
}

fn inspect(world: &mut World, from: u32) -> Inspection {
    match world.client("a").ask(Request::Inspect { from }) {
        Ok(Reply::Inspected(inspection)) => inspection,
        other => panic!("{other:?}"),
    }
}

/// As the inspector saves it.
fn saved(world: &mut World, database: &Value) -> Value {
    let trace = inspect(world, 0).trace.unwrap();
    assert_eq!(trace.first, 0);
    let steps = trace.steps.iter();
    let steps: Vec<Value> = steps
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    json!({"version": 1, "database": database, "steps": steps})
}

/// Writes, a rejection, faults of the network, live queries and an interactive transaction, recorded.
fn eventful() -> (World, Value) {
    let mut world = World::new(7);
    world.open("a", SYNCED);
    world.settle();
    world.client("a").add_todo(&support::id(1), "before");
    world
        .client("a")
        .watch(1, "SELECT id, title FROM todos ORDER BY id", &["id"]);
    let database = recording(&mut world);
    world.settle();
    world.client("a").add_todo(&support::id(2), "after");
    world.client("a").rename(&support::id(2), "");
    world.fault("a", Endpoint::Write, Fault::DropAnswer);
    world.fault("a", Endpoint::Electric, Fault::status(503));
    let first = "019aa000-0000-7000-8000-000000000001";
    assert!(world.server().rename(first, "one of another user"));
    world.settle();
    let transaction = world.client("a").begin();
    let sql = "UPDATE todos SET completed = true";
    world.client("a").execute_in(transaction, sql).unwrap();
    world.client("a").commit(transaction).unwrap();
    let refused = world.client("a").refused("DELETE FROM todos_synced");
    assert_eq!(refused.code(), "FORBIDDEN");
    world.offline("a");
    world
        .client("a")
        .run("DELETE FROM todos WHERE title = 'before'");
    world.run_for(60_000);
    world.online("a");
    world.settle();
    let trace = saved(&mut world, &database);
    (world, trace)
}

#[test]
fn a_session_played_again_has_the_same_effects() {
    let (mut world, trace) = eventful();
    let steps = trace["steps"].as_array().unwrap().len();
    assert!(steps > 30, "{steps} steps");
    assert_eq!(play(&trace, |_| {}), Ok(steps));
    assert_eq!(world.client("a").rejected().len(), 1, "it was eventful");
    // Also as text in a file.
    let file: Value = serde_json::from_str(&trace.to_string()).unwrap();
    assert_eq!(play(&file, |_| {}), Ok(steps));
}

#[test]
fn another_value_among_the_events_is_noticed() {
    let (_, trace) = eventful();
    let other = trace
        .to_string()
        .replace("one of another user", "one of another hand");
    let other: Value = serde_json::from_str(&other).unwrap();
    assert!(play(&other, |_| {}).unwrap_err().starts_with("step "));
}

#[test]
fn who_looks_changes_nothing_and_is_not_recorded() {
    let mut world = World::new(1);
    world.verified = None;
    world.open("a", SYNCED);
    world.settle();
    assert_eq!(
        inspect(&mut world, 0).trace,
        None,
        "nothing is recorded unasked"
    );
    recording(&mut world);
    world.settle();
    let steps = |world: &mut World| inspect(world, 0).trace.unwrap().steps.len();
    let before = steps(&mut world);
    assert_eq!(steps(&mut world), before);
    world.client("a").rows("SELECT 1");
    assert_eq!(steps(&mut world), before + 1);
    let last = inspect(&mut world, before as u32).trace.unwrap();
    assert_eq!((last.first, last.steps.len()), (before as u32, 1));
    assert_eq!(
        world.client("a").ask(Request::Record(false)),
        Ok(Reply::Done)
    );
    assert_eq!(inspect(&mut world, 0).trace, None);
}

#[test]
fn recording_connects_nobody_who_is_disconnected() {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    world.settle();
    world.client("a").disconnect();
    let database = recording(&mut world);
    let sent = world.sent.len();
    world.run_for(60_000);
    assert_eq!(world.sent.len(), sent);
    assert!(!world.client("a").status().connected);
    let trace = saved(&mut world, &database);
    assert!(play(&trace, |_| {}).is_ok());
}

#[test]
fn the_oldest_steps_go_and_the_numbers_stay() {
    let mut world = World::new(1);
    world.verified = None;
    world.open("a", SYNCED);
    world.settle();
    recording(&mut world);
    world.settle();
    for _ in 0..6_000 {
        world.client("a").rows("SELECT 1");
    }
    let trace = inspect(&mut world, 0).trace.unwrap();
    assert_eq!(trace.steps.len(), 5_000);
    assert!(trace.first > 1_000);
    let next = trace.first + 5_000;
    let none = inspect(&mut world, next).trace.unwrap();
    assert_eq!((none.first, none.steps.len()), (next, 0));
}

#[test]
fn shapes_and_live_queries_are_told_with_their_runs() {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    world.settle();
    world.client("a").watch(4, "SELECT id FROM todos", &["id"]);
    let before = inspect(&mut world, 0).live.remove(0);
    world.client("a").add_todo(&support::id(1), "one more");
    let inspection = inspect(&mut world, 0);
    let live = &inspection.live[0];
    assert_eq!((live.runs, live.rows), (before.runs + 1, before.rows + 1));
    assert_eq!((live.tab.0, live.subscription.0, live.params), (0, 4, 0));
    assert!(
        live.reads.contains(&"todos_synced".into()),
        "{:?}",
        live.reads
    );
    let shape = &inspection.shapes[0];
    let position = world.client("a").position("todos");
    assert_eq!(position["position"]["handle"], json!(shape.handle));
    assert_eq!(position["position"]["offset"], json!(shape.offset));
    assert!(!shape.beside);
}

#[test]
#[ignore = "plays the file that THROUGHLINE_TRACE names"]
fn the_trace_of_a_file_has_the_same_effects() {
    let path = std::env::var("THROUGHLINE_TRACE").expect("the path of a trace");
    let trace = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let played = play(&trace, |step| println!("{step}"));
    println!(
        "{} steps as recorded",
        played.unwrap_or_else(|other| panic!("{other}"))
    );
}
