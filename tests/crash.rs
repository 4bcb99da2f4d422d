//! The process ends without warning: committed means durable, and nothing else remains.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use support::world::{Death, SYNCED, World};
use support::{App, TODOS, id, statement};
use throughline::tabs::{Reply, Request};

const FIRST: &str = "019aa000-0000-7000-8000-000000000001";

/// What an app does in the scripted session; a request whose answer the crash took counts as not resolved.
struct Session {
    world: World,
    resolved: Vec<String>,
}

impl Session {
    fn run(death: Death, effects: usize) -> Self {
        let mut world = World::new(3);
        world.death = death;
        world.verified = None;
        world.open("a", SYNCED);
        world.settle();
        world.crash_after("a", effects);
        let mut session = Self {
            world,
            resolved: Vec::new(),
        };
        session.write(&["UPDATE todos SET title = 'one' WHERE NOT completed"]);
        session.world.run_for(15);
        session.write(&[
            &format!("INSERT INTO todos (id, title) VALUES ('{}', 'two')", id(1)),
            "DELETE FROM todos WHERE completed",
        ]);
        session.leave_open();
        session.world.run_for(200);
        session.write(&[&format!("UPDATE todos SET title = '' WHERE id = '{FIRST}'")]);
        session.world.server().rename(FIRST, "theirs");
        session.world.run_for(25_000);
        session
    }

    fn write(&mut self, sql: &[&str]) {
        let statements = sql.iter().map(|sql| statement(sql, &[])).collect();
        let meta = None;
        let batch = Request::Batch { statements, meta };
        let id = self.world.client("a").send(batch);
        if let Some(Ok(Reply::Batch(done))) = self.world.client("a").reply(id) {
            self.resolved.extend(done[0].transaction.clone());
        }
    }

    /// An interactive transaction that is never committed.
    fn leave_open(&mut self) {
        self.world.client("a").try_begin();
        if let Some(id) = self.world.client("a").open_transaction() {
            let sql = "UPDATE todos SET title = 'never'";
            self.world.client("a").send(Request::Execute {
                statement: statement(sql, &[]),
                transaction: Some(id),
            });
        }
    }

    fn check(mut self, at: usize) {
        let world = &mut self.world;
        world.unscript("a");
        world.settle();
        let integrity = world.client("a").rows("PRAGMA integrity_check");
        assert_eq!(integrity, ["ok"], "after {at} effects");
        let (applied, rejected) = (world.ledger.applied(), world.ledger.rejected());
        for key in &self.resolved {
            assert!(
                applied.contains_key(key),
                "{key} is lost after {at} effects"
            );
        }
        assert!(applied.values().all(|times| *times <= 1), "{applied:?}");
        let listed = world.client("a").rejected();
        assert_eq!(
            listed.into_iter().map(|one| one.id).collect::<Vec<_>>(),
            rejected,
            "after {at} effects"
        );
        let never = "SELECT count(*) FROM todos WHERE title = 'never'";
        assert_eq!(world.client("a").rows(never), ["0"]);
        world.assert_same("todos");
    }
}

/// More than the session has.
const EFFECTS: usize = 40;

#[test]
fn a_process_killed_at_any_effect_loses_nothing_resolved() {
    for at in 0..EFFECTS {
        Session::run(Death::Killed, at).check(at);
    }
}

#[test]
fn an_engine_dropped_at_any_effect_loses_nothing_resolved() {
    for at in 0..EFFECTS {
        Session::run(Death::Dropped, at).check(at);
    }
}

#[test]
fn the_crashes_reach_past_the_end_of_the_session() {
    let session = Session::run(Death::Killed, EFFECTS);
    assert_eq!(session.world.seen("a").life, 0, "make EFFECTS larger");
}

/// Names the database of a child process that is to be killed.
const VICTIM: &str = "THROUGHLINE_TEST_VICTIM";

#[test]
fn what_execute_resolved_before_a_sigkill_is_there_afterwards() {
    if let Some(path) = std::env::var_os(VICTIM) {
        return write_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let mut resolved = Vec::new();
    for after in [1, 2, 3, 10, 40] {
        resolved.extend(kill_after(&path, after));
        let mut app = App::open_at(&path, TODOS).unwrap();
        assert_eq!(app.rows("PRAGMA integrity_check"), ["ok"]);
        app.assert_sound();
        let there = app.rows("SELECT id FROM todos");
        for id in &resolved {
            assert!(there.contains(id), "{id} was resolved and is gone");
        }
        let open = "SELECT count(*) FROM todos WHERE title = 'open'";
        assert_eq!(app.rows(open), ["0"], "of a transaction never committed");
        assert_eq!(app.pending().len(), there.len(), "each with its intent");
    }
    assert!(resolved.len() >= 56);
}

/// Lets a child write until it has reported so many rows, kills it, and returns all that it reported.
fn kill_after(path: &Path, reports: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "what_execute_resolved_before_a_sigkill_is_there_afterwards",
            "--nocapture",
        ])
        .env(VICTIM, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut resolved = Vec::new();
    for line in output.lines() {
        if let Some(id) = line.unwrap().strip_prefix("resolved ") {
            resolved.push(id.to_owned());
        }
        if resolved.len() == reports {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(!status.success(), "it was killed");
    resolved
}

fn write_until_killed(path: &Path) {
    let mut app = App::open_at(path, TODOS).unwrap();
    let first = app.rows("SELECT count(*) FROM todos")[0].parse().unwrap();
    for n in first.. {
        let open = app.begin();
        let insert = format!("INSERT INTO todos (id, title) VALUES ('{}', 'open')", id(n));
        app.ask(Request::Execute {
            statement: statement(&insert, &[]),
            transaction: Some(open),
        })
        .unwrap();
        app.ask(Request::Rollback(open)).unwrap();
        app.run(&insert.replace("'open'", "'kept'"));
        let mut out = std::io::stdout().lock();
        if writeln!(out, "resolved {}", id(n))
            .and_then(|()| out.flush())
            .is_err()
        {
            return;
        }
    }
}
