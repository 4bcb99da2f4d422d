//! Text of a `where` → [`Filter`], by recursive descent over the supported subset.

use std::collections::BTreeMap;

use super::canonical::canonical;
use super::filter::{Comparison, Filter};
use super::filter_lexer::{Kind, Token, tokens};
use super::table::{Column, Table};
use super::types::PgType;

/// Parses a condition over the table's columns; `$n` takes its text from `params`.
///
/// # Errors
/// A sentence for the `where` field of a 400.
pub(crate) fn parse(
    text: &str,
    table: &Table,
    params: &BTreeMap<u32, String>,
) -> Result<Filter, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        table,
        params,
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
         column with a literal, IN, IS NULL, AND, OR and NOT",
        token.at
    )
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    table: &'a Table,
    params: &'a BTreeMap<u32, String>,
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
        let mut filter = self.compare(column, Comparison::Equal)?;
        while self.symbol(",") {
            let next = self.compare(column, Comparison::Equal)?;
            filter = Filter::Or(Box::new(filter), Box::new(next));
        }
        self.expect(")")?;
        Ok(filter)
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
                let text = self.params.get(number).cloned();
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::electric::row;

    fn items() -> Table {
        Table::new(
            "items",
            &["id"],
            [
                Column::new("id", PgType::Int4),
                Column::new("Owner", PgType::Text),
                Column::new("done", PgType::Bool),
                Column::new("price", PgType::Numeric(None)),
                Column::new("meta", PgType::Jsonb),
            ],
        )
    }

    fn matches(text: &str) -> bool {
        let params = BTreeMap::from([(1, "ann".to_owned())]);
        let filter = parse(text, &items(), &params).unwrap();
        filter.matches(&row([
            ("id", Some("7")),
            ("Owner", Some("ann")),
            ("done", Some("t")),
            ("price", Some("1.50")),
            ("meta", None),
        ]))
    }

    #[test]
    fn conditions_follow_sql() {
        for yes in [
            "id = 7",
            "ID=7 and \"Owner\" = $1",
            "price = 1.5",
            "price > -2 AND price <= 1.50",
            "done",
            "not (done and id <> 7)",
            "id in (1, 7::int4)",
            "meta is null",
            "done is not null or meta is not null",
            "\"Owner\" <> 'ann''s'",
            "true = true",
            "id not in (1,2)",
        ] {
            assert!(matches(yes), "{yes}");
        }
        for no in [
            "id = 8",
            "not done",
            "id = null",
            "not (id = null)",
            "false",
            "id not in (7)",
        ] {
            assert!(!matches(no), "{no}");
        }
    }

    #[test]
    fn what_is_not_supported_says_so() {
        let error = |text| parse(text, &items(), &BTreeMap::new()).unwrap_err();
        assert_eq!(error("nope = 1"), "At location 0: unknown reference nope");
        assert_eq!(
            error("done and nope = 1"),
            "At location 9: unknown reference nope"
        );
        for text in [
            "lower(\"Owner\") = 'x'",
            "id in (select 1)",
            "\"Owner\" like 'a%'",
            "id = 7 )",
        ] {
            assert!(error(text).contains("not supported"), "{text}");
        }
        for text in [
            "",
            "id =",
            "id = $1",
            "id = 'x'",
            "meta = '{}'",
            "\"Owner",
            "id = ;",
            "(",
            "$",
        ] {
            assert!(!error(text).is_empty(), "{text}");
        }
    }
}
