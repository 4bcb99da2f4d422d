//! What the app passes to `open`, without the functions: those stay with the shell.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::schema::{TableDeclaration, Tables};
use crate::shape::{Log, Replica, ShapeDefinition};

/// The options of `open`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Names the database file; one a user and app.
    pub name: String,
    /// Where shapes come from. Left out: nothing is read.
    #[serde(default)]
    pub electric: Option<ElectricConfig>,
    /// Where writes go. Left out: they stay queued.
    #[serde(default)]
    pub write: Option<WriteConfig>,
    /// The synced tables.
    #[serde(default)]
    pub tables: Tables,
    /// False: nothing is asked of a server until [`crate::tabs::Request::Connect`].
    #[serde(default = "yes")]
    pub connect: bool,
}

fn yes() -> bool {
    true
}

/// The read path.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ElectricConfig {
    /// The shape endpoint, or a proxy before it.
    pub url: String,
    /// Query parameters for all shapes, for a proxy's own use.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
}

/// The write path.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteConfig {
    /// Takes `POST` with the body of [`crate::upload::body`].
    pub url: String,
}

impl Config {
    /// Reads and checks the options.
    ///
    /// # Errors
    /// [`Error::Argument`] for options of the wrong form, [`Error::Schema`] for tables in each other's way.
    pub fn parse(json: &str) -> Result<Self> {
        let config: Self = crate::json::from_str(json)
            .map_err(|error| Error::Argument(format!("open: {error}")))?;
        if config.name.is_empty() || config.name.contains(['/', '\\', '\0']) {
            return Err(Error::Argument(format!(
                "open: {:?} cannot name a database: use a word without slashes",
                config.name
            )));
        }
        config.tables.check_collisions()?;
        Ok(config)
    }

    /// The shape that fills a table.
    pub(super) fn shape_of(&self, name: &str, table: &TableDeclaration) -> Option<ShapeDefinition> {
        let electric = self.electric.as_ref()?;
        let declared = || {
            let columns = table.columns.as_ref()?;
            Some(columns.iter().map(|(name, _)| name.to_owned()).collect())
        };
        let shape = &table.shape;
        let mut extra = electric.params.clone();
        extra.extend(shape.extra.clone());
        Some(ShapeDefinition {
            url: electric.url.clone(),
            table: Some(shape.table.clone().unwrap_or_else(|| name.to_owned())),
            columns: shape.columns.clone().or_else(declared),
            where_clause: shape.where_clause.clone(),
            params: shape.params.clone(),
            replica: Replica::default(),
            log: Log::default(),
            extra,
        })
    }
}
