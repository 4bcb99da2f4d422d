//! Doubles in decimal text, read to the nearest one and without the table of powers that the standard library brings along, which is
//! 10 KB to download: a guess by ordinary arithmetic, set right by exact comparison.

use std::cmp::Ordering;

/// Digits that can matter: halfway between two doubles there are at most 768. Whether any of the others is not zero is one more.
const DIGITS: usize = 770;
/// Beyond these powers of ten every number is infinite or zero.
const POWERS: std::ops::RangeInclusive<i64> = -400..=400;

/// Reads a decimal as `str::parse` does: to the nearest double, to an even one of two; `inf`, `infinity` and `nan` are read too.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let named = |name: &str| unsigned.eq_ignore_ascii_case(name);
    let read = if named("inf") || named("infinity") {
        f64::INFINITY
    } else if named("nan") {
        f64::NAN
    } else {
        Decimal::read(unsigned)?.nearest()
    };
    Some(sign * read)
}

/// `0.d₁d₂d₃… · 10^power`, the first digit and the last not zero.
struct Decimal {
    digits: Vec<u8>,
    power: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if all().next().is_none() || !all().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let zeros = all().take_while(|digit| *digit == b'0').count();
        let mut digits: Vec<u8> = all().skip(zeros).map(|digit| digit - b'0').collect();
        if digits.len() > DIGITS {
            let more = digits[DIGITS..].iter().any(|digit| *digit != 0);
            digits.truncate(DIGITS);
            digits.push(u8::from(more));
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let before = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?;
        Some(Self {
            digits,
            power: exponent.saturating_add(before),
        })
    }

    fn nearest(&self) -> f64 {
        if self.digits.is_empty() || self.power < *POWERS.start() {
            return 0.0;
        }
        if self.power > *POWERS.end() {
            return f64::INFINITY;
        }
        let mut guess = self.guess();
        if self.digits.len() <= 15 && self.exponent().abs() <= 22 {
            return guess;
        }
        while guess.is_finite() && self.cmp_middle(guess) == Ordering::Greater {
            guess = guess.next_up();
        }
        while guess > 0.0 && self.cmp_middle(guess.next_down()) == Ordering::Less {
            guess = guess.next_down();
        }
        let is_odd = |real: f64| real.to_bits() & 1 == 1;
        if guess.is_infinite() {
            return guess;
        }
        if self.cmp_middle(guess) == Ordering::Equal && is_odd(guess) {
            return guess.next_up();
        }
        if guess > 0.0 && self.cmp_middle(guess.next_down()) == Ordering::Equal && is_odd(guess) {
            return guess.next_down();
        }
        guess
    }

    /// The nearest double where two exact ones and one operation give it, as for most numbers that people write, else one nearby.
    fn guess(&self) -> f64 {
        let (first, rest) = self.digits.split_at(self.digits.len().min(17));
        let number = first
            .iter()
            .fold(0, |number, digit| number * 10 + u64::from(*digit));
        #[allow(clippy::cast_precision_loss)] // the guess need not be right
        let mut guess = number as f64;
        let mut left = self.exponent() + i64::try_from(rest.len()).unwrap_or_default();
        while left != 0 {
            // The powers up to this one are doubles.
            let step = left.clamp(-22, 22);
            let power = (0..step.abs()).fold(1.0, |power, _| power * 10.0);
            guess = if step < 0 {
                guess / power
            } else {
                guess * power
            };
            left -= step;
        }
        guess.min(f64::MAX)
    }

    /// The power of ten that the digits, as an integer, are multiplied by.
    fn exponent(&self) -> i64 {
        self.power - i64::try_from(self.digits.len()).unwrap_or_default()
    }

    /// Compares with the middle between a double and the next one.
    fn cmp_middle(&self, below: f64) -> Ordering {
        let (mantissa, power_of_two) = parts(below);
        let mut decimal = Natural::default();
        for digit in &self.digits {
            decimal.multiply_add(10, u32::from(*digit));
        }
        let mut middle = Natural::default();
        for part in [mantissa >> 32, mantissa & 0xffff_ffff] {
            middle.shift(32);
            middle.multiply_add(1, part as u32);
        }
        middle.multiply_add(2, 1);
        let exponent = self.exponent();
        let scaled = if exponent < 0 {
            &mut middle
        } else {
            &mut decimal
        };
        for _ in 0..exponent.unsigned_abs() {
            scaled.multiply_add(10, 0);
        }
        let halves = power_of_two - 1;
        let shifted = if halves < 0 {
            &mut decimal
        } else {
            &mut middle
        };
        shifted.shift(halves.unsigned_abs());
        decimal.cmp(&middle)
    }
}

