//! A disk that fails or loses power at any call: what the app was told is written stays, and the rest can be fetched again.
//!
//! The usual run tries some of the calls; `DISK_EVERY=1 cargo test --test disk` tries each one. `DISK_SEEDS=20` lets chance decide
//! so many times what each power cut leaves.
#![cfg(not(target_family = "wasm"))]
#![allow(unreachable_pub, clippy::unwrap_used)]

mod model;
mod rescue;
mod session;
#[path = "../support/mod.rs"]
mod support;
mod vfs;

use model::Trouble;
use rescue::Rescue;
use session::Session;

/// Says where it was when a check failed.
struct Point(String);

impl Drop for Point {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("at {}", self.0);
        }
    }
}

/// Of so many points one is tried; `DISK_EVERY=1` tries all.
fn every(usual: usize) -> usize {
    let every = std::env::var("DISK_EVERY");
    every.map_or(usual, |every| every.parse().expect("a number"))
}

/// For each power cut, different ones everywhere.
fn seeds(at: usize) -> impl Iterator<Item = u64> {
    let seeds = std::env::var("DISK_SEEDS");
    let seeds = seeds.map_or(2, |seeds| seeds.parse().expect("a number"));
    (0..seeds).map(move |seed| at as u64 * 1_000 + seed)
}

#[test]
fn a_session_without_trouble_is_whole() {
    vfs::install();
    let session = Session::run(Trouble::None);
    assert_eq!(
        (session.errors.len(), session.failed),
        (0, 0),
        "{:?}",
        session.errors
    );
    session.check();
}

fn fails(trouble: fn(usize) -> Trouble, usual: usize) {
    vfs::install();
    let calls = Session::run(Trouble::None).count.calls;
    let (mut tried, mut told) = (0, 0);
    for at in (0..calls).step_by(every(usual)) {
        let _point = Point(format!("{:?} of {calls}", trouble(at)));
        let session = Session::run(trouble(at));
        assert!(session.failed > 0, "the call is made");
        for error in &session.errors {
            assert!(["QUOTA", "STORAGE"].contains(&error.code()), "{error:?}");
            assert_eq!(error.retryable(), error.code() == "QUOTA", "{error:?}");
        }
        told += session.errors.len();
        session.check();
        tried += 1;
    }
    assert!(told > 0, "some are met by the app");
    eprintln!("{tried} of {calls} calls tried, the app was told of {told} errors");
}

#[test]
fn a_call_that_fails_once_costs_no_more_than_what_was_asked_in_it() {
    fails(Trouble::Once, 37);
}

#[test]
fn a_disk_that_fails_from_some_call_on_is_told_and_works_on_afterwards() {
    fails(Trouble::From, 31);
}

#[test]
fn power_that_goes_in_any_change_takes_nothing_that_was_told() {
    vfs::install();
    let changes = Session::run(Trouble::None).count.changes;
    let mut tried = 0;
    for at in (0..changes).step_by(every(23)) {
        for seed in seeds(at) {
            let _point = Point(format!("change {at} of {changes}, what is left by {seed}"));
            let mut session = Session::run(Trouble::PowerCut(at));
            assert!(model::is_off());
            session.power_returns(seed);
            session.check();
            tried += 1;
        }
    }
    eprintln!("{tried} power cuts in {changes} changes");
}

#[test]
fn a_rescue_on_a_disk_that_fails_takes_everything_over_in_the_end() {
    vfs::install();
    let calls = Rescue::run(Trouble::None).count.calls;
    let mut tried = 0;
    for trouble in [Trouble::Once, Trouble::From] {
        for at in (0..calls).step_by(every(7)) {
            let _point = Point(format!("{:?} of {calls}", trouble(at)));
            let rescue = Rescue::run(trouble(at));
            assert!(rescue.failed > 0, "the call is made");
            rescue.check();
            tried += 1;
        }
    }
    eprintln!("{tried} failures in {calls} calls tried");
}

#[test]
fn a_rescue_that_loses_power_takes_everything_over_in_the_end() {
    vfs::install();
    let changes = Rescue::run(Trouble::None).count.changes;
    let mut tried = 0;
    for at in (0..changes).step_by(every(11)) {
        for seed in seeds(at) {
            let _point = Point(format!("change {at} of {changes}, what is left by {seed}"));
            let mut rescue = Rescue::run(Trouble::PowerCut(at));
            assert!(model::is_off());
            rescue.power_returns(seed);
            rescue.check();
            tried += 1;
        }
    }
    eprintln!("{tried} power cuts in {changes} changes");
}
