//! Decides on one transaction: types, constraints, rules. Nothing is applied here.

use crate::electric::{ChangeError, Electric, Micros, PgType, Row, Staged, Table, Transaction};

use super::WRITE_ID;
use super::body::{Change, LocalTransaction, Operation};
use super::ledger;
use super::rules::Rule;
use super::spelling::{Spelling, misfit};
use super::verdict::{Problem, Verdict};

/// What a transaction is judged by.
pub(crate) struct Court<'a> {
    pub(crate) electric: &'a Electric,
    pub(crate) rules: &'a [Rule],
    /// Whether a row of the ledger is written with each transaction.
    pub(crate) keeps_ledger: bool,
}

impl Court<'_> {
    /// A verdict and what is to be committed with it, if anything.
    pub(crate) fn judge(
        &self,
        now: Micros,
        transaction: &LocalTransaction,
    ) -> (Verdict, Option<Staged>) {
        let id = &transaction.id;
        let mut noop = false;
        let staged = self.electric.stage(now, |tx| {
            let mut changes = transaction.changes.iter();
            changes.try_for_each(|change| apply(self.electric, tx, change))?;
            self.obey(tx)?;
            noop = tx.ops.is_empty();
            self.record(tx, &Verdict::accepted(id, noop).with_txid(self.next_txid()))
        });
        match staged {
            Ok(staged) => {
                let mut verdict = Verdict::accepted(id, noop);
                verdict.lsn = Some(staged.committed.lsn.to_string());
                verdict.txid = (!staged.is_empty()).then(|| self.next_txid());
                (verdict, (!staged.is_empty()).then_some(staged))
            }
            Err(problem) => {
                let verdict = Verdict::rejected(id, problem);
                let staged = self.electric.stage(now, |tx| self.record(tx, &verdict));
                let staged = staged.ok().filter(|staged| !staged.is_empty());
                (verdict, staged)
            }
        }
    }

    /// The application's rules on what was changed so far.
    fn obey(&self, tx: &Transaction<'_>) -> Result<(), Problem> {
        let broken = tx.ops.iter().find_map(|op| {
            let of_table = self.rules.iter().filter(|rule| rule.table == op.table);
            of_table
                .map(|rule| (rule.check)(op, tx))
                .find_map(Result::err)
        });
        broken.map_or(Ok(()), |rejection| Err(rejection.into()))
    }

    fn record(&self, tx: &mut Transaction<'_>, verdict: &Verdict) -> Result<(), Problem> {
        match self.keeps_ledger {
            true => Ok(tx.insert(ledger::LEDGER, ledger::row_of(verdict))?),
            false => Ok(()),
        }
    }

    /// The id of the transaction that is being judged, if it writes anything.
    fn next_txid(&self) -> String {
        self.electric.next_xid.to_string()
    }
}

fn apply(electric: &Electric, tx: &mut Transaction<'_>, change: &Change) -> Result<(), Problem> {
    if ledger::is_reserved(&change.table) {
        return Err(Problem::forbidden(&change.table));
    }
    let unknown = || ChangeError::UnknownTable(change.table.clone());
    let table = electric.table(&change.table).ok_or_else(unknown)?;
    let mut values = texts(table, change)?;
    let key: Row = table
        .primary_key
        .iter()
        .filter_map(|name| Some((name.clone(), values.get(name)?.clone())))
        .collect();
    if let (Some(write_id), Some(_)) = (&change.write_id, table.column(WRITE_ID)) {
        values.insert(WRITE_ID.to_owned(), Some(write_id.clone()));
    }
    match change.operation {
        Operation::Insert => tx.insert(&change.table, values)?,
        // A missing row is no error: someone deleted it meanwhile.
        Operation::Update => drop(tx.update(&change.table, &key, values)?),
        Operation::Delete => drop(tx.delete(&change.table, &key)?),
    }
    Ok(())
}

/// The change's JSON values as text, by column type.
fn texts(table: &Table, change: &Change) -> Result<Row, ChangeError> {
    let text = |(name, json): (&String, &Option<Box<serde_json::value::RawValue>>)| {
        let column = table
            .column(name)
            .ok_or_else(|| ChangeError::UnknownColumn {
                table: table.name.clone(),
                column: name.clone(),
            })?;
        let Some(json) = json else {
            return Ok((name.clone(), None));
        };
        let text = spelling(column.pg_type).text_of(json.get());
        let text = text.ok_or_else(|| ChangeError::InvalidValue {
            column: name.clone(),
            reason: misfit(json.get(), column.pg_type.name()),
        })?;
        Ok((name.clone(), Some(text)))
    };
    change.value.iter().map(text).collect()
}

fn spelling(pg_type: PgType) -> Spelling {
    match pg_type {
        PgType::Array(element, _) => Spelling::named(element.as_str()).array_of(','),
        other => Spelling::named(other.name()),
    }
}
