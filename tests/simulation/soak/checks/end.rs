//! What holds when all is done.

use std::collections::BTreeSet;

use super::super::property::{Check, Property, hold};
use super::super::story::{Story, Told, marks_of};
use super::TABLES;

/// More rows of bookkeeping than a client at rest has reason for, however long it ran.
const KEPT_ROWS: u32 = 64;
/// More bytes than an engine of these worlds has reason to hold at any moment.
const HELD_BYTES: usize = 1_000_000;

impl Story {
    /// When all is done.
    pub(in super::super) fn look_at_end(&mut self) -> Check {
        let applied = self.world.ledger.applied();
        let twice: Vec<&String> = applied
            .iter()
            .filter(|(_, times)| **times > 1)
            .map(|(key, _)| key)
            .collect();
        hold(Property::Once, twice.is_empty(), || {
            format!("applied more than once: {twice:?}")
        })?;
        let ids = self.world.server().texts("marks", "id");
        let at_server: BTreeSet<String> = ids.into_iter().collect();
        let (mut listed, mut rejected) = (self.dealt_with.clone(), BTreeSet::new());
        for at in 0..self.apps.len() {
            let (name, policy) = (self.apps[at].name, self.apps[at].policy);
            self.look_inside(name)?;
            self.look_at_view(name)?;
            let mut client = self.world.client(name);
            let outdated = client.outdated_live_results();
            hold(Property::Live, outdated.is_empty(), || {
                format!("{name}: {outdated:?}")
            })?;
            for table in TABLES {
                let mine = self.world.client(name).table(table);
                let theirs = self.world.server().rows(table);
                hold(Property::Converging, mine == theirs, || {
                    format!("{table} of {name} is {mine:?}, the server's is {theirs:?}")
                })?;
            }
            let pending = self.world.client(name).pending();
            hold(Property::Settling, pending.is_empty(), || {
                format!("{name} still has {pending:?}")
            })?;
            for record in self.world.client(name).rejected() {
                rejected.extend(marks_of(&record));
                listed.insert(record.id);
            }
            self.look_at_rest_of_file(name)?;
            self.count_verdicts(name, policy);
        }
        for key in self.world.ledger.rejected() {
            hold(Property::Told, listed.contains(&key), || {
                format!("{key} was rejected and is not listed")
            })?;
        }
        self.look_at_marks(&at_server, &rejected)
    }

    fn look_at_marks(&self, at_server: &BTreeSet<String>, rejected: &BTreeSet<String>) -> Check {
        for (mark, told) in &self.marks {
            let is_there = at_server.contains(mark);
            let is_listed = rejected.contains(mark);
            let is_dealt_with = self.dealt_with.contains(mark);
            hold(Property::Once, !(is_there && is_listed), || {
                format!("{mark} is at the server, and listed as rejected")
            })?;
            match told {
                Told::Written => hold(
                    Property::Durable,
                    is_there || is_listed || is_dealt_with,
                    || format!("{mark} was written and is nowhere"),
                )?,
                Told::Refused => hold(Property::Once, !is_there, || {
                    format!("{mark} was refused by its client, and is at the server")
                })?,
                Told::Nothing => {}
            }
        }
        Ok(())
    }

    /// What is kept of what is over.
    pub(in super::super) fn look_at_rest_of_file(&mut self, name: &str) -> Check {
        let mut client = self.world.client(name);
        let left = "SELECT (SELECT count(*) FROM _throughline_changes WHERE transaction_id NOT IN
            (SELECT id FROM _throughline_transactions WHERE state = 'rejected'))
            + (SELECT count(*) FROM todos_local) + (SELECT count(*) FROM marks_local) + (SELECT count(*) FROM pairs_local)";
        let rows = client.peek_rows(left);
        hold(Property::Bounded, rows == ["0"], || {
            format!("{name} keeps {rows:?} rows of what is over")
        })?;
        let requests: u32 = client.peek_rows("SELECT count(*) FROM _throughline_requests")[0]
            .parse()
            .unwrap();
        hold(Property::Bounded, requests <= KEPT_ROWS, || {
            format!("{name} keeps {requests} replies that nobody waits for")
        })?;
        let held = self.world.seen(name).most_held;
        hold(Property::Bounded, held <= HELD_BYTES, || {
            format!("an engine of {name} held {held} bytes")
        })
    }

    fn count_verdicts(&mut self, name: &str, policy: &str) {
        let seen = self.world.seen(name);
        let told = [
            ("transaction: accepted", seen.accepted.len()),
            ("transaction: confirmed", seen.confirmed.len()),
            ("transaction: rejected", seen.rejected.len()),
            (
                match policy {
                    "row" => "rejected: policy row",
                    "all" => "rejected: policy all",
                    _ => "rejected: policy dependents",
                },
                seen.rejected.len(),
            ),
            (
                "rejected: along with another",
                seen.rejected
                    .iter()
                    .filter(|one| one.caused_by.is_some())
                    .count(),
            ),
        ];
        for (what, count) in told.into_iter().filter(|(_, count)| *count > 0) {
            *self.coverage.0.entry(what).or_default() += count as u64;
        }
    }
}
