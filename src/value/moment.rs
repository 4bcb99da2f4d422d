//! Dates and times: what apps and servers write → the one spelling of Electric's sessions (ISO, UTC, trailing zeros trimmed).
//!
//! By hand, because no date crate reads or holds what Postgres has: `+00` for a zone, BC, `infinity`, 24:00:00, years to 5874897
//! (<https://www.postgresql.org/docs/current/datatype-datetime.html>).

use super::{PgType, real};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 4714-11-24 BC, where the Julian day count begins, in days since 1970-01-01.
const FIRST_DAY: i64 = -2_440_588;
/// The year of [`FIRST_DAY`], counted with a year 0.
const FIRST_YEAR: i64 = -4713;
const LAST_YEAR: i64 = 5_874_897;
const LAST_TIMESTAMP_YEAR: i64 = 294_276;
/// Zones go to 15:59:59 in Postgres.
const ZONE_LIMIT: i64 = 16 * 3600;

/// Whether the text is already spelled as a server in UTC spells it. Only the common form is recognised: four-digit years, no era;
/// that the day exists is left to the server.
pub(super) fn is_server_spelling(ty: &PgType, text: &str) -> bool {
    let (fixed, zone) = match ty {
        PgType::Date => ("0000-00-00", ""),
        PgType::Time => ("00:00:00", ""),
        PgType::Timestamp => ("0000-00-00 00:00:00", ""),
        PgType::Timestamptz => ("0000-00-00 00:00:00", "+00"),
        _ => return false,
    };
    let Some((head, fraction)) = text
        .strip_suffix(zone)
        .and_then(|text| text.split_at_checked(fixed.len()))
    else {
        return false;
    };
    let fits = |(found, wanted): (u8, u8)| match wanted {
        b'0' => found.is_ascii_digit(),
        separator => found == separator,
    };
    head.bytes().zip(fixed.bytes()).all(fits)
        && (fraction.is_empty()
            || *ty != PgType::Date
                && fraction.len() <= ".000000".len()
                && fraction.starts_with('.')
                && fraction.ends_with(|c: char| matches!(c, '1'..='9'))
                && fraction[1..].bytes().all(|b| b.is_ascii_digit()))
}

/// Reads RFC 3339, JavaScript's ISO form or Postgres' own and spells it as the server will. `None` if it is none of these.
///
/// A timestamp with a zone moves to UTC, also for a `date`; without one it is UTC. A `timestamp` and a `time` ignore a zone, as Postgres does.
pub(super) fn normalize(ty: &PgType, text: &str) -> Option<String> {
    let text = text.trim_ascii();
    if !matches!(ty, PgType::Time | PgType::Timetz) {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if unsigned.eq_ignore_ascii_case("infinity") {
            let sign = if text.starts_with('-') { "-" } else { "" };
            return Some(format!("{sign}infinity"));
        }
    }
    let moment = Moment::parse(text)?;
    let mut out = String::with_capacity("0000-00-00 00:00:00.000000+00".len());
    match ty {
        PgType::Date => {
            let days = match moment.zone {
                Some(_) => moment.utc()?.0,
                None => moment.days?,
            };
            let era = write_date(&mut out, days, LAST_YEAR)?;
            out.push_str(era);
        }
        PgType::Time => write_time(&mut out, moment.time?),
        PgType::Timetz => {
            write_time(&mut out, moment.time?);
            write_zone(&mut out, moment.zone.unwrap_or(0));
        }
        PgType::Timestamp | PgType::Timestamptz => {
            let ((days, micros), zone) = match ty {
                PgType::Timestamptz => (moment.utc()?, "+00"),
                _ => (moment.west_by(0)?, ""),
            };
            let era = write_date(&mut out, days, LAST_TIMESTAMP_YEAR)?;
            out.push(' ');
            write_time(&mut out, micros);
            out.push_str(zone);
            out.push_str(era);
        }
        _ => return None,
    }
    Some(out)
}

/// What a text says; a part that it does not name is `None`.
struct Moment {
    /// Days since 1970-01-01.
    days: Option<i64>,
    /// Microseconds since midnight, up to and including 24:00:00.
    time: Option<i64>,
    /// Seconds east of UTC.
    zone: Option<i64>,
}

