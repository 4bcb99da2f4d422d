//! The write path: the uploader's steps performed on the queue, verdicts written down, confirmations told.

use rusqlite::Connection;

use super::reading::refold_all;
use super::rejecting::{reject, with_dependents};
use super::{Answer, Effect, Endpoint, Engine, Failure, Fetch, Owner, Purpose, begin, timer};
use crate::error::{Error, Result};
use crate::ids::{ClientId, Lsn, Millis, TransactionId};
use crate::optimistic::{blocked_by, confirmable};
use crate::schema::names;
use crate::shape::ResponseHeaders;
use crate::store::transactions::{self, Touched};
use crate::store::{Session, changes, queue, written};
use crate::tabs::{Notification, TransactionRecord};
use crate::upload::{self, Event, Picker, ServerVerdict, Step, Take, Verdict};

/// A POST that nobody answers for so long is given up and sent again.
const UPLOAD_TIMEOUT_MS: u64 = 60_000;
/// Accepted writes that are not back after so long: the shapes are asked to look. Doubles up to the cap.
const NUDGE_START_MS: u64 = 2_000;
/// See [`NUDGE_START_MS`].
const NUDGE_CAP_MS: u64 = 60_000;

impl Engine {
    /// Gives the uploader an event and does what it says.
    pub(super) fn upload(&mut self, now: Millis, rng: &mut fastrand::Rng, event: Event<'_>) {
        let is_new_write = matches!(event, Event::Queued);
        let steps = self.uploader.handle(now, rng, event);
        self.status_is_stale |= !is_new_write || !steps.is_empty();
        for step in steps {
            let requeues = matches!(step, Step::Requeue(_) | Step::Withdraw);
            match self.upload_step(now, rng, step) {
                Ok(()) => {}
                // The next POST takes along what stays marked as being sent.
                Err(error) if requeues => self.effects_failed(&error),
                Err(error) => {
                    self.note_failure(&error);
                    self.upload(now, rng, Event::StoreFailed(error));
                    return;
                }
            }
        }
    }

    fn upload_step(&mut self, now: Millis, rng: &mut fastrand::Rng, step: Step) -> Result<()> {
        match step {
            Step::Send(take) => self.post(now, rng, take)?,
            Step::Settle(verdicts) => self.settle(now, rng, verdicts)?,
            Step::Refuse(error) => {
                let sent = queue::sending(&self.conn)?;
                let verdicts = sent
                    .into_iter()
                    .map(|id| (id, Verdict::Rejected(error.clone())))
                    .collect();
                self.write_down(now, rng, verdicts)?;
            }
            Step::Requeue(error) => queue::requeue(&self.conn, error.as_ref())?,
            Step::Withdraw => queue::withdraw(&self.conn)?,
            Step::Wait { until } => self.effects.push(Effect::SetTimer(timer::UPLOAD, until)),
            Step::Abort => self.abort(Owner::Upload),
        }
        Ok(())
    }

