//! Where each property is looked at: after every step, now and then, at rest, and at the end.

mod end;
mod inside;
mod rest;

use std::collections::BTreeMap;

use throughline::tabs::{ShapePhase, Status, UploadPhase};
use throughline_server::electric::Op;
use throughline_server::journal::Event;

use super::coverage::Coverage;
use super::property::{Check, Property, hold};
use super::story::Story;

/// Steps between two looks into the files, which take longer than the steps.
const LOOK_INSIDE: u64 = 16;
/// More requests of one client at a time than it has reason for, and more timers.
const REQUESTS: usize = 16;
const TIMERS: usize = 16;

const TORN: (u32, &str) = (
    1,
    "SELECT grp FROM pairs GROUP BY grp HAVING count(DISTINCT coalesce(token, '')) > 1",
);
/// A write of two tables is seen in both.
const UNMARKED: (u32, &str) = (
    2,
    "SELECT token FROM pairs WHERE token <> '' AND token NOT IN (SELECT id FROM marks)",
);
const TABLES: [&str; 3] = ["todos", "marks", "pairs"];

impl Story {
    /// After every step.
    pub(super) fn look(&mut self) -> Check {
        self.look_at_server()?;
        for name in std::mem::take(&mut self.world.stirred) {
            self.look_at_results(&name)?;
            self.look_at_size(&name)?;
            if let Some(status) = &self.world.seen(&name).status {
                count_phases(&mut self.coverage, status);
            }
            if self.world.steps.is_multiple_of(LOOK_INSIDE) {
                self.look_inside(&name)?;
            }
        }
        Ok(())
    }

    /// Every commit has both rows of a group, and a client's come in its order.
    fn look_at_server(&mut self) -> Check {
        for event in self.world.ledger.since(self.read) {
            self.read += 1;
            let Event::Commit { ops, .. } = event else {
                continue;
            };
            let pairs = ops.iter().filter(|op| op.table == "pairs");
            // By group and row: a transaction may write a row more than once, and its last value counts.
            let mut tokens: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
            for Op { new, .. } in pairs {
                let new = new.as_ref().expect("no pair is deleted");
                let text = |column: &str| new[column].clone().unwrap_or_default();
                let of_group = tokens.entry(text("grp")).or_default();
                of_group.insert(text("id"), text("token"));
            }
            for (group, rows) in tokens {
                let both: Vec<String> = rows.into_values().collect();
                let is_whole = both.len() == 2 && both[0] == both[1];
                hold(Property::Atomic, is_whole, || {
                    format!("the server committed {both:?} of group {group}")
                })?;
                let token = &both[0];
                let Some((client, number)) = token.split_once('-') else {
                    continue;
                };
                if client == "s" || self.dealt_with.contains(token) {
                    continue;
                }
                let number: u32 = number.parse().unwrap();
                let of_client = (client.to_owned(), group);
                let before = self.last_in_group.insert(of_client, number);
                hold(Property::Ordered, before < Some(number), || {
                    format!("{token} came after number {before:?} of the same client")
                })?;
            }
        }
        Ok(())
    }

    /// What live queries were told, none of which finds anything in a world that is sound.
    fn look_at_results(&mut self, name: &str) -> Check {
        for (subscription, sql) in [TORN, UNMARKED] {
            for rows in self.world.client(name).take_history(subscription) {
                hold(Property::Atomic, rows.is_empty(), || {
                    format!("{name} saw {rows:?} by {sql}")
                })?;
            }
            let watched = throughline::ids::SubscriptionId(subscription);
            let mut client = self.world.client(name);
            if client.may_look() && client.knows("pairs") && client.knows("marks") {
                let is_watched = self.world.seen(name).live.contains_key(&watched);
                if !is_watched {
                    self.world.client(name).watch(subscription, sql, &[]);
                }
            }
        }
        Ok(())
    }

    fn look_at_size(&mut self, name: &str) -> Check {
        let requests = self.world.requests_out(name);
        let timers = self.world.waits(name).0.len();
        hold(
            Property::Bounded,
            requests <= REQUESTS && timers <= TIMERS,
            || format!("{name} has {requests} requests out and {timers} timers set"),
        )
    }
}

fn count_phases(coverage: &mut Coverage, status: &Status) {
    for shape in &status.shapes {
        coverage.add(match shape.phase {
            ShapePhase::Loading => "shape: loading",
            ShapePhase::CatchingUp => "shape: catchingUp",
            ShapePhase::Live => "shape: live",
            ShapePhase::Waiting => "shape: waiting",
            ShapePhase::Failed => "shape: failed",
            ShapePhase::Paused => "shape: paused",
        });
        let is_full = |error: &throughline::error::ErrorReport| error.code == "QUOTA";
        if shape.error.as_ref().is_some_and(is_full) {
            coverage.add("disk full: rows of the server found no room");
        }
    }
    coverage.add(match status.upload.phase {
        UploadPhase::Idle => "upload: idle",
        UploadPhase::Sending => "upload: sending",
        UploadPhase::Waiting => "upload: waiting",
        UploadPhase::Failed => "upload: failed",
        UploadPhase::Paused => "upload: paused",
    });
}
