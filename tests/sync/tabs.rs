//! One engine and the tabs that it answers: what one of them waits for, listens to and has open is its own.

use std::collections::BTreeMap;

use throughline::engine::{Asked, Effect, Event};
use throughline::error::Result;
use throughline::ids::{RequestId, SubscriptionId, TabNumber, TransactionId};
use throughline::tabs::{LiveStep, Notification, Reply, Request};

use crate::support::{App, id, lines, statement};

/// The tab that the engine lives in, and two others.
const OWN: TabNumber = TabNumber(0);
const ONE: TabNumber = TabNumber(1);
const OTHER: TabNumber = TabNumber(2);

/// Writes wait for a server that never answers; one table is the app's own, another one's columns are still to come.
const OPTIONS: &str = r#"{"name": "test", "electric": {"url": "/shape"}, "write": {"url": "/changes"}, "tables": {
    "later": {}, "todos": {"columns": {"id": "uuid", "title": "text"}, "primaryKey": ["id"]}}}"#;

struct Tabs {
    app: App,
    last: u32,
    replies: BTreeMap<RequestId, Result<Reply>>,
    /// Results of live queries that were told, each with the number of its rows that are new.
    told: Vec<(TabNumber, SubscriptionId, u32)>,
}

impl Tabs {
    fn open() -> Self {
        Self {
            app: App::open(OPTIONS),
            last: 0,
            replies: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    fn happens(&mut self, event: Event) {
        for effect in self.app.handle(event) {
            match effect {
                Effect::Reply(id, reply) => {
                    let before = self.replies.insert(id, reply);
                    assert_eq!(before, None, "{id} is answered once");
                }
                Effect::Tell(
                    tab,
                    Notification::Live {
                        subscription, diff, ..
                    },
                ) => {
                    let new = diff.steps.iter().map(|step| match step {
                        LiveStep::Insert { count } => *count,
                        _ => 0,
                    });
                    self.told.push((tab, subscription, new.sum()));
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, tab: TabNumber, request: Request) -> RequestId {
        self.last += 1;
        let mut asked = Asked::from(RequestId(self.last));
        asked.tab = tab;
        self.happens(Event::Request(asked, request));
        RequestId(self.last)
    }

    fn waits(&self, id: RequestId) -> bool {
        !self.replies.contains_key(&id)
    }

    fn ask(&mut self, tab: TabNumber, request: Request) -> Reply {
        let id = self.send(tab, request);
        self.replies.remove(&id).expect("an answer").unwrap()
    }

    fn add(&mut self, tab: TabNumber, n: u32) -> RequestId {
        self.send(tab, add(n, None))
    }

    fn begin(&mut self, tab: TabNumber) -> TransactionId {
        match self.ask(tab, Request::Begin { meta: None }) {
            Reply::Begun(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn watch(&mut self, tab: TabNumber, subscription: u32) {
        let live = Request::Live {
            subscription: SubscriptionId(subscription),
            statement: statement("SELECT id FROM todos ORDER BY id", &[]),
            key: vec!["id".into()],
        };
        assert_eq!(self.ask(tab, live), Reply::Done);
    }

    fn took(&mut self, tab: TabNumber, subscription: u32) {
        self.happens(Event::Took(tab, SubscriptionId(subscription)));
    }

    /// What was told since this was last asked.
    fn told(&mut self) -> Vec<(TabNumber, u32, u32)> {
        let told = std::mem::take(&mut self.told);
        let told = told.into_iter();
        told.map(|(tab, subscription, new)| (tab, subscription.0, new))
            .collect()
    }

    fn todos(&mut self) -> Vec<String> {
        let query = Request::Query {
            statement: statement("SELECT substr(id, -1) FROM todos ORDER BY id", &[]),
            transaction: None,
        };
        match self.ask(OWN, query) {
            Reply::Rows(rows) => lines(&rows),
            other => panic!("{other:?}"),
        }
    }
}

fn add(n: u32, transaction: Option<TransactionId>) -> Request {
    let sql = format!("INSERT INTO todos (id, title) VALUES ('{}', 'x')", id(n));
    Request::Execute {
        statement: statement(&sql, &[]),
        transaction,
    }
}

fn later() -> Request {
    Request::Query {
        statement: statement("SELECT * FROM later", &[]),
        transaction: None,
    }
}

#[test]
fn a_tab_that_is_gone_takes_its_open_transaction_along() {
    let mut tabs = Tabs::open();
    let transaction = tabs.begin(ONE);
    tabs.send(ONE, add(1, Some(transaction)));
    let others = tabs.add(OTHER, 2);
    assert!(tabs.waits(others));
    tabs.happens(Event::TabGone(ONE));
    assert!(!tabs.waits(others), "it is their turn at once");
    assert_eq!(tabs.todos(), ["2"]);
}

#[test]
fn a_tab_that_is_gone_leaves_the_transaction_of_another_open() {
    let mut tabs = Tabs::open();
    let transaction = tabs.begin(ONE);
    tabs.send(ONE, add(1, Some(transaction)));
    tabs.happens(Event::TabGone(OTHER));
    tabs.ask(ONE, Request::Commit(transaction));
    assert_eq!(tabs.todos(), ["1"]);
}

#[test]
fn a_tab_that_is_gone_ends_its_own_live_queries_and_no_others() {
    let mut tabs = Tabs::open();
    tabs.watch(ONE, 1);
    tabs.watch(ONE, 2);
    tabs.watch(OTHER, 1);
    tabs.told();
    tabs.happens(Event::TabGone(ONE));
    tabs.add(OWN, 1);
    assert_eq!(tabs.told(), [(OTHER, 1, 1)]);
}

#[test]
fn what_a_tab_that_is_gone_waited_for_does_not_happen() {
    let mut tabs = Tabs::open();
    let key = {
        tabs.add(OWN, 1);
        tabs.app.pending()[0].id.clone()
    };
    let waiting = [later(), Request::Settled(key)];
    let gone = waiting.clone().map(|request| tabs.send(ONE, request));
    let stays = waiting.map(|request| tabs.send(OTHER, request));
    let transaction = tabs.begin(OWN);
    let write = tabs.add(ONE, 2);
    let kept = tabs.add(OTHER, 3);
    tabs.happens(Event::TabGone(ONE));
    tabs.ask(OWN, Request::Commit(transaction));
    assert!(!tabs.waits(kept));
    assert_eq!(tabs.todos(), ["1", "3"]);
    tabs.ask(OWN, Request::Close);
    for id in stays {
        assert_eq!(tabs.replies[&id].as_ref().unwrap_err().code(), "CLOSED");
    }
    assert!(gone.iter().chain([&write]).all(|id| tabs.waits(*id)));
}

#[test]
fn what_is_cancelled_behind_a_transaction_does_not_happen() {
    let mut tabs = Tabs::open();
    let transaction = tabs.begin(ONE);
    let cancelled = tabs.add(OTHER, 1);
    let begins = tabs.send(OTHER, Request::Begin { meta: None });
    let stays = tabs.add(OTHER, 2);
    tabs.happens(Event::Cancel(cancelled));
    tabs.happens(Event::Cancel(begins));
    tabs.ask(ONE, Request::Rollback(transaction));
    assert!(!tabs.waits(stays));
    assert_eq!(tabs.todos(), ["2"]);
    assert!(tabs.waits(cancelled) && tabs.waits(begins));
}

#[test]
fn what_is_cancelled_waits_for_no_schema_and_no_verdict_any_more() {
    let mut tabs = Tabs::open();
    tabs.add(OWN, 1);
    let key = tabs.app.pending()[0].id.clone();
    for request in [later(), Request::Settled(key)] {
        let cancelled = tabs.send(ONE, request.clone());
        let stays = tabs.send(ONE, request);
        assert!(tabs.waits(cancelled) && tabs.waits(stays));
        tabs.happens(Event::Cancel(cancelled));
        tabs.happens(Event::Cancel(cancelled));
        assert!(tabs.waits(stays));
    }
    tabs.ask(OWN, Request::Close);
    let closed: Vec<u32> = tabs.replies.keys().map(|id| id.0).collect();
    assert_eq!(closed, [1, 3, 5], "the write, and what was not cancelled");
}

#[test]
fn what_has_its_answer_is_not_undone_by_a_cancellation() {
    let mut tabs = Tabs::open();
    let write = tabs.add(ONE, 1);
    tabs.happens(Event::Cancel(write));
    assert_eq!(tabs.todos(), ["1"]);
}

#[test]
fn a_tab_that_closes_leaves_the_others_as_they_are() {
    let mut tabs = Tabs::open();
    tabs.watch(ONE, 1);
    tabs.watch(OTHER, 1);
    let waits = tabs.send(OTHER, later());
    tabs.told();
    assert_eq!(tabs.ask(ONE, Request::Close), Reply::Done);
    tabs.add(OTHER, 1);
    assert_eq!(tabs.told(), [(OTHER, 1, 1)]);
    assert!(tabs.waits(waits));
    assert_eq!(tabs.todos(), ["1"]);
}

#[test]
fn a_tab_that_closes_in_its_own_transaction_waits_for_nothing() {
    let mut tabs = Tabs::open();
    let transaction = tabs.begin(ONE);
    tabs.send(ONE, add(1, Some(transaction)));
    let other = tabs.send(OTHER, Request::Close);
    assert!(
        tabs.waits(other),
        "its turn comes after what it asked before"
    );
    assert_eq!(tabs.ask(ONE, Request::Close), Reply::Done);
    assert!(!tabs.waits(other));
    assert_eq!(tabs.todos(), [""; 0]);
}

#[test]
fn the_same_subscription_of_two_tabs_is_two() {
    let mut tabs = Tabs::open();
    tabs.watch(ONE, 7);
    tabs.watch(OTHER, 7);
    assert_eq!(tabs.told(), [(ONE, 7, 0), (OTHER, 7, 0)]);
    tabs.add(OWN, 1);
    assert_eq!(tabs.told(), [(ONE, 7, 1), (OTHER, 7, 1)]);
    tabs.ask(ONE, Request::Unsubscribe(SubscriptionId(7)));
    tabs.add(OWN, 2);
    assert_eq!(tabs.told(), [(OTHER, 7, 1)]);
}

/// Four are on their way at most, the first included; then comes one that tells all that was left out.
#[test]
fn a_tab_that_does_not_keep_up_gets_the_newest_result_when_it_has_taken_one() {
    let mut tabs = Tabs::open();
    tabs.watch(ONE, 1);
    tabs.watch(OTHER, 1);
    for n in 1..=9 {
        tabs.add(OWN, n);
        tabs.took(OTHER, 1);
    }
    let told = tabs.told();
    let to = |tab| told.iter().filter(|one| one.0 == tab).count();
    assert_eq!((to(ONE), to(OTHER)), (4, 10), "the other keeps up");
    tabs.took(ONE, 1);
    assert_eq!(tabs.told(), [(ONE, 1, 6)]);
    tabs.took(ONE, 1);
    assert_eq!(tabs.told(), [], "there is nothing newer");
    tabs.add(OWN, 10);
    let mut told = tabs.told();
    told.sort_unstable();
    assert_eq!(told, [(ONE, 1, 1), (OTHER, 1, 1)]);
}

#[test]
fn what_is_taken_within_a_transaction_brings_nothing_of_it() {
    let mut tabs = Tabs::open();
    tabs.watch(ONE, 1);
    for n in 1..=4 {
        tabs.add(OWN, n);
    }
    tabs.told();
    let transaction = tabs.begin(OTHER);
    tabs.send(OTHER, add(5, Some(transaction)));
    tabs.took(ONE, 1);
    assert_eq!(tabs.told(), [], "nobody knows what will be committed");
    tabs.ask(OTHER, Request::Rollback(transaction));
    assert_eq!(tabs.told(), [(ONE, 1, 1)], "the one that was left out");
}
