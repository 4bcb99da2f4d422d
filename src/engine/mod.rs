//! Events in, effects out: the one place that owns order and transactions.
//!
//! [`Engine::handle`] takes what happened, with the time and the randomness, and returns what the shell is to do.
//! It never waits. All of sync therefore runs in a native test, and one seed replays a whole world.
//!
//! While the app holds an interactive transaction open, SQLite's one connection is in it: everything else waits
//! in order until it ends.

mod analyses;
mod config;
mod durability;
pub mod files;
mod grouping;
mod inspect;
mod interface;
mod ledger;
mod life;
mod limit;
mod live;
mod local;
mod numbered;
mod open;
mod publish;
mod reading;
mod rejecting;
mod requests;
mod rescue;
mod runner;
mod schemas;
mod settling;
mod status;
mod storing;
mod subscribing;
mod subsets;
mod tabs;
mod trace;
mod transfer;
mod trouble;
mod upkeep;
mod uploading;

// They need files.
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

pub use rusqlite::Connection;

pub use config::{Config, Durability, ElectricConfig, WriteConfig};
pub use interface::{
    Answer, Asked, Effect, Endpoint, Event, Failure, Fetch, MAX_BODY_BYTES, RequestKey,
    StorageFacts, Successor,
};

pub use open::Place;

pub use crate::store::Salvage;
pub use crate::store::connection::{open_file, open_memory, open_on_vfs};

use crate::error::Error;
use crate::ids::{ClientId, FetchId, Millis, RequestId, TabNumber, TimerId, TransactionId};
use crate::schema::Names;
use crate::store::Session;
use crate::tabs::{Request, StorageStatus};
use crate::upload::Uploader;
use analyses::Analyses;
use durability::{Purpose, begin};
use grouping::Groups;
use life::Life;
use live::LiveQuery;
use local::OpenTransaction;
pub(crate) use numbered::Numbered;
use runner::ShapeRunner;
pub use trace::{Trace, lines as trace_lines};

/// The whole of one database: storage, sync and live queries.
///
/// ```
/// use throughline::engine::{Config, Effect, Engine, Event};
/// use throughline::ids::{Millis, RequestId};
/// use throughline::tabs::{Persistence, Reply, Request, Statement};
/// use throughline::value::Value;
///
/// let config = Config::parse(r#"{"name": "app", "tables": {"todos": {
///     "columns": {"id": "uuid", "title": "text"}, "primaryKey": ["id"]}}}"#)?;
/// let mut rng = fastrand::Rng::with_seed(1);
/// let conn = throughline::store::connection::open_memory()?;
/// let (mut engine, _) = Engine::open(conn, config, Persistence::Memory, None, Millis(0), &mut rng)?;
///
/// let insert = Statement {
///     sql: "INSERT INTO todos (id, title) VALUES (?, ?)".into(),
///     params: vec![
///         Value::Text("00000000-0000-4000-8000-000000000001".into()),
///         Value::Text("Buy milk".into()),
///     ],
///     typed: false,
/// };
/// let request = Request::Execute { statement: insert, transaction: None };
/// let effects = engine.handle(Millis(0), &mut rng, Event::Request(RequestId(1).into(), request));
/// assert!(matches!(&effects[0], Effect::Reply(RequestId(1), Ok(Reply::Executed(done))) if done.rows_affected == 1));
/// # Ok::<(), throughline::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    conn: Connection,
    session: Arc<Session>,
    config: Config,
    client: ClientId,
    /// Tells interactive transactions of this engine from those of one before it.
    life: Life,
    storage: StorageStatus,
    connected: bool,
    closed: bool,
    shapes: Vec<ShapeRunner>,
    groups: Groups,
    uploader: Uploader,
    live: Vec<LiveQuery>,
    analyses: Analyses,
    /// What an answer belongs to.
    fetches: Numbered<FetchId, Owner>,
    last_fetch: FetchId,
    /// Answers that came before their turn.
    held: Numbered<(usize, crate::shape::Attempt), Answer>,
    open_transaction: Option<OpenTransaction>,
    /// Whose request is carried out: of no other tab's transaction.
    asking: TabNumber,
    /// Events that came while a transaction was open.
    deferred: VecDeque<Event>,
    /// Requests that name a table whose schema is still to come.
    awaiting_schema: Vec<Awaiting>,
    /// Requests for the verdict on a transaction.
    awaiting_verdict: Vec<(TransactionId, Asked)>,
    /// Tables written since the live queries last ran.
    touched: Names,
    /// How often the nudge timer was set for the writes now accepted.
    nudges: u32,
    /// Of the event that is being handled.
    now: Millis,
    told: status::Told,
    status_is_stale: bool,
    outstanding: Outstanding,
    effects: Vec<Effect>,
    upkeep: Upkeep,
    trace: Option<Trace>,
    /// See [`Engine::time_runs`].
    clock: fn() -> u64,
}

