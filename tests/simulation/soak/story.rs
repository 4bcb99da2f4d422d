//! One world and its apps: what an action does.

mod acts;

use std::collections::{BTreeMap, BTreeSet};

use throughline::tabs::{Request, TransactionRecord};
use throughline_server::electric::{Column, Loss, PgType, Table, row};

use super::action::{Action, Kind};
use super::coverage::Coverage;
use super::property::{Check, Property};

use crate::support::world::{Chaos, Death, World};

/// Pairs of rows that every transaction changes together, with the mark that they name.
const OPTIONS: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"},
    "write": {"url": "/changes", "coalesce": COALESCE, "onRejection": "POLICY"},
    "tables": {"todos": {"indexes": ["created_at"]}, "marks": {"shape": {"group": "work"}},
        "pairs": {"shape": {"group": "work"}}}}"#;
/// Few rows, so that everyone meets.
const ROWS: u32 = 6;
const GROUPS: u32 = 3;

/// What became of a write, as its app was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Written,
    Refused,
    /// The answer was lost, or the transaction was.
    Nothing,
}

pub(super) struct App {
    pub(super) name: &'static str,
    pub(super) policy: &'static str,
    pub(super) last_mark: u32,
    /// Marks of the transaction that is open.
    open: Vec<String>,
    life: u32,
    /// Requests of the world that were looked at.
    pub(super) sent: usize,
    /// The last handle of each table, as last seen.
    pub(super) handles: BTreeMap<String, String>,
}

pub(super) struct Story {
    pub(super) world: World,
    pub(super) apps: Vec<App>,
    /// Every mark that an app wrote, and what it was told.
    pub(super) marks: BTreeMap<String, Told>,
    /// Marks, and transactions, of rejections that an app queued again or discarded.
    pub(super) dealt_with: BTreeSet<String>,
    pub(super) clock_was_set: bool,
    pub(super) coverage: Coverage,
    /// Events of the server that were looked at.
    pub(super) read: usize,
    /// The last mark of each client in each group at the server.
    pub(super) last_in_group: BTreeMap<(String, String), u32>,
}

