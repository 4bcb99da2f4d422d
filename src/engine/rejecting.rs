//! Rejections: by the server, by what they depend on, by a changed schema.

use rusqlite::Connection;

use super::open::refold_pending;
use super::reading::refold_all;
use super::{Config, Effect, Engine, Purpose, RequestKey, begin};
use crate::error::{ErrorReport, Result};
use crate::ids::{ClientId, Millis, TransactionId};
use crate::optimistic::{OnRejection, Standing, taken_along};
use crate::schema::TableSchema;
use crate::store::changes::{self, RowName};
use crate::store::journal::{self, Edit};
use crate::store::transactions::{self, Touched};
use crate::store::{Session, requests, written};
use crate::tabs::{Notification, Reply};
use crate::upload::Verdict;

/// Transactions that were rolled back, with their rows.
pub(super) type Rejected = Vec<(TransactionId, Touched)>;

impl Engine {
    /// Tells the app of writes that were rolled back.
    pub(super) fn announce_rejected(&mut self, rejected: Rejected) -> Result<()> {
        for (id, rows) in rejected {
            self.touch_rows(rows);
            if let Some(mut record) = transactions::record(&self.conn, &self.client, id)? {
                let records = std::slice::from_mut(&mut record);
                journal::tell_synced(&self.conn, &self.session, records)?;
                self.tell_verdict(&record);
                self.effects
                    .push(Effect::Notify(Notification::Rejected(record)));
            }
        }
        Ok(())
    }

    /// Puts a rejected transaction back into the queue, and with `dependents` those that were rolled back with it, each as a
    /// new one.
    pub(super) fn requeue(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        asked: Option<&RequestKey>,
        number: TransactionId,
        dependents: bool,
        edit: Edit<'_>,
    ) -> Result<Reply> {
        let transaction = begin(&self.conn, &self.session, Purpose::App)?;
        let mut key = None;
        let mut touched = Touched::new();
        for id in journal::with_dependents(&transaction, number, dependents)? {
            let mut writing = transactions::begin_local(&transaction, now, rng.fork())?;
            let rows = journal::requeue(&transaction, &self.session, id, edit, &mut writing)?;
            touched.extend(rows);
            if id == number {
                key = Some(transactions::idempotency_key(
                    &self.client,
                    writing.transaction,
                ));
            }
        }
        let reply = Reply::Committed(key);
        requests::keep(&transaction, asked, &reply, now)?;
        transaction.commit()?;
        self.touch_rows(touched);
        Ok(reply)
    }

    /// Drops a rejected transaction, and with `dependents` those that were rolled back with it.
    pub(super) fn discard(
        &mut self,
        asked: Option<&RequestKey>,
        number: TransactionId,
        dependents: bool,
    ) -> Result<()> {
        let transaction = begin(&self.conn, &self.session, Purpose::App)?;
        for id in journal::with_dependents(&transaction, number, dependents)? {
            journal::discard(&transaction, id)?;
        }
        requests::keep(&transaction, asked, &Reply::Done, self.now)?;
        transaction.commit()?;
        self.touch_rows(Touched::new());
        Ok(())
    }

    /// The change log was written, and the shadow rows of these.
    pub(super) fn touch_rows(&mut self, rows: Touched) {
        self.touch_log();
        self.status_is_stale = true;
        for (table, _) in rows {
            self.touch_table(&table.name);
        }
    }
}

/// The code of a rejection that follows from another one.
const DEPENDS_ON_REJECTED: &str = "DEPENDS_ON_REJECTED";

/// The code of a rejection by a schema that has no place for the write any more.
const SCHEMA_CHANGED: &str = "SCHEMA_CHANGED";

/// A verdict, and the rejected transaction that it follows from, if it is no one's own.
pub(super) struct Settled {
    pub(super) id: TransactionId,
    pub(super) verdict: Verdict,
    caused_by: Option<TransactionId>,
}

