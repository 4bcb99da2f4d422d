//! Decimal text → double, exactly rounded.

/// Reads what [`str::parse`] reads as `f64`: digits with a point and an exponent, `inf`, `infinity`, `nan` in any case.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(super) fn parse(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The same by JavaScript's own reader (ECMAScript, StringToNumber), which saves the 10 KB tables of Rust's.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(super) fn parse(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let magnitude = if unsigned.starts_with(|first: char| first == '.' || first.is_ascii_digit()) {
        decimal(unsigned)?
    } else if ["inf", "infinity"]
        .iter()
        .any(|name| unsigned.eq_ignore_ascii_case(name))
    {
        f64::INFINITY
    } else if unsigned.eq_ignore_ascii_case("nan") {
        f64::NAN
    } else {
        return None;
    };
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

/// JavaScript also reads `0x10` and blanks around a number: only a decimal's characters reach it.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn decimal(text: &str) -> Option<f64> {
    let plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.bytes().all(plain) {
        return None;
    }
    let real = wasm_bindgen::JsValue::from_str(text).unchecked_into_f64();
    (!real.is_nan()).then_some(real)
}
