//! [`TableSchema`]: one synced table, checked.

use serde::{Deserialize, Serialize};

use super::names;
use crate::error::{Error, Result};
use crate::value::PgType;

/// An update's trigger hands over each row twice, and its table's name: SQLite takes 1000 arguments
/// (<https://sqlite.org/limits.html>, `SQLITE_MAX_FUNCTION_ARG`).
const MAX_COLUMNS: usize = 499;

/// As Postgres has it (`INDEX_MAX_KEYS`).
const MAX_KEY: usize = 32;

/// A synced table: what both the declaration and Electric's header come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableSchema {
    /// The view's name.
    pub name: String,
    /// In table order.
    pub columns: Vec<Column>,
    /// Positions of the primary key's columns, in key order. Never empty.
    pub key: Vec<usize>,
    /// Column names of each index.
    pub indexes: Vec<Vec<String>>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredColumn", into = "StoredColumn")]
pub struct Column {
    /// Any Postgres identifier.
    pub name: String,
    /// How its values are read, stored and sent.
    pub ty: PgType,
    /// The type's text form.
    pub type_name: String,
    /// Declared NOT NULL on the server. Not enforced on what the server sends (trap 25).
    pub not_null: bool,
}

/// A column as the database keeps it.
#[derive(Serialize, Deserialize)]
struct StoredColumn {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default)]
    not_null: bool,
}

impl TryFrom<StoredColumn> for Column {
    type Error = String;

    fn try_from(stored: StoredColumn) -> Result<Self, String> {
        Ok(Self {
            ty: PgType::parse_declared(&stored.type_name)?,
            name: stored.name,
            type_name: stored.type_name,
            not_null: stored.not_null,
        })
    }
}

impl Column {
    /// A column of that type in SQL spelling. The error is a sentence for what is no type.
    pub(super) fn spelled(name: &str, type_name: String, not_null: bool) -> Result<Self, String> {
        let name = name.to_owned();
        Self::try_from(StoredColumn {
            name,
            type_name,
            not_null,
        })
    }
}

impl From<Column> for StoredColumn {
    fn from(column: Column) -> Self {
        Self {
            name: column.name,
            type_name: column.type_name,
            not_null: column.not_null,
        }
    }
}

impl TableSchema {
    /// Checks the parts and puts them together.
    ///
    /// # Errors
    /// [`Error::Schema`]: too many columns, no primary key, two columns that SQLite would take for one, a name that SQLite or we
    /// reserve, an index over an unknown column.
    pub fn new(
        name: &str,
        columns: Vec<Column>,
        key: &[String],
        indexes: Vec<Vec<String>>,
    ) -> Result<Self> {
        let fail = |reason: String| Error::schema(name, reason);
        check_name(name).map_err(&fail)?;
        Self::check_size(name, columns.len(), key.len())?;
        let mut seen: Vec<String> = Vec::new();
        for column in &columns {
            check_identifier(&column.name).map_err(&fail)?;
            let name_in_sqlite = column.name.to_ascii_lowercase();
            check_prefix(&name_in_sqlite, names::PREFIX).map_err(&fail)?;
            if seen.contains(&name_in_sqlite) {
                return Err(fail(format!(
                    "SQLite does not tell column {:?} from another of that name in other case",
                    column.name
                )));
            }
            seen.push(name_in_sqlite);
        }
        let position = |wanted: &String| {
            columns
                .iter()
                .position(|column| &column.name == wanted)
                .ok_or_else(|| fail(format!("there is no column {wanted:?}")))
        };
        let key = key.iter().map(position).collect::<Result<Vec<_>>>()?;
        if key.is_empty() {
            return Err(fail("a primary key is needed to tell rows apart".into()));
        }
        for index in &indexes {
            if index.is_empty() {
                return Err(fail("an index without columns".into()));
            }
            index.iter().map(position).collect::<Result<Vec<_>>>()?;
        }
        Ok(Self {
            name: name.to_owned(),
            columns,
            key,
            indexes,
        })
    }

    /// Whether it is one that [`TableSchema::new`] makes: what was read of a broken file need not be.
    pub fn is_possible(&self) -> bool {
        let key: Option<Vec<String>> = self
            .key
            .iter()
            .map(|at| Some(self.columns.get(*at)?.name.clone()))
            .collect();
        let made =
            key.map(|key| Self::new(&self.name, self.columns.clone(), &key, self.indexes.clone()));
        matches!(made, Some(Ok(made)) if made == *self)
    }

