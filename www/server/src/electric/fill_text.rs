//! The snapshot of a fill: messages written when they are asked for, from a pattern made once.

use std::sync::Arc;

use serde_json::json;

use super::constants::DEFAULT_SCHEMA;
use super::fill::{Fill, Formula};
use super::filter::Filter;
use super::json_text::push_text;
use super::message::Writer;
use super::transaction::StoredTable;

/// The rows of a fill that were in a shape when its snapshot was taken.
#[derive(Clone, Debug)]
pub(crate) struct FillText {
    /// A row's message, in parts.
    pattern: Vec<Part>,
    rows: Rows,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Value(Formula),
}

#[derive(Clone, Debug)]
enum Rows {
    /// The first so many.
    All(u64),
    /// These.
    Picked(Arc<[u64]>),
}

impl FillText {
    /// The rows of the table's fill, if it has one, that the shape's condition selects.
    pub(crate) fn take(writer: &Writer<'_>, stored: &StoredTable) -> Option<Self> {
        let (fill, removed) = stored.heap.fill()?;
        let filter = writer.definition.filter.as_ref();
        let rows = match filter {
            None if removed.is_empty() => Rows::All(fill.len()),
            _ => {
                let columns: Vec<&str> = filter
                    .iter()
                    .flat_map(|filter| Filter::columns(filter))
                    .collect();
                let selected = |number: &u64| {
                    !removed.contains(number) && writer.sight.sees(&fill.part(*number, &columns))
                };
                Rows::Picked((0..fill.len()).filter(selected).collect())
            }
        };
        Some(Self {
            pattern: pattern(writer, fill),
            rows,
        })
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        match &self.rows {
            Rows::All(rows) => usize::try_from(*rows).unwrap_or(usize::MAX),
            Rows::Picked(rows) => rows.len(),
        }
    }

    /// Bytes of a message; a few more or less, as numbers have digits.
    pub(crate) fn message_bytes(&self) -> usize {
        let mut message = String::new();
        self.write(self.len() / 2..self.len() / 2 + 1, &mut message);
        message.len()
    }

    /// The messages of some of the rows, joined by commas.
    pub(crate) fn write(&self, range: std::ops::Range<usize>, out: &mut String) {
        for (position, index) in range.enumerate() {
            if position > 0 {
                out.push(',');
            }
            let number = match &self.rows {
                Rows::All(_) => index as u64,
                Rows::Picked(rows) => match rows.get(index) {
                    Some(&number) => number,
                    None => return,
                },
            };
            for part in &self.pattern {
                match part {
                    Part::Text(text) => out.push_str(text),
                    // As cast to text, which for bool are words.
                    Part::Value(Formula::Odd) => {
                        out.push_str(if number % 2 == 1 { "true" } else { "false" });
                    }
                    Part::Value(formula) => formula.write(number, out),
                }
            }
        }
    }
}

fn pattern(writer: &Writer<'_>, fill: &Fill) -> Vec<Part> {
    let table = writer.table;
    let mut parts = Vec::new();
    let mut text = String::from("{\"key\":\"");
    let mut relation = String::new();
    push_text(
        &mut relation,
        &format!("\"{DEFAULT_SCHEMA}\".\"{}\"", table.name.replace('.', "..")),
    );
    text.push_str(&relation[1..relation.len() - 1]);
    let mut value = |text: &mut String, formula: &Formula| {
        parts.push(Part::Text(std::mem::take(text)));
        parts.push(Part::Value(formula.clone()));
    };
    for name in &table.primary_key {
        text.push_str("/\\\"");
        value(&mut text, fill.formula(name));
        text.push_str("\\\"");
    }
    text.push_str("\",\"value\":{");
    for (index, name) in writer.definition.columns.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_text(&mut text, name);
        let formula = fill.formula(name);
        match formula {
            Formula::Fixed(None) => text.push_str(":null"),
            Formula::Fixed(Some(fixed)) => {
                text.push(':');
                let column = table.column(name);
                let cast = column.map(|column| column.pg_type.snapshot_text(fixed));
                push_text(&mut text, cast.as_deref().unwrap_or(fixed));
            }
            formula => {
                text.push_str(":\"");
                value(&mut text, formula);
                text.push('"');
            }
        }
    }
    let headers = json!({ "operation": "insert", "relation": [DEFAULT_SCHEMA, table.name] });
    text.push_str(&format!("}},\"headers\":{headers}}}"));
    parts.push(Part::Text(text));
    parts
}
