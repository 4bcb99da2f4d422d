//! The whole backend without I/O: Electric, the write API's verdicts and rules, every change of state through a
//! [`Journal`].
//!
//! ```
//! use throughline_server::backend::Backend;
//! use throughline_server::demo;
//! use throughline_server::electric::{Electric, Micros, Options};
//! use throughline_server::journal::Unjournaled;
//!
//! let now = Micros(1_795_342_140_000_000);
//! let mut backend = Backend::new(Electric::new(Options::default()), demo::rules());
//! demo::start(&mut backend, &mut Unjournaled, now).expect("an empty database takes the first rows");
//! let body = br#"[{"id": "client:1", "changes": [{"table": "todos", "operation": "delete",
//!     "value": {"id": "019aa000-0000-7000-8000-000000000005"}}]}]"#;
//! let response = backend.post_changes(&mut Unjournaled, now, body);
//! assert_eq!(response.status, 200);
//! assert_eq!(backend.electric().rows("todos").count(), 4);
//! ```

use std::collections::BTreeMap;

use crate::electric::{
    Alter, Answer, ChangeError, Committed, Electric, Loss, Micros, Response, ShapeRequest, Table,
    Transaction, WaitState,
};
use crate::journal::{Event, Journal, JournalError};
use crate::write::{self, Applied, Court, LocalTransaction, Rule, Verdict, code, ledger};

/// Why a transaction of the server's own did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TransactionError {
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Rows, shapes, verdicts.
#[derive(Clone, Debug)]
pub struct Backend {
    electric: Electric,
    rules: Vec<Rule>,
    verdicts: BTreeMap<String, Verdict>,
    keeps_ledger: bool,
}

impl Backend {
    /// A backend over a database, with the application's rules.
    pub fn new(electric: Electric, rules: Vec<Rule>) -> Self {
        Self {
            electric,
            rules,
            verdicts: BTreeMap::new(),
            keeps_ledger: false,
        }
    }

    /// The same, writing a row of the [`ledger`] in the transaction of each client's transaction; one that is rejected
    /// gets its row alone. [`Backend::create_ledger`] makes the table.
    #[must_use]
    pub fn with_ledger(mut self) -> Self {
        self.keeps_ledger = true;
        self
    }

    /// CREATE TABLE IF NOT EXISTS of the ledger, if the backend keeps one.
    ///
    /// # Errors
    /// The journal cannot be written; nothing has happened.
    pub fn create_ledger(&mut self, journal: &mut dyn Journal) -> Result<(), JournalError> {
        match self.keeps_ledger && self.electric.table(ledger::LEDGER).is_none() {
            true => self.create_table(journal, ledger::table()),
            false => Ok(()),
        }
    }

    /// The database and its shapes.
    pub fn electric(&self) -> &Electric {
        &self.electric
    }

    /// The same to change, past the journal: for simulations, which keep none.
    pub fn electric_mut(&mut self) -> &mut Electric {
        &mut self.electric
    }

    /// Answers `POST /changes`.
    pub fn post_changes(
        &mut self,
        journal: &mut dyn Journal,
        now: Micros,
        body: &[u8],
    ) -> Response {
        let transactions = match write::parse(body) {
            Ok(transactions) => transactions,
            Err(message) => return write::refused(400, code::MALFORMED, &message),
        };
        self.apply(journal, now, &transactions).response()
    }

    /// Applies client transactions in order, up to the first that the journal does not take.
    pub fn apply(
        &mut self,
        journal: &mut dyn Journal,
        now: Micros,
        transactions: &[LocalTransaction],
    ) -> Applied {
        let mut applied = Applied::default();
        for transaction in transactions {
            match self.write(journal, now, transaction) {
                Ok(verdict) => applied.verdicts.push(verdict),
                Err(error) => {
                    applied.unsettled = Some(error.to_string());
                    break;
                }
            }
        }
        applied
    }

    /// Applies one client transaction, or finds the verdict it already has.
    ///
    /// # Errors
    /// The journal cannot be written; nothing has happened.
    pub fn write(
        &mut self,
        journal: &mut dyn Journal,
        now: Micros,
        transaction: &LocalTransaction,
    ) -> Result<Verdict, JournalError> {
        if let Some(verdict) = self.verdicts.get(&transaction.id) {
            return Ok(verdict.clone());
        }
        let keeps_ledger = self.keeps_ledger && self.electric.table(ledger::LEDGER).is_some();
        let court = Court {
            electric: &self.electric,
            rules: &self.rules,
            keeps_ledger,
        };
        let (verdict, staged) = court.judge(now, transaction);
        self.record(
            journal,
            match staged {
                Some(staged) => Event::Commit {
                    ops: staged.ops().to_vec(),
                    verdict: Some(verdict.clone()),
                },
                None => Event::Verdict(verdict.clone()),
            },
        )?;
        Ok(verdict)
    }

    /// Answers a request to `/v1/shape`; see [`Electric::respond`].
    pub fn respond(
        &mut self,
        journal: &mut dyn Journal,
        now: Micros,
        entropy: u64,
        request: &ShapeRequest,
        wait: WaitState,
    ) -> Answer {
        let answer = self.electric.respond(now, entropy, request, wait);
        let opened = self.electric.take_opened();
        for handle in self.electric.take_evicted() {
            // Unrecorded, the shape would come back with the next start, whole: no client could tell.
            let _ = journal.append(&Event::Dropped(handle));
        }
        let Some((handle, opened)) = opened else {
            return answer;
        };
        match journal.append(&Event::Opened(opened)) {
            Ok(()) => answer,
            Err(error) => {
                // A handle that a restart would not know must not reach a client.
                self.electric.drop_shape(&handle);
                let message = error.to_string();
                Answer::Respond(Response::unavailable(
                    request,
                    &message,
                    write::RETRY_AFTER_SECONDS,
                ))
            }
        }
    }