/// What is known of the file's state.
#[derive(Debug, Default)]
struct Upkeep {
    /// Rows written by the connection so far, by SQLite's count.
    changes: u64,
    /// When that was last seen to go up.
    changed_at: Millis,
    /// The idle timer is set.
    timed: bool,
    /// Tables of which it is not known whether they are whole; `None` before the first look.
    unchecked: Option<Vec<String>>,
    /// Commits, when the last event had been handled.
    commits: u64,
    /// The storage failed while the event was handled.
    failed: bool,
    /// What is wrong with the file.
    broken: Option<Error>,
    /// Nothing more is to be done with it: it was given up, or is another database now.
    ended: bool,
    /// What is to take this database's place, and who asked for it.
    import: Option<(RequestId, Connection)>,
    import_key: Option<RequestKey>,
    /// When the storage was last measured, and whether the answer is still to come.
    measured_at: Option<Millis>,
    /// The browser was asked to keep the data, or is to be asked.
    asked_to_persist: bool,
    to_persist: bool,
}

/// How many local transactions are pending and how many rejected, and after how many commits.
#[derive(Debug, Clone, Copy, Default)]
struct Outstanding {
    pending: u32,
    rejected: u32,
    commits: Option<u64>,
}

/// See [`Engine::fetches`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Shape(usize, crate::shape::Attempt),
    Subset(usize),
    Upload,
}

/// A request whose answer waits for a table's first response.
#[derive(Debug)]
struct Awaiting {
    table: String,
    asked: Asked,
    request: Request,
}

/// The shell's timers.
mod timer {
    use crate::ids::TimerId;

    pub(super) const UPLOAD: TimerId = TimerId(0);
    pub(super) const NUDGE: TimerId = TimerId(1);
    pub(super) const TRANSACTION: TimerId = TimerId(2);
    pub(super) const GROUPS: TimerId = TimerId(3);
    pub(super) const CHECKPOINT: TimerId = TimerId(4);
    pub(super) const CHECK: TimerId = TimerId(5);
    pub(super) const STATUS: TimerId = TimerId(6);
    /// The first shape's; the others follow.
    pub(super) const SHAPES: u32 = 16;
    /// The first shape's, for its subsets.
    pub(super) const SUBSETS: u32 = 1 << 16;
    /// The first shape's, for the answer that waited for the one before it.
    pub(super) const RELEASES: u32 = 1 << 24;
}

impl Engine {
    /// Takes one event and returns what follows from it, in order.
    pub fn handle(&mut self, now: Millis, rng: &mut fastrand::Rng, event: Event) -> Vec<Effect> {
        self.now = now;
        let recorded = self.recorded(&event);
        self.deferred.push_back(event);
        while let Some(event) = self.next_event() {
            self.dispatch(now, rng, event);
            if self.upkeep.broken.is_some() {
                break;
            }
        }
        self.take_import(rng);
        if self.open_transaction.is_none() && !self.closed && !self.upkeep.ended {
            self.look_after_storage();
            self.publish();
        }
        self.rescue_if_broken();
        self.record_step(recorded);
        std::mem::take(&mut self.effects)
    }

    /// The first that need not wait. The others stay in their place: what comes may be that nobody waits for them any more.
    fn next_event(&mut self) -> Option<Event> {
        let mut events = self.deferred.iter();
        let at = events.position(|event| !self.must_wait(event))?;
        self.deferred.remove(at)
    }

