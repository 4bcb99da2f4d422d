//! What the app passes to `open`, without the functions: those stay with the shell.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::ids::ClientId;
use crate::optimistic::{ConfirmBy, OnRejection};
use crate::schema::{Log, Ordered, ShapeDeclaration, TableDeclaration, Tables};
use crate::shape::ShapeDefinition;
use crate::tabs::Seen;
use crate::upload::Batch;

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
    /// What a resolved write has survived.
    #[serde(default)]
    pub durability: Durability,
    /// A statement of the app that takes so many milliseconds is interrupted; 0: none is.
    #[serde(default = "statement_timeout")]
    pub statement_timeout: u64,
    /// Whether to ask the browser to keep the data, once there is a write in it.
    #[serde(default = "yes")]
    pub persist: bool,
    /// Whether the engine records what it hears and says, from its opening on.
    #[serde(skip)]
    pub record: bool,
    /// What this was read from.
    #[serde(skip)]
    pub(super) text: String,
    /// What the page remembers of this database in another storage than this one.
    #[serde(default)]
    pub seen: Option<Seen>,
}

fn statement_timeout() -> u64 {
    30_000
}

/// See [`Config::durability`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A write is on the disk before it resolves: a power cut takes nothing of it.
    #[default]
    Strict,
    /// A write survives the page and the browser; a power cut may take the last moments. Commits do not wait for the disk.
    Relaxed,
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
    pub params: Ordered<String>,
}

/// The write path.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteConfig {
    /// Takes `POST` with the body of [`crate::upload::body`]. Empty where the shell sends in another way.
    #[serde(default)]
    pub url: String,
    /// How much goes into one POST.
    #[serde(default)]
    pub batch: Batch,
    /// False: every transaction is sent as it was made. See [`crate::upload::coalesced`].
    #[serde(default = "yes")]
    pub coalesce: bool,
    /// What a rejection rolls back besides the rejected transaction.
    #[serde(default)]
    pub on_rejection: OnRejection,
    /// What shows that a write is back.
    #[serde(default)]
    pub confirm_by: ConfirmBy,
    /// The server's ledger, where [`ConfirmBy::Ledger`] looks.
    #[serde(default = "ledger")]
    pub ledger: String,
}

fn ledger() -> String {
    "throughline_ledger".into()
}

impl Config {
    /// Reads and checks the options.
    ///
    /// # Errors
    /// [`Error::Argument`] for options of the wrong form, [`Error::Schema`] for tables in each other's way.
    pub fn parse(json: &str) -> Result<Self> {
        let mut config: Self = crate::json::from_str(json)
            .map_err(|error| Error::Argument(format!("open: {error}")))?;
        if config.name.is_empty() || config.name.contains(['/', '\\', '\0']) {
            return Err(Error::Argument(format!(
                "open: {:?} cannot name a database: use a word without slashes",
                config.name
            )));
        }
        let batch = config.write.as_ref().map(|write| write.batch);
        if batch.is_some_and(|batch| batch.transactions == 0 || batch.bytes == 0) {
            return Err(Error::Argument(
                "open: write.batch must leave room for something".into(),
            ));
        }
        config.tables.check_collisions()?;
        json.clone_into(&mut config.text);
        for (name, table) in config.tables.iter() {
            if table.shape.is_some() && table.shapes.is_some() {
                return Err(Error::Argument(format!(
                    "open: table {name} has both shape and shapes: declare one of them"
                )));
            }
        }
        Ok(config)
    }

    /// What shows that a write is back.
    pub(super) fn confirm_by(&self) -> ConfirmBy {
        let write = self.write.as_ref();
        write.map_or(ConfirmBy::Auto, |write| write.confirm_by)
    }

    /// The table and the shape of this client's rows in the ledger, if that is to be read.
    pub(super) fn ledger(&self, client: &ClientId) -> Option<(&str, ShapeDefinition)> {
        let (electric, write) = (self.electric.as_ref()?, self.write.as_ref()?);
        if write.confirm_by != ConfirmBy::Ledger {
            return None;
        }
        let mine = ShapeDeclaration {
            where_clause: Some("client_id = $1".into()),
            params: vec![client.to_string()],
            ..ShapeDeclaration::default()
        };
        let name = write.ledger.as_str();
        let definition = ShapeDefinition::declared(&electric.url, &electric.params, name, &mine);
        Some((name, definition))
    }

    /// The shapes that fill a table, by name.
    pub(super) fn shapes_of(
        &self,
        name: &str,
        table: &TableDeclaration,
    ) -> Result<Vec<(String, DeclaredShape)>> {
        let shapes = table.shapes().into_iter();
        shapes
            .map(|(shape, declaration)| {
                Ok((shape.to_owned(), self.shape_of(name, table, declaration)?))
            })
            .collect()
    }

    /// One shape of a table.
    ///
    /// # Errors
    /// [`Error::Argument`] for a shape that no server can know, or whose columns are not those of the table's others.
    pub(super) fn shape_of(
        &self,
        name: &str,
        table: &TableDeclaration,
        mut shape: ShapeDeclaration,
    ) -> Result<DeclaredShape> {
        let mine = shape.columns.as_ref();
        if table
            .shapes()
            .iter()
            .any(|(_, other)| !select_alike(mine, other.columns.as_ref()))
        {
            return Err(Error::Argument(format!(
                "table {name}: its shapes select different columns; rows of one table have the same"
            )));
        }
        if shape.group.is_some() && shape.log == Log::ChangesOnly {
            return Err(Error::Argument(format!(
                "table {name}: a shape with log \"changes_only\" cannot be in a group: its subsets come at moments of their own"
            )));
        }
        if shape.columns.is_none() {
            shape.columns = table
                .columns
                .as_ref()
                .map(|columns| columns.iter().map(|(name, _)| name.to_owned()).collect());
        }
        let definition = match &self.electric {
            Some(electric) => {
                let definition =
                    ShapeDefinition::declared(&electric.url, &electric.params, name, &shape);
                definition.check()?;
                Some(definition)
            }
            None => None,
        };
        Ok(DeclaredShape {
            definition,
            group: shape.group,
        })
    }
}

/// Whether two shapes select the same columns, in whatever order.
fn select_alike(mine: Option<&Vec<String>>, others: Option<&Vec<String>>) -> bool {
    match (mine, others) {
        (Some(mine), Some(others)) => {
            mine.iter().all(|column| others.contains(column))
                && others.iter().all(|column| mine.contains(column))
        }
        (mine, others) => mine.is_none() && others.is_none(),
    }
}

/// A shape as the options tell it.
pub(super) struct DeclaredShape {
    /// `None`: nothing is read.
    pub(super) definition: Option<ShapeDefinition>,
    /// See [`ShapeDeclaration::group`].
    pub(super) group: Option<String>,
}
