//! Looks into a client's file.

use throughline::backoff::BACKOFF_CAP_MS;
use throughline::tabs::{Reply, Request, UploadPhase};

use super::super::property::{Check, Property, hold};
use super::super::story::Story;
use super::TABLES;

/// The longest wish of a server in these worlds, in milliseconds.
const RETRY_AFTER_MS: u64 = 5_000;

impl Story {
    /// Into a client's file.
    pub(in super::super) fn look_inside(&mut self, name: &str) -> Check {
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
}
