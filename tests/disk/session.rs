//! One session with all that the store does, on a disk that may fail, and what must hold after it.

use throughline::error::Error;
use throughline::tabs::{Reply, Request};
use throughline_server::electric::{Alter, Column, Loss, PgType};

use crate::model::{self, Count, Trouble};
use crate::support::world::{SYNCED, World};
use crate::support::{id, statement};

const FIRST: &str = "019aa000-0000-7000-8000-000000000001";

pub struct Session {
    pub world: World,
    /// Idempotency keys of what the app was told is written, with the todo that each inserts.
    written: Vec<(String, Option<u32>)>,
    /// Rows of its own table that the app was told of.
    drafts: u32,
    /// What requests failed with.
    pub errors: Vec<Error>,
    pub count: Count,
    /// How many calls failed.
    pub failed: usize,
}

/// What the app does, what others do, and time that passes.
type Step = fn(&mut Session);

const STEPS: &[Step] = &[
    // A first load, out of sight and swapped in.
    |session| session.world.run_for(2_000),
    |session| session.draft(),
    |session| session.insert(1),
    |session| session.world.run_for(300),
    // Accepted, confirmed; messages of others.
    |session| {
        session.world.server().rename(FIRST, "theirs");
        session.world.run_for(2_000);
    },
    |session| session.batch(&["UPDATE todos SET title = 'ours' WHERE completed"], None),
    |session| session.draft(),
    // Rejected by the server and rolled back.
    |session| {
        session.batch(
            &[&format!("UPDATE todos SET title = '' WHERE id = '{FIRST}'")],
            None,
        )
    },
    |session| session.world.run_for(2_000),
    |session| session.transaction(2),
    // A log that is read anew, in a generation of its own.
    |session| {
        session.world.server().restart(Loss::Shapes);
        session.world.run_for(3_000);
    },
    |session| session.insert(3),
    |session| {
        let note = Column::new("note", PgType::Text);
        session
            .world
            .server()
            .alter("todos", Alter::AddColumn(note));
        session.world.run_for(3_000);
    },
    |session| session.ask(Request::Export),
    // Large: the log outgrows its limit and goes into the file.
    |session| session.fill(),
    |session| session.draft(),
    |session| session.world.run_for(60_000),
    // Left and opened again.
    |session| {
        session.ask(Request::Close);
        session.open();
    },
    |session| session.insert(4),
    |session| session.world.run_for(2_000),
];

impl Session {
    /// Runs it; a power cut ends it.
    pub fn run(trouble: Trouble) -> Self {
        let mut world = World::new(5);
        world.verified = None;
        model::begin();
        model::arm(trouble);
        world.open_on_disk("a", SYNCED);
        let mut session = Self {
            world,
            written: Vec::new(),
            drafts: 0,
            errors: Vec::new(),
            count: Count::default(),
            failed: 0,
        };
        for step in STEPS {
            if model::is_off() {
                break;
            }
            session.open();
            step(&mut session);
        }
        (session.count, session.failed) = model::disarm();
        session
    }

    /// An app that finds its database closed opens it.
    fn open(&mut self) {
        if !self.world.seen("a").is_open() && !model::is_off() {
            self.world.crash("a");
        }
        let reason = self.world.seen("a").not_open.clone();
        self.errors.extend(reason);
    }

    fn ask(&mut self, request: Request) {
        drop(self.answer(request));
    }

