//! Text of a `where` → [`Filter`], by recursive descent over the supported subset.

use std::collections::BTreeMap;

use super::canonical::canonical;
use super::constants::{DEFAULT_SCHEMA, MAX_CLAUSE_BYTES};
use super::filter::{Comparison, Filter};
use super::filter_lexer::{Kind, Token, tokens};
use super::subquery::Subquery;
use super::table::{Column, Table};
use super::transaction::Tables;
use super::types::PgType;

/// What a condition may refer to besides its table.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The tables of subqueries.
    pub(crate) tables: &'a Tables,
    /// `$n` → text.
    pub(crate) params: &'a BTreeMap<u32, String>,
    /// Whether there may be subqueries.
    pub(crate) subqueries: bool,
}

/// Parses a condition over the table's columns.
///
/// # Errors
/// A sentence for the `where` field of a 400.
pub(crate) fn parse(text: &str, table: &Table, scope: Scope<'_>) -> Result<Filter, String> {
    if text.len() > MAX_CLAUSE_BYTES {
        return Err(format!("may have {MAX_CLAUSE_BYTES} bytes at most"));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        table,
        scope,
        depth: 0,
    };
    let filter = parser.disjunction()?;
    match parser.tokens.get(parser.next) {
        None => Ok(filter),
        Some(token) => Err(unsupported(token)),
    }
}

/// How deep parentheses and NOTs may nest.
const MAX_DEPTH: usize = 100;

