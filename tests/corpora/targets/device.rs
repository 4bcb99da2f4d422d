//! One engine, what it asks for, and what its app was promised.

use std::collections::{BTreeMap, BTreeSet};

use tempfile::TempDir;
use throughline::engine::{
    Answer, Asked, Config, Effect, Endpoint, Engine, Event, Fetch, Place, Salvage, Successor, files,
};
use throughline::error::{ErrorReport, Result};
use throughline::ids::{Millis, RequestId, TimerId, TransactionId};
use throughline::store::connection::{open_file, open_memory};
use throughline::tabs::{Notification, Persistence, Reply, Request, Rows, Statement, Status};
use throughline::value::Value;

/// No single event needs as many effects.
const MOST_EFFECTS: usize = 10_000;

/// Every code an error may have, but for those that would be our own fault.
const CODES: &[&str] = &[
    "ARGUMENT",
    "SCHEMA",
    "SQL",
    "CONSTRAINT",
    "FORBIDDEN",
    "TRANSACTION_CLOSED",
    "LEADER_CHANGED",
    "CLOSED",
    "TIMEOUT",
    "SCHEMA_AHEAD",
    "PROTOCOL",
    "SHAPE_REJECTED",
    "AUTH",
    "ENDPOINT",
    "NETWORK",
];

pub struct Device {
    pub engine: Engine,
    options: String,
    rng: fastrand::Rng,
    pub now: Millis,
    last_request: u32,
    folder: Option<TempDir>,
    generation: u32,
    /// Requests without an answer.
    pub out: Vec<Fetch>,
    pub timers: BTreeMap<TimerId, Millis>,
    /// The keys of what the app was told is written and has not been told the end of.
    promised: BTreeSet<String>,
    /// Of these, those that a server has had.
    posted: BTreeSet<String>,
    /// What a broken file took along.
    pub lost: u32,
    pub rescues: u32,
    /// The file may be broken in any way: what it says need not be true.
    may_break: bool,
}

impl Device {
    /// In memory, or in a file that it can be opened from again.
    pub fn open(options: &str, in_file: bool) -> Result<Self> {
        Self::begin(
            options,
            in_file.then(|| tempfile::tempdir().unwrap()),
            false,
        )
    }

    /// On a file that is there.
    pub fn open_in(options: &str, folder: TempDir) -> Result<Self> {
        Self::begin(options, Some(folder), false)
    }

    /// On a file that may be broken: until it is rescued the status says so.
    pub fn open_broken(options: &str, folder: TempDir) -> Result<Self> {
        Self::begin(options, Some(folder), true)
    }

    fn begin(options: &str, folder: Option<TempDir>, may_break: bool) -> Result<Self> {
        let mut rng = fastrand::Rng::with_seed(42);
        let now = Millis(1_767_322_800_000);
        let place = place(folder.as_ref(), 1)?;
        let (engine, effects) = Engine::open_at(place, Config::parse(options)?, now, &mut rng)?;
        let mut device = Self {
            engine,
            options: options.into(),
            rng,
            now,
            last_request: 0,
            folder,
            generation: 1,
            out: Vec::new(),
            timers: BTreeMap::new(),
            promised: BTreeSet::new(),
            posted: BTreeSet::new(),
            lost: 0,
            rescues: 0,
            may_break,
        };
        device.perform(effects);
        Ok(device)
    }

    /// The process dies and the next one opens the file; nothing in memory.
    pub fn crash(&mut self) {
        if self.folder.is_some() {
            self.replace(None);
        }
    }

