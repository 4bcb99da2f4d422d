//! [`Trace`]: what an engine heard and said, to be played again elsewhere.
//!
//! An engine is a function of its options, its database, the time and one seed, so that much is kept of its opening and, of each event,
//! the time and the effects. Played over a copy of the database as it was then, each step has the same effects.
//!
//! ```json
//! {"options": {"name": "app"}, "connect": true, "persistence": "opfs", "now": 1767322800000, "seed": "7", "effects": ["measure storage"]}
//! {"now": 1767322800001, "event": {"Timer": 16}, "effects": ["fetch 1 /v1/shape?table=todos&offset=-1"]}
//! ```

use std::collections::VecDeque;

use rusqlite::types::ValueRef;
use serde::Serialize;

use super::live::hash::Hash;
use super::{Effect, Engine, Event, Successor};
use crate::error::Error;
use crate::ids::RequestId;
use crate::tabs::{Notification, Persistence, Reply, Request, Rows, TraceExcerpt};

/// More JSON than this is not kept: the oldest steps go.
const MOST_BYTES: usize = 4 << 20;

/// Nor are more steps.
const MOST_STEPS: usize = 5_000;

/// The steps of one engine, oldest first, each as JSON text.
#[derive(Debug, Default)]
pub struct Trace {
    steps: VecDeque<String>,
    bytes: usize,
    /// Steps that were given up.
    gone: u32,
}

impl Trace {
    /// Those that are still here, of the steps from this number on.
    pub(super) fn excerpt(&self, from: u32) -> TraceExcerpt {
        let first = from.max(self.gone);
        let known = self.steps.iter().skip((first - self.gone) as usize);
        TraceExcerpt {
            first,
            steps: known.cloned().collect(),
        }
    }

    fn keep(&mut self, text: String) {
        self.bytes += text.len();
        self.steps.push_back(text);
        while self.bytes > MOST_BYTES || self.steps.len() > MOST_STEPS {
            let Some(oldest) = self.steps.pop_front() else {
                return;
            };
            self.bytes -= oldest.len();
            self.gone += 1;
        }
    }
}

impl Engine {
    /// Begins to record, if that was asked for, with what opening has led to.
    pub(super) fn record_opening(&mut self, seed: u64) {
        if !std::mem::take(&mut self.config.record) {
            return;
        }
        let Self {
            config,
            storage,
            now,
            effects,
            ..
        } = &*self;
        let mut trace = Trace::default();
        trace.keep(format!(
            r#"{{"options":{},"connect":{},"persistence":{},"now":{now},"seed":"{seed}","effects":{}}}"#,
            config.text,
            config.connect,
            json(&storage.persistence),
            json(&lines(effects)),
        ));
        self.trace = Some(trace);
    }

    /// The event as it will be recorded. Who looks changes nothing, and a file that takes this one's place is the end of it.
    pub(super) fn recorded(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Request(_, Request::Inspect { .. }) => return None,
            Event::Request(_, Request::Import(_) | Request::Record(_)) => self.trace = None,
            _ => {}
        }
        self.trace.as_ref().map(|_| json(event))
    }

    pub(super) fn record_step(&mut self, event: Option<String>) {
        let (now, effects) = (self.now, &self.effects);
        if let (Some(trace), Some(event)) = (&mut self.trace, event) {
            let effects = json(&lines(effects));
            trace.keep(format!(
                r#"{{"now":{now},"event":{event},"effects":{effects}}}"#
            ));
        }
    }

    /// Ends this engine, for one on the same file that records.
    pub(super) fn record(&mut self, id: RequestId) {
        if self.storage.persistence == Persistence::Memory {
            let error =
                Error::Argument("record: a database in memory cannot be opened anew".into());
            return self.effects.push(Effect::Reply(id, Err(error)));
        }
        self.export(id);
        if let Some(Effect::Export(_)) = self.effects.last() {
            self.make_way(None, true);
        }
    }
}

fn json(value: &impl Serialize) -> String {
    // No map has strange keys, and a text takes all that is written.
    serde_json::to_string(value).unwrap_or_default()
}

/// Effects in a line each: enough to tell one from another. Whoever wants to see more of it plays the trace.
pub fn lines(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(line).collect()
}

fn line(effect: &Effect) -> String {
    match effect {
        Effect::Reply(id, Ok(reply)) => format!("reply {id} {}", reply_line(reply)),
        Effect::Reply(id, Err(error)) => format!("reply {id} {}", error.code()),
        Effect::Notify(told) => format!("notify {}", notification_line(told)),
        Effect::Tell(tab, told) => format!("tell {tab} {}", notification_line(told)),
        Effect::Fetch(fetch) => {
            let body = fetch.body.as_deref().unwrap_or_default();
            format!("fetch {} {} {body}", fetch.id, fetch.url)
        }
        Effect::Abort(id) => format!("abort {id}"),
        Effect::SetTimer(id, at) => format!("timer {id} {at}"),
        Effect::Remove(file) => format!("remove {file}"),
        Effect::MeasureStorage => "measure storage".into(),
        Effect::Persist => "persist".into(),
        Effect::Export(id) => format!("export {id}"),
        Effect::Import(id, _) => format!("import {id}"),
        Effect::Restart(Successor { salvage, .. }) => match salvage {
            Some(salvage) => format!("rescue {}", salvage.reason),
            None => "restart".into(),
        },
        Effect::Close => "close".into(),
        Effect::Delete => "delete".into(),
    }
}

fn reply_line(reply: &Reply) -> String {
    match reply {
        Reply::Rows(rows) => rows_line(rows),
        Reply::Executed(done) => {
            let key = done.transaction.as_deref().unwrap_or_default();
            format!("{key} {} {}", done.rows_affected, rows_line(&done.rows))
        }
        Reply::Batch(all) => format!("{} done", all.len()),
        Reply::Begun(id) => format!("begun {id}"),
        Reply::Committed(key) => format!("committed {}", key.as_deref().unwrap_or_default()),
        Reply::Transactions(records) => format!("{} transactions", records.len()),
        Reply::Loaded(rows) => format!("{rows} loaded"),
        Reply::Verified(report) => format!("{} problems", report.problems.len()),
        Reply::Done | Reply::Status(_) | Reply::Inspected(_) | Reply::Bytes(_) => "done".into(),
    }
}

fn notification_line(told: &Notification) -> String {
    match told {
        Notification::Live {
            subscription, diff, ..
        } => {
            let (steps, rows) = (diff.steps.len(), rows_line(&diff.rows));
            format!("live {subscription} {steps} {rows}")
        }
        Notification::LiveFailed {
            subscription,
            error,
        } => format!("live {subscription} {}", error.code),
        Notification::Status(status) => {
            let rows: u64 = status.shapes.iter().map(|shape| shape.rows).sum();
            let (pending, rejected) = (status.pending, status.rejected);
            format!("status {pending} {rejected} {rows}")
        }
        Notification::Accepted(record) => format!("accepted {}", record.id),
        Notification::Confirmed(record) => format!("confirmed {}", record.id),
        Notification::Rejected(record) => format!("rejected {}", record.id),
        Notification::Recovered(_) => "recovered".into(),
    }
}

/// How many bytes, and a fingerprint of them.
fn rows_line(rows: &Rows) -> String {
    let bytes = rows.as_bytes();
    // std's differ with the width of a word.
    let mut hash = Hash::default();
    hash.value(ValueRef::Blob(bytes));
    format!("{} bytes {:x}", bytes.len(), hash.finish())
}
