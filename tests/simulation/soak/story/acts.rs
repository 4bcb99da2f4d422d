//! What apps, users and others do.

use throughline::tabs::{Reply, Request, TransactionRecord};
use throughline_server::electric::{Alter, Column, PgType, row};

use super::super::property::{Check, Property, hold};
use super::{GROUPS, ROWS, Story, Told, marks_of};
use crate::support::statement;

impl Story {
    /// The answer to a request, which may be lost with its engine.
    pub(super) fn ask(
        &mut self,
        name: &str,
        request: Request,
    ) -> Option<throughline::error::Result<Reply>> {
        let id = self.world.client(name).send(request);
        let reply = self.world.client(name).reply(id);
        match &reply {
            None => self.coverage.add("reply: lost"),
            Some(Err(error)) => {
                self.coverage.add("reply: refused");
                if error.code() == "QUOTA" {
                    self.coverage
                        .add("disk full: a write of the app found no room");
                }
            }
            Some(Ok(_)) => {}
        }
        reply
    }

    /// A new mark and the two rows of a group that name it; sometimes with a row that the server refuses.
    pub(super) fn mark(&mut self, at: usize, rng: &mut fastrand::Rng) -> Check {
        let name = self.apps[at].name;
        if self.is_busy(name) {
            return Ok(());
        }
        let mark = self.next_mark(at);
        let group = rng.u32(0..GROUPS);
        let mut statements = vec![
            format!("INSERT INTO marks (id, owner) VALUES ('{mark}', '{name}')"),
            format!("UPDATE pairs SET token = '{mark}' WHERE grp = {group}"),
        ];
        if rng.u32(0..10) == 0 {
            let id = uuid(u64::from(rng.u32(1_000..)));
            statements.push(format!("INSERT INTO todos (id, title) VALUES ('{id}', '')"));
        }
        let statements = statements.iter().map(|sql| statement(sql, &[])).collect();
        let request = Request::Batch {
            statements,
            meta: None,
        };
        let reply = self.ask(name, request);
        let told = match reply {
            Some(Ok(_)) => Told::Written,
            Some(Err(error)) if error.code() == "LEADER_CHANGED" => Told::Nothing,
            Some(Err(error)) => {
                not_twice(&mark, &error)?;
                Told::Refused
            }
            None => Told::Nothing,
        };
        self.marks.insert(mark, told);
        Ok(())
    }

    pub(super) fn write(&mut self, name: &str, rng: &mut fastrand::Rng) -> Check {
        if self.is_busy(name) {
            return Ok(());
        }
        let id = uuid(u64::from(rng.u32(0..ROWS)));
        let word = match rng.u32(0..20) {
            0 => String::new(),
            n => format!("w{}", n % 4),
        };
        let sql = match rng.u32(0..6) {
            0 | 1 => format!("INSERT INTO todos (id, title) VALUES ('{id}', '{word}')"),
            2 => format!("UPDATE todos SET title = '{word}' WHERE id = '{id}'"),
            3 => format!("UPDATE todos SET completed = NOT completed WHERE id = '{id}'"),
            4 => format!("UPDATE todos SET title = '{word}' WHERE completed"),
            _ => format!("DELETE FROM todos WHERE id = '{id}'"),
        };
        let transaction = None;
        let statement = statement(&sql, &[]);
        self.ask(
            name,
            Request::Execute {
                statement,
                transaction,
            },
        );
        Ok(())
    }

    /// Opens a transaction, uses it, or ends it.
    pub(super) fn interact(&mut self, at: usize, rng: &mut fastrand::Rng) -> Check {
        let name = self.apps[at].name;
        let Some(id) = self.world.client(name).open_transaction() else {
            if !self.is_busy(name) {
                self.ask(name, Request::Begin { meta: None });
                self.notice_new_life(at);
            }
            return Ok(());
        };
        match rng.u32(0..4) {
            0 => self.end(at, Request::Rollback(id)),
            1 => self.end(at, Request::Commit(id)),
            _ => {
                let mark = self.next_mark(at);
                let group = rng.u32(0..GROUPS);
                for sql in [
                    format!("INSERT INTO marks (id, owner) VALUES ('{mark}', '{name}')"),
                    format!("UPDATE pairs SET token = '{mark}' WHERE grp = {group}"),
                ] {
                    let request = Request::Execute {
                        statement: statement(&sql, &[]),
                        transaction: Some(id),
                    };
                    match self.ask(name, request) {
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return not_twice(&mark, &error),
                        None => return Ok(()),
                    }
                }
                self.apps[at].open.push(mark);
            }
        }
        Ok(())
    }

