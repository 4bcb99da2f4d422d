//! The `electric-schema` header → [`TableSchema`] (protocol section 12).

use serde::Deserialize;

use super::declaration::{Ordered, TableDeclaration};
use super::table::{Column, TableSchema};
use crate::error::{Error, Result};
use crate::value::PgType;

/// What the header tells of a column. Unknown fields are modifiers that we do not need.
#[derive(Debug, Deserialize)]
struct ColumnInfo {
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default)]
    dims: u32,
    pk_index: Option<usize>,
    #[serde(default)]
    not_null: bool,
}

impl TableSchema {
    /// Reads the header; the declaration adds the indexes.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a header that is no schema, [`Error::Schema`] for a table without a primary key.
    pub fn from_electric(name: &str, declaration: &TableDeclaration, header: &str) -> Result<Self> {
        let info: Ordered<ColumnInfo> = crate::json::from_str(header)
            .map_err(|error| Error::Protocol(format!("electric-schema of {name}: {error}")))?;
        let parts = info.iter().filter(|(_, info)| info.pk_index.is_some());
        let parts = parts.count();
        Self::check_size(name, info.len(), parts)?;
        let mut key: Vec<String> = Vec::new();
        while let Some((column, _)) = info
            .iter()
            .find(|(_, info)| info.pk_index == Some(key.len()))
        {
            key.push(column.to_owned());
        }
        if parts != key.len() {
            return Err(Error::Protocol(format!(
                "electric-schema of {name}: its pk_index is no sequence"
            )));
        }
        let mut columns = Vec::new();
        for (column, info) in info.iter() {
            // As the next session reads it: by what the table is kept with.
            let type_name = PgType::spell_electric(&info.type_name, info.dims);
            let column = Column::spelled(column, type_name, info.not_null);
            columns.push(column.map_err(Error::Protocol)?);
        }
        Self::new(name, columns, &key, declaration.index_columns())
    }
}
