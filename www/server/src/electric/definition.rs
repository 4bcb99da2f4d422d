//! What makes a shape: table, columns, filter, replica and log mode (protocol sections 1 and 3).
//!
//! Identity is by parsed definition, not by text. A shape selecting all columns differs from one naming them all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::constants::{DEFAULT_SCHEMA, param};
use super::filter::Filter;
use super::filter_parser;
use super::table::{Alter, Table};
use super::transaction::StoredTable;

/// The parameters of a request that define its shape, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeParams {
    /// `table`
    pub table: Option<String>,
    /// `where`
    pub filter: Option<String>,
    /// `params[n]`
    pub params: BTreeMap<u32, String>,
    /// `columns`
    pub columns: Option<String>,
    /// `replica`
    pub replica: Option<String>,
    /// `log`
    pub log: Option<String>,
}

/// Why a request is a 400: the parameter and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { field, message }
    }
}

/// A shape's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) all_columns: bool,
    pub(crate) filter: Option<Filter>,
    pub(crate) full_replica: bool,
    pub(crate) changes_only: bool,
}

impl Definition {
    pub(crate) fn parse(
        params: &ShapeParams,
        tables: &BTreeMap<String, StoredTable>,
    ) -> Result<Self, Invalid> {
        let full_replica = choice(param::REPLICA, params.replica.as_deref(), "default", "full")?;
        let changes_only = choice(param::LOG, params.log.as_deref(), "full", "changes_only")?;
        let name = params.table.as_deref().unwrap_or_default();
        if name.is_empty() {
            return Err(Invalid::new(param::TABLE, "can't be blank"));
        }
        let table = find_table(name, tables)?;
        let filter = params.filter.as_deref().map(|text| {
            filter_parser::parse(text, table, &params.params)
                .map_err(|message| Invalid::new(param::WHERE, message))
        });
        let columns = params.columns.as_deref().map(|list| select(table, list));
        Ok(Self {
            table: table.name.clone(),
            all_columns: columns.is_none(),
            columns: match columns {
                Some(columns) => columns?,
                None => table
                    .columns
                    .iter()
                    .map(|column| column.name.clone())
                    .collect(),
            },
            filter: filter.transpose()?,
            full_replica,
            changes_only,
        })
    }

    /// The first part of the handle: FNV-1a over the definition, cut to 27 bits as the service's hashes are.
    pub(crate) fn hash(&self) -> u64 {
        let text = format!("{self:?}");
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, fold) % (1 << 27)
    }

    /// Whether the change of the table ends the shape's log (section 6, "when does 409 happen").
    pub(crate) fn is_ended_by(&self, alter: &Alter) -> bool {
        match alter {
            Alter::AddColumn(_) => self.all_columns,
            Alter::DropColumn(name) => self.all_columns || self.columns.contains(name),
            Alter::DropNotNull(_) => false,
        }
    }
}

fn choice(
    field: &'static str,
    value: Option<&str>,
    usual: &str,
    other: &str,
) -> Result<bool, Invalid> {
    match value {
        None => Ok(false),
        Some(value) if value == usual => Ok(false),
        Some(value) if value == other => Ok(true),
        Some(_) => Err(Invalid::new(field, "is invalid")),
    }
}

fn find_table<'a>(
    name: &str,
    tables: &'a BTreeMap<String, StoredTable>,
) -> Result<&'a Table, Invalid> {
    let invalid = |message: String| Invalid::new(param::TABLE, message);
    let parts = identifiers(name, '.').map_err(invalid)?;
    let (schema, table) = match parts.as_slice() {
        [table] => (DEFAULT_SCHEMA, table.as_str()),
        [schema, table] => (schema.as_str(), table.as_str()),
        _ => return Err(invalid("has an invalid format".into())),
    };
    let found = tables.get(table).filter(|_| schema == DEFAULT_SCHEMA);
    found.map(|stored| &stored.table).ok_or_else(|| {
        invalid(format!(
            "Table \"{schema}\".\"{table}\" does not exist. If the table name contains capitals or special characters you must quote it."
        ))
    })
}

fn select(table: &Table, list: &str) -> Result<Vec<String>, Invalid> {
    let invalid = |message: String| Invalid::new(param::COLUMNS, message);
    let named = identifiers(list, ',').map_err(invalid)?;
    let unknown: Vec<&str> = named
        .iter()
        .filter(|name| table.column(name).is_none())
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        return Err(invalid(format!(
            "The following columns are not found on the table: {names}"
        )));
    }
    if let Some(key) = table.primary_key.iter().find(|key| !named.contains(key)) {
        return Err(invalid(format!(
            "The list of columns must include all primary key columns, missing: {key}"
        )));
    }
    let selected = table
        .columns
        .iter()
        .filter(|column| named.contains(&column.name));
    Ok(selected.map(|column| column.name.clone()).collect())
}

/// Splits a list of identifiers: unquoted parts fold to lower case, quoted ones are kept, `""` stands for `"`.
fn identifiers(text: &str, separator: char) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => parts.push(std::mem::take(&mut part)),
            ' ' if !quoted => {}
            _ if quoted => part.push(letter),
            _ => part.extend(letter.to_lowercase()),
        }
    }
    parts.push(part);
    match quoted || parts.iter().any(String::is_empty) {
        true => Err("Invalid zero-length or unterminated identifier".into()),
        false => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::identifiers;

    #[test]
    fn identifiers_fold_unless_quoted() {
        assert_eq!(
            identifiers("Id, \"Org Id\",\"a\"\"b,c\"", ',').unwrap(),
            ["id", "Org Id", "a\"b,c"]
        );
        assert_eq!(
            identifiers("public.\"Weird.Tbl\"", '.').unwrap(),
            ["public", "Weird.Tbl"]
        );
        assert!(identifiers("a,,b", ',').is_err());
        assert!(identifiers("\"a", ',').is_err());
    }
}