    /// A transaction of the server's own: no verdict, no rules.
    ///
    /// # Errors
    /// The changes are not possible, or the journal cannot be written; nothing has happened.
    pub fn transaction(
        &mut self,
        journal: &mut dyn Journal,
        now: Micros,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<(), ChangeError>,
    ) -> Result<Committed, TransactionError> {
        let staged = self.electric.stage(now, change)?;
        let committed = staged.committed;
        if !staged.is_empty() {
            let ops = staged.ops().to_vec();
            self.record(journal, Event::Commit { ops, verdict: None })?;
        }
        Ok(committed)
    }

    /// CREATE TABLE.
    ///
    /// # Errors
    /// The journal cannot be written; nothing has happened.
    pub fn create_table(
        &mut self,
        journal: &mut dyn Journal,
        table: Table,
    ) -> Result<(), JournalError> {
        self.record(journal, Event::Table(table))
    }

    /// TRUNCATE.
    ///
    /// # Errors
    /// The journal cannot be written; nothing has happened.
    pub fn truncate(&mut self, journal: &mut dyn Journal, table: &str) -> Result<(), JournalError> {
        self.record(journal, Event::Truncate(table.to_owned()))
    }

    /// Replaces a table's rows by many; see [`Electric::fill`].
    ///
    /// # Errors
    /// The table cannot be filled, or the journal cannot be written; nothing has happened.
    pub fn fill(
        &mut self,
        journal: &mut dyn Journal,
        table: &str,
        rows: u64,
        bytes: usize,
    ) -> Result<(), TransactionError> {
        self.electric.check_fill(table, rows, bytes)?;
        let table = table.to_owned();
        Ok(self.record(journal, Event::Fill { table, rows, bytes })?)
    }

    /// ALTER TABLE.
    ///
    /// # Errors
    /// The journal cannot be written; nothing has happened.
    pub fn alter_table(
        &mut self,
        journal: &mut dyn Journal,
        table: &str,
        alter: Alter,
    ) -> Result<(), JournalError> {
        let table = table.to_owned();
        self.record(journal, Event::Alter { table, alter })
    }

    /// ALTER TABLE that the sync service learns of later; see [`Electric::alter_table_unseen`]. After a start it is
    /// seen: the service looks then.
    ///
    /// # Errors
    /// The journal cannot be written; nothing has happened.
    pub fn alter_table_unseen(
        &mut self,
        journal: &mut dyn Journal,
        table: &str,
        alter: Alter,
    ) -> Result<(), JournalError> {
        let event = Event::Alter {
            table: table.to_owned(),
            alter: alter.clone(),
        };
        journal.append(&event)?;
        self.electric.alter_table_unseen(table, &alter);
        Ok(())
    }

    /// Ends the shapes of a table, or all of them, as a lost replication slot does.
    ///
    /// # Errors
    /// The journal cannot be written; the shapes ended so far stay ended.
    pub fn end_shapes(
        &mut self,
        journal: &mut dyn Journal,
        table: Option<&str>,
    ) -> Result<(), JournalError> {
        let handles: Vec<String> = match table {
            Some(table) => self.electric.handles_of(table).map(str::to_owned).collect(),
            None => self.electric.handles().map(str::to_owned).collect(),
        };
        let mut handles = handles.into_iter();
        handles.try_for_each(|handle| self.record(journal, Event::Dropped(handle)))
    }

    /// Restarts the sync service.
    ///
    /// # Errors
    /// The journal cannot be written; the shapes ended so far stay ended.
    pub fn restart(&mut self, journal: &mut dyn Journal, loss: Loss) -> Result<(), JournalError> {
        if loss == Loss::Shapes {
            self.end_shapes(journal, None)?;
        }
        self.electric.restart(loss);
        Ok(())
    }

    /// Ends a replay: as far as clients can tell, the sync service was restarted and lost nothing.
    pub fn resume(&mut self) {
        self.electric.restart(Loss::Nothing);
    }

    /// Brings back the effect of a journaled event.
    pub fn replay(&mut self, event: Event) {
        match event {
            Event::Table(table) => self.electric.create_table(table),
            Event::Commit { ops, verdict } => {
                self.electric.apply_ops(ops);
                self.keep(verdict);
            }
            Event::Verdict(verdict) => self.keep(Some(verdict)),
            Event::Truncate(table) => self.electric.truncate(&table),
            Event::Fill { table, rows, bytes } => {
                // It was checked before it was recorded.
                let _ = self.electric.fill(&table, rows, bytes);
            }
            Event::Alter { table, alter } => self.electric.alter_table(&table, &alter),
            Event::Opened(opened) => self.electric.reopen(&opened),
            Event::Dropped(handle) => self.electric.drop_shape(&handle),
        }
    }

    /// Durable first, then visible.
    fn record(&mut self, journal: &mut dyn Journal, event: Event) -> Result<(), JournalError> {
        journal.append(&event)?;
        self.replay(event);
        Ok(())
    }

    fn keep(&mut self, verdict: Option<Verdict>) {
        if let Some(verdict) = verdict {
            self.verdicts.insert(verdict.id.clone(), verdict);
        }
    }
}

#[cfg(test)]
mod tests;
