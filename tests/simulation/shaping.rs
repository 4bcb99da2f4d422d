//! Clients whose shapes overlap, hang on other tables, load in parts, come and go.

mod writing;

use throughline::schema::Subset;
use throughline::tabs::{Reply, Request};
use throughline_server::electric::{Alter, Column, Loss, PgType, Table, row};

use crate::history::{CHANGED_TODOS, History, ITEMS, Shape, TODOS};
use crate::kinds::{KINDS, Kind};
use crate::membership::{Witness, synced};
use crate::support::statement;
use crate::support::world::{Chaos, World};
use crate::{each_world, is_traced};

/// Worlds of a normal run.
const WORLDS: u64 = 15;
/// Things done in each.
const ACTIONS: usize = 60;
/// Few rows, so that everyone meets.
const ROWS: u32 = 6;
const LISTS: u32 = 3;

#[test]
fn every_shape_shows_a_state_of_the_server_and_never_an_older_one() {
    each_world(WORLDS, |seed| Simulation::new(seed).run());
}

/// Names of shapes that are set.
const SLOTS: [&str; 2] = ["x", "y"];

struct App {
    name: &'static str,
    kind: &'static Kind,
    witness: Witness,
    /// What is set, and so has to be set again after a crash.
    set: Vec<(&'static str, Shape)>,
    /// Shapes that ended and whose rows stayed.
    left: Vec<(&'static str, Shape)>,
    life: u32,
}

struct Simulation {
    world: World,
    apps: Vec<App>,
    history: History,
    rng: fastrand::Rng,
    trace: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let chunk_bytes = *[200, 2_000, 1_000_000].get(rng.usize(0..3)).unwrap();
        let mut world = World::chunked(rng.u64(..), chunk_bytes);
        let column = Column::new;
        let lists = [column("id", PgType::Int4), column("open", PgType::Bool)];
        let items = [
            column("id", PgType::Int4),
            column("list_id", PgType::Int4),
            column("starred", PgType::Bool),
            column("body", PgType::Text),
        ];
        world
            .server()
            .create_table(Table::new("lists", &["id"], lists));
        world
            .server()
            .create_table(Table::new("items", &["id"], items));
        world.chaos = Some(Chaos {
            faults: rng.u32(0..40),
            latency_ms: *[20, 200, 2_000].get(rng.usize(0..3)).unwrap(),
            harsh: false,
        });
        let names = &["a", "b", "c"][..rng.usize(1..=3)];
        let mut simulation = Self {
            world,
            apps: Vec::new(),
            history: History::new(),
            rng,
            trace: is_traced(),
        };
        for _ in 0..6 {
            simulation.someone_else_writes();
        }
        for name in names {
            let kind = &KINDS[simulation.rng.usize(0..KINDS.len())];
            if simulation.trace {
                eprintln!("{name}: {}", kind.options());
            }
            simulation.world.open(name, &kind.options());
            simulation.apps.push(App {
                name,
                kind,
                witness: Witness::default(),
                set: Vec::new(),
                left: Vec::new(),
                life: 0,
            });
        }
        simulation
    }

    fn run(mut self) {
        for _ in 0..ACTIONS {
            self.act();
            self.look();
            let pause = *[0, 5, 50, 500, 5_000].get(self.rng.usize(0..5)).unwrap();
            self.run_for(pause);
        }
        self.heal();
        self.check();
    }

    fn run_for(&mut self, ms: u64) {
        let until = self.world.now.after(ms);
        while self.world.step(until) {
            self.look();
        }
        self.world.now = until;
    }

    /// At every client that something happened to.
    fn look(&mut self) {
        self.history.go_on(&self.world);
        for name in std::mem::take(&mut self.world.stirred) {
            let at = self.apps.iter().position(|app| app.name == name).unwrap();
            if self.world.seen(&name).life != self.apps[at].life {
                self.apps[at].life = self.world.seen(&name).life;
                self.set_again(at);
            }
            let app = &mut self.apps[at];
            let known = app.kind.shapes();
            app.witness
                .look(&mut self.world, &name, &self.history, &known);
        }
    }

    fn act(&mut self) {
        let at = self.rng.usize(0..self.apps.len());
        let name = self.apps[at].name;
        let action = self.rng.u32(0..100);
        if self.trace {
            eprintln!("{} {name} {action}", self.world.now);
        }
        match action {
            0..20 => self.write(name),
            20..50 => self.someone_else_writes(),
            50..65 => self.reshape(at),
            65..70 => self.world.offline(name),
            70..77 => self.world.online(name),
            77..81 => self.world.crash(name),
            81..86 => {
                let effects = self.rng.usize(0..8);
                self.world.crash_after(name, effects);
            }
            86..88 => self.ask(name, Request::Disconnect),
            88..93 => self.ask(name, Request::Connect),
            93 => self.world.server().restart(Loss::Nothing),
            94..97 => self.world.server().restart(Loss::Shapes),
            97 => self.alter(),
            _ => {
                let table = *self.rng.choice(&["todos", "lists", "items"]).unwrap();
                self.world.server().truncate(table);
            }
        }
    }

    fn ask(&mut self, name: &str, request: Request) {
        let id = self.world.client(name).send(request);
        self.world.client(name).reply(id);
    }

    /// Sets or ends a shape, or loads a part of one.
    fn reshape(&mut self, at: usize) {
        let app = &self.apps[at];
        let (name, kind) = (app.name, app.kind);
        if kind
            .shapes()
            .iter()
            .any(|one| one.of == TODOS && one.log == CHANGED_TODOS.log)
        {
            let subset = self.subset();
            return self.ask(
                name,
                Request::LoadSubset {
                    table: "todos".into(),
                    name: "default".into(),
                    subset,
                },
            );
        }
        let Some(shape) = self.rng.choice(kind.settable).copied() else {
            return;
        };
        let slot = *self.rng.choice(&SLOTS).unwrap();
        let app = &mut self.apps[at];
        app.set.retain(|(name, _)| *name != slot);
        app.left.retain(|(name, _)| *name != slot);
        if self.rng.u32(0..3) > 0 {
            app.set.push((slot, shape));
            return self.ask(name, set(slot, shape));
        }
        let purge = self.rng.bool();
        if !purge {
            app.left.push((slot, shape));
        }
        self.ask(
            name,
            Request::RemoveShape {
                table: shape.of.table.into(),
                name: slot.into(),
                purge,
            },
        );
    }

    /// What an app sets does not outlive its process.
    fn set_again(&mut self, at: usize) {
        let app = &self.apps[at];
        let name = app.name;
        for (slot, shape) in app.set.clone() {
            self.ask(name, set(slot, shape));
        }
    }

    fn subset(&mut self) -> Subset {
        let conditions = [
            "completed = true",
            "completed = false",
            "title >= 'w1'",
            "true = true",
        ];
        let condition = self.rng.choice(&conditions).unwrap();
        let is_page = self.rng.bool();
        Subset {
            where_clause: Some((*condition).into()),
            order_by: is_page.then(|| "title DESC".into()),
            limit: is_page.then_some(2),
            ..Subset::default()
        }
    }

    /// The weather clears: everyone is online, connected and done.
    fn heal(&mut self) {
        self.world.chaos = None;
        for at in 0..self.apps.len() {
            let name = self.apps[at].name;
            self.world.unscript(name);
            self.world.online(name);
            self.ask(name, Request::Connect);
            // What was left behind is taken up again, so that all rows belong to shapes.
            let left = std::mem::take(&mut self.apps[at].left);
            self.apps[at].set.extend(left);
            // A write is confirmed by a shape, so there has to be one.
            if let ([], [shape, ..]) = (&self.apps[at].set[..], self.apps[at].kind.settable) {
                self.apps[at].set.push((SLOTS[0], *shape));
            }
            self.set_again(at);
        }
        self.look();
        for _ in 0..3 {
            self.run_for(70_000);
            self.world.server().heartbeat();
        }
        for at in 0..self.apps.len() {
            self.load_everything(at);
        }
        self.world.settle();
        self.look();
    }

    /// Of a shape that is loaded in parts.
    fn load_everything(&mut self, at: usize) {
        let app = &self.apps[at];
        let name = app.name;
        if app
            .kind
            .shapes()
            .iter()
            .all(|one| one.log != CHANGED_TODOS.log)
        {
            return;
        }
        let request = Request::LoadSubset {
            table: "todos".into(),
            name: "default".into(),
            subset: Subset::default(),
        };
        let id = self.world.client(name).send(request);
        self.world.settle();
        let reply = self.world.client(name).reply(id);
        assert!(matches!(reply, Some(Ok(Reply::Loaded(_)))), "{reply:?}");
    }

    fn check(&mut self) {
        for app in &self.apps {
            let name = app.name;
            let declared = app.kind.declared.iter().chain(&app.set);
            let mut wanted: std::collections::BTreeMap<&str, crate::history::Rows> =
                std::collections::BTreeMap::new();
            for (_, shape) in declared {
                let rows = shape.rows(self.history.now());
                wanted.entry(shape.of.table).or_default().extend(rows);
            }
            for columns in [TODOS, ITEMS] {
                if let Some(expected) = wanted.get(columns.table) {
                    let rows = synced(&mut self.world, name, columns, None);
                    assert_eq!(rows, *expected, "{} of {name}", columns.table);
                    let sql = format!("SELECT {} FROM {}", columns.names.join(", "), columns.table);
                    let mut shown = self.world.client(name).rows(&sql);
                    shown.sort();
                    let mut lines: Vec<String> = expected.values().cloned().collect();
                    lines.sort();
                    assert_eq!(shown, lines, "the view of {} of {name}", columns.table);
                }
            }
            assert!(self.world.client(name).pending().is_empty(), "{name}");
        }
    }
}

fn set(slot: &str, shape: Shape) -> Request {
    Request::SetShape {
        table: shape.of.table.into(),
        name: slot.into(),
        shape: shape.declaration(),
    }
}