    pub(super) fn end(&mut self, at: usize, request: Request) {
        let name = self.apps[at].name;
        let commits = matches!(request, Request::Commit(_));
        let id = self.world.client(name).send_end(request);
        let reply = self.world.client(name).reply(id);
        let told = match reply {
            Some(Ok(Reply::Committed(_))) if commits => Told::Written,
            Some(Ok(_)) => Told::Refused,
            // A commit that is refused may be tried again by the engine's own rules: it ends with its engine.
            Some(Err(_)) | None => Told::Nothing,
        };
        for mark in std::mem::take(&mut self.apps[at].open) {
            self.marks.insert(mark, told);
        }
    }

    /// The file cannot grow by much, and the app writes more than that.
    pub(super) fn fill_disk(&mut self, name: &str, rng: &mut fastrand::Rng) {
        self.world.fill_disk(name, rng.u32(0..3));
        if !self.is_busy(name) {
            let (id, title) = (uuid(u64::from(rng.u32(1_000..))), "long ".repeat(20_000));
            let sql = format!("INSERT INTO todos (id, title) VALUES ('{id}', '{title}')");
            let (statement, transaction) = (statement(&sql, &[]), None);
            self.ask(
                name,
                Request::Execute {
                    statement,
                    transaction,
                },
            );
        }
    }

    pub(super) fn switch(&mut self, name: &str, request: Request) {
        if self.world.client(name).may_look() {
            self.ask(name, request);
        }
    }

    pub(super) fn deal(&mut self, name: &str, rng: &mut fastrand::Rng) {
        if !self.world.client(name).may_look() {
            return;
        }
        let Some(Ok(Reply::Transactions(listed))) = self.ask(name, Request::Rejected) else {
            return;
        };
        if listed.is_empty() {
            return;
        }
        let one = &listed[rng.usize(0..listed.len())];
        let (number, dependents) = (one.number, rng.bool());
        let is_retry = rng.bool();
        let along = |other: &&TransactionRecord| {
            other.number == number || (dependents && other.caused_by == Some(number))
        };
        for record in listed.iter().filter(along) {
            self.dealt_with.insert(record.id.clone());
            self.dealt_with.extend(marks_of(record));
        }
        let request = if is_retry {
            self.coverage.add("rejection: queued again");
            Request::Retry { number, dependents }
        } else {
            self.coverage.add("rejection: discarded");
            Request::Discard { number, dependents }
        };
        self.ask(name, request);
    }

    pub(super) fn someone_else(&mut self, rng: &mut fastrand::Rng) {
        let id = uuid(u64::from(rng.u32(0..ROWS)));
        let word = format!("s{}", rng.u32(0..100));
        let todo = row([("id", id.as_str())]);
        let mut server = self.world.server();
        match rng.u32(0..5) {
            0 => drop(server.remove(&id)),
            1 => drop(server.update("todos", &todo, row([("completed", "true")]))),
            2 => server.transaction(|tx| {
                let mark = format!("s-{}", rng.u64(..));
                tx.insert("marks", row([("id", mark.as_str()), ("owner", "s")]))?;
                let group = rng.u32(0..GROUPS);
                for id in [group * 2, group * 2 + 1] {
                    let id = id.to_string();
                    tx.update(
                        "pairs",
                        &row([("id", id.as_str())]),
                        row([("token", mark.as_str())]),
                    )?;
                }
                Ok(())
            }),
            _ if server.rename(&id, &word) => {}
            _ => server.add_todo(&id, &word),
        }
    }

    /// A column comes or goes.
    pub(super) fn alter(&mut self) {
        let note = Column::new("note", PgType::Text);
        let todos = self.world.backend.electric().table("todos").unwrap();
        let alter = match todos.column(&note.name) {
            None => Alter::AddColumn(note),
            Some(_) => Alter::DropColumn(note.name),
        };
        self.world.server().alter("todos", alter);
    }
}

/// No mark is there before its one insert.
fn not_twice(mark: &str, error: &throughline::error::Error) -> Check {
    let is_there = error.code() == "CONSTRAINT";
    hold(Property::Once, !is_there, || {
        format!("{mark} was there already: {error}")
    })
}

fn uuid(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}
