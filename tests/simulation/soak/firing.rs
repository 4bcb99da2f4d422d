//! Every property fires: worlds in which one of them is broken by hand.

use throughline::engine::Endpoint;
use throughline::ids::TimerId;
use throughline_server::electric::row;

use super::property::{Check, Property};
use super::run::guarded;
use super::story::{Story, Told};
use crate::support::world::Fault;

const FIRST: &str = "00000000-0000-4000-8000-000000000001";

/// A world without faults, at rest.
fn calm() -> Story {
    let mut story = Story::new(1);
    story.world.chaos = None;
    story.world.server().add_todo(FIRST, "first");
    story.heal().unwrap();
    story.look_at_end().unwrap();
    story
}

/// Group 0 of the server gets these tokens.
fn set_tokens(story: &mut Story, tokens: [&str; 2]) {
    story.world.server().transaction(|tx| {
        for (id, token) in ["0", "1"].into_iter().zip(tokens) {
            tx.update("pairs", &row([("id", id)]), row([("token", token)]))?;
        }
        Ok(())
    });
}

/// A write of the first client, which the server refuses.
fn refused(story: &mut Story) {
    let sql = "INSERT INTO marks (id, owner) VALUES ('a-1', 'a')";
    let refused = format!("UPDATE todos SET title = '' WHERE id = '{FIRST}'");
    story
        .world
        .client("a")
        .batch(&[sql, &refused], None)
        .unwrap();
    story.marks.insert("a-1".into(), Told::Written);
    story.heal().unwrap();
    story.look_at_end().unwrap();
    assert_eq!(story.world.client("a").rejected().len(), 1);
}

#[track_caller]
fn assert_fires(property: Property, check: Check) {
    assert_eq!(check.map_err(|(property, _)| property), Err(property));
}

#[test]
fn an_acknowledged_write_that_is_nowhere() {
    let mut story = calm();
    story
        .world
        .client("a")
        .run("INSERT INTO marks (id, owner) VALUES ('a-1', 'a')");
    story.marks.insert("a-1".into(), Told::Written);
    story.heal().unwrap();
    story.look_at_end().unwrap();
    story.world.server().delete("marks", &row([("id", "a-1")]));
    story.heal().unwrap();
    assert_fires(Property::Durable, story.look_at_end());
}

#[test]
fn a_refused_write_that_the_server_has() {
    let mut story = calm();
    refused(&mut story);
    story
        .world
        .server()
        .insert("marks", row([("id", "a-1"), ("owner", "a")]));
    story.heal().unwrap();
    assert_fires(Property::Once, story.look_at_end());
}

#[test]
fn a_shadow_row_that_nothing_waits_for() {
    let mut story = calm();
    story.world.edit_file(
        "a",
        "INSERT INTO todos_local (id, write_id, changed_columns, is_deleted) VALUES ('1', '', '', 1)",
    );
    assert_fires(Property::Folded, story.look_inside("a"));
}

#[test]
fn a_synced_row_that_is_another_than_the_servers() {
    let mut story = calm();
    story
        .world
        .edit_file("a", "UPDATE todos_synced SET title = 'other'");
    story.heal().unwrap();
    assert_fires(Property::Folded, story.look_at_rest());
}

#[test]
fn an_offset_that_goes_back() {
    let mut story = calm();
    story.world.offline("a");
    story.world.edit_file(
        "a",
        "UPDATE _throughline_shapes SET progress = json_set(progress, '$.position.offset', '0_0') WHERE table_name = 'todos'",
    );
    assert_fires(Property::Advancing, story.look_inside("a"));
}

#[test]
fn writes_out_of_order() {
    let mut story = calm();
    set_tokens(&mut story, ["a-2", "a-2"]);
    story.look().unwrap();
    set_tokens(&mut story, ["a-1", "a-1"]);
    assert_fires(Property::Ordered, story.look());
}

#[test]
fn half_of_a_transaction_at_the_server() {
    let mut story = calm();
    set_tokens(&mut story, ["a-1", "a-2"]);
    assert_fires(Property::Atomic, story.look());
}

#[test]
fn half_of_a_transaction_in_a_live_result() {
    let mut story = calm();
    let sql = "INSERT INTO pairs_synced (id, grp, token) VALUES (100, 0, 'half')";
    story.world.edit_file("a", sql);
    assert_fires(Property::Atomic, story.heal());
}

#[test]
fn a_live_result_that_is_out_of_date() {
    let mut story = calm();
    story.world.client("a").watch(9, "SELECT random()", &[]);
    assert_fires(Property::Live, story.look_at_rest());
}

#[test]
fn clients_that_end_apart() {
    let mut story = calm();
    story.world.offline("a");
    story.world.client("a").rename(FIRST, "here alone");
    assert_fires(Property::Converging, story.look_at_end());
}

#[test]
fn a_queue_that_nobody_tries() {
    let mut story = calm();
    story.world.fault("a", Endpoint::Write, Fault::DropRequest);
    story.world.client("a").rename(FIRST, "waiting");
    story.run_for(10).unwrap();
    story.look_inside("a").unwrap();
    story.world.forget_timers("a");
    assert_fires(Property::Trying, story.look_inside("a"));
}

#[test]
fn bookkeeping_that_piles_up() {
    let mut story = calm();
    let sql = "INSERT INTO todos_local (id, write_id, changed_columns, is_deleted) VALUES ('1', '', '', 1)";
    story.world.edit_file("a", sql);
    assert_fires(Property::Bounded, story.look_at_rest_of_file("a"));
}

#[test]
fn timers_that_pile_up() {
    let mut story = calm();
    for id in 1_000..1_100 {
        story.world.add_timer("a", TimerId(id));
    }
    story.world.stirred.insert("a".into());
    assert_fires(Property::Bounded, story.look());
}

#[test]
fn a_refusal_that_is_not_listed() {
    let mut story = calm();
    refused(&mut story);
    let sql = "DELETE FROM _throughline_changes; DELETE FROM _throughline_transactions";
    story.world.edit_file("a", sql);
    story.marks.clear();
    assert_fires(Property::Told, story.look_at_end());
}

#[test]
fn a_server_that_never_answers() {
    let mut story = calm();
    story.world.gate = Some(Box::new(|_| Some(503)));
    story.world.client("a").rename(FIRST, "for ever");
    assert_fires(Property::Settling, story.heal());
}

#[test]
fn a_panic() {
    assert_fires(Property::Running, guarded(|| panic!("as an example")));
}
