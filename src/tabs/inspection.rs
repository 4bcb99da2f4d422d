//! What an inspector is told: the inside of the engine, and the tabs around it.

use serde::{Deserialize, Serialize};

use crate::ids::{Millis, SubscriptionId, TabNumber};

/// The answer to [`crate::tabs::Request::Inspect`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// As in the status, and in the same order.
    pub shapes: Vec<ShapePosition>,
    /// Every live query of every tab.
    pub live: Vec<LiveRecord>,
    /// What was recorded, while something is.
    pub trace: Option<TraceExcerpt>,
}

/// How far the log of a shape is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ShapePosition {
    /// The table it fills.
    pub table: String,
    /// Its name among the table's shapes.
    pub name: String,
    /// Electric's name of the log; null before the first rows.
    pub handle: Option<String>,
    /// The last answer whose rows are stored.
    pub offset: Option<String>,
    /// The log loads beside the rows that readers see, and takes their place once it is up to date.
    pub beside: bool,
    /// Shapes of the same group show their changes together.
    pub group: Option<String>,
}

/// One live query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LiveRecord {
    /// Whose it is.
    #[cfg_attr(test, ts(type = "number"))]
    pub tab: TabNumber,
    /// Its number in that tab.
    #[cfg_attr(test, ts(type = "number"))]
    pub subscription: SubscriptionId,
    /// The statement.
    pub sql: String,
    /// How many parameters it takes.
    pub params: u32,
    /// The tables it reads, views and what is behind them.
    pub reads: Vec<String>,
    /// How often it ran in this session.
    pub runs: u32,
    /// How long the last run took, in microseconds of the shell's clock.
    #[cfg_attr(test, ts(type = "number"))]
    pub last: u64,
    /// How long all of them took.
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// How many rows the last run gave.
    pub rows: u32,
    /// Results that its tab has not dealt with.
    pub untaken: u32,
}

/// A part of what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TraceExcerpt {
    /// The number of the first of these steps; above the one asked for if that was given up for newer ones.
    pub first: u32,
    /// Each as JSON text: the opening, or an event with its effects.
    pub steps: Vec<String>,
}

/// One tab that has the database open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TabRecord {
    /// What live queries name it by; 0 is the one that leads.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: TabNumber,
    /// Its opening of the database, as its lock names it.
    pub id: String,
    /// It is the one that asks.
    pub asks: bool,
    /// Its page can be seen, as far as it has told.
    pub visible: bool,
    /// For so many milliseconds it has led, or been served.
    #[cfg_attr(test, ts(type = "number"))]
    pub since: Millis,
}
