//! The write API over a real PostgreSQL.
//!
//! Each client transaction is one database transaction, and its row in the [ledger](crate::write::ledger) is inserted
//! first and in it. That one rule makes the rest correct:
//!
//! * a repeated id finds the row and gets the stored verdict; sent twice at the same time, the second waits on the
//!   unique index until the first has ended;
//! * a lost connection, a crash, a COMMIT whose outcome nobody heard: the next attempt, here or after the client asks
//!   again, finds the row or does not, and both are right.
//!
//! READ COMMITTED suffices for what is sent: rows are written by key and nothing is decided from rows that were read.
//! Triggers that do decide from other rows want `--serializable`; what fails to serialize is tried again either way.

mod attempt;
mod catalogue;
mod connect;
mod first_rows;
mod ledger;
mod setup;
mod sqlstate;
mod statement;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::time::{Instant, sleep};

pub use setup::OpenError;

use crate::write::{Applied, LocalTransaction, Verdict};
use attempt::{Failure, Session};
use catalogue::TableName;

/// How often a transaction is tried before the client is told to come back.
const ATTEMPTS: u32 = 6;
/// The pause before the second try; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// See [`Settings::patience`].
const PATIENCE: Duration = Duration::from_secs(10);

/// Where changes go and which of them may.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://…`, as for psql.
    pub url: String,
    /// Certificates to trust in place of the public ones, PEM.
    pub ca: Option<PathBuf>,
    /// Tables that clients may write, `name` or `schema.name`. Without any, the demo's, made if they are not there.
    pub tables: Vec<String>,
    /// Columns that clients may write, by table; a table that is not named here offers all that are not generated.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Run transactions at SERIALIZABLE.
    pub serializable: bool,
    /// How many tickets the demo's tables begin with; see [`crate::demo::lists`].
    pub rows: u64,
    /// How long a request waits for a connection, and a transaction is tried at most before the client is told to come
    /// back.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            ca: None,
            tables: Vec::new(),
            columns: BTreeMap::new(),
            serializable: false,
            rows: 0,
            patience: PATIENCE,
        }
    }
}

/// The write API's database.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    /// By the name that clients use: without the schema.
    tables: BTreeMap<String, TableName>,
    columns: BTreeMap<String, Vec<String>>,
    serializable: bool,
    patience: Duration,
}

impl Postgres {
    /// Connects, makes the ledger and the demo's table where they are missing, and checks what is offered.
    ///
    /// # Errors
    /// The database cannot be reached or used; the message says what to do.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        setup::open(settings).await
    }

    /// Applies client transactions in order, up to the first that the database gives no decision on. `user` is what
    /// policies and triggers find in `current_setting('throughline.user', true)`.
    pub async fn apply(&self, transactions: &[LocalTransaction], user: Option<&str>) -> Applied {
        let mut applied = Applied::default();
        let mut session = None;
        for transaction in transactions {
            match self.settle(&mut session, transaction, user).await {
                Ok(verdict) => applied.verdicts.push(verdict),
                Err(why) => {
                    // The client is told no more than that: addresses and names are the operator's.
                    eprintln!("throughline-server: {}: {why}", transaction.id);
                    let told =
                        "the database gives no decision now; the same request may be repeated";
                    applied.unsettled = Some(told.to_owned());
                    break;
                }
            }
        }
        applied
    }

    /// Tries until there is a verdict, or until trying is of no use.
    async fn settle(
        &self,
        session: &mut Option<Session>,
        transaction: &LocalTransaction,
        user: Option<&str>,
    ) -> Result<Verdict, String> {
        let (began, patience) = (Instant::now(), self.shared.patience);
        let mut pause = FIRST_PAUSE;
        let mut left = ATTEMPTS;
        loop {
            let failure = match self.attempt(session, transaction, user).await {
                Ok(verdict) => return Ok(verdict),
                Err(failure) => failure,
            };
            // Whatever the next attempt needs, it needs anew: a connection, the catalogue.
            *session = None;
            left -= 1;
            match failure {
                Failure::Unsettled(why) => return Err(why),
                Failure::Again(why) if left == 0 || began.elapsed() > patience => return Err(why),
                Failure::Again(_) => {}
            }
            // Two that collided do not meet again at the same moment.
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause *= 2;
        }
    }

    async fn attempt(
        &self,
        session: &mut Option<Session>,
        transaction: &LocalTransaction,
        user: Option<&str>,
    ) -> Result<Verdict, Failure> {
        let session = match session {
            Some(session) => session,
            none => none.insert(Session::open(&self.shared).await?),
        };
        session.judge(&self.shared, transaction, user).await
    }
}
