//! [`coalesced`]: two queued transactions as one.
//!
//! A row that is edited again and again offline goes as one change, where nothing is lost by it. That is so when the
//! two follow each other in the queue, neither was ever sent nor has `meta`, and both consist of a single intent on
//! the same row:
//!
//! | earlier | later | becomes |
//! |---|---|---|
//! | insert | update | insert |
//! | update | update | update |
//!
//! It is the later transaction that stays. The later values win, the earlier base values do: what the row held before
//! both. A column that is back at its base value is sent all the same, as it was written. Nothing else merges: not
//! deletes, nor what spans several rows, and intents within one transaction stay as they are, for their order may
//! matter to the server.

use serde_json::value::RawValue;

use super::batch::{Queued, QueuedIntent};
use crate::change::Operation;
use crate::error::{Error, Result};
use crate::schema::Ordered;

/// The single intent of both, if they merge; under the id of the later one.
///
/// # Errors
/// [`Error::Internal`] when the change log holds what is no JSON.
pub fn coalesced(earlier: &Queued, later: &Queued) -> Result<Option<QueuedIntent>> {
    let ([first], [second]) = (&earlier.intents[..], &later.intents[..]) else {
        return Ok(None);
    };
    let merges = earlier.mergeable
        && later.mergeable
        && first.row == second.row
        && first.operation != Operation::Delete
        && second.operation == Operation::Update;
    if !merges {
        return Ok(None);
    }
    let base = match (&first.base, &second.base) {
        (Some(first), Some(second)) => Some(over(second, first)?),
        (base, _) => base.clone(),
    };
    Ok(Some(QueuedIntent {
        id: second.id,
        row: second.row.clone(),
        operation: first.operation,
        value: over(&first.value, &second.value)?,
        base,
    }))
}

/// The members of two JSON objects; those of `top` win.
fn over(under: &str, top: &str) -> Result<String> {
    let (under, top) = (members(under)?, members(top)?);
    let both = under
        .iter()
        .map(|(name, value)| (name, top.get(name).unwrap_or(value)));
    let new = top.iter().filter(|(name, _)| under.get(name).is_none());
    let mut text = String::new();
    for (name, value) in both.chain(new) {
        text.push(if text.is_empty() { '{' } else { ',' });
        crate::value::write_string(&mut text, name);
        text.push(':');
        text.push_str(value.get());
    }
    if text.is_empty() {
        text.push('{');
    }
    text.push('}');
    Ok(text)
}

fn members(json: &str) -> Result<Ordered<Box<RawValue>>> {
    crate::json::from_str(json)
        .map_err(|error| Error::Internal(format!("the change log holds {json}: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::ids::{ChangeId, TransactionId};
    use Operation::{Delete, Insert, Update};

    fn intent(operation: Operation, value: &str, base: Option<&str>) -> Queued {
        let intent = QueuedIntent {
            id: ChangeId(7),
            row: ("t".into(), "[1]".into()),
            operation,
            value: value.into(),
            base: base.map(Into::into),
        };
        Queued {
            id: TransactionId(1),
            key: "c:1".into(),
            mergeable: true,
            intents: vec![intent],
        }
    }

    fn merged(earlier: &Queued, later: &Queued) -> Option<(Operation, String, Option<String>)> {
        let one = coalesced(earlier, later).unwrap()?;
        Some((one.operation, one.value, one.base))
    }

    #[test]
    fn later_values_and_earlier_bases_win_and_no_digit_is_lost() {
        let earlier = intent(
            Update,
            r#"{"a":1,"b":12345678901234567890.10}"#,
            Some(r#"{"a":0,"b":null}"#),
        );
        let later = intent(Update, r#"{"c":"x","a":null}"#, Some(r#"{"c":"y","a":1}"#));
        let expected = (
            Update,
            r#"{"a":null,"b":12345678901234567890.10,"c":"x"}"#.to_owned(),
            Some(r#"{"c":"y","a":0,"b":null}"#.to_owned()),
        );
        assert_eq!(merged(&earlier, &later), Some(expected));
    }

    #[test]
    fn an_edited_insert_stays_an_insert_and_a_column_set_back_is_sent() {
        let insert = intent(Insert, r#"{"a":1}"#, None);
        let edit = intent(Update, r#"{"a":2}"#, Some(r#"{"a":1}"#));
        let expected = (Insert, r#"{"a":2}"#.to_owned(), None);
        assert_eq!(merged(&insert, &edit), Some(expected));
        let back = intent(Update, r#"{"a":1}"#, Some(r#"{"a":2}"#));
        let expected = (
            Update,
            r#"{"a":1}"#.to_owned(),
            Some(r#"{"a":1}"#.to_owned()),
        );
        assert_eq!(merged(&edit, &back), Some(expected));
    }

    #[test]
    fn nothing_else_merges() {
        let update = intent(Update, r#"{"a":1}"#, Some(r#"{"a":0}"#));
        let delete = intent(Delete, "{}", Some(r#"{"a":0}"#));
        let insert = intent(Insert, r#"{"a":1}"#, None);
        for (earlier, later) in [
            (&update, &delete),
            (&delete, &insert),
            (&insert, &delete),
            (&delete, &update),
            (&update, &insert),
        ] {
            assert_eq!(merged(earlier, later), None);
        }
        let mut sent = update.clone();
        sent.mergeable = false;
        let mut wide = update.clone();
        wide.intents.push(update.intents[0].clone());
        let mut other_row = update.clone();
        other_row.intents[0].row.1 = "[2]".into();
        let mut other_table = update.clone();
        other_table.intents[0].row.0 = "u".into();
        for other in [&sent, &wide, &other_row, &other_table] {
            assert_eq!(merged(other, &update), None);
            assert_eq!(merged(&update, other), None);
        }
    }
}
