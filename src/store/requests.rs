//! Replies to writes that may be asked for again: each commits with what it tells of, so that a request which comes twice,
//! because the tab that carried it out is gone, is carried out once.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::bookkeeping::{first, run};
use super::error::corrupt;
use crate::error::{Error, Result};
use crate::ids::Millis;
use crate::tabs::{Executed, Reply, Request, Rows};

/// What a repeated request is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    /// One opening of the database by one page; outlives the worker that serves it.
    pub session: String,
    /// Counts up within the session.
    pub number: i64,
    /// Nobody waits for the replies to requests below this one.
    pub done: i64,
}

/// A page that was frozen for longer than this and had a reply on its way has lost it.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Whether carrying a request out twice would be once too often.
pub fn is_kept(request: &Request) -> bool {
    match request {
        Request::Execute { transaction, .. } => transaction.is_none(),
        Request::Batch { .. }
        | Request::Commit(_)
        | Request::Retry { .. }
        | Request::Edit { .. }
        | Request::Discard { .. }
        | Request::Import(_) => true,
        _ => false,
    }
}

/// The reply that a request had before.
pub fn reply(conn: &Connection, key: &RequestKey, request: &Request) -> Result<Option<Reply>> {
    first(
        conn,
        "SELECT reply FROM _throughline_requests WHERE session = ?1 AND number = ?2",
        &[&key.session, &key.number],
        |row| {
            let text: String = row.get(0)?;
            read(request, &text).map_err(corrupt)
        },
    )
}

/// Keeps a reply, and forgets those that were heard. Wants the transaction of what it tells of.
pub fn keep(conn: &Connection, key: Option<&RequestKey>, reply: &Reply, now: Millis) -> Result<()> {
    let Some(key) = key else {
        return Ok(());
    };
    run(
        conn,
        "DELETE FROM _throughline_requests WHERE session = ?1 AND number < ?2",
        &[&key.session, &key.done],
    )?;
    let text = write(reply).map_err(|error| Error::Internal(error.to_string()))?;
    run(
        conn,
        "INSERT INTO _throughline_requests (session, number, reply, at) VALUES (?1, ?2, ?3, ?4)",
        &[&key.session, &key.number, &text, &now.0],
    )?;
    Ok(())
}

/// Forgets what no page can still ask for.
pub fn forget_old(conn: &Connection, now: Millis) -> Result<()> {
    run(
        conn,
        "DELETE FROM _throughline_requests WHERE at < ?1",
        &[&(now.0 - KEPT_MS)],
    )?;
    Ok(())
}

fn write(reply: &Reply) -> serde_json::Result<String> {
    match reply {
        Reply::Executed(done) => serde_json::to_string(done),
        Reply::Batch(all) => write_batch(all),
        Reply::Committed(key) => serde_json::to_string(key),
        _ => Ok("null".into()),
    }
}

fn read(request: &Request, text: &str) -> serde_json::Result<Reply> {
    Ok(match request {
        Request::Execute { .. } => Reply::Executed(crate::json::from_str(text)?),
        Request::Batch { .. } => Reply::Batch(read_batch(text)?),
        Request::Discard { .. } | Request::Import(_) => Reply::Done,
        _ => Reply::Committed(crate::json::from_str(text)?),
    })
}

/// The key, which is that of all, how many rows each statement wrote, and the rows of those that returned some: thousands of statements are
/// written in a few bytes each.
type Batch<R> = (Option<String>, Vec<u64>, Vec<(usize, R)>);

fn write_batch(all: &[Executed]) -> serde_json::Result<String> {
    let key = all.first().and_then(|done| done.transaction.clone());
    let counts = all.iter().map(|done| done.rows_affected).collect();
    let returned = all.iter().map(|done| &done.rows).enumerate();
    let returned = returned.filter(|(_, rows)| !rows.is_none()).collect();
    let batch: Batch<&Rows> = (key, counts, returned);
    serde_json::to_string(&batch)
}

fn read_batch(text: &str) -> serde_json::Result<Vec<Executed>> {
    let (transaction, counts, returned): Batch<Rows> = crate::json::from_str(text)?;
    let mut all: Vec<Executed> = counts
        .into_iter()
        .map(|rows_affected| Executed {
            rows_affected,
            transaction: transaction.clone(),
            rows: Rows::default(),
        })
        .collect();
    for (at, rows) in returned {
        if let Some(done) = all.get_mut(at) {
            done.rows = rows;
        }
    }
    Ok(all)
}