/// What stands behind the `e`; one that no integer holds is as good as the largest.
fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    const LARGE: i64 = 1_000_000_000;
    let exponent = digits.parse().unwrap_or(LARGE).min(LARGE);
    Some(if text.starts_with('-') {
        -exponent
    } else {
        exponent
    })
}

/// A double that is not negative as an integer times a power of two.
fn parts(real: f64) -> (u64, i32) {
    let bits = real.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    #[allow(clippy::cast_possible_truncation)] // eleven bits
    match (bits >> 52) as i32 {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent - 1075),
    }
}

/// An integer of any size, its lowest 32 bits first and its highest not zero.
#[derive(PartialEq, Eq, Default)]
struct Natural(Vec<u32>);

impl Natural {
    #[allow(clippy::cast_possible_truncation)] // the lower half
    fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for part in &mut self.0 {
            carry += u64::from(*part) * u64::from(factor);
            *part = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn shift(&mut self, bits: u32) {
        if !self.0.is_empty() {
            self.0.splice(0..0, (0..bits / 32).map(|_| 0));
        }
        self.multiply_add(1 << (bits % 32), 0);
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = self.0.len().cmp(&other.0.len());
        size.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// What the standard library reads, to the bit; a NaN has many.
    fn reads_as_std(text: &str) {
        let bits = |read: Option<f64>| {
            read.map(|real| {
                if real.is_nan() {
                    f64::NAN.to_bits()
                } else {
                    real.to_bits()
                }
            })
        };
        assert_eq!(bits(parse(text)), bits(text.parse().ok()), "{text}");
    }

    #[test]
    fn what_is_hard_to_round_is_read_to_the_nearest() {
        let long_half = format!("1{}5e-16", "0".repeat(15));
        let above_half = format!("9007199254740993{}1", ".".to_owned() + &"0".repeat(900));
        let largest_half = format!("{}", f64::MAX);
        let tiny = format!("0.{}1", "0".repeat(400));
        for text in [
            "0",
            "-0",
            "0e400",
            "1",
            "0.1",
            "1.5",
            "-2.5e-3",
            "9007199254740993",
            "9007199254740995",
            "9007199254740992.5",
            "1e22",
            "1e23",
            "8.5e22",
            "123456789012345678901234567890",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "4.9e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "1.8e308",
            "1e309",
            "1e-400",
            "1e999999999999999999999",
            "1e-999999999999999999999",
            "6.02214076e23",
            "3.14159265358979323846264338327950288419716939937510",
            &long_half,
            &above_half,
            &largest_half,
            &tiny,
        ] {
            reads_as_std(text);
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "+",
            "-",
            ".",
            "e5",
            ".e5",
            "1e",
            "1e+",
            "1e1.5",
            "1_000",
            " 1",
            "1 ",
            "--1",
            "+-1",
            "0x10",
            "1.2.3",
            "infinit",
            "nan1",
            "é",
            "+1",
            ".5",
            "5.",
            "1E5",
            "1e+05",
            "inf",
            "-Infinity",
            "+iNf",
            "NaN",
            "-nan",
            "infinity",
        ] {
            reads_as_std(text);
        }
    }

    #[cfg(not(target_family = "wasm"))] // proptest's seeds need an operating system
    mod properties {
        use proptest::prelude::*;

        use super::reads_as_std;

        proptest! {
            #[test]
            fn every_double_is_read_back(bits in any::<u64>()) {
                let real = f64::from_bits(bits);
                reads_as_std(&format!("{real:?}"));
                reads_as_std(&format!("{real:e}"));
                reads_as_std(&format!("{real:.30e}"));
            }

            #[test]
            fn the_middle_of_two_is_read_to_the_even_one(mantissa in 1_u128 << 52..1 << 53, power in -31_i32..60, tail in "0{0,3}[01]?") {
                let middle = 2 * mantissa + 1;
                let (digits, exponent) = match power {
                    0.. => (middle << power, 0),
                    // 2^-n is 5^n 10^-n.
                    _ => (middle * 5_u128.pow(power.unsigned_abs()), power),
                };
                reads_as_std(&format!("{digits}e{exponent}"));
                reads_as_std(&format!("{}e{exponent}", digits - 1));
                reads_as_std(&format!("{digits}.{tail}e{exponent}"));
            }

            #[test]
            fn decimals_are_read(text in "[-+]?[0-9]{0,25}[.]?[0-9]{0,25}(e[-+]?[0-9]{1,3})?") {
                reads_as_std(&text);
            }
        }
    }
}
