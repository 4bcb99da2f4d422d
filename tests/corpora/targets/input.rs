//! Choices out of bytes: whatever they are, something comes of them, and a small change of them is a small change of it.

use arbitrary::Unstructured;

/// Text that parsers, quoting and JSON have trouble with.
const AWKWARD: &[&str] = &[
    "",
    "'",
    "\"",
    "\\",
    "\0",
    "a\"b",
    "it's",
    "NULL",
    "null",
    "-1",
    "t",
    "f",
    "true",
    "inf",
    "0_inf",
    "{}",
    "{1,NULL}",
    "[]",
    "\u{1f600}",
    "é",
    "-0",
    "1e400",
    "9223372036854775808",
    "18446744073709551615",
    "\\x",
    "\\xzz",
    "2026-01-02 03:04:05+00",
    "1.50",
    "a/b",
    "\u{feff}",
];

pub struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// 0 once the bytes are used up.
    pub fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub fn number(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// True about once in `n` times.
    pub fn one_in(&mut self, n: u8) -> bool {
        self.byte() % n == n - 1
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// Up to 31 bytes, as text.
    pub fn text(&mut self) -> String {
        let choice = self.below(64);
        if let Some(text) = AWKWARD.get(choice) {
            return (*text).to_owned();
        }
        let length = (choice - AWKWARD.len()).min(self.0.len());
        let bytes = self.0.bytes(length).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// All that is left of the bytes, up to `most`.
    pub fn rest(&mut self, most: usize) -> String {
        let length = self.0.len().min(most);
        let bytes = self.0.bytes(length).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }
}
