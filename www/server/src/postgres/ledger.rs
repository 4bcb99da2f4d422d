//! The ledger's rows in Postgres.

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Error;
use tokio_postgres::types::{ToSql, Type};

use super::attempt::Failure;
use crate::write::ledger::client_id;
use crate::write::{Problem, Status, Verdict};

/// `CREATE TABLE` of the ledger.
pub(super) const CREATE: &str = include_str!("ledger.sql");
/// Its name for `to_regclass`.
pub(super) const QUALIFIED: &str = "public.throughline_ledger";
/// Fails when a column is missing, and needs no rows.
pub(super) const PROBE: &str = "SELECT id, client_id, status, code, message, noop, txid, created_at
    FROM public.throughline_ledger LIMIT 0";

const CLAIM: &str = "INSERT INTO public.throughline_ledger (id, client_id, status, txid)
    VALUES ($1, $2, $3, pg_current_xact_id()::text) ON CONFLICT (id) DO NOTHING RETURNING txid";
const MARK_NOOP: &str = "UPDATE public.throughline_ledger SET noop = true WHERE id = $1";
const KEEP: &str = "INSERT INTO public.throughline_ledger (id, client_id, status, code, message)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
const STORED: &str = "SELECT status, code, message, noop, txid,
    (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text FROM public.throughline_ledger WHERE id = $1";
const POSITION: &str = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text";

/// Whose a transaction is.
pub(super) enum Claim {
    /// This one's, under this transaction id.
    New(String),
    /// There is a verdict.
    Decided,
}

/// Inserts the row, and by that waits for whoever is applying the same id.
pub(super) async fn claim(tx: &Transaction<'_>, id: &str) -> Result<Claim, Error> {
    let status = Status::Accepted.name();
    let params = [id, client_id(id), status];
    let params = params
        .each_ref()
        .map(|text| (text as &(dyn ToSql + Sync), Type::TEXT));
    let rows = tx.query_typed(CLAIM, &params).await?;
    match rows.first() {
        Some(row) => Ok(Claim::New(row.try_get(0)?)),
        None => Ok(Claim::Decided),
    }
}

/// Notes in a claimed row that no other row was changed.
pub(super) async fn mark_noop(tx: &Transaction<'_>, id: &str) -> Result<(), Error> {
    tx.execute_typed(MARK_NOOP, &[(&id, Type::TEXT)]).await?;
    Ok(())
}

/// Stores a rejection by itself; `false` when the id has a row by now.
pub(super) async fn keep(client: &Object, verdict: &Verdict) -> Result<bool, Error> {
    let error = verdict.error.as_ref();
    let params = [
        Some(verdict.id.as_str()),
        Some(client_id(&verdict.id)),
        Some(verdict.status.name()),
        error.map(|error| error.code.as_str()),
        error.map(|error| error.message.as_str()),
    ];
    let params = params
        .each_ref()
        .map(|text| (text as &(dyn ToSql + Sync), Type::TEXT));
    Ok(client.execute_typed(KEEP, &params).await? == 1)
}

/// A verdict that was stored before. The position is of now, which is after that commit as well.
pub(super) async fn stored(client: &Object, id: &str) -> Result<Verdict, Failure> {
    let failed = |error| Failure::of(&error);
    let rows = client.query_typed(STORED, &[(&id, Type::TEXT)]).await;
    let rows = rows.map_err(failed)?;
    // Whoever prunes the ledger may have been faster.
    let row = rows
        .first()
        .ok_or_else(|| Failure::Again("the ledger row is gone".to_owned()))?;
    let text = |index| row.try_get::<_, Option<String>>(index).map_err(failed);
    if text(0)?.as_deref() == Some(Status::Accepted.name()) {
        let mut verdict = Verdict::accepted(id, row.try_get(3).map_err(failed)?);
        (verdict.txid, verdict.lsn) = (text(4)?, text(5)?);
        return Ok(verdict);
    }
    let problem = Problem {
        code: text(1)?.unwrap_or_default(),
        message: text(2)?.unwrap_or_default(),
    };
    Ok(Verdict::rejected(id, problem))
}

/// Where the write-ahead log ends, decimal. Read after a commit it is above its record: read before, it would be below,
/// and an up-to-date at it could lack the transaction.
pub(super) async fn position(client: &Object) -> Result<String, Error> {
    client.query_typed_one(POSITION, &[]).await?.try_get(0)
}
