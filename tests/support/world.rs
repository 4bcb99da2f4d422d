//! A whole world in one thread: clients, the backend, a network between them, and time that a test owns.
//!
//! Nothing here waits. A fetch is an entry in a list with the moment of its next step; the earliest step of all
//! happens next and the clock jumps to it. One seed gives one history.
//!
//! ```ignore
//! let mut world = World::new(1);
//! world.open("a", SYNCED);
//! world.client("a").run("UPDATE todos SET title = 'new'");
//! world.settle();
//! assert_eq!(world.client("a").rows("SELECT title FROM todos"), world.server().texts("todos", "title"));
//! ```

mod client;
mod clock;
mod faults;
mod mishaps;
mod network;
mod server;

use std::collections::{BTreeMap, BTreeSet};

use throughline::engine::{Effect, Endpoint, Event};
use throughline::ids::{Millis, TimerId};
use throughline::tabs::{ShapePhase, UploadPhase};
use throughline_server::backend::Backend;
use throughline_server::electric::Options;

pub use client::{App, Client, Death};
pub use faults::{Chaos, Fault};
pub use network::Sent;
pub use server::{Ledger, Server};

use network::{Cache, Flight, Leg};

/// Options of a client that reads and writes the demo's todos, columns from the server.
pub const SYNCED: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"todos": {"indexes": ["created_at"]}}}"#;

/// When every world begins.
pub const BEGINNING: Millis = Millis(1_795_342_140_000);

/// How long a settling world may take, in its own time.
const PATIENCE_MS: u64 = 600_000;
/// More steps than any settling world needs: it goes round in circles.
const PATIENCE_STEPS: usize = 50_000;

pub struct World {
    pub now: Millis,
    pub rng: fastrand::Rng,
    pub backend: Backend,
    pub ledger: Ledger,
    clients: BTreeMap<String, Client>,
    flights: Vec<Flight>,
    last_flight: u64,
    scripted: Vec<(String, Endpoint, Fault)>,
    /// Random faults, while set.
    pub chaos: Option<Chaos>,
    /// Every request that any client sent, in order.
    pub sent: Vec<Sent>,
    /// The clients that something happened to, until someone looks.
    pub stirred: BTreeSet<String>,
    /// The client that is verified after every event; all are when it is quiet.
    pub verified: Option<&'static str>,
    /// The write API answers with a status alone.
    pub plain_writes: bool,
    /// Stands before the write API: the status for a body that it does not let through.
    pub gate: Option<Gate>,
    /// How clients die.
    pub death: Death,
    cache: Cache,
    /// Events handled by an engine or the backend.
    pub steps: u64,
    /// A client that is verified after every event is so after each of so many.
    pub verify_every: u64,
    /// Requests are asked again by whoever asked, of the next engine.
    pub repeats: bool,
    /// How often what happened, by name.
    pub happenings: BTreeMap<&'static str, u64>,
}

/// See [`World::gate`].
pub type Gate = Box<dyn Fn(&str) -> Option<u16>>;

/// What can happen next.
enum Next {
    Flight(usize),
    Timer(String, TimerId),
}

impl World {
    /// A backend with the demo's table, rule and rows, and nobody there yet.
    pub fn new(seed: u64) -> Self {
        Self::chunked(seed, Options::default().chunk_bytes)
    }

    /// The same, with logs that are sent in chunks of about so many bytes.
    pub fn chunked(seed: u64, chunk_bytes: usize) -> Self {
        Self::over(seed, server::demo_backend(chunk_bytes, false))
    }

    /// The same, with a backend that writes a row of its ledger with each client transaction.
    pub fn with_ledger(seed: u64) -> Self {
        let chunk_bytes = Options::default().chunk_bytes;
        Self::over(seed, server::demo_backend(chunk_bytes, true))
    }

    fn over(seed: u64, (backend, ledger): (Backend, Ledger)) -> Self {
        Self {
            now: BEGINNING,
            rng: fastrand::Rng::with_seed(seed),
            backend,
            ledger,
            clients: BTreeMap::new(),
            flights: Vec::new(),
            last_flight: 0,
            scripted: Vec::new(),
            chaos: None,
            sent: Vec::new(),
            stirred: BTreeSet::new(),
            verified: Some("a"),
            plain_writes: false,
            gate: None,
            death: Death::Killed,
            cache: Cache::default(),
            steps: 0,
            verify_every: 1,
            repeats: false,
            happenings: BTreeMap::new(),
        }
    }

