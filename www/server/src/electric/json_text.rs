//! JSON written straight to text: logs may be hundreds of megabytes long.

use std::fmt::Write;

/// Appends a JSON string.
pub(crate) fn push_text(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    out.push('"');
    match text.bytes().all(plain) {
        true => out.push_str(text),
        false => {
            for letter in text.chars() {
                match letter {
                    '"' => out.push_str("\\\""),
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    letter if letter < ' ' => {
                        // Writing to a string cannot fail.
                        let _ = write!(out, "\\u{:04x}", u32::from(letter));
                    }
                    letter => out.push(letter),
                }
            }
        }
    }
    out.push('"');
}

/// An object being written.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        push_text(self.out, name);
        self.out.push(':');
    }

    /// A member whose value is text, or NULL.
    pub(crate) fn text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        self.name(name);
        match value {
            Some(text) => push_text(self.out, text),
            None => self.out.push_str("null"),
        }
        self
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name);
        self.out.push_str(json);
        self
    }

    /// A member that is an object.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.name(name);
        let mut inner = Object::open(self.out);
        write(&mut inner);
        inner.close();
        self
    }

    pub(crate) fn close(self) {
        self.out.push('}');
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in ["", "plain", "a\"b\\c\n\r\t\u{1}\u{7f}ü✓\u{2028}"] {
            let mut out = String::new();
            let mut object = Object::open(&mut out);
            object.text(text, Some(text)).text("none", None);
            object.object("in", |inner| {
                inner.raw("one", "1");
            });
            object.close();
            let read: serde_json::Value = serde_json::from_str(&out).unwrap();
            let expected = serde_json::json!({ text: text, "none": null, "in": { "one": 1 } });
            assert_eq!(read, expected);
        }
    }
}
