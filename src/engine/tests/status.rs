//! How often the app is told of the state of sync.

use super::*;
use crate::engine::status::PAUSE_MS;
use crate::tabs::{Notification, UploadPhase};

impl App {
    /// How many writes wait, by each status that was told since this was last asked.
    fn told_pending(&mut self) -> Vec<u32> {
        let mut told = Vec::new();
        self.effects.retain(|effect| match effect {
            Effect::Notify(Notification::Status(status)) => {
                told.push(status.pending);
                false
            }
            _ => true,
        });
        told
    }

    fn insert(&mut self, id: u32) {
        self.execute(&format!("INSERT INTO todos VALUES ({id}, 'mine')"))
            .unwrap();
    }

    /// Some time after whatever was told last.
    fn offline() -> Self {
        let mut app = Self::open(r#""connect": false,"#);
        app.now = app.now.after(1000);
        app.told_pending();
        app
    }
}

#[test]
fn of_writes_in_a_row_the_first_is_told_at_once_and_the_others_together() {
    let mut app = App::offline();
    for id in 1..=100 {
        app.insert(id);
    }
    assert_eq!(app.told_pending(), [1]);
    assert!(app.pass(timer::STATUS));
    assert_eq!(app.told_pending(), [100]);
    assert!(!app.pass(timer::STATUS), "nothing changed since");
    app.now = app.now.after(PAUSE_MS);
    app.insert(101);
    assert_eq!(app.told_pending(), [101]);
}

#[test]
fn what_waits_to_be_told_is_told_with_what_does_not_wait() {
    let mut app = App::offline();
    app.insert(1);
    app.insert(2);
    app.ask(Request::Connect).unwrap();
    assert_eq!(app.told_pending(), [1, 2]);
    app.pass(timer::STATUS);
    assert!(app.told_pending().is_empty());
}

#[test]
fn a_clock_that_is_set_back_does_not_delay_what_is_told() {
    let mut app = App::offline();
    app.insert(1);
    app.now = Millis(app.now.0 - 1000);
    app.insert(2);
    assert_eq!(app.told_pending(), [1, 2]);
}

#[test]
fn the_last_status_of_a_database_that_closes_counts_every_write() {
    let mut app = App::offline();
    app.insert(1);
    app.insert(2);
    app.ask(Request::Close).unwrap();
    assert_eq!(app.told_pending(), [1, 2]);
}

#[test]
fn a_post_that_failed_is_told_at_once() {
    let mut app = App::open("");
    app.shape_answers(&[]);
    app.insert(1);
    app.told_pending();
    let posted = |fetch: &Fetch| fetch.url == "/changes";
    let at = app.fetches.iter().position(posted).unwrap();
    let fetch = app.fetches.remove(at).id;
    let failure = Failure::Network("lost".into());
    app.handle(Event::Failed { fetch, failure });
    let told = app.effects.iter().rev().find_map(|effect| match effect {
        Effect::Notify(Notification::Status(status)) => Some(&status.upload),
        _ => None,
    });
    let upload = told.expect("a status");
    assert_eq!((upload.phase, upload.attempts), (UploadPhase::Waiting, 1));
    assert!(upload.error.is_some() && upload.retry_at.is_some());
}
