//! Worlds for hours: every fault that there is, and every promise looked after while they run.
//!
//! A seed gives a list of actions. Each action carries its own randomness, so the list can be replayed with some of
//! them missing: that is how a failure is shrunk. `./dev soak` runs as long as it is told to; `tests/README.md` says
//! how a failure is replayed.

mod action;
mod checks;
mod coverage;
mod firing;
mod property;
mod regressions;
mod run;
mod shrink;
mod steady;
mod story;

use run::Plan;

#[test]
fn every_property_holds_in_every_world() {
    let report = run::run(&Plan::from_environment());
    eprintln!("{report}");
    assert!(report.violations.is_empty(), "{}", report.failures());
    assert_eq!(report.never(), Vec::<&str>::new(), "it never happened");
}
