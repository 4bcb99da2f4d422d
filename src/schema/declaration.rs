//! What the app declares: the `tables` option of `open`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::names;
use super::shape::{DEFAULT_SHAPE, ShapeDeclaration};
use super::table::{Column, TableSchema};
use crate::error::{Error, Result};

/// The declared tables in the order of the declaration.
pub type Tables = Ordered<TableDeclaration>;

/// One table: everything is optional, Electric's schema fills the rest.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TableDeclaration {
    /// Columns by name, in table order. Left out: taken from the shape's schema.
    pub columns: Option<Ordered<ColumnDeclaration>>,
    /// Needed when `columns` are declared.
    pub primary_key: Option<Vec<String>>,
    /// A column, or several for one index.
    pub indexes: Vec<IndexDeclaration>,
    /// The columns that name rows of other tables.
    pub references: Vec<Reference>,
    /// What of the server's table is synced. Left out, with `shapes` too: all of it.
    pub shape: Option<ShapeDeclaration>,
    /// Several shapes over the one table, by name; a row is here while at least one holds it.
    pub shapes: Option<Ordered<ShapeDeclaration>>,
}

/// `"text"`, or with more to say about it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ColumnDeclaration {
    /// A Postgres type in SQL spelling.
    Type(String),
    /// The same with nullability.
    #[serde(rename_all = "camelCase")]
    Full {
        /// A Postgres type in SQL spelling.
        #[serde(rename = "type")]
        type_name: String,
        /// Whether the server refuses NULL.
        #[serde(default)]
        not_null: bool,
    },
}

/// `"created_at"` or `["list_id", "position"]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum IndexDeclaration {
    /// Over one column.
    One(String),
    /// Over several, in order.
    Several(Vec<String>),
}

/// Columns that name a row: a foreign key, as the server has it. Nothing is enforced here; a rejection takes along what
/// refers to the rows it takes back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Of this table, in the order of the other one's primary key. A NULL among them refers to nothing.
    pub columns: Vec<String>,
    /// A declared table, this one too.
    pub table: String,
}

impl TableDeclaration {
    /// The declared shapes by name.
    pub fn shapes(&self) -> Vec<(&str, ShapeDeclaration)> {
        match (&self.shapes, &self.shape) {
            (Some(shapes), _) => shapes
                .iter()
                .map(|(name, shape)| (name, shape.clone()))
                .collect(),
            (None, shape) => vec![(DEFAULT_SHAPE, shape.clone().unwrap_or_default())],
        }
    }

    /// The schema, if the declaration alone tells it.
    ///
    /// # Errors
    /// [`Error::Schema`] when the declaration contradicts itself.
    pub fn schema(&self, name: &str) -> Result<Option<TableSchema>> {
        let Some(declared) = &self.columns else {
            return Ok(None);
        };
        let columns = declared
            .iter()
            .map(|(column, declaration)| declaration.column(name, column))
            .collect::<Result<Vec<_>>>()?;
        let key = self.primary_key.as_deref().unwrap_or_default();
        TableSchema::new(name, columns, key, self.index_columns()).map(Some)
    }

    /// Each index's columns.
    pub fn index_columns(&self) -> Vec<Vec<String>> {
        self.indexes
            .iter()
            .map(|index| match index {
                IndexDeclaration::One(column) => vec![column.clone()],
                IndexDeclaration::Several(columns) => columns.clone(),
            })
            .collect()
    }
}

impl ColumnDeclaration {
    fn column(&self, table: &str, name: &str) -> Result<Column> {
        let (type_name, not_null) = match self {
            Self::Type(type_name) => (type_name, false),
            Self::Full {
                type_name,
                not_null,
            } => (type_name, *not_null),
        };
        Column::spelled(name, type_name.clone(), not_null)
            .map_err(|reason| Error::schema(table, format!("column {name:?}: {reason}")))
    }
}

impl Tables {
    /// Checks that no two tables bring objects of the same name into the database.
    ///
    /// # Errors
    /// [`Error::Schema`] naming both.
    pub fn check_collisions(&self) -> Result<()> {
        let mut owners: Vec<(String, &str)> = Vec::new();
        for (table, _) in self.iter() {
            for name in names::of_table(table) {
                let lower = name.to_ascii_lowercase();
                if let Some((_, owner)) = owners.iter().find(|(taken, _)| *taken == lower) {
                    return Err(Error::schema(
                        table,
                        format!("{name:?} is also made for table {owner:?}"),
                    ));
                }
                owners.push((lower, table));
            }
        }
        Ok(())
    }

    /// Checks the declared references as far as the tables are `known`.
    ///
    /// # Errors
    /// [`Error::Schema`]: the other table is not declared, a column is not this table's, or there are not as many as the
    /// other table's primary key has.
    pub fn check_references(&self, known: &dyn Fn(&str) -> Option<Arc<TableSchema>>) -> Result<()> {
        for (name, declaration) in self.iter() {
            for Reference { columns, table } in &declaration.references {
                let fail = |reason: String| Err(Error::schema(name, reason));
                if self.get(table).is_none() {
                    return fail(format!("it refers to {table:?}, which is not declared"));
                }
                if let Some(schema) = known(name)
                    && let Some(column) = columns.iter().find(|one| schema.position(one).is_none())
                {
                    return fail(format!("there is no column {column:?}"));
                }
                let wanted = known(table).map_or(columns.len(), |other| other.key.len());
                if columns.len() != wanted {
                    return fail(format!(
                        "the primary key of {table:?} has {wanted} columns, the reference to it {}",
                        columns.len()
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A map of a few names that keeps the order it was written in. There are a few dozen at most, so looking through them
/// beats a tree, each kind of which adds kilobytes to the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered<T>(Vec<(String, T)>);

/// A few names, each once.
pub type Names = Ordered<()>;

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<T> Ordered<T> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Puts an item under a name, in place of another one there.
    pub fn set(&mut self, name: String, item: T) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, kept)) => *kept = item,
            None => self.0.push((name, item)),
        }
    }

    /// Adds an item under a name that is known to be new: nothing is looked through.
    pub fn push(&mut self, name: String, item: T) {
        self.0.push((name, item));
    }

    /// Takes the item of exactly that name out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of the declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, item)| (name.as_str(), item))
    }

    /// The item of exactly that name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter()
            .find_map(|(known, item)| (known == name).then_some(item))
    }
}

impl Names {
    /// Adds those that are not there.
    pub fn add(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            self.set(name, ());
        }
    }

    /// Whether one of them is among the others.
    pub fn meets(&self, others: &Self) -> bool {
        self.iter().any(|(name, ())| others.get(name).is_some())
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Ordered<T>, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }

        deserializer.deserialize_map(Pairs(PhantomData))
    }
}
