//! Decides on one transaction: types, constraints, rules. Nothing is applied here.

use crate::electric::{
    ChangeError, Electric, Micros, Row, Staged, Table, Transaction, text_of_json,
};

use super::body::{Change, LocalTransaction, Operation};
use super::rules::{Rejection, Rule};
use super::verdict::{Problem, Status, Verdict};

/// The column that receives a change's write id, if the table has it.
const WRITE_ID: &str = "write_id";

/// A verdict and, if it is an acceptance that changes anything, what is to be committed.
pub(crate) fn judge(
    electric: &Electric,
    rules: &[Rule],
    now: Micros,
    transaction: &LocalTransaction,
) -> (Verdict, Option<Staged>) {
    let staged = electric.stage(now, |tx| {
        transaction
            .changes
            .iter()
            .try_for_each(|change| apply(electric, tx, change))
    });
    let staged = staged.map_err(|error| Problem {
        code: error.code().to_owned(),
        message: error.to_string(),
    });
    let judged = staged.and_then(|staged| match broken_rule(rules, &staged) {
        Some(rejection) => Err(Problem {
            code: rejection.code.to_owned(),
            message: rejection.message.into_owned(),
        }),
        None => Ok(staged),
    });
    let id = transaction.id.clone();
    match judged {
        Ok(staged) => {
            let verdict = Verdict {
                id,
                status: Status::Accepted,
                txid: staged.committed.txid,
                lsn: Some(staged.committed.lsn.to_string()),
                noop: staged.is_empty(),
                error: None,
            };
            (verdict, (!staged.is_empty()).then_some(staged))
        }
        Err(problem) => {
            let verdict = Verdict {
                id,
                status: Status::Rejected,
                txid: None,
                lsn: None,
                noop: false,
                error: Some(problem),
            };
            (verdict, None)
        }
    }
}

fn broken_rule(rules: &[Rule], staged: &Staged) -> Option<Rejection> {
    staged.ops().iter().find_map(|op| {
        let of_table = rules.iter().filter(|rule| rule.table == op.table);
        of_table.map(|rule| (rule.check)(op)).find_map(Result::err)
    })
}

fn apply(
    electric: &Electric,
    tx: &mut Transaction<'_>,
    change: &Change,
) -> Result<(), ChangeError> {
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
        Operation::Insert => tx.insert(&change.table, values),
        // A missing row is no error: someone deleted it meanwhile.
        Operation::Update => tx.update(&change.table, &key, values).map(drop),
        Operation::Delete => tx.delete(&change.table, &key).map(drop),
    }
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
        let text = text_of_json(column.pg_type, json.get());
        let text = text.ok_or_else(|| ChangeError::InvalidValue {
            column: name.clone(),
            reason: format!(
                "{} does not fit the type {}",
                shortened(json.get()),
                column.pg_type.name()
            ),
        })?;
        Ok((name.clone(), Some(text)))
    };
    change.value.iter().map(text).collect()
}

fn shortened(json: &str) -> String {
    match json.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    }
}
