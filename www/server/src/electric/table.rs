//! Tables: columns and keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::time::Micros;
use super::types::PgType;

/// A row: column name → Postgres text in the form of the change stream (bool as `t`/`f`), or NULL.
pub type Row = BTreeMap<String, Option<String>>;

/// The primary key's values, in key order.
pub(crate) type Key = Vec<String>;

/// Builds a [`Row`] from pairs; a value is `"text"`, `Some("text")` or `None`.
pub fn row<'a, V: Into<Option<&'a str>>>(pairs: impl IntoIterator<Item = (&'a str, V)>) -> Row {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into().map(str::to_owned)))
        .collect()
}

/// What an insert that omits a column stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnDefault {
    /// A fixed value.
    Text(String),
    /// The transaction's time.
    Now,
}

impl ColumnDefault {
    pub(crate) fn text(&self, now: Micros) -> String {
        match self {
            ColumnDefault::Text(text) => text.clone(),
            ColumnDefault::Now => now.to_timestamptz(),
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// Its type.
    pub pg_type: PgType,
    /// Whether NULL is refused. Key columns always refuse it.
    pub not_null: bool,
    /// What an insert that omits it stores; without one, NULL.
    pub default: Option<ColumnDefault>,
}

impl Column {
    /// A nullable column without a default.
    pub fn new(name: &str, pg_type: PgType) -> Self {
        Self {
            name: name.to_owned(),
            pg_type,
            not_null: false,
            default: None,
        }
    }

    /// The same column, NOT NULL.
    #[must_use]
    pub fn not_null(mut self) -> Self {
        self.not_null = true;
        self
    }

    /// The same column with a default.
    #[must_use]
    pub fn default(mut self, default: ColumnDefault) -> Self {
        self.default = Some(default);
        self
    }
}

/// A table's definition. Tables without a primary key are not modelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, unquoted, in the schema `public`.
    pub name: String,
    /// Its columns, in declaration order.
    pub columns: Vec<Column>,
    /// Names of the primary key's columns, in key order.
    pub primary_key: Vec<String>,
}

impl Table {
    /// A table with the given key and columns; key columns become NOT NULL.
    pub fn new(
        name: &str,
        primary_key: &[&str],
        columns: impl IntoIterator<Item = Column>,
    ) -> Self {
        let columns = columns.into_iter().map(|mut column| {
            column.not_null |= primary_key.contains(&column.name.as_str());
            column
        });
        Self {
            name: name.to_owned(),
            columns: columns.collect(),
            primary_key: primary_key.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether the column belongs to the primary key.
    pub fn is_key(&self, name: &str) -> bool {
        self.primary_key.iter().any(|key| key == name)
    }

    /// The key of a row. A missing or NULL part reads as empty, which validated rows never have.
    pub(crate) fn key_of(&self, row: &Row) -> Key {
        let part = |name: &String| row.get(name).cloned().flatten().unwrap_or_default();
        self.primary_key.iter().map(part).collect()
    }

    /// The `electric-schema` header for the selected columns (section 12).
    pub(crate) fn schema_header(&self, selected: &[String]) -> String {
        let mut schema = Map::new();
        for name in selected {
            let Some(column) = self.column(name) else {
                continue;
            };
            let mut fields = column.pg_type.schema_fields();
            if column.not_null {
                fields.insert("not_null".into(), json!(true));
            }
            if let Some(index) = self.primary_key.iter().position(|key| key == name) {
                fields.insert("pk_index".into(), json!(index));
            }
            schema.insert(name.clone(), Value::Object(fields));
        }
        Value::Object(schema).to_string()
    }
}

/// A change of a table's definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alter {
    /// `ADD COLUMN`; existing rows get the default's text or NULL.
    AddColumn(Column),
    /// `DROP COLUMN`.
    DropColumn(String),
    /// `ALTER COLUMN … DROP NOT NULL`: changes the schema header under an unchanged handle (section 12).
    DropNotNull(String),
}
