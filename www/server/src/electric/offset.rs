//! Positions in a shape log (protocol section 4).

use std::fmt;
use std::str::FromStr;

/// A position `L_P` in a log; `0_n` lies in the snapshot and `0_inf` at its end.
///
/// Order is by `L` as unsigned 64-bit, then by `P`, with `inf` the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offset {
    /// Commit LSN of the transaction, 0 in the snapshot.
    pub lsn: u64,
    /// Operation within it; `u64::MAX` stands for `inf`.
    pub position: u64,
}

impl Offset {
    /// The end of the snapshot when nothing has been streamed.
    pub const SNAPSHOT_END: Offset = Offset {
        lsn: 0,
        position: u64::MAX,
    };

    /// The position after this one: `0_inf` is followed by `1_0`.
    pub(crate) fn next(self) -> Self {
        match self.position {
            u64::MAX => Self::new(self.lsn + 1, 0),
            position => Self::new(self.lsn, position + 1),
        }
    }

    /// The position of operation `position` in the transaction committed at `lsn`.
    pub fn new(lsn: u64, position: u64) -> Self {
        Self { lsn, position }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            u64::MAX => write!(f, "{}_inf", self.lsn),
            position => write!(f, "{}_{position}", self.lsn),
        }
    }
}

impl FromStr for Offset {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u64>().map_err(|_| ()),
            false => Err(()),
        };
        let (lsn, position) = text.split_once('_').ok_or(())?;
        Ok(Self {
            lsn: digits(lsn)?,
            position: match position {
                "inf" => u64::MAX,
                number => digits(number)?,
            },
        })
    }
}

/// What a request may ask for as `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// `-1`: the first chunk of the snapshot.
    Start,
    /// `now`: the head of the log and no rows.
    Now,
    /// Everything after an offset.
    After(Offset),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Start => f.write_str("-1"),
            Position::Now => f.write_str("now"),
            Position::After(offset) => offset.fmt(f),
        }
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "-1" => Ok(Position::Start),
            "now" => Ok(Position::Now),
            offset => offset.parse().map(Position::After),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn offsets_order_as_number_pairs_with_inf_last() {
        let sorted = [
            "0_0",
            "0_1",
            "0_inf",
            "9_2",
            "10_0",
            "18446744073709551615_1",
        ];
        let parsed: Vec<Offset> = sorted.iter().map(|text| text.parse().unwrap()).collect();
        assert!(parsed.is_sorted());
        let printed: Vec<String> = parsed.iter().map(Offset::to_string).collect();
        assert_eq!(printed, sorted);
    }

    #[test]
    fn other_spellings_are_no_offset() {
        for text in [
            "",
            "5",
            "_",
            "1_",
            "_1",
            "+1_0",
            "-1_0",
            "1_0_0",
            "18446744073709551616_0",
        ] {
            assert!(text.parse::<Offset>().is_err(), "{text}");
        }
    }
}
