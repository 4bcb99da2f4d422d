//! The tables that clients may write, as Postgres' catalogue describes them.

use std::collections::BTreeMap;

use deadpool_postgres::Object;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Error, Row};

use crate::electric::constants::DEFAULT_SCHEMA;
use crate::write::spelling::Spelling;
use crate::write::{Problem, code, ledger};

const READ: &str = include_str!("catalogue.sql");

/// A table's schema and name, as they are in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TableName {
    pub(super) schema: String,
    pub(super) name: String,
}

impl TableName {
    /// Reads `name` or `schema.name`, taken as they are.
    pub(super) fn parse(text: &str) -> Self {
        let (schema, name) = text.split_once('.').unwrap_or((DEFAULT_SCHEMA, text));
        let (schema, name) = (schema.to_owned(), name.to_owned());
        Self { schema, name }
    }

    /// Whether it is Postgres' own or the ledger.
    pub(super) fn is_reserved(&self) -> bool {
        self.schema == "information_schema"
            || self.schema.starts_with("pg_")
            || ledger::is_reserved(&self.name)
    }
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) pg_type: Type,
    /// For people.
    pub(super) type_name: String,
    pub(super) spelling: Spelling,
    /// Whether clients may say what is in it.
    pub(super) writable: bool,
    pub(super) has_default: bool,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Names of the primary key's columns, in key order.
    pub(super) key: Vec<String>,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The tables by the name that clients use.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    tables: BTreeMap<String, Table>,
}

impl Catalogue {
    /// Reads those of the tables that exist.
    pub(super) async fn read(
        client: &Object,
        names: impl Iterator<Item = &TableName>,
    ) -> Result<Self, Error> {
        let (schemas, names): (Vec<&str>, Vec<&str>) = names
            .map(|table| (table.schema.as_str(), table.name.as_str()))
            .unzip();
        let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&schemas, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)];
        let mut catalogue = Self::default();
        for row in client.query_typed(READ, &params).await? {
            catalogue.add(&row)?;
        }
        Ok(catalogue)
    }

    fn add(&mut self, row: &Row) -> Result<(), Error> {
        let name: String = row.try_get("table_name")?;
        let table = self.tables.entry(name.clone()).or_default();
        table.schema = row.try_get("schema_name")?;
        table.name = name;
        let oid: u32 = row.try_get("type_oid")?;
        let type_name: String = row.try_get("type_name")?;
        let unknown = || Type::new(type_name.clone(), oid, Kind::Simple, String::new());
        let base_type: String = row.try_get("base_type")?;
        let element_type: Option<String> = row.try_get("element_type")?;
        let spelling = match element_type {
            Some(element) => {
                let delimiter: String = row.try_get("element_delimiter")?;
                let delimiter = delimiter.chars().next().unwrap_or(',');
                Spelling::named(&element).array_of(delimiter)
            }
            None => Spelling::named(&base_type),
        };
        let column = Column {
            name: row.try_get("column_name")?,
            pg_type: Type::from_oid(oid).unwrap_or_else(unknown),
            type_name,
            spelling,
            writable: !row.try_get::<_, bool>("is_generated")?,
            has_default: row.try_get("has_default")?,
        };
        if row.try_get("is_key")? {
            table.key.push(column.name.clone());
        }
        table.columns.push(column);
        Ok(())
    }

    /// Takes the columns away that the operator does not offer. Keys stay: they say which row is meant.
    pub(super) fn restrict(&mut self, offered: &BTreeMap<String, Vec<String>>) {
        for (name, columns) in offered {
            let Some(table) = self.tables.get_mut(name) else {
                continue;
            };
            let key = &table.key;
            for column in &mut table.columns {
                column.writable &= columns.contains(&column.name) || key.contains(&column.name);
            }
        }
    }

    /// The table of that name, if clients may write it. Whether another one exists is not told.
    pub(super) fn table(&self, name: &str) -> Result<&Table, Problem> {
        let named = self.tables.get(name);
        named.ok_or_else(
            || match TableName::parse(name).is_reserved() || name.starts_with("pg_") {
                true => Problem::forbidden(name),
                false => Problem::new(code::UNKNOWN_TABLE, format!("there is no table \"{name}\"")),
            },
        )
    }

    /// The same for the operator, who is told `None` when it does not exist.
    pub(super) fn get(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }
}
