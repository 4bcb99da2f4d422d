//! [`fold`]: one row's pending intents over its synced row.

use crate::change::Operation;
use crate::ids::WriteId;
use crate::schema::TableSchema;
use crate::value::Value;

/// One pending intent on a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Which write it is.
    pub write_id: WriteId,
    /// What it does.
    pub operation: Operation,
    /// The columns it writes, by position in the table, NULL included; never key columns.
    pub value: Vec<(usize, Value)>,
}

/// The whole merged row that the view shows in place of the synced one.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowRow {
    /// One value a column of the table.
    pub row: Vec<Value>,
    /// Positions of the columns that pending intents write, in order.
    pub changed: Vec<usize>,
    /// The view hides the row.
    pub is_deleted: bool,
    /// The newest pending intent.
    pub write_id: WriteId,
}

/// The row as the app is to see it, or `None` when nothing is pending and the synced row speaks for itself.
///
/// * An insert starts from an empty row: columns it does not write are NULL.
/// * An update patches its columns, so remote edits of other columns show at once.
/// * A delete hides the row and keeps its values.
/// * An update of a row that the server has deleted meanwhile leaves it hidden; the server's verdict decides.
pub fn fold(
    table: &TableSchema,
    key: &[Value],
    synced: Option<&[Value]>,
    intents: &[Intent],
) -> Option<ShadowRow> {
    let last = intents.last()?;
    let mut is_deleted = synced.is_none();
    let mut row = match synced {
        Some(row) => row.to_vec(),
        None => empty_row(table, key),
    };
    let mut changed = Vec::new();
    for intent in intents {
        match intent.operation {
            Operation::Insert => {
                row = empty_row(table, key);
                is_deleted = false;
            }
            Operation::Update => {}
            Operation::Delete => is_deleted = true,
        }
        for (at, value) in &intent.value {
            if let Some(column) = row.get_mut(*at) {
                *column = value.clone();
                add_position(&mut changed, *at);
            }
        }
    }
    if let Some(column) = table.write_id_position().and_then(|at| row.get_mut(at)) {
        *column = Value::Text(last.write_id.0.clone());
    }
    Some(ShadowRow {
        row,
        changed,
        is_deleted,
        write_id: last.write_id.clone(),
    })
}

/// Adds a column's position to others, in order.
pub fn add_position(positions: &mut Vec<usize>, at: usize) {
    if let Err(place) = positions.binary_search(&at) {
        positions.insert(place, at);
    }
}

fn empty_row(table: &TableSchema, key: &[Value]) -> Vec<Value> {
    let mut row = vec![Value::Null; table.columns.len()];
    for (at, value) in table.key.iter().zip(key) {
        if let Some(column) = row.get_mut(*at) {
            *column = value.clone();
        }
    }
    row
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::schema::{Column, TableSchema};
    use crate::value::PgType;

    fn todos() -> TableSchema {
        let column = |name: &str| Column {
            name: name.into(),
            ty: PgType::parse_declared("text").unwrap(),
            type_name: "text".into(),
            not_null: false,
        };
        let columns = ["id", "title", "note"].map(column).to_vec();
        TableSchema::new("todos", columns, &["id".into()], vec![]).unwrap()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn intent(operation: Operation, value: &[(usize, Value)]) -> Intent {
        Intent {
            write_id: WriteId(format!("w{}", value.len())),
            operation,
            value: value.to_vec(),
        }
    }

    fn folded(synced: Option<&[Value]>, intents: &[Intent]) -> Option<(Vec<Value>, bool)> {
        fold(&todos(), &[text("k")], synced, intents).map(|shadow| (shadow.row, shadow.is_deleted))
    }

    #[test]
    fn nothing_pending_means_no_shadow_row() {
        assert_eq!(
            folded(Some(&[text("k"), text("a"), Value::Null]), &[]),
            None
        );
    }

    #[test]
    fn an_update_keeps_remote_edits_of_other_columns() {
        let synced = [text("k"), text("old"), text("remote")];
        let rename = intent(Operation::Update, &[(1, text("mine"))]);
        assert_eq!(
            folded(Some(&synced), &[rename]),
            Some((vec![text("k"), text("mine"), text("remote")], false))
        );
    }

    #[test]
    fn a_null_out_is_a_write_like_any_other() {
        let synced = [text("k"), text("t"), text("n")];
        let clear = intent(Operation::Update, &[(2, Value::Null)]);
        let shadow = fold(&todos(), &[text("k")], Some(&synced), &[clear]).unwrap();
        assert_eq!(shadow.row[2], Value::Null);
        assert_eq!(shadow.changed, [2]);
    }

    #[test]
    fn delete_then_insert_is_a_new_row() {
        let synced = [text("k"), text("t"), text("n")];
        let delete = intent(Operation::Delete, &[]);
        let insert = intent(Operation::Insert, &[(1, text("again"))]);
        assert_eq!(
            folded(Some(&synced), std::slice::from_ref(&delete)).map(|(_, hidden)| hidden),
            Some(true)
        );
        assert_eq!(
            folded(Some(&synced), &[delete, insert]),
            Some((vec![text("k"), text("again"), Value::Null], false))
        );
    }

    #[test]
    fn an_update_of_a_remotely_deleted_row_stays_hidden() {
        let rename = intent(Operation::Update, &[(1, text("mine"))]);
        assert_eq!(
            folded(None, &[rename]),
            Some((vec![text("k"), text("mine"), Value::Null], true))
        );
    }
}