    fn must_wait(&self, event: &Event) -> bool {
        let Some(open) = &self.open_transaction else {
            return false;
        };
        match event {
            Event::Request(asked, request) => !open.admits(asked, request),
            Event::Timer(timer::TRANSACTION)
            | Event::Cancel(_)
            | Event::Took(..)
            | Event::TabGone(_) => false,
            Event::Timer(_)
            | Event::Headers { .. }
            | Event::Answered { .. }
            | Event::Failed { .. }
            | Event::Storage(_)
            | Event::Wake => true,
        }
    }

    fn dispatch(&mut self, now: Millis, rng: &mut fastrand::Rng, event: Event) {
        if self.upkeep.ended {
            return;
        }
        if self.closed {
            if let Event::Request(asked, _) = event {
                self.effects
                    .push(Effect::Reply(asked.id, Err(Error::Closed)));
            }
            return;
        }
        match event {
            Event::Request(asked, request) => self.request(now, rng, asked, request),
            Event::Cancel(id) => self.cancel(id),
            Event::Took(tab, subscription) => self.took(tab, subscription),
            Event::TabGone(tab) => self.tab_gone(tab),
            Event::Headers {
                fetch,
                status,
                headers,
            } => {
                if let Some(Owner::Shape(at, attempt)) = self.fetches.get(fetch).copied() {
                    self.shape_headed(now, rng, at, attempt, status, &headers);
                    if let Some(shape) = self.shapes.get_mut(at) {
                        shape.last_head = Some((attempt, status, headers));
                    }
                }
            }
            Event::Answered { fetch, answer } => match self.fetches.remove(fetch) {
                Some(Owner::Shape(at, attempt)) => {
                    self.shape_answered(now, rng, at, attempt, answer);
                }
                Some(Owner::Subset(at)) => self.subset_answered(now, rng, at, &answer),
                Some(Owner::Upload) => self.upload_answered(now, rng, &answer),
                None => {}
            },
            Event::Failed { fetch, failure } => match self.fetches.remove(fetch) {
                Some(Owner::Shape(at, attempt)) => {
                    self.shape_failed(now, rng, at, attempt, failure);
                }
                Some(Owner::Subset(at)) => self.subset_failed(now, rng, at, failure),
                Some(Owner::Upload) => self.upload_failed(now, rng, failure),
                None => {}
            },
            Event::Timer(timer::UPLOAD) => self.upload(now, rng, crate::upload::Event::Timer),
            Event::Timer(timer::NUDGE) => self.nudge(now, rng),
            Event::Timer(timer::GROUPS) => self.begin_rounds(now, rng),
            Event::Timer(timer::CHECKPOINT) => self.checkpoint_if_idle(now),
            Event::Timer(timer::CHECK) => self.check_next(now),
            Event::Timer(timer::STATUS) => self.end_pause(),
            Event::Storage(facts) => self.measured(facts),
            Event::Timer(timer::TRANSACTION) => self.time_out_transaction(now),
            Event::Timer(TimerId(n)) if n >= timer::RELEASES => {
                self.release(now, rng, (n - timer::RELEASES) as usize);
            }
            Event::Timer(TimerId(n)) if n >= timer::SUBSETS => {
                self.try_subset_again(now, rng, (n - timer::SUBSETS) as usize);
            }
            Event::Timer(TimerId(n)) => {
                if let Some(at) = n.checked_sub(timer::SHAPES) {
                    self.shape(now, rng, at as usize, crate::shape::Event::Timer);
                }
            }
            Event::Wake => {
                // Who comes back may have cleared the storage meanwhile.
                self.measure();
                self.refresh_shapes(now, rng, |_| true);
                if self.connected && self.config.write.is_some() {
                    self.upload(now, rng, crate::upload::Event::Resume);
                }
            }
        }
    }

    /// Asks for an HTTP request in the name of `owner`.
    fn fetch(&mut self, owner: Owner, fetch: impl FnOnce(FetchId) -> Fetch) {
        self.last_fetch = FetchId(self.last_fetch.0 + 1);
        self.fetches.insert(self.last_fetch, owner);
        self.effects.push(Effect::Fetch(fetch(self.last_fetch)));
    }

    /// Cancels the request of `owner`, if there is one.
    fn abort(&mut self, owner: Owner) {
        if let Some(id) = self.fetches.find(|of| *of == owner) {
            self.fetches.remove(id);
            self.effects.push(Effect::Abort(id));
        }
    }
}
