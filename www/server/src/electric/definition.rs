//! What makes a shape: table, columns, filter, replica and log mode (protocol sections 1 and 3).
//!
//! Identity is by parsed definition, not by text. A shape selecting all columns differs from one naming them all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::constants::{DEFAULT_SCHEMA, param};
use super::filter::Filter;
use super::filter_parser::{self, Scope};
use super::plan::Plan;
use super::table::{Alter, Table};
use super::transaction::Tables;

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
    /// `queryable_columns`
    #[serde(default)]
    pub queryable_columns: Option<String>,
    /// `replica`
    pub replica: Option<String>,
    /// `log`
    pub log: Option<String>,
}

/// Why a request is a 400: the parameter and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The object the parameter stands in, if any.
    pub(crate) group: Option<&'static str>,
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            group: None,
            field,
            message: message.into(),
        }
    }

    /// A parameter of a subset.
    pub(crate) fn subset(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            group: Some(param::SUBSET),
            ..Self::new(field, message)
        }
    }
}

/// What subsets may name; `None` is everything. It belongs to a request and not to the identity of a shape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queryable(Option<Vec<String>>);

impl PartialEq for Queryable {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Queryable {}

/// A shape's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) all_columns: bool,
    pub(crate) filter: Option<Filter>,
    /// How the filter is evaluated when it has subqueries.
    pub(crate) plan: Option<Plan>,
    pub(crate) full_replica: bool,
    pub(crate) changes_only: bool,
    pub(crate) queryable: Queryable,
}

impl Definition {
    pub(crate) fn parse(params: &ShapeParams, tables: &Tables) -> Result<Self, Invalid> {
        let full_replica = choice(param::REPLICA, params.replica.as_deref(), "default", "full")?;
        let changes_only = choice(param::LOG, params.log.as_deref(), "full", "changes_only")?;
        let name = params.table.as_deref().unwrap_or_default();
        if name.is_empty() {
            return Err(Invalid::new(param::TABLE, "can't be blank"));
        }
        let table = find_table(name, tables)?;
        let invalid = |message| Invalid::new(param::WHERE, message);
        let scope = Scope {
            tables,
            params: &params.params,
            subqueries: true,
        };
        let filter = params.filter.as_deref();
        let filter = filter.map(|text| filter_parser::parse(text, table, scope).map_err(invalid));
        let filter = filter.transpose()?;
        let plan = filter.as_ref().map(Plan::of).transpose().map_err(invalid)?;
        let queryable = params.queryable_columns.as_deref();
        let queryable = queryable.map(|list| select(table, param::QUERYABLE_COLUMNS, list));
        let queryable = queryable.transpose()?;
        let columns = params.columns.as_deref();
        let columns = columns.map(|list| select(table, param::COLUMNS, list));
        let columns = columns.transpose()?;
        if let (Some(columns), Some(queryable)) = (&columns, &queryable)
            && let Some(column) = columns.iter().find(|column| !queryable.contains(column))
        {
            let message = format!("column {column} is not queryable");
            return Err(Invalid::new(param::COLUMNS, message));
        }
        let named = columns.or_else(|| queryable.clone());
        let all = || table.columns.iter().map(|column| column.name.clone());
        Ok(Self {
            table: table.name.clone(),
            all_columns: named.is_none(),
            columns: named.unwrap_or_else(|| all().collect()),
            queryable: Queryable(queryable),
            plan: plan.flatten(),
            filter,
            full_replica,
            changes_only,
        })
    }

    /// Whether a subset may filter and sort by the column.
    pub(crate) fn may_query(&self, column: &str) -> bool {
        let allowed = self.queryable.0.as_ref();
        allowed.is_none_or(|allowed| allowed.iter().any(|name| name == column))
    }

    /// Whether its rows depend on another table, or on its own through a subquery.
    pub(crate) fn reads(&self, table: &str) -> bool {
        self.filter
            .as_ref()
            .is_some_and(|filter| filter.reads(table))
    }

    /// The first part of the handle: FNV-1a over the definition, cut to 27 bits as the service's hashes are.
    pub(crate) fn hash(&self) -> u64 {
        let text = format!(
            "{:?}",
            (
                &self.table,
                &self.columns,
                self.all_columns,
                &self.filter,
                self.full_replica,
                self.changes_only
            )
        );
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, fold) % (1 << 27)
    }

    /// Whether the change of a table ends the shape's log (section 6, "when does 409 happen").
    pub(crate) fn is_ended_by(&self, table: &str, alter: &Alter) -> bool {
        let inner = |name: &String| {
            let mut subqueries = self.filter.iter().flat_map(Filter::subqueries);
            subqueries.any(|subquery| subquery.uses(table, name))
        };
        let own = self.table == table;
        match alter {
            Alter::AddColumn(_) => own && self.all_columns,
            Alter::DropColumn(name) => {
                own && (self.all_columns || self.columns.contains(name)) || inner(name)
            }
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

fn find_table<'a>(name: &str, tables: &'a Tables) -> Result<&'a Table, Invalid> {
    let invalid = |message: String| Invalid::new(param::TABLE, message);
    let parts = identifiers(name, '.').map_err(invalid)?;
    let (schema, table) = match parts.as_slice() {
        [table] => (DEFAULT_SCHEMA, table.as_str()),
        [schema, table] => (schema.as_str(), table.as_str()),
        _ => return Err(invalid("has an invalid format".into())),
    };
    let found = tables.get(table).filter(|_| schema == DEFAULT_SCHEMA);
    found.map(|stored| stored.seen()).ok_or_else(|| {
        invalid(format!(
            "Table \"{schema}\".\"{table}\" does not exist. If the table name contains capitals or special characters you must quote it."
        ))
    })
}

fn select(table: &Table, field: &'static str, list: &str) -> Result<Vec<String>, Invalid> {
    let invalid = |message: String| Invalid::new(field, message);
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