impl Moment {
    fn parse(text: &str) -> Option<Self> {
        let (text, before_christ) = match text
            .len()
            .checked_sub(3)
            .map(|at| text.split_at_checked(at))
        {
            Some(Some((rest, era))) if era.eq_ignore_ascii_case(" bc") => (rest, true),
            Some(Some((rest, era))) if era.eq_ignore_ascii_case(" ad") => (rest, false),
            _ => (text, false),
        };
        let mut scan = Scanner(text.trim_ascii().as_bytes());
        let mut moment = Self {
            days: None,
            time: None,
            zone: None,
        };
        if !matches!(scan.0, [_, b':', ..] | [_, _, b':', ..]) {
            moment.days = Some(scan.date(before_christ)?);
            if scan.0.is_empty() {
                return Some(moment);
            }
            if !scan.take(b'T') && !scan.take(b't') && !scan.spaces() {
                return None;
            }
        }
        moment.time = Some(scan.time()?);
        scan.spaces();
        if !scan.0.is_empty() {
            moment.zone = Some(scan.zone()?);
        }
        scan.0.is_empty().then_some(moment)
    }

    /// Days since 1970-01-01 and microseconds of the day on a clock `zone` seconds west of the one that was read; a date alone is its
    /// midnight. A pair, because microseconds alone do not fit 64 bits.
    fn west_by(&self, zone: i64) -> Option<(i64, i64)> {
        let micros = self.time.unwrap_or(0) - zone * SECOND;
        Some((self.days? + micros.div_euclid(DAY), micros.rem_euclid(DAY)))
    }

    fn utc(&self) -> Option<(i64, i64)> {
        self.west_by(self.zone.unwrap_or(0))
    }
}

struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn take(&mut self, wanted: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn spaces(&mut self) -> bool {
        let before = self.0.len();
        self.0 = self.0.trim_ascii_start();
        self.0.len() < before
    }

    fn digits(&mut self) -> &[u8] {
        let count = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits
    }

    /// A number of `least..=most` digits; with `most` below 19 it fits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.digits();
        let number = |digits: &[u8]| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0'));
        (least..=most)
            .contains(&digits.len())
            .then(|| number(digits))
    }

    fn date(&mut self, before_christ: bool) -> Option<i64> {
        let sign = match self.0 {
            [b'-', ..] => -1,
            [b'+', ..] => 1,
            _ => 0,
        };
        let mut year = if sign == 0 {
            self.number(4, 7).filter(|year| *year > 0)?
        } else {
            // JavaScript's expanded years: a sign and six digits, counted with a year 0.
            self.0 = &self.0[1..];
            sign * self.number(6, 6).filter(|_| !before_christ)?
        };
        if before_christ {
            year = 1 - year;
        }
        let month = self.take(b'-').then(|| self.number(1, 2))??;
        let day = self.take(b'-').then(|| self.number(1, 2))??;
        let real = (FIRST_YEAR..=LAST_YEAR).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        real.then(|| days_since_epoch(year, month, day))
    }

    fn time(&mut self) -> Option<i64> {
        let hour = self.number(1, 2)?;
        let minute = self.take(b':').then(|| self.number(2, 2))??;
        let mut second = 0;
        let mut micros = 0;
        if self.take(b':') {
            second = self.number(2, 2)?;
            if self.take(b'.') {
                micros = self.micros()?;
            }
        }
        let time = ((hour * 60 + minute) * 60 + second) * SECOND + micros;
        // 23:59:60 and 24:00:00 exist, 24:00:01 does not.
        (minute < 60 && second <= 60 && time <= DAY).then_some(time)
    }

    /// The digits after the point; more than six are rounded as Postgres does (rint): in a double, to even.
    fn micros(&mut self) -> Option<i64> {
        let digits = self.digits();
        if digits.len() <= 6 {
            let padded = digits.iter().chain([b'0'; 6].iter()).take(6);
            return Some(padded.fold(0, |n, d| n * 10 + i64::from(d - b'0')));
        }
        let digits = str::from_utf8(digits).ok()?;
        let fraction = real::parse(&format!("0.{digits}"))?;
        #[allow(clippy::cast_possible_truncation)] // between 0 and 1000000
        Some((fraction * 1e6).round_ties_even() as i64)
    }

    fn zone(&mut self) -> Option<i64> {
        if self.0.eq_ignore_ascii_case(b"z") || self.0.eq_ignore_ascii_case(b"utc") {
            self.0 = &[];
            return Some(0);
        }
        let sign = if self.take(b'-') {
            -1
        } else if self.take(b'+') {
            1
        } else {
            return None;
        };
        let (hours, minutes) = match self.number(1, 4)? {
            // `+0530`
            both @ 100.. => (both / 100, both % 100),
            hours if self.take(b':') => (hours, self.number(2, 2)?),
            hours => (hours, 0),
        };
        let seconds = if self.take(b':') {
            self.number(2, 2)?
        } else {
            0
        };
        let east = (hours * 60 + minutes) * 60 + seconds;
        (minutes < 60 && seconds < 60 && east < ZONE_LIMIT).then_some(sign * east)
    }
}

