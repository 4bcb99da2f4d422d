//! What becomes of writes: clients that follow each of theirs to its verdict, on a database where nothing else need happen.
//!
//! However requests and answers are lost, repeated and delayed, clients killed and logs begun anew: in the end every
//! transaction was applied exactly once or rejected exactly once, its handle says which, the view is what the server
//! has, and in between nobody saw an older value than before.

use std::collections::BTreeMap;

use throughline::change::TransactionState;
use throughline::ids::SubscriptionId;
use throughline::tabs::{Reply, Request, TransactionRecord};
use throughline_server::electric::{Column, Loss, PgType, Table, row};

use crate::support::statement;
use crate::support::world::{Chaos, World};
use crate::{each_world, is_traced};

/// Worlds of a normal run.
const WORLDS: u64 = 15;
/// Things done in each.
const ACTIONS: usize = 60;
/// The live query on what only its own client writes.
const OWN: u32 = 1;

#[test]
fn every_write_comes_to_its_verdict_and_no_older_value_is_ever_seen() {
    each_world(WORLDS, |seed| Simulation::new(seed).run());
}

struct Simulation {
    world: World,
    names: Vec<String>,
    rng: fastrand::Rng,
    /// By client: what its app was told is written.
    written: BTreeMap<String, Vec<String>>,
    /// By client: how often it counted up, and the largest count that it saw.
    counted: BTreeMap<String, (u32, u32)>,
    /// Results of the live query that were looked at, in this life of the client.
    looked_at: BTreeMap<String, (u32, usize)>,
    /// Whether edits of one row that follow each other may go as one transaction.
    coalesces: bool,
    trace: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut world = World::with_ledger(rng.u64(..));
        let counters = [
            Column::new("id", PgType::Text),
            Column::new("n", PgType::Int4),
        ];
        world
            .server()
            .create_table(Table::new("counters", &["id"], counters));
        world.chaos = Some(Chaos {
            faults: rng.u32(0..40),
            latency_ms: *[20, 200, 2_000].get(rng.usize(0..3)).unwrap(),
            harsh: false,
        });
        let coalesces = rng.bool();
        let names: Vec<String> = ["a", "b"].iter().map(ToString::to_string).collect();
        for name in &names {
            let counter = row([("id", name.as_str()), ("n", "0")]);
            world.server().insert("counters", counter);
            world.open(name, &options(coalesces));
        }
        Self {
            world,
            names,
            rng,
            written: BTreeMap::new(),
            counted: BTreeMap::new(),
            looked_at: BTreeMap::new(),
            coalesces,
            trace: is_traced(),
        }
    }

    fn run(mut self) {
        for _ in 0..ACTIONS {
            self.act();
            let pause = *[0, 5, 50, 500, 5_000].get(self.rng.usize(0..5)).unwrap();
            self.world.run_for(pause);
            self.look();
        }
        self.heal();
        self.check();
    }

    fn act(&mut self) {
        let at = self.rng.usize(0..self.names.len());
        let name = self.names[at].clone();
        let action = self.rng.u32(0..100);
        if self.trace {
            eprintln!("{} {name} {action}", self.world.now);
        }
        match action {
            0..25 => self.count_up(&name),
            25..60 => self.write(&name),
            60..72 => self.someone_else_writes(),
            72..79 => self.world.offline(&name),
            79..87 => self.world.online(&name),
            87..90 => self.world.crash(&name),
            90..96 => {
                let effects = self.rng.usize(0..8);
                self.world.crash_after(&name, effects);
            }
            96..98 => self.world.server().restart(Loss::Shapes),
            _ => self.world.server().restart(Loss::Nothing),
        }
    }

    fn count_up(&mut self, name: &str) {
        if !self.world.client(name).knows("counters") {
            return;
        }
        let seen = self
            .world
            .client(name)
            .peek_rows(&format!("SELECT n FROM counters WHERE id = '{name}'"));
        // The first rows may still be on their way.
        let Some(n) = seen.first().and_then(|n| n.parse::<u32>().ok()) else {
            return;
        };
        let next = n + 1;
        self.run_in_one(
            name,
            &[format!(
                "UPDATE counters SET n = {next} WHERE id = '{name}'"
            )],
        );
    }

    fn write(&mut self, name: &str) {
        if !self.world.client(name).knows("todos") {
            return;
        }
        let statements: Vec<String> = (0..self.rng.usize(1..=2)).map(|_| self.sql()).collect();
        self.run_in_one(name, &statements);
    }

    fn run_in_one(&mut self, name: &str, statements: &[String]) {
        let statements = statements.iter().map(|sql| statement(sql, &[])).collect();
        let request = Request::Batch {
            statements,
            meta: None,
        };
        let id = self.world.client(name).send(request);
        if let Some(Ok(Reply::Batch(done))) = self.world.client(name).reply(id)
            && let Some(key) = &done[0].transaction
        {
            let written = self.written.entry(name.into()).or_default();
            written.push(key.clone());
        }
    }

    fn sql(&mut self) -> String {
        let id = format!("00000000-0000-4000-8000-{:012}", self.rng.u32(0..5));
        let word = match self.rng.u32(0..6) {
            // One that the server refuses.
            0 => String::new(),
            n => format!("w{n}"),
        };
        match self.rng.u32(0..5) {
            0 | 1 => format!("INSERT INTO todos (id, title) VALUES ('{id}', '{word}')"),
            2 | 3 => format!("UPDATE todos SET title = '{word}' WHERE id = '{id}'"),
            _ => format!("DELETE FROM todos WHERE id = '{id}'"),
        }
    }

    fn someone_else_writes(&mut self) {
        let id = format!("00000000-0000-4000-8000-{:012}", self.rng.u32(0..5));
        let word = format!("s{}", self.rng.u32(0..100));
        let remove = self.rng.u32(0..4) == 0;
        let mut server = self.world.server();
        if remove {
            server.remove(&id);
        } else if !server.rename(&id, &word) {
            server.add_todo(&id, &word);
        }
    }

    /// What each client saw of its own counter never went back.
    fn look(&mut self) {
        for name in self.names.clone() {
            let life = self.world.seen(&name).life;
            let (looked_in, looked) = self.looked_at.get(&name).copied().unwrap_or((u32::MAX, 0));
            let watched = self
                .world
                .seen(&name)
                .live
                .contains_key(&SubscriptionId(OWN));
            if !watched {
                if self.world.client(&name).knows("counters") {
                    let sql = format!("SELECT n FROM counters WHERE id = '{name}'");
                    self.world.client(&name).watch(OWN, &sql, &[]);
                    self.looked_at.insert(name, (life, 0));
                }
                continue;
            }
            let from = if looked_in == life { looked } else { 0 };
            let history = self.world.client(&name).history(OWN);
            for rows in &history[from..] {
                let (_, largest) = self.counted.entry(name.clone()).or_default();
                let n: u32 = match rows.first() {
                    Some(n) => n.parse().unwrap(),
                    None => {
                        assert_eq!(*largest, 0, "{name} lost sight of its counter");
                        continue;
                    }
                };
                assert!(n >= *largest, "{name} saw {n} after {largest}");
                *largest = n;
            }
            self.looked_at.insert(name, (life, history.len()));
        }
    }

    /// The weather clears. Nothing else happens on the server from here on.
    fn heal(&mut self) {
        self.world.chaos = None;
        for name in self.names.clone() {
            self.world.unscript(&name);
            self.world.online(&name);
        }
        self.world.settle();
        self.look();
    }

    fn check(&mut self) {
        self.world.assert_same("todos");
        self.world.assert_same("counters");
        let applied = self.world.ledger.applied();
        for (key, times) in &applied {
            assert!(*times <= 1, "{key} was applied {times} times");
        }
        let refused = self.world.ledger.rejected();
        for name in self.names.clone() {
            assert_eq!(self.world.client(&name).pending(), [], "{name}");
            for key in self.written.remove(&name).unwrap_or_default() {
                let record = self.verdict(&name, &key);
                match record.state {
                    // The one that it went with is told under its own key until both are forgotten.
                    TransactionState::Confirmed if self.coalesces => {
                        assert!(
                            !refused.contains(&record.id),
                            "{key} is confirmed and refused"
                        );
                    }
                    TransactionState::Confirmed => assert!(
                        applied.contains_key(&record.id) && !refused.contains(&record.id),
                        "{key} is confirmed as {}, which the server never applied",
                        record.id
                    ),
                    TransactionState::Rejected => {
                        let follows = record
                            .error
                            .is_some_and(|error| error.code == "DEPENDS_ON_REJECTED");
                        assert!(
                            follows || refused.contains(&record.id),
                            "{key} is rejected, and the server never said so"
                        );
                    }
                    other => panic!("{key} ended as {other:?}"),
                }
            }
        }
    }

    fn verdict(&mut self, name: &str, key: &str) -> TransactionRecord {
        match self.world.client(name).ask(Request::Settled(key.into())) {
            Ok(Reply::Transactions(records)) => records.into_iter().next().unwrap(),
            other => panic!("{key}: {other:?}"),
        }
    }
}

fn options(coalesce: bool) -> String {
    format!(
        r#"{{"name": "app", "electric": {{"url": "/v1/shape"}},
        "write": {{"url": "/changes", "confirmBy": "ledger", "coalesce": {coalesce}}},
        "tables": {{"todos": {{}}, "counters": {{}}}}}}"#
    )
}
