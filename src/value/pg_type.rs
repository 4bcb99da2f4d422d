//! The Postgres types that have a spelling of their own; everything else is text.

use std::fmt;

/// A column's Postgres type, as far as its values need to know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PgType {
    /// `boolean`.
    Bool,
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `oid`: 32 bits without a sign.
    Oid,
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `numeric`: text everywhere, because its scale is significant.
    Numeric,
    /// `text`, `varchar`, `name`, `citext`.
    Text,
    /// `char(n)`, padded with spaces by the server.
    Bpchar,
    /// `uuid`.
    Uuid,
    /// `bytea`.
    Bytea,
    /// `json`: text as it was written.
    Json,
    /// `jsonb`: text in the server's spelling.
    Jsonb,
    /// `date`.
    Date,
    /// `time without time zone`.
    Time,
    /// `time with time zone`.
    Timetz,
    /// `timestamp without time zone`.
    Timestamp,
    /// `timestamp with time zone`.
    Timestamptz,
    /// `interval`, in ISO 8601 with a sign for each part.
    Interval,
    /// `inet`.
    Inet,
    /// `cidr`.
    Cidr,
    /// An array of any number of dimensions; Postgres does not enforce the declared number.
    Array(Box<PgType>),
    /// An enum, a domain, a range or any other type: its output text, verbatim.
    Other(String),
}

impl PgType {
    /// Reads one entry of the `electric-schema` header: the element's type name and its array dimensions (0 for no array).
    pub fn from_electric(type_name: &str, dims: u32) -> Self {
        let element = match type_name {
            "bool" => Self::Bool,
            "int2" => Self::Int2,
            "int4" => Self::Int4,
            "int8" => Self::Int8,
            "oid" => Self::Oid,
            "float4" => Self::Float4,
            "float8" => Self::Float8,
            "numeric" => Self::Numeric,
            "text" | "varchar" | "name" | "citext" => Self::Text,
            "bpchar" => Self::Bpchar,
            "uuid" => Self::Uuid,
            "bytea" => Self::Bytea,
            "json" => Self::Json,
            "jsonb" => Self::Jsonb,
            "date" => Self::Date,
            "time" => Self::Time,
            "timetz" => Self::Timetz,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::Timestamptz,
            "interval" => Self::Interval,
            "inet" => Self::Inet,
            "cidr" => Self::Cidr,
            other => Self::Other(other.to_owned()),
        };
        if dims == 0 {
            element
        } else {
            Self::Array(Box::new(element))
        }
    }

    /// One entry of the `electric-schema` header in SQL spelling: as it is, or in quotes where [`PgType::parse_declared`] would take it
    /// for another type, as with an enum called `My Mood`.
    pub fn spell_electric(type_name: &str, dims: u32) -> String {
        let brackets = if dims == 0 { "" } else { "[]" };
        let plain = format!("{type_name}{brackets}");
        if Self::parse_declared(&plain) == Ok(Self::from_electric(type_name, dims)) {
            plain
        } else {
            format!("\"{}\"{brackets}", type_name.replace('"', "\"\""))
        }
    }

    /// Whether a column that the server says is of this type may be declared as `declared`: it is that type, or one that we do not know
    /// and that may be a domain over it. Electric names the domain only.
    pub fn may_be_declared(&self, declared: &Self) -> bool {
        match (self, declared) {
            _ if self == declared => true,
            (Self::Array(sent), Self::Array(declared)) => sent.may_be_declared(declared),
            (Self::Other(_), Self::Other(_)) => false,
            (sent, _) => matches!(sent, Self::Other(_)),
        }
    }

    /// Reads a type in SQL spelling: `integer`, `varchar(20)`, `timestamp(3) with time zone`, `text[]`, `public.mood`.
    ///
    /// Lengths and precisions are dropped, the server enforces them. An unknown name becomes [`PgType::Other`]; the error is a sentence
    /// for a text that is no type at all.
    pub fn parse_declared(text: &str) -> Result<Self, String> {
        let (name, is_array) = element_name(text)?;
        Ok(Self::from_electric(&name, u32::from(is_array)))
    }

    /// A type in SQL spelling by the name that Postgres' catalog has for it, an array of any dimensions with one `[]`: `int8`,
    /// `timestamptz`, `varchar`, `int4[]`. The error is that of [`PgType::parse_declared`].
    pub fn catalog_name(text: &str) -> Result<String, String> {
        let (mut name, is_array) = element_name(text)?;
        if is_array {
            name.push_str("[]");
        }
        Ok(name)
    }

