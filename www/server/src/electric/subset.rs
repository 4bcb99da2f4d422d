//! Subset snapshots: part of a shape's rows, picked and sorted on request (protocol section 10).
//!
//! Texts sort by bytes, as with the collation `C`. `where_expr` and `order_by_expr` are ignored, as by the service.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::constants::{param, subset};
use super::definition::{Definition, Invalid};
use super::filter::Filter;
use super::filter_lexer::{Kind, tokens};
use super::filter_parser::{Scope, parse};
use super::post::text;
use super::table::{Row, Table};
use super::transaction::Tables;
use super::types::PgType;

/// Rows kept while picking, however few are wanted.
const KEPT_AT_LEAST: usize = 1_000;

/// What a subset request says, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SubsetParams {
    pub(crate) filter: Option<String>,
    pub(crate) params: BTreeMap<u32, String>,
    pub(crate) order_by: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
}

impl SubsetParams {
    /// From `subset__…` parameters; any of them makes the request a subset request.
    pub(crate) fn of_query(query: &BTreeMap<String, String>) -> Result<Option<Self>, Invalid> {
        let mut keys = Map::new();
        for (name, value) in query {
            let Some(name) = name.strip_prefix(param::SUBSET_PREFIX) else {
                continue;
            };
            let value = match name {
                subset::PARAMS => serde_json::from_str(value)
                    .map_err(|_| Invalid::subset(subset::PARAMS, "is invalid"))?,
                _ => Value::String(value.clone()),
            };
            keys.insert(name.to_owned(), value);
        }
        match keys.is_empty() {
            true => Ok(None),
            false => Self::of_body(&keys).map(Some),
        }
    }

    /// From the keys of a body.
    pub(crate) fn of_body(keys: &Map<String, Value>) -> Result<Self, Invalid> {
        let given = |name| keys.get(name).filter(|value| !value.is_null()).map(text);
        let number = |name| match given(name).filter(|text| !text.is_empty()) {
            Some(text) => match text.parse::<usize>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Invalid::subset(name, "is invalid")),
            },
            None => Ok(None),
        };
        let (limit, offset) = (number(subset::LIMIT)?, number(subset::OFFSET)?);
        if limit == Some(0) {
            return Err(Invalid::subset(subset::LIMIT, "must be greater than 0"));
        }
        let order_by = given(subset::ORDER_BY).filter(|text| !text.trim().is_empty());
        if order_by.is_none() && (limit.is_some() || offset.is_some()) {
            let message = "can't be blank when limit or offset is present";
            return Err(Invalid::subset(subset::ORDER_BY, message));
        }
        let mut params = BTreeMap::new();
        match keys.get(subset::PARAMS) {
            None | Some(Value::Null) => {}
            Some(Value::Object(given)) => {
                for (number, value) in given {
                    let number = number.parse::<u32>().ok().filter(|&number| number > 0);
                    let number = number.ok_or_else(|| {
                        Invalid::subset(subset::PARAMS, "keys must be numbers starting at 1")
                    })?;
                    params.insert(number, text(value));
                }
            }
            Some(_) => return Err(Invalid::subset(subset::PARAMS, "is invalid")),
        }
        Ok(Self {
            filter: given(subset::WHERE).filter(|text| !text.trim().is_empty()),
            params,
            order_by,
            limit,
            offset,
        })
    }
}

/// A column to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    column: String,
    pg_type: PgType,
    descending: bool,
    nulls_first: bool,
}

impl Term {
    fn compare(&self, left: &Row, right: &Row) -> Ordering {
        let value = |row| -> Option<&str> { <Row>::get(row, &self.column)?.as_deref() };
        match (value(left), value(right)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) if self.nulls_first => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) if self.nulls_first => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) => match self.descending {
                true => self.pg_type.compare(right, left),
                false => self.pg_type.compare(left, right),
            },
        }
    }
}

/// A subset request that makes sense for its table.
#[derive(Clone, Debug)]
pub(crate) struct Subset {
    filter: Option<Filter>,
    order: Vec<Term>,
    limit: usize,
    offset: usize,
}