    fn answer(&mut self, request: Request) -> Option<Reply> {
        let id = self.world.client("a").send(request);
        match self.world.client("a").reply(id)? {
            Ok(reply) => Some(reply),
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    fn batch(&mut self, sql: &[&str], inserts: Option<u32>) {
        let statements = sql.iter().map(|sql| statement(sql, &[])).collect();
        let meta = None;
        if let Some(Reply::Batch(done)) = self.answer(Request::Batch { statements, meta }) {
            let key = done[0].transaction.clone();
            self.written.extend(key.map(|key| (key, inserts)));
        }
    }

    fn insert(&mut self, n: u32) {
        self.batch(&[&insertion(n)], Some(n));
    }

    /// Something that the app keeps for itself.
    fn own(&mut self, sql: &[&str]) -> bool {
        let statements = sql.iter().map(|sql| statement(sql, &[])).collect();
        let meta = None;
        self.answer(Request::Batch { statements, meta }).is_some()
    }

    fn draft(&mut self) {
        let there = "CREATE TABLE IF NOT EXISTS drafts (id INTEGER PRIMARY KEY, text TEXT)";
        if self.own(&[there, "INSERT INTO drafts (text) VALUES ('kept')"]) {
            self.drafts += 1;
        }
    }

    fn transaction(&mut self, n: u32) {
        let Some(Reply::Begun(transaction)) = self.answer(Request::Begin { meta: None }) else {
            return;
        };
        let insert = self.answer(Request::Execute {
            statement: statement(&insertion(n), &[]),
            transaction: Some(transaction),
        });
        let end = match &insert {
            Some(_) => Request::Commit(transaction),
            None => Request::Rollback(transaction),
        };
        let id = self.world.client("a").send_end(end);
        match self.world.client("a").reply(id) {
            Some(Ok(Reply::Committed(Some(key)))) => self.written.push((key, Some(n))),
            // SQLite may have rolled it back before.
            Some(Err(Error::TransactionClosed(_))) if insert.is_none() => {}
            Some(Err(error)) => self.errors.push(error),
            _ => {}
        }
    }

    /// More than the write-ahead log may have.
    fn fill(&mut self) {
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)";
        let there = "CREATE TABLE IF NOT EXISTS filler (i INTEGER PRIMARY KEY, bytes BLOB)";
        let fill = format!("INSERT INTO filler (bytes) {rows} SELECT zeroblob(15000) FROM n");
        self.own(&[there, &fill, "DELETE FROM filler"]);
    }

    /// The power is back, with what chance left of the files.
    pub fn power_returns(&mut self, seed: u64) {
        model::power_returns(seed);
        self.world.crash("a");
    }

    /// The disk works, and the app goes on, in the engine that it has if it has one.
    pub fn check(mut self) {
        model::arm(Trouble::None);
        let reopened = !self.world.seen("a").is_open();
        self.open();
        let before = self.world.client("a").send(Request::Verify);
        let verified = self.world.client("a").reply(before);
        let Some(Ok(Reply::Verified(report))) = verified else {
            panic!("not verified (opened again: {reopened}): {verified:?}");
        };
        assert!(report.problems.is_empty(), "{:#?}", report.problems);
        self.insert(5);
        self.world.settle();
        self.assert_whole();
        let trouble = self.world.client("a").status().storage.error;
        assert_eq!(trouble, None, "it works again");
        self.world.crash("a");
        self.world.settle();
        self.assert_whole();
        assert!(self.world.seen("a").recovered.is_empty(), "nothing broke");
    }

    /// Nothing that the app was told of is missing, nothing was done twice, and client and server agree.
    fn assert_whole(&mut self) {
        let world = &mut self.world;
        assert_eq!(world.client("a").rows("PRAGMA integrity_check"), ["ok"]);
        let applied = world.ledger.applied();
        assert!(applied.values().all(|times| *times <= 1), "{applied:?}");
        let there = world.server().texts("todos", "id");
        for (at, (key, inserts)) in self.written.iter().enumerate() {
            assert!(applied.contains_key(key), "{key} is lost");
            assert!(
                self.written[..at].iter().all(|(other, _)| other != key),
                "{key} was given twice"
            );
            let is_there = inserts.is_none_or(|n| there.contains(&id(n)));
            assert!(is_there, "{inserts:?} of {key} is not on the server");
        }
        let listed: Vec<String> = world
            .client("a")
            .rejected()
            .into_iter()
            .map(|one| one.id)
            .collect();
        assert_eq!(listed, world.ledger.rejected());
        if self.drafts > 0 {
            let drafts = world.client("a").count("drafts");
            assert!(drafts >= self.drafts, "{drafts} of {} drafts", self.drafts);
        }
        world.assert_same("todos");
    }
}

fn insertion(n: u32) -> String {
    format!("INSERT INTO todos (id, title) VALUES ('{}', 'mine')", id(n))
}
