//! What rows are told apart by without being kept.

use rusqlite::types::ValueRef;

/// Any odd number with as many ones as zeros; this one is of the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 bits of all that was put in, in order.
///
/// Each step is reversible, so contents that differ in one number, or in one word of a text, are never taken for the same; others
/// are once in 2^64 times, as by any hash of this size. The standard library's does several times the work, to keep hash tables
/// from being overrun by who chooses the keys; whoever chooses rows here could at most keep a change of theirs from being told.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Hash(u64);

impl Hash {
    fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(FACTOR);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn bytes(&mut self, kind: u64, bytes: &[u8]) {
        self.word(kind | (bytes.len() as u64) << 8);
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(last));
        }
    }

    /// Adds a value.
    pub(in crate::engine) fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.word(1),
            ValueRef::Integer(number) => {
                self.word(2);
                self.word(number as u64);
            }
            ValueRef::Real(number) => {
                self.word(3);
                self.word(number.to_bits());
            }
            ValueRef::Text(text) => self.bytes(4, text),
            ValueRef::Blob(bytes) => self.bytes(5, bytes),
        }
    }

    /// The bits, well mixed.
    pub(in crate::engine) fn finish(mut self) -> u64 {
        self.word(6);
        self.word(7);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn hash(values: &[ValueRef<'_>]) -> u64 {
        let mut hash = Hash::default();
        for value in values {
            hash.value(*value);
        }
        hash.finish()
    }

    #[test]
    fn what_looks_alike_has_hashes_of_its_own() {
        use ValueRef::{Blob, Integer, Null, Real, Text};
        let rows: &[&[ValueRef<'_>]] = &[
            &[],
            &[Null],
            &[Null, Null],
            &[Integer(0)],
            &[Real(0.0)],
            &[Real(-0.0)],
            &[Integer(1)],
            &[Text(b"1")],
            &[Blob(b"1")],
            &[Text(b"")],
            &[Text(b"\0")],
            &[Text(b"\0\0")],
            &[Text(b"ab"), Text(b"c")],
            &[Text(b"a"), Text(b"bc")],
            &[Text(b"12345678"), Text(b"")],
            &[Text(b""), Text(b"12345678")],
        ];
        let hashes: HashSet<u64> = rows.iter().map(|row| hash(row)).collect();
        assert_eq!(hashes.len(), rows.len());
    }

    #[test]
    fn numbers_in_a_row_and_texts_that_differ_little_do_not_meet() {
        let mut hashes = HashSet::new();
        for number in 0..50_000_i64 {
            assert!(hashes.insert(hash(&[
                ValueRef::Integer(number),
                ValueRef::Integer(-number)
            ])));
            let text = format!("todo {number:08}");
            assert!(hashes.insert(hash(&[ValueRef::Text(text.as_bytes()), ValueRef::Null])));
        }
        // Low bits choose the bucket when rows are looked up.
        let low: HashSet<u64> = hashes.iter().map(|hash| hash & 0xffff).collect();
        assert!(low.len() > 50_000, "{}", low.len());
    }
}
