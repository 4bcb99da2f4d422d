//! What a transaction's commit waits for.
//!
//! In WAL mode `synchronous=FULL` makes a commit wait for the disk and `NORMAL` leaves that to the next checkpoint: a power cut then
//! takes the last transactions, newest first, and never a part of one (<https://sqlite.org/pragma.html#pragma_synchronous>).
//! A process that dies loses nothing either way.
//!
//! | transactions | strict | relaxed |
//! |---|---|---|
//! | the app's own: its writes, what it retries, edits and discards, the opening | `FULL` | `NORMAL` |
//! | of sync: rows of shapes with their position, verdicts, confirmations | `NORMAL` | `NORMAL` |
//! | what is about to be posted | `FULL` | `FULL` |
//!
//! **A lost transaction of sync costs a request.** Rows and the position that covers them are lost together, and the log is read again from
//! the position before. A verdict that is lost is asked for again under the same idempotency key; a confirmation that is lost is found
//! again in the rows. What was committed later is lost as well, so nothing can stand without what it was built on; and a commit with
//! `FULL` makes all before it durable.
//!
//! **What leaves the device is durable first**, relaxed or not. A power cut that took a posted transaction would free its
//! number for another one, which the server, knowing that idempotency key, would pass over; and one that took the merging of
//! transactions ([`crate::upload::coalesced`]) would send them again, apart, under keys that the server never saw.

use std::ops::Deref;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Durability;
use crate::error::Result;
use crate::store::{Level, Session};

/// Why a transaction is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The app wrote.
    App,
    /// The server said something: it can be asked again.
    Sync,
    /// Its content is about to be posted.
    Post,
}

/// A writing transaction; dropped without a commit it rolls back.
pub(super) struct Write<'c> {
    transaction: Transaction<'c>,
    session: &'c Session,
}

impl Write<'_> {
    pub(super) fn commit(self) -> Result<()> {
        self.transaction.commit()?;
        self.session.committed();
        Ok(())
    }
}

impl Deref for Write<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

/// Goes to the level of the app's own writes. Without a write-ahead log every commit waits: less could break the file.
pub(super) fn choose(conn: &Connection, session: &Session, durability: Durability) -> Result<()> {
    let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode == "wal" {
        session.choose_levels(match durability {
            Durability::Strict => Level::Full,
            Durability::Relaxed => Level::Normal,
        });
        prepare(conn, session, Purpose::App)?;
    }
    Ok(())
}

/// Begins a writing transaction.
pub(super) fn begin<'c>(
    conn: &'c Connection,
    session: &'c Session,
    purpose: Purpose,
) -> Result<Write<'c>> {
    prepare(conn, session, purpose)?;
    let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    Ok(Write {
        transaction,
        session,
    })
}

/// Sets the level for the transaction that comes next: within one it cannot be changed.
pub(super) fn prepare(conn: &Connection, session: &Session, purpose: Purpose) -> Result<()> {
    let level = match purpose {
        Purpose::App => session.app_level(),
        Purpose::Sync => Level::Normal,
        Purpose::Post => Level::Full,
    };
    if session.is_at(level) {
        return Ok(());
    }
    // Takes effect while it is compiled: a cached statement would do nothing.
    conn.execute_batch(level.pragma())?;
    session.set_level(level);
    Ok(())
}