    /// The type of the SQLite column. Its affinity must never convert a value: what is neither a boolean, a machine number nor bytes
    /// is TEXT (<https://www.sqlite.org/datatype3.html>, section 3.1).
    pub fn declared_type(&self) -> &'static str {
        match self {
            Self::Bool => "BOOLEAN",
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid => "INTEGER",
            Self::Float4 | Self::Float8 => "REAL",
            Self::Bytea => "BLOB",
            _ => "TEXT",
        }
    }

    /// Whether [`canonical`](super::canonical) can change or refuse a text.
    ///
    /// For a type that answers `false`, NULL and text pass as they are. A number or a blob does not, and affinity does not refuse a
    /// blob either: SQL that skips the call must do so only for `typeof(x) IN ('text', 'null')`.
    pub fn needs_canonical(&self) -> bool {
        !matches!(
            self,
            Self::Text | Self::Bpchar | Self::Interval | Self::Other(_)
        )
    }

    /// The name in a sentence: `an integer`, `a uuid`.
    pub(super) fn with_article(&self) -> String {
        let name = self.to_string();
        let article = match name.as_bytes().first() {
            Some(b'a' | b'e' | b'i' | b'o') => "an",
            _ => "a",
        };
        format!("{article} {name}")
    }

    /// Whether values are JSON text that the wire embeds.
    pub(super) fn is_json(&self) -> bool {
        matches!(self, Self::Json | Self::Jsonb)
    }
}

/// The SQL spelling; [`PgType::parse_declared`] reads it back.
impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Oid => "oid",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Bpchar => "character",
            Self::Uuid => "uuid",
            Self::Bytea => "bytea",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timetz => "time with time zone",
            Self::Timestamp => "timestamp",
            Self::Timestamptz => "timestamp with time zone",
            Self::Interval => "interval",
            Self::Inet => "inet",
            Self::Cidr => "cidr",
            Self::Array(element) => return write!(f, "{element}[]"),
            Self::Other(name) => {
                return match Self::parse_declared(name) {
                    Ok(same) if same == *self => f.write_str(name),
                    _ => write!(f, "\"{}\"", name.replace('"', "\"\"")),
                };
            }
        })
    }
}

/// The element's name as `electric-schema` has it, and whether it is an array of them.
fn element_name(text: &str) -> Result<(String, bool), String> {
    let (mut name, modifier) = without_modifiers(text)?;
    let mut is_array = false;
    loop {
        let trimmed = name.trim_end();
        let shorter = match trimmed.strip_suffix(']') {
            Some(rest) => rest.rfind('[').map(|open| &rest[..open]),
            None => {
                let cut = trimmed.len().saturating_sub(" array".len());
                match trimmed.get(cut..) {
                    Some(tail) if tail.eq_ignore_ascii_case(" array") => Some(&trimmed[..cut]),
                    _ => break,
                }
            }
        };
        let shorter = shorter.ok_or_else(|| format!("{text:?} is not a column type"))?;
        name = shorter.to_owned();
        is_array = true;
    }
    let is_quoted = name.trim_end().ends_with('"');
    let name = spoken_name(&name);
    if name.is_empty() || (!is_quoted && name.contains(['[', ']'])) {
        return Err(format!("{text:?} is not a column type"));
    }
    let electric = match name.as_str() {
        same if is_quoted => same,
        "boolean" => "bool",
        "smallint" | "smallserial" | "serial2" => "int2",
        "integer" | "int" | "serial" | "serial4" => "int4",
        "bigint" | "bigserial" | "serial8" => "int8",
        "real" => "float4",
        "float" if modifier.is_some_and(|bits| bits <= 24) => "float4",
        "float" | "double precision" => "float8",
        "decimal" | "dec" => "numeric",
        "character varying" | "char varying" => "varchar",
        "character" | "char" => "bpchar",
        "bit varying" => "varbit",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        fields if fields.starts_with("interval ") => "interval",
        same => same,
    };
    Ok((electric.to_owned(), is_array))
}

/// Cuts out `(…)` wherever it stands outside quotes and hands the first number in it along: `timestamp(3) with time zone`.
fn without_modifiers(text: &str) -> Result<(String, Option<u32>), String> {
    let mut kept = String::with_capacity(text.len());
    let (mut inside, mut quoted) = (None, false);
    let mut modifier = None;
    for (at, c) in text.char_indices() {
        match (c, inside) {
            ('(', None) if !quoted => inside = Some(at + 1),
            (')', Some(from)) => {
                let first = text[from..at].split(',').next().unwrap_or_default();
                modifier = modifier.or(first.trim().parse().ok());
                inside = None;
                kept.push(' ');
            }
            (_, Some(_)) => {}
            (')', None) if !quoted => return Err(format!("{text:?} is not a column type")),
            (c, None) => {
                quoted ^= c == '"';
                kept.push(c);
            }
        }
    }
    if inside.is_some() || quoted {
        return Err(format!("{text:?} is not a column type"));
    }
    Ok((kept, modifier))
}

/// What stands in the last quotes of a text that ends with them. A quote right after one that closed is a quote of the name.
fn last_quoted(text: &str) -> &str {
    let (mut start, mut end, mut inside) = (0, None, false);
    for (at, _) in text.match_indices('"') {
        if inside {
            end = Some(at);
        } else if at == 0 || end != Some(at - 1) {
            start = at + 1;
        }
        inside = !inside;
    }
    text.get(start..text.len() - 1).unwrap_or_default()
}

/// The name as `electric-schema` has it: no schema, no quotes, lower case unless quoted, single spaces.
fn spoken_name(text: &str) -> String {
    let text = text.trim();
    if text.ends_with('"') {
        return last_quoted(text).replace("\"\"", "\"");
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    let words: Vec<&str> = last.split_whitespace().collect();
    words.join(" ").to_ascii_lowercase()
}
