//! The backend as its other users see it, and the record of what was committed.

use std::collections::BTreeMap;

use throughline::value::{PgType, Value, decode};
use throughline_server::backend::Backend;
use throughline_server::demo;
use throughline_server::electric::{
    Alter, Column, Electric, Lag, Loss, Micros, Options, Row, Table, row,
};
use throughline_server::journal::{Event, Journal, JournalError};
use throughline_server::write::{Status, Verdict};

use super::{BEGINNING, World};
use crate::support::text;

/// A table that only the server writes: its commits move the position that all shapes report.
pub const HEARTBEATS: &str = "heartbeats";

/// Everything the backend committed, in order.
#[derive(Debug, Default)]
pub struct Ledger {
    events: Vec<Event>,
    /// Changes of state that are no events.
    touched: u64,
}

impl Journal for Ledger {
    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        self.events.push(event.clone());
        Ok(())
    }
}

impl Ledger {
    /// Grows with every change of state.
    pub fn version(&self) -> u64 {
        self.events.len() as u64 + self.touched
    }

    /// What was committed after the first `count` events.
    pub fn since(&self, count: usize) -> &[Event] {
        &self.events[count..]
    }

    /// How often each client transaction was applied; rejected ones and no-ops 0 times.
    pub fn applied(&self) -> BTreeMap<String, usize> {
        let mut applied = BTreeMap::new();
        for verdict in self.verdicts() {
            let has_effect = verdict.status == Status::Accepted && !verdict.noop;
            *applied.entry(verdict.id.clone()).or_default() += usize::from(has_effect);
        }
        applied
    }

    /// The client transactions that changed something, in the order they were committed.
    pub fn order(&self) -> Vec<String> {
        let committed = |event: &Event| match event {
            Event::Commit {
                verdict: Some(verdict),
                ..
            } => Some(verdict.id.clone()),
            _ => None,
        };
        self.events.iter().filter_map(committed).collect()
    }

    /// The client transactions that were rejected.
    pub fn rejected(&self) -> Vec<String> {
        self.verdicts()
            .filter(|verdict| verdict.status == Status::Rejected)
            .map(|verdict| verdict.id.clone())
            .collect()
    }

    fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.events.iter().filter_map(|event| match event {
            Event::Verdict(verdict) => Some(verdict),
            Event::Commit { verdict, .. } => verdict.as_ref(),
            _ => None,
        })
    }
}

pub(super) fn demo_backend(chunk_bytes: usize, keeps_ledger: bool) -> (Backend, Ledger) {
    let mut ledger = Ledger::default();
    let options = Options {
        chunk_bytes,
        ..Options::default()
    };
    let mut backend = Backend::new(Electric::new(options), demo::rules());
    if keeps_ledger {
        backend = backend.with_ledger();
    }
    demo::start(&mut backend, &mut ledger, micros(BEGINNING.0)).expect("an empty database");
    let id = Column::new("id", throughline_server::electric::PgType::Int8);
    backend
        .create_table(&mut ledger, Table::new(HEARTBEATS, &["id"], [id]))
        .expect("kept in memory");
    (backend, ledger)
}

fn micros(millis: i64) -> Micros {
    Micros(millis.unsigned_abs() * 1_000)
}

/// Changes made by someone else.
pub struct Server<'w> {
    pub(super) world: &'w mut World,
}

impl Server<'_> {
    pub fn create_table(&mut self, table: Table) {
        let World {
            backend, ledger, ..
        } = self.world;
        backend.create_table(ledger, table).expect("in memory");
    }

    pub fn insert(&mut self, table: &str, values: Row) {
        self.transaction(|tx| tx.insert(table, values));
    }

    /// True if there was such a row.
    pub fn update(&mut self, table: &str, key: &Row, values: Row) -> bool {
        let mut found = false;
        self.transaction(|tx| {
            found = tx.update(table, key, values)?;
            Ok(())
        });
        found
    }

    /// True if there was such a row.
    pub fn delete(&mut self, table: &str, key: &Row) -> bool {
        let mut found = false;
        self.transaction(|tx| {
            found = tx.delete(table, key)?;
            Ok(())
        });
        found
    }

    pub fn add_todo(&mut self, id: &str, title: &str) {
        self.insert("todos", row([("id", id), ("title", title)]));
    }

    pub fn rename(&mut self, id: &str, title: &str) -> bool {
        self.update("todos", &row([("id", id)]), row([("title", title)]))
    }

    pub fn complete(&mut self, id: &str) -> bool {
        self.update("todos", &row([("id", id)]), row([("completed", "true")]))
    }

    pub fn remove(&mut self, id: &str) -> bool {
        self.delete("todos", &row([("id", id)]))
    }

    pub fn truncate(&mut self, table: &str) {
        let World {
            backend, ledger, ..
        } = self.world;
        backend.truncate(ledger, table).expect("in memory");
    }

    pub fn alter(&mut self, table: &str, alter: Alter) {
        let World {
            backend, ledger, ..
        } = self.world;
        backend
            .alter_table(ledger, table, alter)
            .expect("in memory");
    }

    /// What the service is behind with, until it is told otherwise.
    pub fn lag(&mut self, lag: Lag) {
        self.world.backend.electric_mut().set_lag(lag);
        self.world.ledger.touched += 1;
    }

    pub fn restart(&mut self, loss: Loss) {
        let World {
            backend, ledger, ..
        } = self.world;
        backend.restart(ledger, loss).expect("in memory");
    }

    /// Traffic in another table.
    pub fn heartbeat(&mut self) {
        let id = (self.world.ledger.version() + 1).to_string();
        self.insert(HEARTBEATS, row([("id", id.as_str())]));
    }

    pub fn transaction(
        &mut self,
        change: impl FnOnce(
            &mut throughline_server::electric::Transaction<'_>,
        ) -> Result<(), throughline_server::electric::ChangeError>,
    ) {
        let now = micros(self.world.now.0);
        let World {
            backend, ledger, ..
        } = self.world;
        backend
            .transaction(ledger, now, change)
            .expect("a possible change");
    }

    /// A table as clients should see it: columns in table order joined by `|`, rows sorted.
    pub fn rows(&self, table: &str) -> Vec<String> {
        let electric = self.world.backend.electric();
        let definition = electric.table(table).expect("the table");
        let mut lines: Vec<String> = electric
            .rows(table)
            .map(|row| {
                let columns = definition.columns.iter().map(|column| {
                    let ty = PgType::parse_declared(column.pg_type.name()).unwrap();
                    match &row[&column.name] {
                        Some(value) => text(&decode(&ty, value).unwrap()),
                        None => text(&Value::Null),
                    }
                });
                columns.collect::<Vec<_>>().join("|")
            })
            .collect();
        lines.sort();
        lines
    }

    /// One column's Postgres text, sorted.
    pub fn texts(&self, table: &str, column: &str) -> Vec<String> {
        let rows = self.world.backend.electric().rows(table);
        let mut texts: Vec<String> = rows
            .map(|row| row[column].clone().unwrap_or("NULL".into()))
            .collect();
        texts.sort();
        texts
    }
}