/// Spells pending writes anew for a table that was known otherwise, and rolls back those that it can no longer hold. Wants a transaction.
pub(super) fn reject_misfits(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
    config: &Config,
    (known, table): (&TableSchema, &TableSchema),
    now: Millis,
) -> Result<Rejected> {
    let misfits = changes::spell_anew(conn, known, table)?;
    // What has its key spelled anew has a row from here on.
    refold_pending(conn, table)?;
    let verdicts = misfits
        .into_iter()
        .map(|(id, message)| {
            let error = ErrorReport {
                code: SCHEMA_CHANGED.into(),
                message,
                retryable: false,
            };
            (id, Verdict::Rejected(error))
        })
        .collect();
    let mut rejected = Vec::new();
    for settled in with_dependents(conn, session, client, config, verdicts)? {
        if let Verdict::Rejected(error) = &settled.verdict {
            let rows = reject(conn, session, &settled, error, now)?;
            rejected.push((settled.id, rows));
        }
    }
    Ok(rejected)
}

/// The verdicts, which are in order, each rejection followed by what it takes along by the policy of the options.
pub(super) fn with_dependents(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
    config: &Config,
    verdicts: Vec<(TransactionId, Verdict)>,
) -> Result<Vec<Settled>> {
    let policy = config.write.as_ref().map(|write| write.on_rejection);
    let policy = policy.unwrap_or_default();
    let is_rejection = |verdict: &Verdict| matches!(verdict, Verdict::Rejected(_));
    let rejected = verdicts.iter().filter(|(_, verdict)| is_rejection(verdict));
    let mut pending = match (rejected.map(|(id, _)| *id).min(), policy) {
        (None, _) => Vec::new(),
        (Some(_), OnRejection::All) => {
            written::since(conn, session, &config.tables, TransactionId(0))?
        }
        (Some(first), _) => written::since(conn, session, &config.tables, first)?,
    };
    for transaction in &mut pending {
        let verdict = verdicts.iter().find(|(id, _)| *id == transaction.id);
        match verdict.map(|(_, verdict)| verdict) {
            _ if transaction.standing == Standing::Decided => {}
            Some(Verdict::Accepted { noop: true, .. }) => transaction.standing = Standing::NoOp,
            Some(_) => transaction.standing = Standing::Decided,
            None => {}
        }
    }
    // What cannot be looked at is not there.
    let there = |row: &RowName| written::is_synced(conn, session, row).unwrap_or(false);
    let mut settled: Vec<Settled> = Vec::new();
    for (id, verdict) in verdicts {
        if settled.iter().any(|known| known.id == id) {
            continue;
        }
        let rejects = is_rejection(&verdict);
        settled.push(Settled {
            id,
            verdict,
            caused_by: None,
        });
        if !rejects || pending.iter().all(|one| one.id != id) {
            continue;
        }
        let error = ErrorReport {
            code: DEPENDS_ON_REJECTED.into(),
            message: format!(
                "it was rolled back with the rejected transaction {}",
                transactions::idempotency_key(client, id)
            ),
            retryable: false,
        };
        for taken in taken_along(policy, id, &pending, &there) {
            settled.push(Settled {
                id: taken,
                verdict: Verdict::Rejected(error.clone()),
                caused_by: Some(id),
            });
            if let Some(transaction) = pending.iter_mut().find(|one| one.id == taken) {
                transaction.standing = Standing::Decided;
            }
        }
    }
    Ok(settled)
}

/// Rolls back one transaction: its intents leave the log and its rows are folded without them.
pub(super) fn reject(
    conn: &Connection,
    session: &Session,
    settled: &Settled,
    error: &ErrorReport,
    now: Millis,
) -> Result<Touched> {
    let rows = journal::reject(conn, session, settled.id, error, settled.caused_by, now)?;
    refold_all(conn, &rows)?;
    Ok(rows)
}
