//! Text of dates and times: ISO, UTC, a space instead of `T`, `+00` instead of `Z` (protocol section 12).
//!
//! Not modelled: years BC and beyond 9999.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::{RoundMode, TimestampRound, Unit};

/// Microseconds since the Unix epoch; the model's only notion of now.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Micros(pub u64);

impl Micros {
    /// The moment as a `timestamptz`.
    pub fn to_timestamptz(self) -> String {
        i64::try_from(self.0)
            .ok()
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .map_or_else(|| "infinity".to_owned(), print_timestamptz)
    }
}

fn infinite(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    matches!(lower.as_str(), "infinity" | "-infinity").then_some(lower)
}

/// Text of a `date`.
pub(crate) fn date(text: &str) -> Option<String> {
    infinite(text).or_else(|| {
        let date: Date = text.parse().ok()?;
        (date.year() > 0).then(|| date.to_string())
    })
}

/// Text of a `timestamp`; a zone in the input is ignored, as Postgres does.
pub(crate) fn timestamp(text: &str) -> Option<String> {
    infinite(text).or_else(|| {
        let zoneless = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        let moment: DateTime = zoneless.parse().ok()?;
        let rounded = moment
            .round(
                jiff::civil::DateTimeRound::new()
                    .smallest(Unit::Microsecond)
                    .mode(RoundMode::HalfEven),
            )
            .ok()?;
        (rounded.year() > 0).then(|| print_civil(rounded))
    })
}

/// Text of a `timestamptz` with so many fractional digits, 6 at most; without a zone the input is UTC.
pub(crate) fn timestamptz(text: &str, digits: u8) -> Option<String> {
    let nanoseconds = 10_i64.pow(9 - u32::from(digits.min(6)));
    // Postgres reads microseconds half to even and cuts them to a precision half away from zero.
    let mode = match digits < 6 {
        true => RoundMode::HalfExpand,
        false => RoundMode::HalfEven,
    };
    infinite(text).or_else(|| {
        let moment = match text.parse::<Timestamp>() {
            Ok(moment) => moment,
            Err(_) => {
                let civil: DateTime = text.parse().ok()?;
                jiff::tz::Offset::UTC.to_timestamp(civil).ok()?
            }
        };
        let rounded = moment
            .round(
                TimestampRound::new()
                    .smallest(Unit::Nanosecond)
                    .increment(nanoseconds)
                    .mode(mode),
            )
            .ok()?;
        let printed = print_timestamptz(rounded);
        (!printed.starts_with('-')).then_some(printed)
    })
}

fn print_timestamptz(moment: Timestamp) -> String {
    print_civil(jiff::tz::Offset::UTC.to_datetime(moment)) + "+00"
}

fn print_civil(moment: DateTime) -> String {
    let mut text = format!(
        "{} {:02}:{:02}:{:02}",
        moment.date(),
        moment.hour(),
        moment.minute(),
        moment.second()
    );
    let micros = moment.subsec_nanosecond() / 1000;
    if micros != 0 {
        text.push_str(format!(".{micros:06}").trim_end_matches('0'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamptz_reads_rfc_3339_and_the_electric_spelling() {
        for (input, output) in [
            (
                "2026-01-02T03:04:05.678901Z",
                "2026-01-02 03:04:05.678901+00",
            ),
            (
                "2026-01-02 03:04:05.678901+00",
                "2026-01-02 03:04:05.678901+00",
            ),
            ("2026-01-02T05:04:05.500+02:00", "2026-01-02 03:04:05.5+00"),
            ("2026-01-02 03:04:05", "2026-01-02 03:04:05+00"),
            ("2026-01-02", "2026-01-02 00:00:00+00"),
            ("Infinity", "infinity"),
        ] {
            assert_eq!(timestamptz(input, 6).as_deref(), Some(output), "{input}");
        }
        for input in ["", "tomorrow", "2026-13-01T00:00:00Z", "5"] {
            assert_eq!(timestamptz(input, 6), None, "{input}");
        }
    }

    #[test]
    fn timestamps_and_dates() {
        assert_eq!(
            timestamp("2024-01-02T03:04:05.50").as_deref(),
            Some("2024-01-02 03:04:05.5")
        );
        assert_eq!(
            timestamp("2024-01-02T03:04:05Z").as_deref(),
            Some("2024-01-02 03:04:05")
        );
        assert_eq!(date("2024-01-02").as_deref(), Some("2024-01-02"));
        assert_eq!(date("2024-02-30"), None);
        assert_eq!(
            Micros(1_767_323_045_678_901).to_timestamptz(),
            "2026-01-02 03:04:05.678901+00"
        );
    }
}
