//! Text of `numeric`: decimal digits of any length, where the scale is significant (protocol section 12).

/// Largest exponent that is written out; beyond it the text is refused.
const MAX_EXPONENT: i32 = 20_000;

/// The text Postgres prints for a numeric literal, rounded half away from zero to the scale of `limits`
/// (precision, scale). `None` when it is no number or has too many digits.
pub(crate) fn canonical(text: &str, limits: Option<(u32, u32)>) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => return Some("NaN".into()),
        "infinity" | "inf" | "+infinity" if limits.is_none() => return Some("Infinity".into()),
        "-infinity" | "-inf" if limits.is_none() => return Some("-Infinity".into()),
        _ => {}
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if exponent.abs() > MAX_EXPONENT {
        return None;
    }
    let mut scale = i32::try_from(fraction.len()).ok()? - exponent;
    while scale < 0 {
        digits.push(b'0');
        scale += 1;
    }
    let mut scale = usize::try_from(scale).ok()?;
    while digits.len() <= scale {
        digits.insert(0, b'0');
    }
    if let Some((precision, wanted)) = limits {
        scale = round(&mut digits, scale, wanted as usize);
        let significant = digits.iter().skip_while(|&&digit| digit == b'0').count();
        if significant > precision as usize {
            return None;
        }
    }
    let point = digits.len() - scale;
    let leading = digits[..point - 1]
        .iter()
        .take_while(|&&digit| digit == b'0')
        .count();
    let zero = digits.iter().all(|&digit| digit == b'0');
    let ascii = |digits: &[u8]| {
        digits
            .iter()
            .map(|&digit| char::from(digit))
            .collect::<String>()
    };
    // A negative zero keeps its sign for floats, which come here in scientific notation; a numeric has none.
    let sign = if negative && (!zero || text.contains('e')) {
        "-"
    } else {
        ""
    };
    let whole = ascii(&digits[leading..point]);
    Some(match scale {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{}", ascii(&digits[point..])),
    })
}

/// Brings the digits to the wanted scale, which it returns.
fn round(digits: &mut Vec<u8>, scale: usize, wanted: usize) -> usize {
    if scale <= wanted {
        digits.resize(digits.len() + wanted - scale, b'0');
        return wanted;
    }
    let cut = digits.len() - (scale - wanted);
    let up = digits[cut] >= b'5';
    digits.truncate(cut);
    if up {
        let nines = digits
            .iter()
            .rev()
            .take_while(|&&digit| digit == b'9')
            .count();
        let length = digits.len();
        digits[length - nines..].fill(b'0');
        match length.checked_sub(nines + 1) {
            Some(index) => digits[index] += 1,
            None => digits.insert(0, b'1'),
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn scale_is_kept_and_exponents_are_written_out() {
        for (input, output) in [
            ("1.500", "1.500"),
            ("-00.5", "-0.5"),
            (".5", "0.5"),
            ("12345678901234567890.123", "12345678901234567890.123"),
            ("1.5e3", "1500"),
            ("15e-3", "0.015"),
            ("-0", "0"),
            ("nan", "NaN"),
        ] {
            assert_eq!(canonical(input, None).as_deref(), Some(output), "{input}");
        }
        for input in ["", ".", "1.2.3", "e5", "1e99999", "0x10", "١"] {
            assert_eq!(canonical(input, None), None, "{input}");
        }
    }

    #[test]
    fn limits_round_half_away_from_zero_and_refuse_overflow() {
        assert_eq!(canonical("1.005", Some((10, 2))).as_deref(), Some("1.01"));
        assert_eq!(
            canonical("-9.995", Some((10, 2))).as_deref(),
            Some("-10.00")
        );
        assert_eq!(canonical("7", Some((10, 2))).as_deref(), Some("7.00"));
        assert_eq!(canonical("999.999", Some((5, 2))), None);
    }
}
