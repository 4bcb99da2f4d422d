//! Clients that all sync two whole tables, and write.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use throughline::engine::{Event, StorageFacts};
use throughline::tabs::{Reply, Request};
use throughline_server::electric::{Alter, Column, Loss, PgType, Table, row};

use crate::support::statement;
use crate::support::world::{Chaos, World};
use crate::{each_world, is_traced};

/// Todos, and tags with a composite key and no write id that refer to them.
const OPTIONS: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes", "onRejection": "POLICY"},
    "tables": {"todos": {"indexes": ["created_at"]}, "tags": {"references": [{"columns": ["todo"], "table": "todos"}]}}}"#;

/// Worlds of a normal run.
const WORLDS: u64 = 15;
/// Things done in each.
const ACTIONS: usize = 60;
/// Few rows, so that everyone meets.
const ROWS: Range<u32> = 0..6;

#[test]
fn all_clients_end_with_what_the_server_has_and_no_write_is_lost() {
    each_world(WORLDS, |seed| Simulation::new(seed).run());
}

struct Simulation {
    world: World,
    names: Vec<String>,
    rng: fastrand::Rng,
    /// What each client was told is written, by idempotency key.
    resolved: Vec<(String, String)>,
    /// Rejections that an app retried or discarded.
    dealt_with: BTreeSet<String>,
    /// Edits of a row may be merged before they are sent.
    coalesce: bool,
    trace: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let chunk_bytes = *[200, 2_000, 1_000_000].get(rng.usize(0..3)).unwrap();
        let mut world = World::chunked(rng.u64(..), chunk_bytes);
        let tag = Table::new(
            "tags",
            &["todo", "n"],
            [
                Column::new("todo", PgType::Uuid),
                Column::new("n", PgType::Int4),
                Column::new("label", PgType::Text),
            ],
        );
        world.server().create_table(tag);
        world.chaos = Some(Chaos {
            faults: rng.u32(0..40),
            latency_ms: *[20, 200, 2_000].get(rng.usize(0..3)).unwrap(),
            harsh: false,
        });
        let names: Vec<String> = ["a", "b", "c"][..rng.usize(2..=3)]
            .iter()
            .map(ToString::to_string)
            .collect();
        if rng.u32(0..3) == 0 {
            // A word that the server fails at, for now.
            world.gate = Some(Box::new(|body| body.contains(r#""w1""#).then_some(500)));
        }
        let coalesce = rng.bool();
        let write = format!(r#""/changes", "coalesce": {coalesce}"#);
        for name in &names {
            let policy = rng.choice(["dependents", "dependents", "row", "all"]);
            let options = OPTIONS.replace("POLICY", policy.unwrap());
            world.open(name, &options.replace(r#""/changes""#, &write));
        }
        Self {
            coalesce,
            world,
            names,
            rng,
            resolved: Vec::new(),
            dealt_with: BTreeSet::new(),
            trace: is_traced(),
        }
    }

    fn run(mut self) {
        for _ in 0..ACTIONS {
            self.act();
            let pause = *[0, 5, 50, 500, 5_000].get(self.rng.usize(0..5)).unwrap();
            self.world.run_for(pause);
        }
        self.heal();
        self.check();
    }

    /// Rows of the server are lost, or all files; nothing that the app wrote.
    fn break_file(&mut self, name: &str) {
        let gone = StorageFacts {
            persisted: None,
            quota: None,
            usage: None,
            present: false,
        };
        if self.rng.bool() {
            return self.world.happens(name, Event::Storage(gone));
        }
        let offset = self.rng.u64(..);
        self.world.damage(name, |path| {
            let conn = rusqlite::Connection::open(path).unwrap();
            let sql =
                "SELECT pageno FROM dbstat WHERE name LIKE 't%_synced%' OR name LIKE 't%_local%'";
            let mut statement = conn.prepare(sql).unwrap();
            let pages: Vec<u64> = statement
                .query_map([], |row| row.get::<_, i64>(0))
                .unwrap()
                .map(|page| page.unwrap() as u64)
                .collect();
            drop(statement);
            drop(conn);
            if let Some(page) = pages.get(offset as usize % pages.len().max(1)) {
                let mut file = std::fs::read(path).unwrap();
                let at = (*page as usize - 1) * 16_384;
                file[at..at + 16_384].fill(offset as u8);
                std::fs::write(path, file).unwrap();
            }
        });
    }

    fn act(&mut self) {
        let at = self.rng.usize(0..self.names.len());
        let name = self.names[at].clone();
        let action = self.rng.u32(0..100);
        if self.trace {
            eprintln!("{} {name} {action}", self.world.now);
        }
        match action {
            0..47 => self.write(&name),
            47..50 => self.deal_with_a_rejection(&name),
            50..65 => self.someone_else_writes(),
            65..72 => self.interact(&name),
            72..77 => self.world.offline(&name),
            77..83 => self.world.online(&name),
            83..85 => self.world.crash(&name),
            85 => self.break_file(&name),
            86..90 => {
                let effects = self.rng.usize(0..8);
                self.world.crash_after(&name, effects);
            }
            90..92 => self.switch(&name, Request::Disconnect),
            92..96 => self.switch(&name, Request::Connect),
            96 => self.world.server().restart(Loss::Nothing),
            97 => self.world.server().restart(Loss::Shapes),
            98 => self.alter(),
            _ => {
                let table = if self.rng.bool() { "todos" } else { "tags" };
                self.world.server().truncate(table);
            }
        }
    }

    /// One of the app's requests; its reply may be lost to a crash.
    fn ask(&mut self, name: &str, request: Request) -> Option<Reply> {
        let id = self.world.client(name).send(request);
        self.world.client(name).reply(id)?.ok()
    }

    fn switch(&mut self, name: &str, request: Request) {
        if self.world.client(name).open_transaction().is_none() {
            self.ask(name, request);
        }
    }

    fn write(&mut self, name: &str) {
        let mut client = self.world.client(name);
        if client.open_transaction().is_some() || !client.knows("todos") || !client.knows("tags") {
            return;
        }
        let statements = (0..self.rng.usize(1..=3))
            .map(|_| statement(&self.sql(), &[]))
            .collect();
        let meta = None;
        match self.ask(name, Request::Batch { statements, meta }) {
            Some(Reply::Batch(done)) => {
                if let Some(key) = &done[0].transaction {
                    self.resolved.push((name.into(), key.clone()));
                }
            }
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }

    fn sql(&mut self) -> String {
        let id = self.id();
        let n = self.rng.u32(0..2);
        let word = self.word();
        match self.rng.u32(0..9) {
            0 => format!("INSERT INTO todos (id, title) VALUES ('{id}', '{word}')"),
            1 | 2 => format!("UPDATE todos SET title = '{word}' WHERE id = '{id}'"),
            3 => format!("UPDATE todos SET completed = NOT completed WHERE id = '{id}'"),
            4 => format!("UPDATE todos SET title = '{word}' WHERE completed"),
            5 => format!("DELETE FROM todos WHERE id = '{id}'"),
            6 => format!("INSERT INTO tags (todo, n, label) VALUES ('{id}', {n}, '{word}')"),
            7 => format!("UPDATE tags SET label = nullif('{word}', 'w0') WHERE todo = '{id}'"),
            _ => format!("DELETE FROM tags WHERE todo = '{id}' AND n = {n}"),
        }
    }

    /// Sometimes one that the server refuses.
    fn word(&mut self) -> String {
        match self.rng.u32(0..12) {
            0 => String::new(),
            n => format!("w{}", n / 4),
        }
    }

    fn id(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.rng.u32(ROWS))
    }

    fn deal_with_a_rejection(&mut self, name: &str) {
        if self.world.client(name).open_transaction().is_some() {
            return;
        }
        let Some(Reply::Transactions(listed)) = self.ask(name, Request::Rejected) else {
            return;
        };
        let Some(mut one) = self.rng.choice(listed.clone()) else {
            return;
        };
        let (number, dependents) = (one.number, self.rng.bool());
        let request = match self.rng.u32(0..3) {
            0 => Request::Retry { number, dependents },
            1 => Request::Discard { number, dependents },
            _ => {
                for change in &mut one.changes {
                    if let Some(title) = change.value.get_mut("title") {
                        *title = "edited".into();
                    }
                }
                let changes = serde_json::to_string(&one.changes).unwrap();
                let meta = None;
                Request::Edit {
                    number,
                    changes,
                    meta,
                }
            }
        };
        let along = listed
            .into_iter()
            .filter(|other| dependents && other.caused_by == Some(number));
        self.dealt_with.extend(along.map(|other| other.id));
        self.dealt_with.insert(one.id);
        if let Some(Reply::Committed(Some(key))) = self.ask(name, request) {
            self.resolved.push((name.into(), key));
        }
    }

    /// A column comes or goes.
    fn alter(&mut self) {
        let note = Column::new("note", PgType::Text);
        let todos = self.world.backend.electric().table("todos").unwrap();
        let alter = match todos.column(&note.name) {
            None => Alter::AddColumn(note),
            Some(_) => Alter::DropColumn(note.name),
        };
        self.world.server().alter("todos", alter);
    }

    fn someone_else_writes(&mut self) {
        let id = self.id();
        let word = format!("s{}", self.rng.u32(0..100));
        let todo = row([("id", id.as_str())]);
        let mut server = self.world.server();
        match self.rng.u32(0..5) {
            0 => {
                server.remove(&id);
            }
            1 => {
                let done = row([("completed", "true")]);
                server.update("todos", &todo, done);
            }
            _ if server.rename(&id, &word) => {}
            _ => server.add_todo(&id, &word),
        }
    }

    /// Opens a transaction, uses it, or ends it.
    fn interact(&mut self, name: &str) {
        let sql = self.sql();
        let choice = self.rng.u32(0..4);
        let Some(id) = self.world.client(name).open_transaction() else {
            if self.world.client(name).knows("todos") {
                self.world.client(name).try_begin();
            }
            return;
        };
        match choice {
            0 => drop(self.world.client(name).send_end(Request::Rollback(id))),
            1 => self.commit(name, id),
            _ => {
                let execute = Request::Execute {
                    statement: statement(&sql, &[]),
                    transaction: Some(id),
                };
                self.ask(name, execute);
            }
        }
    }

    fn commit(&mut self, name: &str, id: throughline::ids::TransactionId) {
        let request = self.world.client(name).send_end(Request::Commit(id));
        if let Some(Ok(Reply::Committed(Some(key)))) = self.world.client(name).reply(request) {
            self.resolved.push((name.into(), key));
        }
    }

    /// The weather clears: everyone is online, connected and done.
    fn heal(&mut self) {
        self.world.chaos = None;
        self.world.gate = None;
        for name in self.names.clone() {
            if let Some(id) = self.world.client(&name).open_transaction() {
                self.commit(&name, id);
            }
            self.world.unscript(&name);
            self.world.online(&name);
            self.ask(&name, Request::Connect);
        }
        // What left no trace in a log is confirmed by position, and that moves with traffic only.
        for _ in 0..3 {
            self.world.run_for(70_000);
            self.world.server().heartbeat();
        }
        self.world.settle();
    }

    fn check(&mut self) {
        self.world.assert_same("todos");
        self.world.assert_same("tags");
        let applied = self.world.ledger.applied();
        for (key, times) in &applied {
            assert!(*times <= 1, "{key} was applied {times} times");
        }
        let mut listed = self.dealt_with.clone();
        for name in self.names.clone() {
            assert!(self.world.client(&name).pending().is_empty(), "{name}");
            let rejected = self.world.client(&name).rejected();
            listed.extend(rejected.into_iter().map(|one| one.id));
        }
        for key in self.world.ledger.rejected() {
            assert!(
                listed.contains(&key),
                "{key} was rejected and is not listed"
            );
        }
        self.assert_rows_in_order();
        let bodies: String = self
            .world
            .sent
            .iter()
            .filter_map(|one| one.body.as_deref())
            .collect();
        for (name, key) in &self.resolved {
            let merged = self.coalesce && !bodies.contains(&format!(r#""id":"{key}""#));
            assert!(
                applied.contains_key(key) || listed.contains(key) || merged,
                "{name} wrote {key} and it is nowhere"
            );
        }
    }

    /// What one client did to one row was committed in that order.
    fn assert_rows_in_order(&self) {
        let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for body in self.world.sent.iter().filter_map(|one| one.body.as_ref()) {
            let sent: Vec<serde_json::Value> = serde_json::from_str(body).unwrap_or_default();
            for one in sent {
                let of_one = rows.entry(one["id"].to_string()).or_default();
                for change in one["changes"].as_array().into_iter().flatten() {
                    let value = &change["value"];
                    of_one.insert(format!("{} {} {}", value["id"], value["todo"], value["n"]));
                }
            }
        }
        let mut last: BTreeMap<(String, String), u64> = BTreeMap::new();
        for key in self.world.ledger.order() {
            let (client, number) = key.split_once(':').unwrap();
            let number: u64 = number.parse().unwrap();
            for row in &rows[&format!("{key:?}")] {
                let before = last.insert((client.to_owned(), row.clone()), number);
                assert!(before < Some(number), "{row}: {key} came after {before:?}");
            }
        }
    }
}
