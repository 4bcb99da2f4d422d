//! A change as one SQL statement. Names come from the catalogue, never from the request; values are parameters.

use tokio_postgres::types::{ToSql, Type};

use super::catalogue::{Column, Table};
use super::text::Text;
use crate::write::spelling::misfit;
use crate::write::{Change, Operation, Problem, WRITE_ID, code};

/// SQL and what its `$n` stand for.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    params: Vec<(Text, Type)>,
}

impl Statement {
    /// The statement that makes a change.
    pub(super) fn of(table: &Table, change: &Change) -> Result<Self, Problem> {
        let mut values = values(table, change)?;
        if let (Some(write_id), Some(column)) = (&change.write_id, table.column(WRITE_ID)) {
            values.retain(|(named, _)| named.name != WRITE_ID);
            values.push((column, Text(Some(write_id.clone()))));
        }
        let mut statement = Self {
            sql: String::new(),
            params: Vec::new(),
        };
        match change.operation {
            Operation::Insert => statement.insert(table, values)?,
            Operation::Update => statement.update(table, values)?,
            Operation::Delete => statement.delete(table, values)?,
        }
        Ok(statement)
    }

    pub(super) fn params(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        let params = self.params.iter();
        params
            .map(|(text, pg_type)| (text as &(dyn ToSql + Sync), pg_type.clone()))
            .collect()
    }

    fn insert(&mut self, table: &Table, values: Vec<(&Column, Text)>) -> Result<(), Problem> {
        for name in &table.key {
            let has_default = table.column(name).is_some_and(|column| column.has_default);
            match values.iter().find(|(column, _)| column.name == *name) {
                None if has_default => {}
                Some((_, Text(Some(_)))) => {}
                _ => return Err(missing(name)),
            }
        }
        let columns: Vec<String> = values
            .iter()
            .map(|(column, _)| quoted(&column.name))
            .collect();
        let places: Vec<String> = values
            .into_iter()
            .map(|(column, text)| self.place(column, text))
            .collect();
        let (table, columns, places) = (qualified(table), columns.join(", "), places.join(", "));
        self.sql = match columns.is_empty() {
            true => format!("INSERT INTO {table} DEFAULT VALUES"),
            false => format!("INSERT INTO {table} ({columns}) VALUES ({places})"),
        };
        Ok(())
    }

    fn update(&mut self, table: &Table, values: Vec<(&Column, Text)>) -> Result<(), Problem> {
        let (key, changed): (Vec<_>, Vec<_>) = values
            .into_iter()
            .partition(|(column, _)| table.key.contains(&column.name));
        let mut set = Vec::new();
        for (column, text) in changed {
            set.push(format!(
                "{} = {}",
                quoted(&column.name),
                self.place(column, text)
            ));
        }
        if let (true, Some(name)) = (set.is_empty(), table.key.first()) {
            // An update of nothing is an update all the same: triggers see it, and it comes back.
            set.push(format!("{0} = {0}", quoted(name)));
        }
        let set = set.join(", ");
        let row = self.row(table, key)?;
        self.sql = format!("UPDATE {} SET {set} WHERE {row}", qualified(table));
        Ok(())
    }

    fn delete(&mut self, table: &Table, values: Vec<(&Column, Text)>) -> Result<(), Problem> {
        let row = self.row(table, values)?;
        self.sql = format!("DELETE FROM {} WHERE {row}", qualified(table));
        Ok(())
    }

    /// The condition that names a row by its key.
    fn row(&mut self, table: &Table, mut values: Vec<(&Column, Text)>) -> Result<String, Problem> {
        let mut conditions = Vec::new();
        for name in &table.key {
            let found = values.iter().position(|(column, _)| column.name == *name);
            let (column, text) = values.swap_remove(found.ok_or_else(|| missing(name))?);
            if text.0.is_none() {
                return Err(missing(name));
            }
            conditions.push(format!("{} = {}", quoted(name), self.place(column, text)));
        }
        Ok(conditions.join(" AND "))
    }

    fn place(&mut self, column: &Column, text: Text) -> String {
        self.params.push((text, column.pg_type.clone()));
        format!("${}", self.params.len())
    }
}

/// The change's values as text, with their columns.
fn values<'a>(table: &'a Table, change: &Change) -> Result<Vec<(&'a Column, Text)>, Problem> {
    let mut values = Vec::with_capacity(change.value.len() + 1);
    for (name, json) in &change.value {
        let column = table.column(name).ok_or_else(|| {
            let message = format!("table \"{}\" has no column \"{name}\"", table.name);
            Problem::new(code::UNKNOWN_COLUMN, message)
        })?;
        let is_named_only = change.operation != Operation::Insert && table.key.contains(name);
        if !column.writable && !is_named_only {
            let message = format!("column \"{name}\" is not written by clients");
            return Err(Problem::new(code::FORBIDDEN, message));
        }
        let text = match json {
            None => None,
            Some(json) => {
                let text = column.spelling.text_of(json.get());
                let text = text.ok_or_else(|| {
                    let reason = misfit(json.get(), &column.type_name);
                    Problem::new(code::INVALID_VALUE, format!("column \"{name}\": {reason}"))
                })?;
                Some(text)
            }
        };
        values.push((column, Text(text)));
    }
    Ok(values)
}

fn missing(name: &str) -> Problem {
    Problem::new(
        code::MISSING_KEY,
        format!("the key column \"{name}\" has no value"),
    )
}

fn qualified(table: &Table) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
