//! Positions in a shape's log (protocol section 4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::protocol::{OFFSET_BEFORE_ALL, OFFSET_INFINITY, OFFSET_NOW};
use crate::error::Error;
use crate::ids::Lsn;

/// A place in a shape's log, ordered as the server orders it.
///
/// LSNs compare as unsigned 64-bit numbers and operations as numbers, with `inf` the largest: neither text order nor
/// a double gets that right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Offset {
    /// `-1`: before everything.
    BeforeAll,
    /// `<lsn>_<operation>`: after that operation of the transaction committed at `lsn`. LSN 0 is the snapshot.
    At(Lsn, Operation),
}

/// The second half of an [`Offset`]: sparse numbers, gaps mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// A numbered operation, or a chunk of the snapshot.
    Number(u64),
    /// `inf`: after all of them.
    Infinity,
}

impl Offset {
    /// `lsn_operation`.
    pub fn at(lsn: u64, operation: u64) -> Self {
        Self::At(Lsn(lsn), Operation::Number(operation))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeAll => f.write_str(OFFSET_BEFORE_ALL),
            Self::At(lsn, Operation::Number(operation)) => write!(f, "{lsn}_{operation}"),
            Self::At(lsn, Operation::Infinity) => write!(f, "{lsn}_{OFFSET_INFINITY}"),
        }
    }
}

impl FromStr for Offset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Protocol(format!("{text:?} is not an offset"));
        if text == OFFSET_BEFORE_ALL {
            return Ok(Self::BeforeAll);
        }
        let (lsn, operation) = text.split_once('_').ok_or_else(wrong)?;
        let operation = match operation {
            OFFSET_INFINITY => Operation::Infinity,
            number => Operation::Number(decimal(number).ok_or_else(wrong)?),
        };
        Ok(Self::At(Lsn(decimal(lsn).ok_or_else(wrong)?), operation))
    }
}

/// Digits only: `u64::from_str` would also take a leading plus.
fn decimal(text: &str) -> Option<u64> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

impl TryFrom<String> for Offset {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Offset> for String {
    fn from(offset: Offset) -> Self {
        offset.to_string()
    }
}

/// What a request may ask for: a place in the log, or only where its head is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOffset {
    /// Continue after this place.
    After(Offset),
    /// `now`: no rows, only the position of the head. It can be asked for and never be stored.
    Now,
}

impl fmt::Display for RequestOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(offset) => offset.fmt(f),
            Self::Now => f.write_str(OFFSET_NOW),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_text_and_json() {
        for text in [
            "-1",
            "0_0",
            "0_inf",
            "31225920_6",
            "18446744073709551615_inf",
        ] {
            let offset: Offset = text.parse().unwrap();
            assert_eq!(offset.to_string(), text);
            let json = serde_json::to_string(&offset).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Offset>(&json).unwrap(), offset);
        }
    }

    /// Trap 3: text order and doubles both fail one of these pairs.
    #[test]
    fn offsets_compare_as_numbers_and_infinity_is_the_largest() {
        let ordered = [
            "-1",
            "0_0",
            "0_9",
            "0_10",
            "0_inf",
            "1_0",
            "9_0",
            "10_0",
            "10_inf",
            "9007199254740992_0",
            "9007199254740993_0",
            "18446744073709551615_0",
        ]
        .map(|text| text.parse::<Offset>().unwrap());
        assert!(ordered.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "now",
            "-1_0",
            "0",
            "0_",
            "_0",
            "+1_0",
            "1_+0",
            "0_INF",
            "1_2_3",
            "-2",
            "18446744073709551616_0",
            "1.0_0",
        ] {
            assert_eq!(
                text.parse::<Offset>().unwrap_err().code(),
                "PROTOCOL",
                "{text}"
            );
        }
    }

    #[test]
    fn now_is_a_request_and_no_position() {
        assert_eq!(RequestOffset::Now.to_string(), "now");
        assert_eq!(RequestOffset::After(Offset::BeforeAll).to_string(), "-1");
    }
}
