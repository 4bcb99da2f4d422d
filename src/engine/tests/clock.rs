//! A clock that is set back while timers run: they come due as they would have, and what they find must not put them off for a day.

use super::*;
use crate::engine::local::TRANSACTION_IDLE_MS;
use crate::engine::upkeep::IDLE_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl App {
    /// The clock is set back, and some time later the timer comes due.
    fn pass_a_day_earlier(&mut self, id: TimerId) {
        let due = self.timer(id).unwrap();
        self.now = Millis(due.0 - DAY_MS);
        self.handle(Event::Timer(id));
    }

    /// Of a timer that is set, how far away it is.
    fn delay(&mut self, id: TimerId) -> Option<u64> {
        let due = self.timer(id)?;
        Some((due.0 - self.now.0) as u64)
    }
}

#[test]
fn a_post_that_failed_goes_again() {
    let mut app = App::open("");
    app.shape_answers(&["theirs"]);
    app.execute("INSERT INTO todos VALUES (10, 'mine')")
        .unwrap();
    let fetch = app.fetches.pop().unwrap();
    assert_eq!(fetch.url, "/changes");
    let failure = Failure::Network("offline".into());
    app.handle(Event::Failed {
        fetch: fetch.id,
        failure,
    });
    assert!(!app.asked("/changes"));
    app.pass_a_day_earlier(timer::UPLOAD);
    assert!(app.asked("/changes"));
}

#[test]
fn a_transaction_that_nobody_goes_on_with_ends() {
    let mut app = App::open("");
    app.ask(Request::Begin { meta: None }).unwrap();
    app.pass_a_day_earlier(timer::TRANSACTION);
    assert_eq!(app.delay(timer::TRANSACTION), Some(TRANSACTION_IDLE_MS));
    app.now = app.now.after(TRANSACTION_IDLE_MS);
    app.handle(Event::Timer(timer::TRANSACTION));
    assert!(app.engine.open_transaction.is_none());
}

#[test]
fn the_write_ahead_log_is_emptied() {
    let mut app = App::open("");
    app.execute("INSERT INTO todos VALUES (10, 'mine')")
        .unwrap();
    assert!(app.log() > 0);
    app.pass_a_day_earlier(timer::CHECKPOINT);
    assert_eq!(app.delay(timer::CHECKPOINT), Some(IDLE_MS));
    app.now = app.now.after(IDLE_MS);
    app.handle(Event::Timer(timer::CHECKPOINT));
    assert_eq!(app.log(), 0);
}
