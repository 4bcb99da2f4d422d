//! One attempt at one client transaction.

use deadpool_postgres::{HookError, Object, PoolError, Transaction};
use tokio_postgres::IsolationLevel;
use tokio_postgres::types::Type;

use super::Shared;
use super::catalogue::Catalogue;
use super::ledger::{self, Claim};
use super::sqlstate::{Meaning, meaning};
use super::statement::Statement;
use crate::write::{LocalTransaction, Problem, Verdict, code};

/// Tells policies and triggers who sent the transaction.
const SET_USER: &str = "SELECT set_config('throughline.user', $1, true)";

/// An attempt that ended without a verdict.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another attempt may do better.
    Again(String),
    /// The operator has to do something first.
    Unsettled(String),
}

impl Failure {
    /// What an error outside of the client's own changes means: never that they are wrong.
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let why = described(error);
        match meaning(error) {
            Meaning::Again => Failure::Again(why),
            _ => Failure::Unsettled(why),
        }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                Failure::of(&error)
            }
            // It was waited for long enough.
            other => Failure::Unsettled(other.to_string()),
        }
    }
}

/// With its causes: the outermost says little more than "db error".
pub(super) fn described(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Why the client's changes were not applied.
enum Obstacle {
    /// They are wrong, and stay so.
    Rejected(Problem),
    /// They may still be right.
    Failed(Failure),
}

impl From<Problem> for Obstacle {
    fn from(problem: Problem) -> Self {
        Obstacle::Rejected(problem)
    }
}

impl From<tokio_postgres::Error> for Obstacle {
    fn from(error: tokio_postgres::Error) -> Self {
        match meaning(&error) {
            Meaning::Rejected(code) => {
                let said = error.as_db_error();
                let message =
                    said.map_or_else(|| described(&error), |said| said.message().to_owned());
                // A trigger that raises an error names its code so.
                let named = said.and_then(|said| said.constraint());
                let code = match code {
                    code::RAISED => named.unwrap_or(code),
                    code => code,
                };
                let code = code.to_owned();
                Obstacle::Rejected(Problem { code, message })
            }
            _ => Obstacle::Failed(Failure::of(&error)),
        }
    }
}

/// A connection and the tables as they are now.
pub(super) struct Session {
    client: Object,
    catalogue: Catalogue,
}

impl Session {
    pub(super) async fn open(shared: &Shared) -> Result<Self, Failure> {
        let client = shared.pool.get().await?;
        let names = shared.tables.values();
        let catalogue = Catalogue::read(&client, names).await;
        let mut catalogue = catalogue.map_err(|error| Failure::of(&error))?;
        catalogue.restrict(&shared.columns);
        Ok(Self { client, catalogue })
    }

    /// The stored verdict on a transaction that was decided before, or the one it gets now.
    pub(super) async fn judge(
        &mut self,
        shared: &Shared,
        transaction: &LocalTransaction,
        user: Option<&str>,
    ) -> Result<Verdict, Failure> {
        let failed = |error| Failure::of(&error);
        let id = &transaction.id;
        let begin = self.client.build_transaction();
        let begin = match shared.serializable {
            true => begin.isolation_level(IsolationLevel::Serializable),
            false => begin.isolation_level(IsolationLevel::ReadCommitted),
        };
        let mut tx = begin.read_only(false).start().await.map_err(failed)?;
        let txid = match ledger::claim(&tx, id).await.map_err(failed)? {
            Claim::New(txid) => txid,
            Claim::Decided => {
                tx.rollback().await.map_err(failed)?;
                return ledger::stored(&self.client, id).await;
            }
        };
        let mut verdict = match change(&mut tx, &self.catalogue, transaction, user).await {
            Ok(noop) => Verdict::accepted(id, noop).with_txid(txid),
            Err(Obstacle::Failed(failure)) => return Err(failure),
            Err(Obstacle::Rejected(problem)) => {
                tx.rollback().await.map_err(failed)?;
                return self.reject(id, problem).await;
            }
        };
        // Deferred constraints are checked here, so a COMMIT can be a rejection, too.
        match tx.commit().await.map_err(Obstacle::from) {
            Ok(()) => {}
            Err(Obstacle::Rejected(problem)) => return self.reject(id, problem).await,
            Err(Obstacle::Failed(failure)) => return Err(failure),
        }
        // It is committed whatever becomes of the connection now; without a position there are other ways to confirm.
        verdict.lsn = ledger::position(&self.client).await.ok();
        Ok(verdict)
    }

    /// Keeps the rejection, unless someone decided meanwhile.
    async fn reject(&self, id: &str, problem: Problem) -> Result<Verdict, Failure> {
        let verdict = Verdict::rejected(id, problem);
        let kept = ledger::keep(&self.client, &verdict).await;
        match kept.map_err(|error| Failure::of(&error))? {
            true => Ok(verdict),
            false => ledger::stored(&self.client, id).await,
        }
    }
}

/// Applies the changes; whether none of them found its row.
async fn change(
    tx: &mut Transaction<'_>,
    catalogue: &Catalogue,
    transaction: &LocalTransaction,
    user: Option<&str>,
) -> Result<bool, Obstacle> {
    if let Some(user) = user {
        tx.query_typed(SET_USER, &[(&user, Type::TEXT)]).await?;
    }
    let mut rows = 0;
    for change in &transaction.changes {
        let statement = Statement::of(catalogue.table(&change.table)?, change)?;
        rows += tx
            .execute_typed(&statement.sql, &statement.params())
            .await?;
    }
    let noop = rows == 0;
    if noop {
        let marked = ledger::mark_noop(tx, &transaction.id).await;
        marked.map_err(|error| Obstacle::Failed(Failure::of(&error)))?;
    }
    Ok(noop)
}