    /// Before anything is done with each of them. [`Error::Schema`].
    pub(super) fn check_size(name: &str, columns: usize, key: usize) -> Result<()> {
        if columns > MAX_COLUMNS || key > MAX_KEY {
            let reason = "more than 499 columns, or 32 in the key, cannot be synced: name fewer in the shape";
            return Err(Error::schema(name, reason));
        }
        Ok(())
    }

    /// The column of that name, in any case, as SQLite would find it.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The position of the column of exactly that name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The primary key's columns in key order.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|&at| self.columns.get(at))
    }

    /// Whether the column at `at` is part of the primary key.
    pub fn is_key(&self, at: usize) -> bool {
        self.key.contains(&at)
    }

    /// Whether the key is an integer that SQLite keeps its rows by, in place of an index (<https://sqlite.org/lang_createtable.html>,
    /// section 5).
    pub fn is_ordered_by_key(&self) -> bool {
        let mut key = self.key_columns().map(|column| column.ty.declared_type());
        key.next() == Some("INTEGER") && key.next().is_none()
    }

    /// The table's own `write_id` column: the server stores there whose write the row holds. Part of the key it would be what the row is
    /// known by.
    pub fn write_id(&self) -> Option<&Column> {
        self.columns.get(self.write_id_position()?)
    }

    /// Position of [`TableSchema::write_id`].
    pub fn write_id_position(&self) -> Option<usize> {
        let named = |column: &Column| column.name.eq_ignore_ascii_case(names::WRITE_ID);
        let at = self.columns.iter().position(named);
        at.filter(|at| !self.is_key(*at))
    }

    /// This declaration with the nullability that the server tells.
    ///
    /// # Errors
    /// [`Error::Schema`] when the server's table has another key, lacks a column or types it differently. A type that we do not know
    /// may be a domain over the declared one.
    pub fn confirmed_by(mut self, sent: &Self) -> Result<Self> {
        let fail = |reason: String| Err(Error::schema(&self.name, reason));
        let key = |table: &Self| -> Vec<String> {
            table
                .key_columns()
                .map(|column| column.name.clone())
                .collect()
        };
        if key(&self) != key(sent) {
            return fail(format!(
                "the declared primary key is {:?}, the server's {:?}",
                key(&self),
                key(sent)
            ));
        }
        for column in &mut self.columns {
            let Some(found) = sent.columns.iter().find(|found| found.name == column.name) else {
                return Err(Error::schema(
                    &self.name,
                    format!("the server has no column {:?}", column.name),
                ));
            };
            if !found.ty.may_be_declared(&column.ty) {
                return Err(Error::schema(
                    &self.name,
                    format!(
                        "column {:?} is declared {}, the server's is {}",
                        column.name, column.type_name, found.type_name
                    ),
                ));
            }
            column.not_null = found.not_null;
        }
        Ok(self)
    }

    /// Whether both tell rows apart by the same values.
    pub fn identifies_like(&self, other: &Self) -> bool {
        self.key.len() == other.key.len()
            && self
                .key_columns()
                .zip(other.key_columns())
                .all(|(a, b)| a.name == b.name && a.ty == b.ty)
    }

    /// Whether the stored tables of `other` serve this schema too: nullability and indexes may differ.
    pub fn stores_like(&self, other: &Self) -> bool {
        self.key == other.key
            && self.columns.len() == other.columns.len()
            && self
                .columns
                .iter()
                .zip(&other.columns)
                .all(|(a, b)| a.name == b.name && a.ty == b.ty)
    }
}

/// Whether a table of this name can exist beside what we and SQLite make.
fn check_name(name: &str) -> Result<(), String> {
    check_identifier(name)?;
    let lower = name.to_ascii_lowercase();
    check_prefix(&lower, names::PREFIX)?;
    check_prefix(&lower, "sqlite_")
}

fn check_prefix(name: &str, reserved: &str) -> Result<(), String> {
    if name.starts_with(reserved) {
        return Err(format!("the prefix of {name:?} is reserved"));
    }
    Ok(())
}

fn check_identifier(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name is empty".into());
    }
    if name.contains('\0') {
        return Err("a name holds a NUL character".into());
    }
    Ok(())
}
