//! What a shape is, and the URL that asks for it.

use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use super::offset::{Offset, RequestOffset};
use super::protocol::param;
use crate::error::{Error, Result};
use crate::ids::{Cursor, Handle};
pub use crate::schema::{Log, Replica};
use crate::schema::{Ordered, ShapeDeclaration};

/// Names a set of rows of one table (protocol section 3). Any change makes it another shape with another log.
///
/// Names of tables and columns are exact: `Todos` is the table that SQL writes as `"Todos"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeDefinition {
    /// Where to ask: absolute or relative, its own query parameters are kept.
    pub url: String,
    /// `t` or `schema.t`; text that contains a double quote is sent as it stands. Absent when the server knows it.
    pub table: Option<String>,
    /// The selected columns, all of the primary key among them; absent means all.
    pub columns: Option<Vec<String>>,
    /// A SQL condition, with `$1`, `$2`, … for `params`.
    pub where_clause: Option<String>,
    /// The values of `$1`, `$2`, … as text.
    pub params: Vec<String>,
    /// How much of a row an update carries.
    pub replica: Replica,
    /// Whether the log starts with a snapshot.
    pub log: Log,
    /// Further query parameters, for a proxy's own use.
    pub extra: Ordered<String>,
}

/// What distinguishes two definitions, as text; equal definitions have equal fingerprints in every version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// The part of a request that changes from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestParams<'a> {
    /// Where to continue.
    pub offset: RequestOffset,
    /// The log of `offset`.
    pub handle: Option<&'a Handle>,
    /// Whether the server may hold the request until something happens.
    pub live: bool,
    /// Of the last live response; sent on live requests only.
    pub cursor: Option<&'a Cursor>,
    /// The log that ended last.
    pub expired: Option<&'a Handle>,
    /// Makes the URL one that no cache has seen.
    pub cache_buster: Option<&'a str>,
}

impl ShapeDefinition {
    /// The whole of a table.
    pub fn of_table(url: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            table: Some(table.into()),
            columns: None,
            where_clause: None,
            params: Vec::new(),
            replica: Replica::default(),
            log: Log::default(),
            extra: Ordered::new(),
        }
    }

    /// The declared shape of a table called `name`, asked for at `url`; the shape's own `extra` wins over `shared`.
    pub fn declared(
        url: &str,
        shared: &Ordered<String>,
        name: &str,
        shape: &ShapeDeclaration,
    ) -> Self {
        let mut extra = shared.clone();
        for (name, value) in shape.extra.iter() {
            extra.set(name.to_owned(), value.clone());
        }
        Self {
            url: url.to_owned(),
            table: Some(shape.table.clone().unwrap_or_else(|| name.to_owned())),
            columns: shape.columns.clone(),
            where_clause: shape.where_clause.clone(),
            params: shape.params.clone(),
            replica: shape.replica,
            log: shape.log,
            extra,
        }
    }

    /// Says what is wrong with the definition before a server has to. [`Error::Argument`].
    pub fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Argument(text));
        if self.url.is_empty() {
            return wrong("the shape URL is empty".into());
        }
        if self.columns.as_ref().is_some_and(Vec::is_empty) {
            return wrong("columns: name at least the primary key, or leave it out".into());
        }
        for (name, _) in self.extra.iter() {
            if is_of_protocol(name) {
                return wrong(format!("extra: {name:?} belongs to the shape protocol"));
            }
        }
        for (name, _) in UrlParts::of(&self.url).query() {
            if param::OF_THE_REQUEST.contains(&name.as_str()) {
                return wrong(format!("the shape URL must not set {name:?}"));
            }
        }
        Ok(())
    }

    /// The URL of one request: parameters sorted by name, so that equal requests have equal URLs (trap 32).
    pub fn request_url(&self, request: &RequestParams<'_>) -> String {
        let mut query = self.identity();
        let mut add = |name: &str, value: String| query.push((name.to_owned(), value));
        add(param::OFFSET, request.offset.to_string());
        if let Some(handle) = request.handle {
            add(param::HANDLE, handle.to_string());
        }
        if request.live {
            add(param::LIVE, "true".into());
            if let Some(cursor) = request.cursor {
                add(param::CURSOR, cursor.to_string());
            }
        }
        if let Some(handle) = request.expired {
            add(param::EXPIRED_HANDLE, handle.to_string());
        }
        if let Some(text) = request.cache_buster {
            add(param::CACHE_BUSTER, text.to_owned());
        }
        self.with_query(query)
    }

    /// The URL that a subset of the log `handle` is posted to.
    pub fn subset_url(&self, handle: &Handle, offset: Offset) -> String {
        self.request_url(&RequestParams {
            offset: RequestOffset::After(offset),
            handle: Some(handle),
            live: false,
            cursor: None,
            expired: None,
            cache_buster: None,
        })
    }

    /// What a stored position belongs to: a changed definition must not continue it (trap 50).
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.with_query(self.identity()))
    }

    fn with_query(&self, query: Vec<(String, String)>) -> String {
        url_of(UrlParts::of(&self.url).path, query)
    }

    /// Every parameter but those of the request; fields win over what the URL says.
    fn identity(&self) -> Vec<(String, String)> {
        let mut own = vec![(param::LOG.to_owned(), log_param(self.log).to_owned())];
        let mut add = |name: String, value: String| own.push((name, value));
        if let Some(table) = &self.table {
            add(param::TABLE.into(), quote_table(table));
        }
        if let Some(columns) = &self.columns {
            let quoted = columns.iter().map(|c| quote_identifier(c)).collect();
            let mut columns = sorted(quoted);
            columns.dedup();
            add(param::COLUMNS.into(), columns.join(","));
        }
        if let Some(where_clause) = &self.where_clause {
            add(param::WHERE.into(), where_clause.clone());
        }
        for (i, value) in self.params.iter().enumerate() {
            add(format!("{}[{}]", param::PARAMS, i + 1), value.clone());
        }
        if self.replica == Replica::Full {
            add(param::REPLICA.into(), "full".into());
        }
        for (name, value) in self.extra.iter() {
            add(name.to_owned(), value.clone());
        }
        let of_url: Vec<_> = UrlParts::of(&self.url)
            .query()
            .filter(|(name, _)| {
                !param::OF_THE_REQUEST.contains(&name.as_str())
                    && !own.iter().any(|(taken, _)| taken == name)
            })
            .collect();
        own.extend(of_url);
        own
    }
}

