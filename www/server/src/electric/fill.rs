//! Rows by formula: any number of them in no memory, for tests of scale.
//!
//! Row `n`, counted from 0, has `n + 1` in its first key column, as an integer, a uuid or a text. Other columns have
//! small values made from `n`; the last free text column is filled up until the row has the wanted size. A nullable
//! column of a type without formula is NULL.

use std::fmt::Write;

use super::table::{Column, Key, Row, Table};
use super::transaction::ChangeError;
use super::types::PgType;

/// What long texts consist of.
const WORDS: &str = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore \
    et dolore magna aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea ";

/// Rows made of their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    columns: Vec<(String, Formula)>,
    /// Names of the key's columns, in key order.
    key: Vec<String>,
    rows: u64,
}

/// What a column holds. None of the texts needs escaping in JSON, nor doubling in a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Formula {
    /// The row's number and one more.
    Count,
    /// The same, as a uuid.
    CountUuid,
    /// The same, as a text of ten digits.
    CountText,
    /// The row's number modulo 1000.
    Small,
    /// Whether the row's number is odd.
    Odd,
    /// A second of 2026-01-01, with what follows it.
    Moment(&'static str),
    /// A text of so many bytes.
    Words(usize),
    /// The same for all rows.
    Fixed(Option<String>),
}

impl Fill {
    pub(crate) fn new(table: &Table, rows: u64, bytes: usize) -> Result<Self, ChangeError> {
        let not_fillable = |reason: String| ChangeError::NotFillable {
            table: table.name.clone(),
            reason,
        };
        let mut columns = Vec::new();
        for column in &table.columns {
            let formula = match table.primary_key.first() == Some(&column.name) {
                true => counting(column.pg_type, rows),
                false => plain(column),
            };
            let formula = formula
                .ok_or_else(|| not_fillable(format!("no values for column {}", column.name)))?;
            columns.push((column.name.clone(), formula));
        }
        let mut fill = Self {
            columns,
            key: table.primary_key.clone(),
            rows,
        };
        let widest = rows.saturating_sub(1);
        let size: usize = fill
            .row(widest)
            .into_values()
            .flatten()
            .map(|text| text.len())
            .sum();
        let is_text = |name: &String| {
            let column = table.column(name);
            !table.is_key(name) && column.is_some_and(|column| column.pg_type == PgType::Text)
        };
        let filler = fill
            .columns
            .iter_mut()
            .rev()
            .find(|(name, _)| is_text(name));
        if let Some((_, Formula::Words(length))) = filler {
            *length += bytes.saturating_sub(size);
        }
        Ok(fill)
    }

    pub(crate) fn len(&self) -> u64 {
        self.rows
    }

    /// The formula of a column; one it does not have is NULL.
    pub(crate) fn formula(&self, name: &str) -> &Formula {
        let found = self.columns.iter().find(|(found, _)| found == name);
        found.map_or(&Formula::Fixed(None), |(_, formula)| formula)
    }

    pub(crate) fn row(&self, number: u64) -> Row {
        let value = |(name, formula): &(String, Formula)| (name.clone(), formula.text(number));
        self.columns.iter().map(value).collect()
    }

    /// Some columns of a row.
    pub(crate) fn part(&self, number: u64, names: &[&str]) -> Row {
        let value = |name: &&str| ((*name).to_owned(), self.formula(name).text(number));
        names.iter().map(value).collect()
    }

    /// The number of the row with the key.
    pub(crate) fn number_of(&self, key: &Key) -> Option<u64> {
        let (first, name) = key.first().zip(self.key.first())?;
        let count = match self.formula(name) {
            Formula::Count | Formula::CountText => first.parse().ok()?,
            Formula::CountUuid => u64::from_str_radix(first.rsplit('-').next()?, 16).ok()?,
            _ => return None,
        };
        let number = u64::checked_sub(count, 1).filter(|&number| number < self.rows)?;
        let mut parts = self.key.iter().zip(key);
        let equal =
            parts.all(|(name, part)| self.formula(name).text(number).as_ref() == Some(part));
        equal.then_some(number)
    }

    pub(crate) fn add_column(&mut self, name: &str, text: Option<&str>) {
        let fixed = Formula::Fixed(text.map(str::to_owned));
        self.columns.push((name.to_owned(), fixed));
    }

    pub(crate) fn drop_column(&mut self, name: &str) {
        self.columns.retain(|(found, _)| found != name);
    }
}

/// The formula of the column that tells rows apart, if its type has room for so many.
fn counting(pg_type: PgType, rows: u64) -> Option<Formula> {
    let fits = |limit: u64| (rows <= limit).then_some(Formula::Count);
    match pg_type {
        PgType::Int2 => fits(i16::MAX as u64),
        PgType::Int4 => fits(i32::MAX as u64),
        PgType::Int8 | PgType::Numeric(None) => fits(i64::MAX as u64),
        PgType::Uuid => (rows < 1 << 48).then_some(Formula::CountUuid),
        PgType::Text | PgType::Varchar(None) => {
            (rows < 10_000_000_000).then_some(Formula::CountText)
        }
        _ => None,
    }
}

fn plain(column: &Column) -> Option<Formula> {
    Some(match column.pg_type {
        PgType::Bool => Formula::Odd,
        PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Numeric(None) => Formula::Small,
        PgType::Float4 | PgType::Float8 => Formula::Small,
        PgType::Text => Formula::Words(12),
        PgType::Varchar(limit) => Formula::Words(limit.map_or(12, |limit| limit.min(12) as usize)),
        PgType::Timestamp => Formula::Moment(""),
        PgType::Timestamptz | PgType::TimestamptzOf(_) => Formula::Moment("+00"),
        PgType::Date => Formula::Fixed(Some("2026-01-01".into())),
        _ if !column.not_null => Formula::Fixed(None),
        PgType::Uuid => Formula::CountUuid,
        PgType::Json | PgType::Jsonb => Formula::Fixed(Some("1".into())),
        PgType::Bytea => Formula::Fixed(Some("\\x".into())),
        _ => return None,
    })
}

impl Formula {
    /// Whether the value is NULL in all rows.
    pub(crate) fn is_null(&self) -> bool {
        *self == Formula::Fixed(None)
    }

    fn text(&self, number: u64) -> Option<String> {
        let mut text = String::new();
        self.write(number, &mut text);
        (!self.is_null()).then_some(text)
    }

    /// Appends the value, in the form of the change stream; NULL is nothing.
    pub(crate) fn write(&self, number: u64, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Formula::Count => write!(out, "{}", number + 1),
            Formula::CountUuid => write!(out, "00000000-0000-4000-8000-{:012x}", number + 1),
            Formula::CountText => write!(out, "{:010}", number + 1),
            Formula::Small => write!(out, "{}", number % 1_000),
            Formula::Odd => {
                out.push(if number % 2 == 1 { 't' } else { 'f' });
                Ok(())
            }
            Formula::Moment(zone) => {
                let (hour, minute, second) = (number / 3_600 % 24, number / 60 % 60, number % 60);
                write!(out, "2026-01-01 {hour:02}:{minute:02}:{second:02}{zone}")
            }
            Formula::Words(length) => {
                let end = out.len() + length;
                let _ = write!(out, "{} ", number + 1);
                while out.len() < end {
                    let rest = (end - out.len()).min(WORDS.len());
                    out.push_str(&WORDS[..rest]);
                }
                out.truncate(end);
                Ok(())
            }
            Formula::Fixed(text) => {
                out.push_str(text.as_deref().unwrap_or_default());
                Ok(())
            }
        };
    }
}
