//! What an engine holds after a long life is what it holds after a short one.

use super::action::{Action, Kind};
use super::story::Story;

/// Bytes by which two lives differ whatever their length: collections keep room, other statements are cached. It is less than the ten
/// bytes that each of the long life's further actions could leave behind.
const SLACK: usize = 16_384;

#[test]
fn an_engine_holds_no_more_at_the_end_of_a_long_life() {
    let (short, long) = (held_after(50), held_after(500));
    assert!(
        short.iter().all(|(_, held)| *held > SLACK),
        "it is counted at all"
    );
    for ((name, short), (_, long)) in short.iter().zip(&long) {
        assert!(
            long <= &(short + SLACK),
            "{name}: {short} bytes, then {long}"
        );
    }
}

/// Bytes held by each client's engine at the end of a life without faults of so many rounds.
fn held_after(rounds: u64) -> Vec<(&'static str, usize)> {
    let mut story = Story::new(0);
    story.world.chaos = None;
    let kinds = [
        Kind::Mark,
        Kind::Write,
        Kind::SomeoneElse,
        Kind::Interact,
        Kind::Deal,
    ];
    let actions: Vec<Action> = (0..rounds * kinds.len() as u64)
        .map(|at| Action {
            kind: kinds[at as usize % kinds.len()],
            name: "action: write",
            seed: at,
            pause: [5, 50, 500][at as usize % 3],
        })
        .collect();
    story.run(&actions, false).unwrap();
    let held = |name: &&'static str| (*name, story.world.seen(name).most_held);
    let names: Vec<&'static str> = story.apps.iter().map(|app| app.name).collect();
    names.iter().map(held).collect()
}