impl Subset {
    pub(crate) fn parse(
        asked: &SubsetParams,
        table: &Table,
        definition: &Definition,
        tables: &Tables,
    ) -> Result<Self, Invalid> {
        let scope = Scope {
            tables,
            params: &asked.params,
            subqueries: false,
        };
        let filter = asked.filter.as_deref().map(|text| {
            parse(text, table, scope).map_err(|message| Invalid::subset(subset::WHERE, message))
        });
        let filter = filter.transpose()?;
        let order = asked.order_by.as_deref().map_or(Ok(Vec::new()), |text| {
            order_by(text, table).map_err(|message| Invalid::subset(subset::ORDER_BY, message))
        })?;
        let filtered = filter.iter().flat_map(Filter::columns);
        let sorted = order.iter().map(|term| term.column.as_str());
        for (field, mut columns) in [
            (
                subset::WHERE,
                Box::new(filtered) as Box<dyn Iterator<Item = &str>>,
            ),
            (subset::ORDER_BY, Box::new(sorted)),
        ] {
            if let Some(column) = columns.find(|column| !definition.may_query(column)) {
                let message = format!("column {column} is not queryable");
                return Err(Invalid::subset(field, message));
            }
        }
        Ok(Self {
            filter,
            order,
            limit: asked.limit.unwrap_or(usize::MAX),
            offset: asked.offset.unwrap_or(0),
        })
    }

    /// The rows it asks for, of those of the shape.
    pub(crate) fn pick<'r>(&self, rows: impl Iterator<Item = Cow<'r, Row>>) -> Vec<Cow<'r, Row>> {
        let filter = self.filter.as_ref();
        let matching = rows.filter(|row| filter.is_none_or(|filter| filter.matches(row)));
        let wanted = self.offset.saturating_add(self.limit);
        let mut picked = Vec::new();
        for row in matching {
            picked.push(row);
            // Of many rows only those that can still be asked for are kept.
            if picked.len() / 2 > wanted.max(KEPT_AT_LEAST) {
                self.sort(&mut picked);
                picked.truncate(wanted);
            }
        }
        self.sort(&mut picked);
        picked.truncate(wanted);
        picked.drain(..self.offset.min(picked.len()));
        picked
    }

    fn sort(&self, rows: &mut [Cow<'_, Row>]) {
        rows.sort_by(|left, right| {
            let terms = self.order.iter();
            terms.fold(Ordering::Equal, |ordering, term| {
                ordering.then_with(|| term.compare(left, right))
            })
        });
    }
}

/// `column [ASC|DESC] [NULLS FIRST|LAST], …`
fn order_by(text: &str, table: &Table) -> Result<Vec<Term>, String> {
    let tokens = tokens(text)?;
    let term = |words: &[super::filter_lexer::Token]| {
        let plain =
            || "only plain columns, directions and NULLS FIRST or LAST can be used".to_owned();
        let (column, rest) = words.split_first().ok_or_else(plain)?;
        let (Kind::Word(name) | Kind::Quoted(name)) = &column.kind else {
            return Err(plain());
        };
        let found = table.column(name);
        let found = found.ok_or_else(|| format!("unknown column {name}"))?;
        let words: Option<Vec<&str>> = rest
            .iter()
            .map(|token| match &token.kind {
                Kind::Word(word) => Some(word.as_str()),
                _ => None,
            })
            .collect();
        let words = words.ok_or_else(plain)?;
        let (descending, rest) = match words.as_slice() {
            ["asc", rest @ ..] => (false, rest),
            ["desc", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let nulls_first = match rest {
            // Postgres: NULLs count as larger than everything.
            [] => descending,
            ["nulls", "first"] => true,
            ["nulls", "last"] => false,
            _ => return Err(plain()),
        };
        Ok(Term {
            column: name.clone(),
            pg_type: found.pg_type,
            descending,
            nulls_first,
        })
    };
    tokens
        .split(|token| token.kind == Kind::Symbol(","))
        .map(term)
        .collect()
}

/// The body of a subset response. Ids are 64 bits wide here.
pub(crate) fn body(next_xid: u64, database_lsn: u64, mark: u64, rows: &[String]) -> String {
    let xid = next_xid.to_string();
    let metadata = json!({
        "xmin": xid,
        "xmax": xid,
        "xip_list": [],
        "database_lsn": database_lsn.to_string(),
        "snapshot_mark": mark,
    });
    format!(
        "{{\"metadata\":{metadata}, \"data\": [{}]}}",
        rows.join(",")
    )
}