fn unsupported(token: &Token) -> String {
    let shown = match &token.kind {
        Kind::Word(text) | Kind::Number(text) => text.clone(),
        Kind::Quoted(text) => format!("\"{text}\""),
        Kind::Text(text) => format!("'{text}'"),
        Kind::Param(number) => format!("${number}"),
        Kind::Symbol(symbol) => (*symbol).to_owned(),
    };
    format!(
        "At location {}: {shown} is not supported here by this embedded Electric, which knows comparisons of a \
         column with a literal, IN with a list or a subquery, IS NULL, AND, OR and NOT",
        token.at
    )
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    table: &'a Table,
    scope: Scope<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn disjunction(&mut self) -> Result<Filter, String> {
        let mut filter = self.conjunction()?;
        while self.word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.conjunction()?));
        }
        Ok(filter)
    }

    fn conjunction(&mut self) -> Result<Filter, String> {
        let mut filter = self.term()?;
        while self.word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.term()?));
        }
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the condition nests too deeply".into());
        }
        let filter = if self.word("not") {
            Filter::Not(Box::new(self.term()?))
        } else if self.symbol("(") {
            let inner = self.disjunction()?;
            self.expect(")")?;
            inner
        } else {
            self.predicate()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn predicate(&mut self) -> Result<Filter, String> {
        let token = self.take()?;
        let name = match &token.kind {
            Kind::Word(word) if word == "true" => return self.constant(true),
            Kind::Word(word) if word == "false" => return self.constant(false),
            Kind::Word(word) | Kind::Quoted(word)
                if *word == self.table.name && self.symbol(".") =>
            {
                self.name()?
            }
            Kind::Word(word) | Kind::Quoted(word) => word.clone(),
            _ => return Err(unsupported(&token)),
        };
        if self.peek() == Some(&Kind::Symbol("(")) {
            return Err(unsupported(&token));
        }
        let Some(column) = self.table.column(&name).cloned() else {
            return Err(format!(
                "At location {}: unknown reference {name}",
                token.at
            ));
        };
        if self.word("is") {
            let negated = self.word("not");
            let operand = self.take()?;
            let filter = match &operand.kind {
                Kind::Word(word) if word == "null" => Filter::IsNull(column.name),
                _ => return Err(unsupported(&operand)),
            };
            return Ok(match negated {
                true => Filter::Not(Box::new(filter)),
                false => filter,
            });
        }
        let negated = self.peek() == Some(&Kind::Word("not".into()))
            && self.tokens.get(self.next + 1).map(|token| &token.kind)
                == Some(&Kind::Word("in".into()));
        self.next += usize::from(negated);
        if self.word("in") {
            let filter = self.list(&column)?;
            return Ok(match negated {
                true => Filter::Not(Box::new(filter)),
                false => filter,
            });
        }
        let comparison = match self.peek() {
            Some(Kind::Symbol("=")) => Comparison::Equal,
            Some(Kind::Symbol("<>" | "!=")) => Comparison::NotEqual,
            Some(Kind::Symbol("<")) => Comparison::Less,
            Some(Kind::Symbol("<=")) => Comparison::LessOrEqual,
            Some(Kind::Symbol(">")) => Comparison::Greater,
            Some(Kind::Symbol(">=")) => Comparison::GreaterOrEqual,
            None | Some(Kind::Symbol(")") | Kind::Word(_)) if column.pg_type == PgType::Bool => {
                return Ok(Filter::Holds(column.name));
            }
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        self.compare(&column, comparison)
    }

    fn constant(&mut self, value: bool) -> Result<Filter, String> {
        if self.symbol("=") {
            let other = self.take()?;
            return match &other.kind {
                Kind::Word(word) if word == "true" => Ok(Filter::Constant(Some(value))),
                Kind::Word(word) if word == "false" => Ok(Filter::Constant(Some(!value))),
                _ => Err(unsupported(&other)),
            };
        }
        Ok(Filter::Constant(Some(value)))
    }

    fn list(&mut self, column: &Column) -> Result<Filter, String> {
        self.expect("(")?;
        if self.word("select") {
            return self.subquery(column);
        }
        let mut filter = self.compare(column, Comparison::Equal)?;
        while self.symbol(",") {
            let next = self.compare(column, Comparison::Equal)?;
            filter = Filter::Or(Box::new(filter), Box::new(next));
        }
        self.expect(")")?;
        Ok(filter)
    }

    /// What follows `column IN (SELECT`.
    fn subquery(&mut self, column: &Column) -> Result<Filter, String> {
        let at = self.tokens.get(self.next).map_or(0, |token| token.at);
        if !self.scope.subqueries {
            return Err(format!("At location {at}: subqueries are not allowed here"));
        }
        let mut selected = self.name()?;
        let qualifier = match self.symbol(".") {
            true => Some(std::mem::replace(&mut selected, self.name()?)),
            false => None,
        };
        if !self.word("from") {
            return Err(self.unexpected());
        }
        let mut name = self.name()?;
        if self.symbol(".") {
            if name != DEFAULT_SCHEMA {
                return Err(format!("At location {at}: unknown schema {name}"));
            }
            name = self.name()?;
        }
        let inner = self.scope.tables.get(&name).map(|stored| stored.seen());
        let inner = inner.ok_or_else(|| format!("At location {at}: unknown table {name}"))?;
        let known = inner
            .column(&selected)
            .filter(|_| qualifier.is_none_or(|qualifier| qualifier == name));
        let known =
            known.ok_or_else(|| format!("At location {at}: unknown reference {selected}"))?;
        if !column.pg_type.compares_with(known.pg_type) {
            return Err(format!(
                "At location {at}: cannot compare {} with {}",
                column.pg_type.name(),
                known.pg_type.name()
            ));
        }
        let filter = match self.word("where") {
            true => {
                let outer = std::mem::replace(&mut self.table, inner);
                let filter = self.disjunction();
                self.table = outer;
                Some(filter?)
            }
            false => None,
        };
        self.expect(")")?;
        Ok(Filter::In {
            column: column.name.clone(),
            subquery: Box::new(Subquery {
                table: name,
                column: selected,
                filter,
            }),
        })
    }

    /// An identifier.
    fn name(&mut self) -> Result<String, String> {
        let token = self.take()?;
        match token.kind {
            Kind::Word(name) | Kind::Quoted(name) => Ok(name),
            _ => Err(unsupported(&token)),
        }
    }

    fn compare(&mut self, column: &Column, comparison: Comparison) -> Result<Filter, String> {
        let pg_type = column.pg_type;
        let at = self.tokens.get(self.next).map_or(0, |token| token.at);
        if !pg_type.is_comparable() {
            return Err(format!(
                "At location {at}: no comparison of {} values",
                pg_type.name()
            ));
        }
        let literal = match self.literal()? {
            Some(text) => {
                let text = canonical(pg_type, &text);
                Some(text.map_err(|error| format!("At location {at}: {error}"))?)
            }
            None => None,
        };
        Ok(Filter::Compare {
            column: column.name.clone(),
            pg_type,
            comparison,
            literal,
        })
    }

    /// A literal's text; a cast after it is skipped, since the column decides the type.
    fn literal(&mut self) -> Result<Option<String>, String> {
        let sign = match (self.symbol("-"), self.symbol("+")) {
            (true, _) => "-",
            _ => "",
        };
        let token = self.take()?;
        let text = match &token.kind {
            Kind::Number(number) => Some(format!("{sign}{number}")),
            Kind::Text(text) if sign.is_empty() => Some(text.clone()),
            Kind::Word(word) if word == "true" || word == "false" => Some(word.clone()),
            Kind::Word(word) if word == "null" => None,
            Kind::Param(number) => {
                let text = self.scope.params.get(number).cloned();
                Some(text.ok_or_else(|| {
                    format!(
                        "At location {}: parameter ${number} was not provided",
                        token.at
                    )
                })?)
            }
            _ => return Err(unsupported(&token)),
        };
        if self.symbol("::") {
            let cast = self.take()?;
            if !matches!(cast.kind, Kind::Word(_)) {
                return Err(unsupported(&cast));
            }
        }
        Ok(text)
    }
}

/// The cursor over the tokens.
impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn take(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token.ok_or_else(|| "the condition ends too early".into())
    }

    fn unexpected(&self) -> String {
        self.tokens
            .get(self.next)
            .map_or_else(|| "the condition ends too early".into(), unsupported)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Kind::Word(found)) if found == word);
        self.next += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == Some(&Kind::Symbol(symbol));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), String> {
        match self.symbol(symbol) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }
}

#[cfg(test)]
#[path = "filter_parser_tests.rs"]
mod tests;