/// A request's URL with what the app's functions say for it. They are no part of what the shape is, so they name
/// nothing that is.
///
/// # Errors
/// [`Error::Argument`] for a name that belongs to the protocol or that the URL has already.
pub(crate) fn with_asked_params(url: &str, asked: Vec<(String, String)>) -> Result<String> {
    let parts = UrlParts::of(url);
    let mut query: Vec<_> = parts.query().collect();
    for (name, value) in asked {
        if is_of_protocol(&name) || query.iter().any(|(taken, _)| *taken == name) {
            return Err(Error::Argument(format!(
                "electric.params: a function cannot set {name:?}, it is part of what the shape is"
            )));
        }
        query.push((name, value));
    }
    Ok(url_of(parts.path, query))
}

/// Sorted by name (trap 32).
fn url_of(path: &str, query: Vec<(String, String)>) -> String {
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(sorted(query))
        .finish();
    format!("{path}?{encoded}")
}

/// By heap: of a slice's own sorts the module would hold some 4 KB for each type.
fn sorted<T: Ord>(items: Vec<T>) -> Vec<T> {
    BinaryHeap::from(items).into_sorted_vec()
}

fn is_of_protocol(name: &str) -> bool {
    param::OF_THE_REQUEST.contains(&name)
        || param::OF_THE_DEFINITION.contains(&name)
        || name.starts_with("params[")
}

fn log_param(log: Log) -> &'static str {
    match log {
        Log::Full => "full",
        Log::ChangesOnly => "changes_only",
    }
}

/// A URL split at its first `?`; a fragment never reaches a server.
struct UrlParts<'a> {
    path: &'a str,
    query: &'a str,
}

impl<'a> UrlParts<'a> {
    fn of(url: &'a str) -> Self {
        let url = url.split('#').next().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Self { path, query }
    }

    fn query(&self) -> impl Iterator<Item = (String, String)> + 'a {
        form_urlencoded::parse(self.query.as_bytes()).into_owned()
    }
}

/// An identifier as Electric's parser reads it back unchanged: it folds what is not quoted to lower case.
fn quote_identifier(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

fn quote_table(table: &str) -> String {
    if table.contains('"') {
        return table.to_owned();
    }
    let parts: Vec<_> = table.split('.').map(quote_identifier).collect();
    parts.join(".")
}

#[cfg(test)]
#[path = "definition_tests.rs"]
mod tests;
