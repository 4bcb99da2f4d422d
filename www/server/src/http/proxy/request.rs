//! What of a shape request reaches Electric. Pure.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use serde_json::value::RawValue;

use super::{Offer, Offered};
use crate::electric::constants::{param, subset};
use crate::write::ledger;

/// Parameters of the protocol that are the client's own to choose. None of them says which rows of a table there are.
const FORWARDED: [&str; 11] = [
    param::OFFSET,
    param::HANDLE,
    param::LIVE,
    param::LIVE_SSE,
    param::EXPERIMENTAL_LIVE_SSE,
    param::CURSOR,
    param::COLUMNS,
    param::REPLICA,
    param::LOG,
    "expired_handle",
    "cache-buster",
];
/// Electric's own password.
const SECRET: &str = "secret";

/// Why a request goes no further.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, message: &str) -> Self {
        let message = message.to_owned();
        Self { status, message }
    }
}

/// The query that Electric gets for a client's.
pub(super) fn query(offer: &Offer, asked: &str, user: Option<&str>) -> Result<String, Refusal> {
    let asked: Vec<(String, String)> = form_urlencoded::parse(asked.as_bytes())
        .into_owned()
        .collect();
    let first = |name: &str| {
        let found = asked.iter().find(|(named, _)| named == name);
        found.map(|(_, value)| value.as_str())
    };
    let table = first(param::TABLE).ok_or_else(|| Refusal::new(400, "table: can't be blank"))?;
    let mut query = Serializer::new(String::new());
    if is_ledger(table) {
        own_rows_of_ledger(&mut query, first)?;
    } else {
        let unknown = || Refusal::new(400, "table: this server does not offer it");
        let offered = offer.table(table).ok_or_else(unknown)?;
        let is_condition = |name: &str| name == param::WHERE || name.starts_with(param::PARAMS);
        if let Some((name, _)) = asked.iter().find(|(name, _)| is_condition(name)) {
            let message = format!("{name}: this server decides which rows of a table there are");
            return Err(Refusal::new(400, &message));
        }
        rows_of(&mut query, offered, user);
    }
    for (name, value) in &asked {
        let is_subset = name.strip_prefix(param::SUBSET_PREFIX);
        let is_subset = is_subset.is_some_and(|name| subset::ALL.contains(&name));
        if is_subset || FORWARDED.contains(&name.as_str()) {
            query.append_pair(name, value);
        }
    }
    if let Some(secret) = &offer.secret {
        query.append_pair(SECRET, secret);
    }
    Ok(query.finish())
}

fn is_ledger(table: &str) -> bool {
    let (schema, name) = identifiers(table);
    name == ledger::LEDGER && schema.is_none_or(|schema| schema == "public")
}

/// A client reads the rows of its own: those of one client id, which nobody else can guess.
fn own_rows_of_ledger<'a>(
    query: &mut Serializer<'_, String>,
    first: impl Fn(&str) -> Option<&'a str>,
) -> Result<(), Refusal> {
    let needed = || {
        let message = format!(
            "where: a client reads its own rows of the ledger, {}",
            ledger::OWN_ROWS
        );
        Refusal::new(400, &message)
    };
    let client = first(&format!("{}[1]", param::PARAMS)).filter(|client| !client.is_empty());
    let client = client.ok_or_else(needed)?;
    if first(param::WHERE) != Some(ledger::OWN_ROWS) {
        return Err(needed());
    }
    query.append_pair(param::TABLE, ledger::LEDGER);
    query.append_pair(param::WHERE, ledger::OWN_ROWS);
    query.append_pair(&format!("{}[1]", param::PARAMS), client);
    Ok(())
}

fn rows_of(query: &mut Serializer<'_, String>, offered: &Offered, user: Option<&str>) {
    query.append_pair(param::TABLE, &offered.qualified());
    if let Some(condition) = &offered.condition {
        // In parentheses: what is added to it must not reach into an OR.
        query.append_pair(param::WHERE, &format!("({condition})"));
        if let (true, Some(user)) = (offered.is_by_user(), user) {
            query.append_pair(&format!("{}[1]", param::PARAMS), user);
        }
    }
    if let Some(columns) = &offered.columns {
        let columns: Vec<String> = columns.iter().map(|name| super::quoted(name)).collect();
        query.append_pair(param::QUERYABLE_COLUMNS, &columns.join(","));
    }
}

/// Schema and name of a table as a client writes it: unquoted parts are lower case.
pub(super) fn identifiers(text: &str) -> (Option<String>, String) {
    let part = |text: &str| match text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_lowercase(),
    };
    // A dot inside quotes belongs to the name.
    let mut in_quotes = false;
    let dot = text.char_indices().find(|(_, letter)| {
        in_quotes ^= *letter == '"';
        *letter == '.' && !in_quotes
    });
    match dot {
        Some((at, _)) => (Some(part(&text[..at])), part(&text[at + 1..])),
        None => (None, part(text)),
    }
}

/// The body that Electric gets for a client's: the subset it asks for. Any other key would replace a parameter of the
/// query that was checked.
pub(super) fn subset(body: &[u8]) -> Result<String, Refusal> {
    type Keys = BTreeMap<String, Box<RawValue>>;
    let bad = || Refusal::new(400, "Invalid JSON in request body");
    if body.trim_ascii().is_empty() {
        return Ok(String::new());
    }
    let mut keys: Keys = serde_json::from_slice(body).map_err(|_| bad())?;
    let (nested, mut asked) = match keys.remove(param::SUBSET) {
        Some(nested) => (true, serde_json::from_str(nested.get()).map_err(|_| bad())?),
        None => (false, keys),
    };
    asked.retain(|name, _| subset::ALL.contains(&name.as_str()));
    if !nested && asked.is_empty() {
        return Ok("{}".to_owned());
    }
    serde_json::to_string(&BTreeMap::from([(param::SUBSET, asked)])).map_err(|_| bad())
}

#[cfg(test)]
mod tests;