/// Appends the date and returns the era that goes to the very end of the text.
fn write_date(out: &mut String, days: i64, last_year: i64) -> Option<&'static str> {
    let (year, month, day) = civil(days);
    if days < FIRST_DAY || year > last_year {
        return None;
    }
    let (year, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    write_digits(out, year, 4);
    out.push('-');
    write_digits(out, month, 2);
    out.push('-');
    write_digits(out, day, 2);
    Some(era)
}

fn write_time(out: &mut String, micros: i64) {
    let (seconds, fraction) = (micros / SECOND, micros % SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write_digits(out, hour, 2);
    out.push(':');
    write_digits(out, minute, 2);
    out.push(':');
    write_digits(out, second, 2);
    if fraction > 0 {
        out.push('.');
        write_digits(out, fraction, 6);
        out.truncate(out.trim_end_matches('0').len());
    }
}

fn write_zone(out: &mut String, east: i64) {
    let sign = if east < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (east.abs() / 3600, east.abs() / 60 % 60, east.abs() % 60);
    out.push(sign);
    write_digits(out, hours, 2);
    if minutes > 0 || seconds > 0 {
        out.push(':');
        write_digits(out, minutes, 2);
    }
    if seconds > 0 {
        out.push(':');
        write_digits(out, seconds, 2);
    }
}

/// A number that is not negative, with zeros before it up to that many digits. Every timestamp that an app writes comes by here, and the
/// standard library's formatting takes several times as long.
fn write_digits(out: &mut String, number: i64, least: u32) {
    let mut unit = 10_i64.pow(least - 1);
    while number / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        out.push(char::from(b'0' + (number / unit % 10) as u8));
        unit /= 10;
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the leap day is a year's last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 153 days are any five months from March or August on; 719468 days lie between 0000-03-01 and the epoch.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The inverse of [`days_since_epoch`]: year (with a year 0), month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    // A first guess by the mean length of a year is off by one at most.
    let mut year = (days * 400).div_euclid(DAYS_OF_400_YEARS) + 1970;
    while days < days_since_epoch(year, 1, 1) {
        year -= 1;
    }
    while days >= days_since_epoch(year + 1, 1, 1) {
        year += 1;
    }
    let mut month = 1;
    let mut day = days - days_since_epoch(year, 1, 1) + 1;
    while day > days_in_month(year, month) {
        day -= days_in_month(year, month);
        month += 1;
    }
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_thousand_years_has_its_own_date() {
        let mut expected = (-400, 1, 1);
        for days in days_since_epoch(-400, 1, 1)..days_since_epoch(600, 1, 1) {
            assert_eq!(civil(days), expected);
            let (year, month, day) = expected;
            assert_eq!(days_since_epoch(year, month, day), days);
            expected = match (month, day < days_in_month(year, month)) {
                (_, true) => (year, month, day + 1),
                (12, false) => (year + 1, 1, 1),
                (_, false) => (year, month + 1, 1),
            };
        }
        assert_eq!(civil(FIRST_DAY), (FIRST_YEAR, 11, 24));
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
    }
}
