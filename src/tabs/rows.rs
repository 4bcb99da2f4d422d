//! [`Rows`]: a result in the one buffer that crosses to the page, which makes row objects of it (`src/js/rows.ts`).
//!
//! A result is a list of cells: the number of columns and their names; whether origins and types are told, and if so one of
//! each for every column; then the values, row after row. Cells lie in blocks, each of them two lengths (of the cells and of
//! the text, 32 bits), the cells, and the text of all of them in one piece: making one long string and cutting it costs the
//! page a tenth of reading each by itself. A string that was cut off keeps the text of its block from being freed, so blocks
//! are short.
//!
//! | first byte | cell | bytes after it |
//! |---|---|---|
//! | 0 | NULL | |
//! | 1, 2 | false, true | |
//! | 3 | integer of 32 bits | 4 |
//! | 4 | integer of 64 bits | 8 |
//! | 5 | double | 8 |
//! | 6 | bytes | their number (4), then they |
//! | 7 | text | its length in UTF-16 (4) |
//! | 8 and more | text of that length less 8 | |
//!
//! Numbers are little-endian.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::value::Value;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT32: u8 = 3;
const INT64: u8 = 4;
const DOUBLE: u8 = 5;
const BLOB: u8 = 6;
const TEXT: u8 = 7;
const SHORT_TEXT: u8 = 8;

/// A block ends with the row that makes it this long, in bytes.
const BLOCK: usize = 1 << 16;

/// A query's result.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rows(Vec<u8>);

/// What a result says of its columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// As SQLite reports them.
    pub names: Vec<String>,
    /// For each column, the `table.column` of the schema that it shows; empty text for what is computed or from a table of the app's
    /// own. No items unless the [`super::Statement`] asked, nor in a live query's later results while they are what they were.
    pub origins: Vec<String>,
    /// The Postgres types of these by their catalog names, an array's with `[]`: `int8`, `timestamptz`, `int4[]`.
    pub types: Vec<String>,
}