    fn replace(&mut self, successor: Option<Successor>) {
        self.out.clear();
        self.timers.clear();
        let mut salvage = successor.and_then(|successor| successor.salvage);
        if let Some(salvage) = &mut salvage {
            self.mend(salvage);
            self.lost += salvage.lost;
            self.rescues += 1;
            self.generation += 1;
            assert!(
                self.rescues < 4,
                "one broken file after another: {}",
                salvage.reason
            );
        }
        // The old connection has the lock on the file.
        let nothing = Config::parse(r#"{"name": "a"}"#).unwrap();
        let memory = place(None, 1).unwrap();
        let (blank, _) = Engine::open_at(memory, nothing, self.now, &mut self.rng).unwrap();
        drop(std::mem::replace(&mut self.engine, blank));
        let config = Config::parse(&self.options).unwrap();
        let place = Place {
            salvage,
            ..place(self.folder.as_ref(), self.generation).unwrap()
        };
        let (engine, effects) = Engine::open_at(place, config, self.now, &mut self.rng)
            .unwrap_or_else(|error| panic!("the file of before does not open: {error}"));
        self.engine = engine;
        self.perform(effects);
    }

    /// As a shell does: a broken header need not hide what follows it.
    fn mend(&self, salvage: &mut Salvage) {
        let Some(folder) = self.folder.as_ref().filter(|_| salvage.unreadable) else {
            return;
        };
        let broken = folder.path().join(files::name(self.generation));
        let mut bytes = std::fs::read(broken).unwrap_or_default();
        if files::mend(&mut bytes) {
            let copy = folder.path().join(files::IMPORT);
            std::fs::write(&copy, bytes).unwrap();
            let reason = salvage.reason.clone();
            *salvage = Salvage::read(&open_file(&copy).unwrap(), reason, Vec::new());
            std::fs::remove_file(copy).unwrap();
        }
    }

    pub fn handle(&mut self, event: Event) -> Option<Result<Reply>> {
        let effects = self.engine.handle(self.now, &mut self.rng, event);
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Option<Result<Reply>> {
        let mut reply = None;
        assert!(
            effects.len() < MOST_EFFECTS,
            "{} effects at once",
            effects.len()
        );
        for effect in effects {
            match effect {
                Effect::Reply(_, result) => {
                    if let (Err(error), false) = (&result, self.may_break) {
                        assert_clear(&error.report());
                    }
                    reply = Some(result);
                }
                Effect::Notify(told) | Effect::Tell(_, told) => self.told(told),
                Effect::Fetch(fetch) => {
                    if fetch.endpoint == Endpoint::Write {
                        self.posted.extend(keys_of(&fetch));
                    }
                    self.out.push(fetch);
                }
                Effect::Abort(id) => self.out.retain(|fetch| fetch.id != id),
                Effect::SetTimer(id, at) => drop(self.timers.insert(id, at)),
                Effect::Restart(successor) => {
                    self.replace(Some(successor));
                    break;
                }
                Effect::Import(id, bytes) => return self.import(id, &bytes),
                Effect::MeasureStorage
                | Effect::Persist
                | Effect::Export(_)
                | Effect::Remove(_)
                | Effect::Close
                | Effect::Delete => {}
            }
        }
        reply
    }

    /// From here on anything may be wrong with the file.
    pub fn may_break(&mut self) {
        self.may_break = true;
        self.promised.clear();
    }

    fn import(&mut self, id: RequestId, bytes: &[u8]) -> Option<Result<Reply>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(files::IMPORT);
        std::fs::write(&path, bytes).unwrap();
        let effects = self
            .engine
            .imported(self.now, &mut self.rng, id, open_file(&path));
        self.perform(effects)
    }

    fn told(&mut self, told: Notification) {
        match told {
            Notification::Confirmed(record) => {
                let was_sent = self.posted.contains(&record.id);
                assert!(was_sent, "{} is confirmed and was never sent", record.id);
                self.promised.remove(&record.id);
            }
            Notification::Status(status) if !self.may_break => assert_clear_status(&status),
            Notification::LiveFailed { error, .. } if !self.may_break => assert_clear(&error),
            _ => {}
        }
    }

    /// The reply to a request, `None` when it has to wait.
    pub fn ask(&mut self, request: Request) -> Option<Result<Reply>> {
        self.last_request += 1;
        self.ask_as(RequestId(self.last_request).into(), request)
    }

    /// The same, from another tab.
    pub fn ask_as(&mut self, asked: Asked, request: Request) -> Option<Result<Reply>> {
        let reply = self.handle(Event::Request(asked, request));
        match &reply {
            Some(Ok(Reply::Executed(done))) => self.promised.extend(done.transaction.clone()),
            Some(Ok(Reply::Batch(done))) => {
                let keys = done.iter().filter_map(|one| one.transaction.clone());
                self.promised.extend(keys);
            }
            Some(Ok(Reply::Committed(Some(key)))) => drop(self.promised.insert(key.clone())),
            _ => {}
        }
        reply
    }

    pub fn execute(&mut self, sql: &str, params: Vec<Value>) -> Option<Result<Reply>> {
        let statement = Statement {
            sql: sql.into(),
            params,
            typed: false,
        };
        self.ask(Request::Execute {
            statement,
            transaction: None,
        })
    }

    pub fn query(&mut self, sql: &str) -> Result<Rows> {
        let statement = Statement {
            sql: sql.into(),
            params: vec![],
            typed: false,
        };
        match self.ask(Request::Query {
            statement,
            transaction: None,
        }) {
            Some(Ok(Reply::Rows(rows))) => Ok(rows),
            Some(Err(error)) => Err(error),
            other => panic!("{sql}: {other:?}"),
        }
    }

    pub fn status(&mut self) -> Status {
        match self.ask(Request::Status) {
            Some(Ok(Reply::Status(status))) => *status,
            other => panic!("{other:?}"),
        }
    }

    /// Idempotency keys and numbers of what is pending, or of what is rejected.
    pub fn listed(&mut self, request: Request) -> Vec<(String, TransactionId)> {
        match self.ask(request) {
            Some(Ok(Reply::Transactions(records))) => records
                .into_iter()
                .map(|one| (one.id, one.number))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The app drops a rejected write, or puts it back as another one.
    pub fn give_up(&mut self, key: &str) {
        self.promised.remove(key);
    }

    pub fn answer(&mut self, fetch: &Fetch, answer: Answer) {
        self.out.retain(|one| one.id != fetch.id);
        self.now = self.now.after(10);
        self.handle(Event::Answered {
            fetch: fetch.id,
            answer,
        });
    }

    /// The earliest timer comes due; false if there is none.
    pub fn wait(&mut self) -> bool {
        let Some((id, due)) = self
            .timers
            .iter()
            .map(|(id, due)| (*id, *due))
            .min_by_key(|one| one.1)
        else {
            return false;
        };
        self.timers.remove(&id);
        self.now = self.now.max(due);
        self.handle(Event::Timer(id));
        true
    }

    /// The shadow tables are what the fold makes, the file is sound, and every write that the app was promised is pending, in the
    /// journal, or was told to be confirmed.
    pub fn assert_sound(&mut self) {
        match self.ask(Request::Verify) {
            Some(Ok(Reply::Verified(report))) => {
                assert!(report.problems.is_empty(), "{:#?}", report.problems)
            }
            other => panic!("{other:?}"),
        }
        let pending = self.listed(Request::Pending);
        let rejected = self.listed(Request::Rejected);
        let listed: BTreeSet<&String> = pending
            .iter()
            .chain(&rejected)
            .map(|(key, _)| key)
            .collect();
        let missing = self
            .promised
            .iter()
            .filter(|key| !listed.contains(key))
            .count();
        assert!(
            missing <= self.lost as usize,
            "{:?} of {:?}",
            listed,
            self.promised
        );
        let status = self.status();
        assert_clear_status(&status);
        assert_eq!(
            (status.pending as usize, status.rejected as usize),
            (pending.len(), rejected.len())
        );
    }
}

fn place(folder: Option<&TempDir>, generation: u32) -> Result<Place> {
    Ok(Place {
        conn: match folder {
            Some(folder) => open_file(folder.path().join(files::name(generation)))?,
            None => open_memory()?,
        },
        persistence: if folder.is_some() {
            Persistence::File
        } else {
            Persistence::Memory
        },
        reason: None,
        salvage: None,
    })
}

/// The transactions in a POST. Numbers in it may be beyond a double.
pub fn keys_of(fetch: &Fetch) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Sent {
        id: String,
    }
    let sent: Vec<Sent> = serde_json::from_str(fetch.body.as_deref().unwrap_or("[]")).unwrap();
    sent.into_iter().map(|one| one.id).collect()
}

/// A known code, and a sentence.
pub fn assert_clear(error: &ErrorReport) {
    assert!(CODES.contains(&error.code.as_str()), "{error:?}");
    assert!(!error.message.is_empty(), "{error:?}");
}

fn assert_clear_status(status: &Status) {
    assert_eq!(status.storage.error, None, "nothing is wrong with the disk");
    let shapes = status
        .shapes
        .iter()
        .filter_map(|shape| shape.error.as_ref());
    shapes.for_each(assert_clear);
    // A server's own code is its own.
    if let Some(error) = &status.upload.error {
        assert!(
            !["INTERNAL", "CORRUPT", "STORAGE", "QUOTA"].contains(&error.code.as_str()),
            "{error:?}"
        );
    }
}