    /// A new client with an empty database.
    pub fn open(&mut self, name: &str, options: &str) {
        let seed = self.rng.u64(..);
        self.clients
            .insert(name.into(), Client::new(name, options, seed));
        self.start(name);
    }

    /// The same, on a disk that may fail.
    pub fn open_on_disk(&mut self, name: &str, options: &str) {
        let mut client = Client::new(name, options, self.rng.u64(..));
        client.may_not_open = true;
        self.clients.insert(name.into(), client);
        self.start(name);
    }

    /// The client, to be asked for something.
    pub fn client(&mut self, name: &str) -> App<'_> {
        App {
            world: self,
            name: name.into(),
        }
    }

    /// What a client has seen.
    pub fn seen(&self, name: &str) -> &Client {
        &self.clients[name]
    }

    pub fn names(&self) -> Vec<String> {
        self.clients.keys().cloned().collect()
    }

    /// The other users of the server.
    pub fn server(&mut self) -> Server<'_> {
        Server { world: self }
    }

    pub fn happened(&mut self, what: &'static str) {
        *self.happenings.entry(what).or_default() += 1;
    }

    /// Runs until no one has anything to do: all shapes live, nothing pending.
    pub fn settle(&mut self) {
        match self.try_settle() {
            Ok(()) => self.assert_sound(),
            Err(state) => panic!("the world does not settle: {state}"),
        }
    }

    /// The same, without looking at what has come of it; the state of everything if it does not come to rest.
    pub fn try_settle(&mut self) -> Result<(), String> {
        let until = self.now.after(PATIENCE_MS);
        for _ in 0..PATIENCE_STEPS {
            if self.is_quiet() {
                return Ok(());
            }
            if !self.step(until) {
                break;
            }
        }
        Err(self.describe())
    }

    /// Lets time pass.
    pub fn run_for(&mut self, ms: u64) {
        let until = self.now.after(ms);
        while self.step(until) {}
        self.now = until;
    }

    /// Runs until the condition holds.
    pub fn run_until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let until = self.now.after(PATIENCE_MS);
        for _ in 0..PATIENCE_STEPS {
            if condition(self) {
                return;
            }
            if !self.step(until) {
                break;
            }
        }
        panic!("it never came to {what}: {}", self.describe());
    }

    /// Does the earliest thing that is due by then; false if there is none.
    pub fn step(&mut self, until: Millis) -> bool {
        let version = self.ledger.version();
        let flights = self.flights.iter().enumerate().map(|(at, flight)| {
            (
                flight.due(self.now, version),
                flight.number,
                Next::Flight(at),
            )
        });
        let timers = self.clients.iter().flat_map(|(name, client)| {
            client
                .timers
                .iter()
                .map(|(id, due)| (*due, u64::MAX, Next::Timer(name.clone(), *id)))
        });
        let next = flights
            .chain(timers)
            .min_by_key(|(due, number, _)| (*due, *number));
        match next {
            Some((due, _, next)) if due <= until => {
                self.now = self.now.max(due);
                match next {
                    Next::Flight(at) => self.advance(at),
                    Next::Timer(name, id) => {
                        self.client_mut(&name).timers.remove(&id);
                        self.happens(&name, Event::Timer(id));
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// Whether nothing but held polls and far timers is left.
    pub fn is_quiet(&self) -> bool {
        let version = self.ledger.version();
        let still = |flight: &Flight| match flight.leg {
            Leg::Held { seen, .. } => seen == version,
            Leg::Going { .. } | Leg::Coming { .. } => false,
        };
        self.clients.iter().all(|(name, client)| {
            let flights = self.flights.iter().filter(|flight| flight.client == *name);
            client.offline || (client.is_at_rest() && flights.into_iter().all(still))
        })
    }

    /// What must hold whenever it is quiet: shadow tables, live results, server and views.
    pub fn assert_sound(&mut self) {
        for name in self.names() {
            if self.clients[&name].is_open() {
                self.client(&name).assert_sound();
                self.client(&name).assert_live_results();
            }
        }
    }

    /// All clients see what the server has.
    pub fn assert_same(&mut self, table: &str) {
        let expected = self.server().rows(table);
        for name in self.names() {
            assert_eq!(
                self.client(&name).table(table),
                expected,
                "{table} of {name}, as against the server"
            );
        }
    }

    /// Tells a client's engine and does what it says.
    pub fn happens(&mut self, name: &str, event: Event) {
        let now = self.now;
        self.stirred.insert(name.into());
        self.steps += 1;
        let effects = self.client_mut(name).handle(now, event);
        self.perform(name, effects);
        if self.steps.is_multiple_of(self.verify_every)
            && self.verified == Some(name)
            && self.clients[name].may_verify()
        {
            self.client(name).assert_sound();
        }
    }

    fn start(&mut self, name: &str) {
        self.flights.retain(|flight| {
            // A request that has left goes on without its sender.
            flight.client != name || matches!(flight.leg, Leg::Going { .. })
        });
        let now = self.now;
        self.stirred.insert(name.into());
        let effects = self.client_mut(name).open(now);
        self.perform(name, effects);
    }

    fn perform(&mut self, name: &str, effects: Vec<Effect>) {
        for effect in effects {
            if let Some(left) = &mut self.client_mut(name).dies_after {
                if *left == 0 {
                    self.client_mut(name).dies_after = None;
                    self.happened("crash between two effects");
                    self.crash(name);
                    return;
                }
                *left -= 1;
            }
            if let Some(left) = &mut self.client_mut(name).hands_over_after {
                if *left == 0 {
                    self.client_mut(name).hands_over_after = None;
                    self.happened("leader changed between two effects");
                    self.change_leader(name);
                    return;
                }
                *left -= 1;
            }
            match effect {
                Effect::Fetch(fetch) => self.send(name, fetch),
                Effect::Abort(id) => self.abort(name, id),
                Effect::Restart(successor) => {
                    self.replace(name, |client, now| client.restart(successor, now));
                    return;
                }
                effect => self.client_mut(name).perform(effect),
            }
        }
    }

    /// The engine has ended: another one begins, and everyone asks it again.
    fn replace(&mut self, name: &str, begin: impl FnOnce(&mut Client, Millis) -> Vec<Effect>) {
        let now = self.now;
        self.flights
            .retain(|flight| flight.client != name || matches!(flight.leg, Leg::Going { .. }));
        let effects = begin(self.client_mut(name), now);
        let life = self.clients[name].life;
        self.perform(name, effects);
        for (asked, request) in self.client_mut(name).unanswered() {
            if self.clients[name].life == life {
                if asked.key.is_some() {
                    self.happened("request asked again");
                }
                self.happens(name, Event::Request(asked, request));
            }
        }
    }

    pub(self) fn client_mut(&mut self, name: &str) -> &mut Client {
        self.clients.get_mut(name).expect("a client of that name")
    }

    /// The moments that a client waits for, and its requests to the write API that are out.
    pub fn waits(&self, name: &str) -> (Vec<Millis>, usize) {
        let timers = self.clients[name].timers.values().copied().collect();
        let is_post = |flight: &&Flight| flight.posts_for(name);
        (timers, self.flights.iter().filter(is_post).count())
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        for (name, client) in &self.clients {
            text += &format!("\n{name}: {:#?}", client.status);
        }
        for flight in &self.flights {
            text += &format!("\n{flight:?}");
        }
        text
    }
}

impl Client {
    /// Nothing pending, nothing loading.
    fn is_at_rest(&self) -> bool {
        let Some(status) = &self.status else {
            return !self.is_open();
        };
        !self.is_open()
            || !status.connected
            || (status.pending == 0
                && matches!(status.upload.phase, UploadPhase::Idle | UploadPhase::Paused)
                && status.shapes.iter().all(|shape| {
                    matches!(
                        shape.phase,
                        ShapePhase::Live | ShapePhase::Failed | ShapePhase::Paused
                    )
                }))
    }
}
