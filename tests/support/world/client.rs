//! One client: an engine, its file, its timers, and what its app was told.

mod app;
mod life;
mod live;
mod look;

use std::collections::BTreeMap;

use tempfile::TempDir;
use throughline::engine::{Asked, Effect, Engine, Event, files};
use throughline::error::{Error, Result};
use throughline::ids::{Millis, RequestId, SubscriptionId, TabNumber, TimerId, TransactionId};
use throughline::shape::machine::Position;
use throughline::tabs::{Notification, Recovery, Reply, Request, Status, TransactionRecord};

pub use app::App;
pub use life::Death;
pub use live::LiveResult;

pub struct Client {
    name: String,
    pub(super) options: String,
    folder: TempDir,
    /// Of the file that is open, and of the one that a rescue makes.
    pub generation: u32,
    next_generation: u32,
    engine: Option<Engine>,
    /// The most bytes that an engine held at its end, where the target counts them ([`crate::support::heap`]).
    pub most_held: usize,
    rng: fastrand::Rng,
    /// Counts up with each start.
    pub life: u32,
    pub timers: BTreeMap<TimerId, Millis>,
    pub replies: BTreeMap<RequestId, Result<Reply>>,
    asked: BTreeMap<RequestId, (Asked, Request)>,
    last_request: u32,
    open_transaction: Option<TransactionId>,
    pub offline: bool,
    pub dies_after: Option<usize>,
    pub hands_over_after: Option<usize>,
    /// By so many pages the file may grow.
    pub pages_left: Option<u32>,
    /// Openings of the app, which a leader's death does not end.
    sessions: u32,
    /// Its disk may fail: an opening that does is no fault of the test.
    pub(super) may_not_open: bool,
    /// Why the last opening failed.
    pub not_open: Option<Error>,
    pub status: Option<Status>,
    pub live: BTreeMap<SubscriptionId, LiveResult>,
    told_live: Vec<SubscriptionId>,
    untaken: Vec<SubscriptionId>,
    positions: BTreeMap<String, Position>,
    pub accepted: Vec<TransactionRecord>,
    pub confirmed: Vec<TransactionRecord>,
    pub rejected: Vec<TransactionRecord>,
    pub recovered: Vec<Recovery>,
}

impl Client {
    pub(super) fn new(name: &str, options: &str, seed: u64) -> Self {
        Self {
            name: name.into(),
            options: options.into(),
            folder: folder(),
            generation: 1,
            next_generation: 2,
            engine: None,
            most_held: 0,
            rng: fastrand::Rng::with_seed(seed),
            life: 0,
            timers: BTreeMap::new(),
            replies: BTreeMap::new(),
            asked: BTreeMap::new(),
            last_request: 0,
            open_transaction: None,
            offline: false,
            dies_after: None,
            hands_over_after: None,
            pages_left: None,
            sessions: 0,
            may_not_open: false,
            not_open: None,
            status: None,
            live: BTreeMap::new(),
            told_live: Vec::new(),
            untaken: Vec::new(),
            positions: BTreeMap::new(),
            accepted: Vec::new(),
            confirmed: Vec::new(),
            rejected: Vec::new(),
            recovered: Vec::new(),
        }
    }

    /// What the engine before this one did not answer, and what stands.
    pub(super) fn unanswered(&mut self) -> Vec<(Asked, Request)> {
        let live = self.live.iter_mut().map(|(subscription, live)| {
            live.rows.clear();
            let request = Request::Live {
                subscription: *subscription,
                statement: live.query.clone(),
                key: live.key.clone(),
            };
            (RequestId(u32::MAX - 1).into(), request)
        });
        live.chain(self.asked.values().cloned()).collect()
    }

    pub fn is_open(&self) -> bool {
        self.engine.is_some()
    }

    pub(super) fn may_verify(&self) -> bool {
        self.is_open() && self.open_transaction.is_none()
    }

    pub(super) fn handle(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let Some(engine) = &mut self.engine else {
            return Vec::new();
        };
        let taken = self.untaken.drain(..);
        let mut effects: Vec<Effect> = taken
            .map(|subscription| Event::Took(TabNumber::default(), subscription))
            .flat_map(|took| engine.handle(now, &mut self.rng, took))
            .collect();
        effects.extend(engine.handle(now, &mut self.rng, event));
        effects
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Reply(id, reply) => {
                if let Ok(Reply::Begun(transaction)) = &reply {
                    self.open_transaction = Some(*transaction);
                }
                self.asked.remove(&id);
                self.replies.insert(id, reply);
            }
            Effect::Notify(notification) | Effect::Tell(_, notification) => self.told(notification),
            Effect::SetTimer(id, due) => {
                self.timers.insert(id, due);
            }
            Effect::Close => {
                self.end_engine();
                self.timers.clear();
            }
            Effect::Delete => {
                self.end_engine();
                self.folder = folder();
                self.timers.clear();
            }
            Effect::MeasureStorage | Effect::Persist => {}
            Effect::Export(id) => {
                let copy = self.folder.path().join(files::EXPORT);
                let bytes = std::fs::read(&copy).unwrap();
                std::fs::remove_file(copy).unwrap();
                self.perform(Effect::Reply(id, Ok(Reply::Bytes(bytes))));
            }
            Effect::Remove(name) => {
                for name in files::with_companions(name) {
                    // Half a copy may have no companion, or not even a file.
                    drop(std::fs::remove_file(self.folder.path().join(name)));
                }
            }
            Effect::Import(..) => {
                unreachable!("no world asks for it")
            }
            Effect::Fetch(_) | Effect::Abort(_) | Effect::Restart(_) => {
                unreachable!("the world's part")
            }
        }
    }

    fn told(&mut self, notification: Notification) {
        match notification {
            Notification::Live {
                subscription, diff, ..
            } => {
                self.told_live.push(subscription);
                self.untaken.push(subscription);
                if let Some(live) = self.live.get_mut(&subscription) {
                    live.take(diff);
                }
            }
            Notification::LiveFailed { error, .. } => panic!("a live query failed: {error:?}"),
            Notification::Status(status) => self.status = Some(status),
            Notification::Accepted(record) => self.accepted.push(record),
            Notification::Confirmed(record) => self.confirmed.push(record),
            Notification::Rejected(record) => self.rejected.push(record),
            Notification::Recovered(recovery) => self.recovered.push(recovery),
        }
    }
}

/// In memory where the system has such a place: the files are real, the disk is not waited for.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
