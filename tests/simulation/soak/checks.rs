//! Where each property is looked at: after every step, now and then, at rest, and at the end.

use std::collections::{BTreeMap, BTreeSet};

use throughline::backoff::BACKOFF_CAP_MS;
use throughline::tabs::{Reply, Request, ShapePhase, Status, UploadPhase};
use throughline_server::electric::Op;
use throughline_server::journal::Event;

use super::property::{Check, Property, hold};
use super::story::{Story, Told, marks_of};

/// Steps between two looks into the files, which take longer than the steps.
const LOOK_INSIDE: u64 = 16;
/// The longest wish of a server in these worlds, in milliseconds.
const RETRY_AFTER_MS: u64 = 5_000;
/// More requests of one client at a time than it has reason for, and more timers.
const REQUESTS: usize = 16;
const TIMERS: usize = 16;
/// More rows of bookkeeping than a client at rest has reason for, however long it ran.
const KEPT_ROWS: u32 = 64;

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

    /// Into a client's file.
    pub(super) fn look_inside(&mut self, name: &str) -> Check {
        if !self.world.client(name).may_look() {
            return Ok(());
        }
        let mut client = self.world.client(name);
        let problems = client.problems();
        hold(Property::Folded, problems.is_empty(), || {
            format!("{name}: {problems:#?}")
        })?;
        self.notice_new_logs(name);
        let mut client = self.world.client(name);
        let gone_back = client.positions_gone_back();
        hold(Property::Advancing, gone_back.is_empty(), || {
            format!("{name}: {gone_back:#?}")
        })?;
        let sql = "SELECT DISTINCT state FROM _throughline_transactions";
        for state in client.peek_rows(sql) {
            match state.as_str() {
                "queued" => self.coverage.add("transaction: queued"),
                "sending" => self.coverage.add("transaction: sending"),
                _ => {}
            }
        }
        self.look_at_logs(name);
        self.look_at_queue(name)
    }

    /// A 409, or a 400 for a position, is answered by reading the log from its start.
    fn notice_new_logs(&mut self, name: &str) {
        let app = self.apps.iter_mut().find(|app| app.name == name).unwrap();
        let sent = &self.world.sent[app.sent..];
        app.sent += sent.len();
        let from_start = sent
            .iter()
            .filter(|one| one.client == name && one.url.contains("offset=-1"));
        let urls: Vec<String> = from_start.map(|one| one.url.clone()).collect();
        for table in TABLES {
            let asks = format!("table={table}");
            if urls
                .iter()
                .any(|url| url.ends_with(&asks) || url.contains(&format!("{asks}&")))
            {
                self.world.client(name).log_begins_anew(table);
            }
        }
    }

    fn look_at_logs(&mut self, name: &str) {
        let Reply::Inspected(inside) = self.world.client(name).peek(Request::Inspect { from: 0 })
        else {
            panic!("no inspection");
        };
        let app = self.apps.iter_mut().find(|app| app.name == name).unwrap();
        for shape in inside.shapes {
            let Some(handle) = shape.handle else { continue };
            if shape.beside {
                self.coverage.add("shape: loading beside its rows");
            }
            let before = app.handles.insert(shape.table, handle.clone());
            if before.is_some_and(|before| before != handle) {
                self.coverage.add("shape: another log");
            }
        }
    }

    /// Who is online and has something to send sends it, or waits no longer than the backoff does.
    fn look_at_queue(&mut self, name: &str) -> Check {
        let queued =
            "SELECT count(*) FROM _throughline_transactions WHERE state IN ('queued', 'sending')";
        let mut client = self.world.client(name);
        if client.peek_rows(queued) == ["0"] {
            return Ok(());
        }
        let Reply::Status(status) = client.peek(Request::Status) else {
            panic!("no status");
        };
        let may_send = status.connected && !matches!(status.upload.phase, UploadPhase::Failed);
        if !may_send || self.world.seen(name).offline {
            return Ok(());
        }
        let latest = self.world.now.after(BACKOFF_CAP_MS.max(RETRY_AFTER_MS));
        let (timers, posts) = self.world.waits(name);
        let in_time = timers.iter().any(|due| *due <= latest);
        // The moment that the status tells is of the clock before it was set.
        let retries = self.clock_was_set || status.upload.retry_at.is_none_or(|at| at <= latest);
        hold(Property::Trying, posts > 0 || (in_time && retries), || {
            format!(
                "{name} at {}: {posts} posts, {timers:?}, {:?}",
                self.world.now, status.upload
            )
        })
    }

    /// When nothing is on its way to a client, it has what the server has, and shows what it wrote over it.
    pub(super) fn look_at_rest(&mut self) -> Check {
        if !self.world.is_quiet() {
            return Ok(());
        }
        for at in 0..self.apps.len() {
            let name = self.apps[at].name;
            let seen = self.world.seen(name);
            let Some(status) = seen.status.clone() else {
                continue;
            };
            let is_live = status
                .shapes
                .iter()
                .all(|shape| shape.phase == ShapePhase::Live);
            let is_up =
                !seen.offline && status.connected && is_live && status.shapes.len() == TABLES.len();
            if !is_up || !self.world.client(name).may_look() {
                continue;
            }
            self.coverage.add("world at rest in mid-run");
            self.look_inside(name)?;
            let outdated = self.world.client(name).outdated_live_results();
            hold(Property::Live, outdated.is_empty(), || {
                format!("{name}: {outdated:?}")
            })?;
            // A group keeps what came until all of it are as far; at the end it may not.
            let held = "SELECT count(*) FROM _throughline_held";
            let is_shown = self.world.client(name).peek_rows(held) == ["0"];
            if is_shown && self.world.requests_out(name) == TABLES.len() {
                self.look_at_view(name)?;
            }
        }
        Ok(())
    }

    /// The synced rows are the server's; the view is the synced rows that no shadow row hides, and the shadow rows.
    fn look_at_view(&mut self, name: &str) -> Check {
        for (table, key, columns) in [
            ("todos", "id", "id, title, completed"),
            ("marks", "id", "id, owner"),
            ("pairs", "id", "id, grp, token"),
        ] {
            let mut client = self.world.client(name);
            let mut synced = client.peek_rows(&format!("SELECT {columns} FROM {table}_synced"));
            let mut view = client.peek_rows(&format!("SELECT {columns} FROM {table}"));
            let mut folded = client.peek_rows(&format!(
                "SELECT {columns} FROM {table}_synced WHERE {key} NOT IN (SELECT {key} FROM {table}_local)
                 UNION ALL SELECT {columns} FROM {table}_local WHERE NOT is_deleted"
            ));
            for rows in [&mut synced, &mut view, &mut folded] {
                rows.sort();
            }
            hold(Property::Folded, view == folded, || {
                format!("{table} of {name} shows {view:?}, and not {folded:?}")
            })?;
            let rows = self.world.server().rows(table);
            let width = columns.split(',').count();
            let shown = |row: &String| row.split('|').take(width).collect::<Vec<_>>().join("|");
            let mut rows: Vec<String> = rows.iter().map(shown).collect();
            rows.sort();
            hold(Property::Folded, synced == rows, || {
                format!("{table} of {name} holds {synced:?}, the server {rows:?}")
            })?;
        }
        Ok(())
    }

    /// When all is done.
    pub(super) fn look_at_end(&mut self) -> Check {
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
    fn look_at_rest_of_file(&mut self, name: &str) -> Check {
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

fn count_phases(coverage: &mut super::coverage::Coverage, status: &Status) {
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
