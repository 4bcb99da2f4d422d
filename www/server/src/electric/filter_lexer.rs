//! Text of a `where` → tokens.

/// A token and where it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// An unquoted word, lower case.
    Word(String),
    /// A quoted identifier.
    Quoted(String),
    /// A string literal.
    Text(String),
    Number(String),
    Param(u32),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 14] = [
    "::", "<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "-", "+", ".",
];

/// Splits a condition.
///
/// # Errors
/// A sentence for the `where` field of a 400.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            return Ok(out);
        };
        let run = |wanted: fn(char) -> bool| {
            rest.find(|letter: char| !wanted(letter))
                .unwrap_or(rest.len())
        };
        let (kind, length) = match first {
            '\'' | '"' => {
                let (content, length) = quoted(rest, first)
                    .ok_or_else(|| format!("At location {at}: unterminated {first}"))?;
                match first {
                    '"' => (Kind::Quoted(content), length),
                    _ => (Kind::Text(content), length),
                }
            }
            '$' => {
                let length = 1 + rest[1..]
                    .find(|letter: char| !letter.is_ascii_digit())
                    .unwrap_or(rest.len() - 1);
                let number = rest[1..length].parse();
                (
                    Kind::Param(
                        number.map_err(|_| format!("At location {at}: $ without a number"))?,
                    ),
                    length,
                )
            }
            '0'..='9' => {
                let length = run(|letter| letter.is_ascii_digit() || letter == '.');
                (Kind::Number(rest[..length].to_owned()), length)
            }
            letter if letter.is_alphabetic() || letter == '_' => {
                let length = run(|letter| letter.is_alphanumeric() || letter == '_');
                (Kind::Word(rest[..length].to_lowercase()), length)
            }
            _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => (Kind::Symbol(symbol), symbol.len()),
                None => return Err(format!("At location {at}: syntax error at {first}")),
            },
        };
        out.push(Token { at, kind });
        rest = &rest[length..];
    }
}

/// The content of a quoted run and its length; a doubled quote stands for one.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((index, letter)) = letters.next() {
        if letter != quote {
            content.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Some((content, index + 1));
        }
    }
    None
}