/// One value of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// 0 or 1 of a column declared `bool`, which reaches the app as a JavaScript boolean.
    Boolean(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(&'a [u8]),
}

/// Puts a result together, cell by cell.
#[derive(Debug)]
pub struct RowsWriter {
    blocks: Vec<u8>,
    cells: Vec<u8>,
    text: Vec<u8>,
}

impl RowsWriter {
    /// A result with these columns.
    pub fn new(columns: &Columns) -> Self {
        let mut writer = Self {
            blocks: Vec::new(),
            cells: Vec::new(),
            text: Vec::new(),
        };
        let is_typed = !columns.origins.is_empty();
        writer.integer(columns.names.len() as i64);
        writer.texts(&columns.names);
        writer.boolean(is_typed);
        if is_typed {
            writer.texts(&columns.origins);
            writer.texts(&columns.types);
        }
        writer
    }

    fn texts(&mut self, list: &[String]) {
        for text in list {
            self.text(text.as_bytes());
        }
    }

    /// Adds NULL.
    pub fn null(&mut self) {
        self.cells.push(NULL);
    }

    /// Adds a boolean.
    pub fn boolean(&mut self, flag: bool) {
        self.cells.push(if flag { TRUE } else { FALSE });
    }

    /// Adds an integer.
    pub fn integer(&mut self, number: i64) {
        match i32::try_from(number) {
            Ok(number) => self.number(INT32, &number.to_le_bytes()),
            Err(_) => self.number(INT64, &number.to_le_bytes()),
        }
    }

    /// Adds a double.
    pub fn real(&mut self, number: f64) {
        self.number(DOUBLE, &number.to_le_bytes());
    }

    /// Adds text. What is not UTF-8 (only SQL functions can make such) is read lossily.
    pub fn text(&mut self, bytes: &[u8]) {
        if bytes.is_ascii() {
            self.text_of(bytes, bytes.len());
        } else {
            let text = String::from_utf8_lossy(bytes);
            self.text_of(text.as_bytes(), text.chars().map(char::len_utf16).sum());
        }
    }

    fn text_of(&mut self, bytes: &[u8], length: usize) {
        match u8::try_from(length + usize::from(SHORT_TEXT)) {
            Ok(short) => self.cells.push(short),
            Err(_) => self.number(TEXT, &(length as u32).to_le_bytes()),
        }
        self.text.extend_from_slice(bytes);
    }

    /// Adds bytes.
    pub fn blob(&mut self, bytes: &[u8]) {
        self.number(BLOB, &(bytes.len() as u32).to_le_bytes());
        self.cells.extend_from_slice(bytes);
    }

    fn number(&mut self, kind: u8, bytes: &[u8]) {
        self.cells.push(kind);
        self.cells.extend_from_slice(bytes);
    }

    /// The row is complete.
    pub fn end_row(&mut self) {
        if self.cells.len() + self.text.len() >= BLOCK {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        for part in [&self.cells, &self.text] {
            self.blocks
                .extend_from_slice(&(part.len() as u32).to_le_bytes());
        }
        self.blocks.append(&mut self.cells);
        self.blocks.append(&mut self.text);
    }

    /// The result.
    pub fn finish(mut self) -> Rows {
        if !self.cells.is_empty() {
            self.end_block();
        }
        Rows(self.blocks)
    }
}

impl Rows {
    /// As they came over a channel.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The buffer.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is that of a statement without a result.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The columns, and the values row after row.
    pub fn read(&self) -> (Columns, Cells<'_>) {
        let mut cells = Cells {
            blocks: &self.0,
            cells: &[],
            text: "",
        };
        let width = match cells.next() {
            Some(Cell::Integer(width)) => width as usize,
            _ => 0,
        };
        let mut columns = Columns {
            names: cells.texts(width),
            ..Columns::default()
        };
        if cells.next() == Some(Cell::Boolean(true)) {
            columns.origins = cells.texts(width);
            columns.types = cells.texts(width);
        }
        (columns, cells)
    }

    /// The columns.
    pub fn columns(&self) -> Columns {
        self.read().0
    }

    /// The values, row after row; booleans as SQLite has them.
    pub fn values(&self) -> Vec<Value> {
        self.read().1.map(Value::from).collect()
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (columns, cells) = self.read();
        f.debug_tuple("Rows")
            .field(&columns)
            .field(&cells.collect::<Vec<_>>())
            .finish()
    }
}

/// See [`Rows::read`]. Ends where the buffer is not what a [`RowsWriter`] makes.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    blocks: &'a [u8],
    cells: &'a [u8],
    text: &'a str,
}

impl<'a> Cells<'a> {
    fn texts(&mut self, count: usize) -> Vec<String> {
        self.take(count)
            .map(|cell| match cell {
                Cell::Text(text) => text.into_owned(),
                _ => String::new(),
            })
            .collect()
    }

    fn next_block(&mut self) -> Option<()> {
        let cells = u32::from_le_bytes(take(&mut self.blocks)?);
        let text = u32::from_le_bytes(take(&mut self.blocks)?);
        self.cells = cut(&mut self.blocks, cells as usize)?;
        self.text = std::str::from_utf8(cut(&mut self.blocks, text as usize)?).ok()?;
        Some(())
    }

    fn text(&mut self, length: usize) -> Option<Cell<'a>> {
        let mut left = length;
        let mut chars = self.text.chars();
        while left > 0 {
            left = left.checked_sub(chars.next()?.len_utf16())?;
        }
        let rest = chars.as_str();
        let text = &self.text[..self.text.len() - rest.len()];
        self.text = rest;
        Some(Cell::Text(Cow::Borrowed(text)))
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        while self.cells.is_empty() {
            self.next_block()?;
        }
        let [kind] = take(&mut self.cells)?;
        Some(match kind {
            NULL => Cell::Null,
            FALSE => Cell::Boolean(false),
            TRUE => Cell::Boolean(true),
            INT32 => Cell::Integer(i32::from_le_bytes(take(&mut self.cells)?).into()),
            INT64 => Cell::Integer(i64::from_le_bytes(take(&mut self.cells)?)),
            DOUBLE => Cell::Real(f64::from_le_bytes(take(&mut self.cells)?)),
            BLOB => {
                let length = u32::from_le_bytes(take(&mut self.cells)?);
                Cell::Blob(cut(&mut self.cells, length as usize)?)
            }
            TEXT => {
                let length = u32::from_le_bytes(take(&mut self.cells)?);
                return self.text(length as usize);
            }
            short => return self.text((short - SHORT_TEXT).into()),
        })
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*taken)
}

fn cut<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

impl From<Cell<'_>> for Value {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Boolean(flag) => Self::Integer(flag.into()),
            Cell::Integer(number) => Self::Integer(number),
            Cell::Real(number) => Self::Real(number),
            Cell::Text(text) => Self::Text(text.into_owned()),
            Cell::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

/// As text: two digits a byte.
impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let digits = self.0.iter().map(|byte| format!("{byte:02x}"));
        to.serialize_str(&digits.collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(from)?;
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes = digits.as_bytes().chunks(2).map(byte);
        let bytes: Option<Vec<u8>> = bytes.collect();
        bytes
            .map(Self)
            .ok_or_else(|| de::Error::custom("these are no rows"))
    }
}

#[cfg(test)]
mod tests;