impl Story {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let chunk_bytes = [200, 2_000, 1_000_000][rng.usize(0..3)];
        let mut world = World::chunked(rng.u64(..), chunk_bytes);
        let text = |name| Column::new(name, PgType::Text);
        let number = |name| Column::new(name, PgType::Int4);
        let marks = Table::new("marks", &["id"], [text("id"), text("owner")]);
        let pairs = [number("id"), number("grp"), text("token")];
        let mut server = world.server();
        server.create_table(marks);
        server.create_table(Table::new("pairs", &["id"], pairs));
        server.transaction(|tx| {
            for id in 0..GROUPS * 2 {
                let (id, group) = (id.to_string(), (id / 2).to_string());
                tx.insert(
                    "pairs",
                    row([("id", id.as_str()), ("grp", group.as_str()), ("token", "")]),
                )?;
            }
            Ok(())
        });
        world.chaos = Some(Chaos {
            faults: rng.u32(0..40),
            latency_ms: [20, 200, 2_000][rng.usize(0..3)],
            harsh: true,
        });
        world.verified = None;
        world.repeats = true;
        world.death = [Death::Killed, Death::Dropped][rng.usize(0..2)];
        let coalesce = rng.bool();
        let mut apps = Vec::new();
        for name in &["a", "b", "c"][..rng.usize(2..=3)] {
            let policy = ["dependents", "dependents", "row", "all"][rng.usize(0..4)];
            let options = OPTIONS.replace("POLICY", policy);
            world.open(name, &options.replace("COALESCE", &coalesce.to_string()));
            apps.push(App {
                name,
                policy,
                last_mark: 0,
                open: Vec::new(),
                life: 0,
                sent: 0,
                handles: BTreeMap::new(),
            });
        }
        Self {
            world,
            apps,
            marks: BTreeMap::new(),
            dealt_with: BTreeSet::new(),
            clock_was_set: false,
            coverage: Coverage::default(),
            read: 0,
            last_in_group: BTreeMap::new(),
        }
    }

    /// Does all of it, and looks all the time.
    pub(super) fn run(&mut self, actions: &[Action], trace: bool) -> Check {
        for action in actions {
            if trace {
                eprintln!("{} {} {}", self.world.now, self.world.steps, action.name);
            }
            self.coverage.add(action.name);
            self.act(*action)?;
            self.look()?;
            self.run_for(action.pause)?;
            self.look_at_rest()?;
        }
        self.heal()?;
        self.look_at_end()
    }

    pub(super) fn run_for(&mut self, ms: u64) -> Check {
        let until = self.world.now.after(ms);
        while self.world.step(until) {
            self.look()?;
        }
        self.world.now = until;
        Ok(())
    }

    fn act(&mut self, action: Action) -> Check {
        let mut rng = fastrand::Rng::with_seed(action.seed);
        let at = rng.usize(0..self.apps.len());
        let name = self.apps[at].name;
        self.notice_new_life(at);
        match action.kind {
            Kind::Mark => return self.mark(at, &mut rng),
            Kind::Write => return self.write(name, &mut rng),
            Kind::Interact => return self.interact(at, &mut rng),
            Kind::SomeoneElse => self.someone_else(&mut rng),
            Kind::Deal => self.deal(name, &mut rng),
            Kind::Offline => self.world.offline(name),
            Kind::Online => self.world.online(name),
            Kind::Wake => self.world.happens(name, throughline::engine::Event::Wake),
            Kind::Disconnect => self.switch(name, Request::Disconnect),
            Kind::Connect => self.switch(name, Request::Connect),
            Kind::Crash => self.world.crash(name),
            Kind::CrashBetween => self.world.crash_after(name, rng.usize(0..8)),
            Kind::Lead => self.world.change_leader(name),
            Kind::LeadBetween => self.world.change_leader_after(name, rng.usize(0..8)),
            Kind::FillDisk => self.fill_disk(name, &mut rng),
            Kind::SetClock => {
                let jumps = [
                    -86_400_000,
                    -3_600_000,
                    -5_000,
                    5_000,
                    3_600_000,
                    86_400_000,
                ];
                self.clock_was_set = true;
                self.world.set_clock(jumps[rng.usize(0..jumps.len())]);
            }
            Kind::Restart => self.world.server().restart(Loss::Nothing),
            Kind::LoseShapes => self.world.server().restart(Loss::Shapes),
            Kind::Alter => self.alter(),
            Kind::Truncate => self.world.server().truncate("todos"),
        }
        Ok(())
    }

    /// A transaction that was open in an engine that is gone is gone.
    fn notice_new_life(&mut self, at: usize) {
        let app = &mut self.apps[at];
        let life = self.world.seen(app.name).life;
        if std::mem::replace(&mut app.life, life) != life {
            app.open.clear();
        }
    }

    fn is_busy(&mut self, name: &str) -> bool {
        let mut client = self.world.client(name);
        let tables = ["todos", "marks", "pairs"];
        !client.may_look() || !tables.into_iter().all(|table| client.knows(table))
    }

    fn next_mark(&mut self, at: usize) -> String {
        let app = &mut self.apps[at];
        app.last_mark += 1;
        let mark = format!("{}-{}", app.name, app.last_mark);
        self.marks.insert(mark.clone(), Told::Nothing);
        mark
    }

    /// The weather clears: everyone is online, connected and done.
    pub(super) fn heal(&mut self) -> Check {
        self.world.chaos = None;
        for at in 0..self.apps.len() {
            let name = self.apps[at].name;
            self.world.unscript(name);
            self.notice_new_life(at);
            if let Some(id) = self.world.client(name).open_transaction() {
                self.end(at, Request::Commit(id));
            }
            // The next engine finds room on the disk.
            self.world.change_leader(name);
            self.notice_new_life(at);
            self.world.online(name);
            self.ask(name, Request::Connect);
        }
        // What left no trace in a log is confirmed by position, and that moves with traffic only.
        for _ in 0..3 {
            self.run_for(70_000)?;
            self.world.server().heartbeat();
        }
        if let Err(state) = self.world.try_settle() {
            let mut pending = String::new();
            for app in &self.apps {
                let records = self.world.client(app.name).pending();
                pending += &format!("\n{}: pending {records:?}", app.name);
            }
            return Err((Property::Settling, pending + &state));
        }
        // What a group holds is shown after a round more.
        self.run_for(60_000)?;
        self.look()
    }
}

/// The marks that a transaction inserts.
pub(super) fn marks_of(record: &TransactionRecord) -> Vec<String> {
    let marks = record
        .changes
        .iter()
        .filter(|change| change.table == "marks");
    let ids = marks.filter_map(|change| change.key.get(0)?.as_str().map(str::to_owned));
    ids.collect()
}