    /// Takes transactions from the queue and posts them.
    fn post(&mut self, now: Millis, rng: &mut fastrand::Rng, take: Take) -> Result<()> {
        let Some(write) = &self.config.write else {
            return Ok(());
        };
        let url = write.url.clone();
        let transaction = begin(&self.conn, &self.session, Purpose::Post)?;
        queue::requeue(&transaction, None)?;
        let number = |key: &String| transactions::parse_idempotency_key(&self.client, key);
        let parked: Vec<TransactionId> = take.parked.iter().filter_map(number).collect();
        let blocked = match parked.iter().min() {
            Some(first) => {
                let tables = &self.config.tables;
                let pending = written::since(&transaction, &self.session, tables, *first)?;
                blocked_by(&parked, &pending)
            }
            None => Vec::new(),
        };
        let picker = Picker::new(take, blocked, write.coalesce);
        let (picked, bytes) = queue::pick(&transaction, &self.client, picker)?;
        for one in &picked {
            queue::replace(&transaction, one)?;
        }
        let numbers: Vec<TransactionId> = picked.iter().map(|one| one.transaction.id).collect();
        let outgoing = queue::outgoing(&transaction, &self.session, &self.client, &numbers)?;
        let body = upload::body(&outgoing)?;
        queue::begin_sending(&transaction, &numbers, now)?;
        transaction.commit()?;
        self.note_settled(picked.iter().map(|one| one.replaces.len()).sum());
        if !picked.is_empty() {
            self.touched.set(names::TRANSACTIONS.into(), ());
            self.fetch(Owner::Upload, |id| Fetch {
                id,
                endpoint: Endpoint::Write,
                url,
                body: Some(body),
                timeout_ms: UPLOAD_TIMEOUT_MS,
            });
        }
        for one in &picked {
            for earlier in &one.replaces {
                self.touch_log();
                self.verdict_moves(*earlier, one.transaction.id);
            }
        }
        let ids = outgoing.into_iter().map(|transaction| transaction.id);
        let ids = ids.collect();
        self.upload(now, rng, Event::Sent { ids, bytes });
        Ok(())
    }

    pub(super) fn upload_answered(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        answer: &Answer,
    ) {
        let headers = ResponseHeaders::new(answer.headers.iter().map(|(n, v)| (n, v)));
        let event = Event::Answered {
            status: answer.status,
            is_html: headers.is_html(),
            retry_after: headers.retry_after_ms(now),
            body: &answer.body,
        };
        self.upload(now, rng, event);
    }

    pub(super) fn upload_failed(&mut self, now: Millis, rng: &mut fastrand::Rng, failure: Failure) {
        let reason = match failure {
            Failure::Network(reason) => reason,
            Failure::Timeout => "the write endpoint does not answer".into(),
            Failure::Aborted => "the request was cancelled".into(),
            Failure::TooLarge => Failure::too_large().to_string(),
            Failure::Unsent(Error::Network(reason)) => reason,
            Failure::Unsent(error) => error.to_string(),
        };
        self.upload(now, rng, Event::Failed(reason));
    }

    fn settle(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        verdicts: Vec<ServerVerdict>,
    ) -> Result<()> {
        let verdicts = verdicts
            .into_iter()
            .filter_map(|one| {
                let id = transactions::parse_idempotency_key(&self.client, &one.id)?;
                Some((id, one.verdict))
            })
            .collect();
        self.write_down(now, rng, verdicts)
    }

    /// Verdicts, roll-backs and confirmations in one transaction; then the app is told.
    fn write_down(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        verdicts: Vec<(TransactionId, Verdict)>,
    ) -> Result<()> {
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        let mut accepted = Vec::new();
        let mut rejected = Vec::new();
        let mut contained = Vec::new();
        let mut noops = false;
        let settled = with_dependents(
            &transaction,
            &self.session,
            &self.client,
            &self.config,
            verdicts,
        )?;
        let by = self.config.confirm_by();
        for settled in settled {
            let id = settled.id;
            match settled.verdict {
                // The ledger was faster, and knows the position better.
                Verdict::Accepted { .. } if transactions::is_accepted(&transaction, id)? => {}
                Verdict::Accepted { txid, lsn, noop } => {
                    // Nothing comes back from a no-op: any later look at the server has it.
                    let lsn = if noop { Some(Lsn(0)) } else { lsn };
                    noops |= noop;
                    transactions::accept(&transaction, id, txid, lsn, now)?;
                    for (at, shape) in self.shapes.iter().enumerate() {
                        if txid.is_some_and(|txid| by.trusts_txids() && shape.contains(txid)) {
                            self.mark_seen(&transaction, at, &[id], &contained)?;
                            contained.push((at, id));
                        }
                    }
                    accepted.push(id);
                }
                Verdict::Rejected(ref error) => {
                    let rows = reject(&transaction, &self.session, &settled, error, now)?;
                    rejected.push((id, rows));
                }
            }
        }
        let unnamed = Error::Endpoint("the answer does not name the transaction".into());
        queue::requeue(&transaction, Some(&unnamed.report()))?;
        let accepted_records = records(&transaction, &self.client, &accepted)?;
        let confirmed = confirm_all(&transaction, &self.session, &self.client)?;
        transaction.commit()?;
        if rejected.is_empty() {
            self.note_settled(confirmed.len());
        }

        for (at, id) in contained {
            self.shapes[at].seen.push(id);
        }
        self.touched.set(names::TRANSACTIONS.into(), ());
        for id in &accepted {
            self.note_acceptance(*id);
        }
        self.announce_accepted(accepted_records);
        self.announce_rejected(rejected)?;
        self.announce_confirmed(confirmed);
        if noops {
            self.refresh_shapes(now, rng, |_| true);
        }
        self.nudges = 0;
        self.set_nudge(now)
    }

