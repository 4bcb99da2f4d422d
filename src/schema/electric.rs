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
            let ty = PgType::from_electric(&info.type_name, info.dims);
            let type_name = PgType::spell_electric(&info.type_name, info.dims);
            // The table is kept with this text, and the next session reads it.
            if PgType::parse_declared(&type_name).as_ref() != Ok(&ty) {
                return Err(Error::Protocol(format!(
                    "electric-schema of {name}: {:?} is no type",
                    info.type_name
                )));
            }
            columns.push(Column {
                name: column.to_owned(),
                ty,
                type_name,
                not_null: info.not_null,
            });
        }
        Self::new(name, columns, &key, declaration.index_columns())
    }
}
