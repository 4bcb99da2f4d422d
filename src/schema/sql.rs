//! SQL text from names and values. Quoting happens here and nowhere else.

/// A quoted identifier: any name is safe, `"` is doubled (<https://sqlite.org/lang_keywords.html>).
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A quoted text literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The parts joined by `, `.
pub fn list<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for part in parts {
        append(&mut text, part.as_ref());
    }
    text
}

fn append(text: &mut String, part: &str) {
    if !text.is_empty() {
        text.push_str(", ");
    }
    text.push_str(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_survive_in_names_and_literals() {
        assert_eq!(identifier(r#"na/me "x""#), r#""na/me ""x""""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(list(["a", "b"]), "a, b");
    }
}