    /// Tells the app of writes that the server has.
    pub(super) fn announce_accepted(&mut self, accepted: Vec<TransactionRecord>) {
        let told = accepted.into_iter().map(Notification::Accepted);
        self.effects.extend(told.map(Effect::Notify));
    }

    /// Tells the app of writes that came back.
    pub(super) fn announce_confirmed(&mut self, confirmed: Vec<(TransactionRecord, Touched)>) {
        for (record, rows) in confirmed {
            self.touch_rows(rows);
            for shape in &mut self.shapes {
                shape.forget(record.number);
            }
            self.tell_verdict(&record);
            self.effects
                .push(Effect::Notify(Notification::Confirmed(record)));
        }
    }

    /// Accepted writes are still not back: perhaps no message will ever bring them, so ask where the server is.
    pub(super) fn nudge(&mut self, now: Millis, rng: &mut fastrand::Rng) {
        match changes::tables_with_accepted(&self.conn) {
            Ok(tables) if tables.is_empty() => self.nudges = 0,
            Ok(tables) => {
                if self.nudges > 0 {
                    self.refresh_shapes(now, rng, |name| tables.iter().any(|table| table == name));
                }
                if let Err(error) = self.set_nudge(now) {
                    self.effects_failed(&error);
                }
            }
            Err(error) => self.effects_failed(&error),
        }
    }

    pub(super) fn set_nudge(&mut self, now: Millis) -> Result<()> {
        if !changes::tables_with_accepted(&self.conn)?.is_empty() {
            let delay = (NUDGE_START_MS << self.nudges.min(8)).min(NUDGE_CAP_MS);
            self.nudges += 1;
            self.effects
                .push(Effect::SetTimer(timer::NUDGE, now.after(delay)));
        }
        Ok(())
    }

    /// The change log and the queue were written.
    pub(super) fn touch_log(&mut self) {
        self.touched
            .add([names::CHANGES, names::TRANSACTIONS, names::JOURNAL].map(ToOwned::to_owned));
    }
}

/// Confirms what can be: the shadow rows go in the transaction that brought the synced ones. Wants a transaction.
pub(super) fn confirm_all(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
) -> Result<Vec<(TransactionRecord, Touched)>> {
    if changes::tables_with_accepted(conn)?.is_empty() {
        return Ok(Vec::new());
    }
    let pending = changes::pending_transactions(conn)?;
    let mut confirmed = Vec::new();
    for id in confirmable(&pending) {
        let record = transactions::record(conn, client, id)?;
        let rows = transactions::confirm(conn, session, id)?;
        refold_all(conn, &rows)?;
        if let Some(mut record) = record {
            record.state = crate::change::TransactionState::Confirmed;
            confirmed.push((record, rows));
        }
    }
    Ok(confirmed)
}

pub(super) fn records(
    conn: &Connection,
    client: &ClientId,
    ids: &[TransactionId],
) -> Result<Vec<TransactionRecord>> {
    let mut records = Vec::new();
    for id in ids {
        records.extend(transactions::record(conn, client, *id)?);
    }
    Ok(records)
}
