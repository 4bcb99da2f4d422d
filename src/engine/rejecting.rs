//! Rejections: by the server, by what they depend on, by a changed schema.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::reading::refold_all;
use super::{Effect, Engine};
use crate::error::{ErrorReport, Result};
use crate::ids::{ClientId, Millis, TransactionId};
use crate::optimistic::dependents;
use crate::schema::TableSchema;
use crate::store::transactions::{self, Touched};
use crate::store::{Session, changes};
use crate::tabs::Notification;
use crate::upload::Verdict;

/// Transactions that were rolled back, with their rows.
pub(super) type Rejected = Vec<(TransactionId, Touched)>;

impl Engine {
    /// Tells the app of writes that were rolled back.
    pub(super) fn announce_rejected(&mut self, rejected: Rejected) -> Result<()> {
        for (id, rows) in rejected {
            self.touch_log();
            self.status_is_stale = true;
            for (table, _) in rows {
                self.touch_table(&table.name);
            }
            if let Some(record) = transactions::record(&self.conn, &self.client, id)? {
                self.tell_verdict(&record);
                self.effects
                    .push(Effect::Notify(Notification::Rejected(record)));
            }
        }
        Ok(())
    }
}

/// The code of a rejection that follows from another one.
const DEPENDS_ON_REJECTED: &str = "DEPENDS_ON_REJECTED";

/// The code of a rejection by a schema that has no place for the write any more.
const SCHEMA_CHANGED: &str = "SCHEMA_CHANGED";

/// Spells queued writes anew for a changed table and rolls back those that it can no longer hold. Wants a transaction.
pub(super) fn reject_misfits(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
    table: &TableSchema,
    now: Millis,
) -> Result<Rejected> {
    let verdicts = changes::spell_anew(conn, table)?
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
    for (id, verdict) in with_dependents(conn, client, verdicts)? {
        if let Verdict::Rejected(error) = verdict {
            rejected.push((id, reject(conn, session, id, &error, now)?));
        }
    }
    Ok(rejected)
}

/// The verdicts, with those added that follow from a rejection: a later transaction that writes a row which only the
/// rejected one would have inserted, unless the server did apply something of it.
pub(super) fn with_dependents(
    conn: &Connection,
    client: &ClientId,
    verdicts: Vec<(TransactionId, Verdict)>,
) -> Result<BTreeMap<TransactionId, Verdict>> {
    let rejected: Vec<TransactionId> = verdicts
        .iter()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Rejected(_)))
        .map(|(id, _)| *id)
        .collect();
    let mut verdicts: BTreeMap<_, _> = verdicts.into_iter().collect();
    for id in rejected {
        let (mut pending, attempts): (Vec<_>, Vec<u32>) =
            changes::written_since(conn, id)?.into_iter().unzip();
        if pending.first().is_none_or(|first| first.id != id) {
            continue;
        }
        let later = pending.split_off(1);
        for dependent in dependents(&pending[0], &later) {
            let at = later.iter().position(|one| one.id == dependent.id);
            let unsent = at.is_some_and(|at| attempts[at + 1] == 0);
            let had_no_effect = match verdicts.get(&dependent.id) {
                Some(Verdict::Accepted { noop, .. }) => *noop,
                Some(Verdict::Rejected(_)) => false,
                None => unsent || dependent.entirely,
            };
            if had_no_effect {
                let error = ErrorReport {
                    code: DEPENDS_ON_REJECTED.into(),
                    message: format!(
                        "it writes a row of the rejected transaction {}",
                        transactions::idempotency_key(client, id)
                    ),
                    retryable: false,
                };
                verdicts.insert(dependent.id, Verdict::Rejected(error));
            }
        }
    }
    Ok(verdicts)
}

/// Rolls back one transaction: its intents leave the log and its rows are folded without them.
pub(super) fn reject(
    conn: &Connection,
    session: &Session,
    id: TransactionId,
    error: &ErrorReport,
    now: Millis,
) -> Result<Touched> {
    let rows = transactions::reject(conn, session, id, error, now)?;
    refold_all(conn, &rows)?;
    Ok(rows)
}
