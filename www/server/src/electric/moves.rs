//! How a shape with subqueries follows its inner tables: move-outs, move-ins and the rows these bring
//! (protocol section 11).
//!
//! A splice takes the log from what the subqueries selected before some transactions to what they select now:
//! move-out events, the transactions' changes, then for each subquery with new values its move-in event, the rows new
//! to the shape as they are now, and `snapshot-end`. Values that left and came back within a splice are not told of.

use std::borrow::Cow;

use serde_json::json;

use super::message::{self, Reading};
use super::plan;
use super::shape::Shape;
use super::sight::Sight;
use super::subquery::Values;
use super::table::Row;
use super::transaction::{Logged, Tables};

/// Transactions held back while a move-in is being queried.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    transactions: Vec<Logged>,
    /// Ids of those that changed what a subquery selects.
    triggers: Vec<u32>,
    /// What the subqueries select after them.
    latest: Vec<Values>,
}

/// What the commit of a transaction means to a shape with subqueries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MoveRules {
    /// Whether a move-in waits until it is released.
    pub(crate) holds: bool,
    /// How many transactions may wait.
    pub(crate) buffer: usize,
    /// For `snapshot-end`.
    pub(crate) next_xid: u64,
}

impl Shape {
    /// Follows a committed transaction; the tables are as it left them. `false` when too many are waiting: the shape
    /// must end.
    pub(crate) fn follow(
        &mut self,
        tables: &Tables,
        transaction: &Logged,
        rules: MoveRules,
    ) -> bool {
        let Some(plan) = &self.definition.plan else {
            if let Some(stored) = tables.get(&self.definition.table) {
                self.append(stored.seen(), transaction);
            }
            return true;
        };
        let mut ops = transaction.ops.iter();
        let known = self
            .pending
            .as_ref()
            .map_or(&self.views, |pending| &pending.latest);
        let now = match ops.any(|op| self.definition.reads(&op.table)) {
            true => plan.views(tables),
            false => known.clone(),
        };
        let moved = now != *known;
        if self.pending.is_none() && !(rules.holds && moved) {
            let triggers = moved.then_some(transaction.txid);
            let transactions = std::slice::from_ref(transaction);
            self.splice(
                tables,
                transactions,
                triggers.as_slice(),
                now,
                rules.next_xid,
            );
            return true;
        }
        let pending = self.pending.get_or_insert_with(|| Pending {
            transactions: Vec::new(),
            triggers: Vec::new(),
            latest: Vec::new(),
        });
        pending.transactions.push(transaction.clone());
        pending.triggers.extend(moved.then_some(transaction.txid));
        pending.latest = now;
        pending.transactions.len() <= rules.buffer
    }

    /// Ends the wait for a move-in.
    pub(crate) fn release_moves(&mut self, tables: &Tables, next_xid: u64) {
        if let (Some(pending), Some(plan)) = (self.pending.take(), &self.definition.plan) {
            let now = plan.views(tables);
            let Pending {
                transactions,
                triggers,
                ..
            } = pending;
            self.splice(tables, &transactions, &triggers, now, next_xid);
        }
    }

    fn splice(
        &mut self,
        tables: &Tables,
        transactions: &[Logged],
        triggers: &[u32],
        now: Vec<Values>,
        next_xid: u64,
    ) {
        let (Some(stored), Some(plan)) = (
            tables.get(&self.definition.table),
            self.definition.plan.clone(),
        ) else {
            return;
        };
        let before = self.views.clone();
        let outs = |index: usize| match plan.is_negated(index) {
            true => difference(&now[index], &before[index]),
            false => difference(&before[index], &now[index]),
        };
        let ins = |index: usize| match plan.is_negated(index) {
            true => difference(&before[index], &now[index]),
            false => difference(&now[index], &before[index]),
        };
        for index in 0..now.len() {
            let out = outs(index);
            if out.is_empty() {
                continue;
            }
            let patterns = self.patterns(&plan, index, &out);
            self.append_after(event("move-out", &patterns, triggers));
            let mut view = (*self.views[index]).clone();
            match plan.is_negated(index) {
                true => view.extend(out),
                false => view.retain(|value| !out.contains(value)),
            }
            self.views[index] = view.into();
        }
        for transaction in transactions {
            self.append(stored.seen(), transaction);
        }
        for (index, view) in now.iter().enumerate() {
            let moved_in = ins(index);
            if moved_in.is_empty() {
                continue;
            }
            let patterns = self.patterns(&plan, index, &moved_in);
            self.append_after(event("move-in", &patterns, triggers));
            let views = self.views.clone();
            self.views[index] = view.clone();
            let writer = self.writer(stored.seen());
            let before = Sight::Plan {
                plan: &plan,
                views: &views,
                seed: &self.handle,
            };
            let rows = stored.heap.scan_all();
            let entered = rows.filter(|row| !before.sees(row) && writer.sight.sees(row));
            let write = |row: Cow<'_, Row>| {
                let mut out = String::new();
                writer.row(&row, Reading::MoveIn, &mut out);
                out
            };
            let rows: Vec<String> = entered.map(write).collect();
            let ends = !rows.is_empty();
            rows.into_iter().for_each(|row| self.append_after(row));
            if ends {
                self.append_after(message::snapshot_end(next_xid));
            }
        }
    }

    fn patterns(
        &self,
        plan: &plan::Plan,
        subquery: usize,
        values: &[String],
    ) -> Vec<(usize, String)> {
        let hash = |value: &String| plan::hash(&self.handle, Some(value));
        let positions = plan.positions_of(subquery);
        positions
            .flat_map(|position| values.iter().map(move |value| (position, hash(value))))
            .collect()
    }
}

fn difference(left: &Values, right: &Values) -> Vec<String> {
    left.difference(right).cloned().collect()
}

fn event(name: &str, patterns: &[(usize, String)], triggers: &[u32]) -> String {
    let pattern = |(pos, value): &(usize, String)| json!({ "pos": pos, "value": value });
    let patterns: Vec<_> = patterns.iter().map(pattern).collect();
    json!({ "headers": { "event": name, "patterns": patterns, "txids": triggers } }).to_string()
}
