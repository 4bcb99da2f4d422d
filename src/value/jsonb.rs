//! `jsonb` as the server prints it: keys by length and then by bytes, the last of equal ones, one spacing, numbers without exponent
//! (<https://www.postgresql.org/docs/current/datatype-json.html>).

use super::{json, number};

/// Nesting that a worker's stack has room for many times over.
const MAX_DEPTH: usize = 500;

/// Spells valid JSON as the server's echo will have it. `None` for what only `json` holds: half a surrogate pair, a number beyond
/// numeric; and for what is nested deeper than [`MAX_DEPTH`].
pub(super) fn spell(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 8);
    Scanner(text, MAX_DEPTH).value(&mut out)?;
    Some(out)
}

/// Over text that is known to be valid JSON, and how much deeper it may be nested.
struct Scanner<'a>(&'a str, usize);

impl Scanner<'_> {
    fn value(&mut self, out: &mut String) -> Option<()> {
        match self.peek()? {
            open @ ('{' | '[') => {
                self.1 = self.1.checked_sub(1)?;
                match open {
                    '{' => self.object(out),
                    _ => self.array(out),
                }?;
                self.1 += 1;
            }
            '"' => json::write_string(out, &self.string()?),
            _ => self.bare(out)?,
        }
        Some(())
    }

    fn object(&mut self, out: &mut String) -> Option<()> {
        let mut members: Vec<(String, String)> = Vec::new();
        self.skip();
        while self.peek()? != '}' {
            let key = self.string()?;
            self.peek()?;
            self.skip();
            let mut value = String::new();
            self.value(&mut value)?;
            // By insertion: most objects are small or sorted already, and a sort of its own is 3 KB of module.
            let at = members.partition_point(|(known, _)| (known.len(), known) < (key.len(), &key));
            match members.get_mut(at) {
                Some((known, last)) if *known == key => *last = value,
                _ => members.insert(at, (key, value)),
            }
            if self.peek()? == ',' {
                self.skip();
            }
        }
        self.skip();
        out.push('{');
        for (at, (key, value)) in members.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            json::write_string(out, key);
            out.push_str(": ");
            out.push_str(value);
        }
        out.push('}');
        Some(())
    }

    fn array(&mut self, out: &mut String) -> Option<()> {
        self.skip();
        out.push('[');
        while self.peek()? != ']' {
            self.value(out)?;
            if self.peek()? == ',' {
                self.skip();
                out.push_str(", ");
            }
        }
        self.skip();
        out.push(']');
        Some(())
    }

    /// A string without its quotes and escapes.
    fn string(&mut self) -> Option<String> {
        self.peek()?;
        let mut escaped = false;
        let closing = |c: char| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        };
        let end = 1 + self.0.get(1..)?.find(closing)?;
        let (token, rest) = self.0.split_at_checked(end + 1)?;
        self.0 = rest;
        crate::json::from_str(token).ok()
    }

    /// A number, `true`, `false` or `null`.
    fn bare(&mut self, out: &mut String) -> Option<()> {
        let ends = |c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace();
        let (token, rest) = self.0.split_at(self.0.find(ends).unwrap_or(self.0.len()));
        self.0 = rest;
        if token.starts_with(|c: char| c.is_ascii_alphabetic()) {
            out.push_str(token);
        } else {
            out.push_str(&number::numeric_text(token)?);
        }
        Some(())
    }

    fn peek(&mut self) -> Option<char> {
        self.0 = self.0.trim_ascii_start();
        self.0.chars().next()
    }

    /// Drops the character that was just looked at: one of JSON's own, a byte each.
    fn skip(&mut self) {
        self.0 = self.0.get(1..).unwrap_or_default();
    }
}
