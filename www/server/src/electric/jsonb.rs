//! Text of `jsonb`: sorted keys, one spacing, numbers kept as written (protocol section 12).
//!
//! Not modelled: rewriting of numbers in scientific notation, which Postgres prints in full.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// The text Postgres prints for a jsonb value. `None` when it is not JSON.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let mut out = String::with_capacity(text.len() + 8);
    print(raw, &mut out)?;
    Some(out)
}

fn print(raw: &RawValue, out: &mut String) -> Option<()> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'{' => {
            // The last of equal keys wins, as in Postgres.
            let members: HashMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|(left, _), (right, _)| {
                (left.len(), left.as_bytes()).cmp(&(right.len(), right.as_bytes()))
            });
            out.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(&serde_json::to_string(&key).ok()?);
                out.push_str(": ");
                print(value, out)?;
            }
            out.push('}');
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push('[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                print(item, out)?;
            }
            out.push(']');
        }
        b'"' => {
            let string: String = serde_json::from_str(text).ok()?;
            out.push_str(&serde_json::to_string(&string).ok()?);
        }
        _ => out.push_str(text),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn keys_sort_by_length_then_bytes_and_numbers_stay() {
        assert_eq!(
            canonical(r#"{"bb":[1,{ "z":null}],"a":1.0,"a":12345678901234567890.10,"c":"\u00fc"}"#)
                .as_deref(),
            Some(r#"{"a": 12345678901234567890.10, "c": "ü", "bb": [1, {"z": null}]}"#)
        );
        assert_eq!(canonical("null").as_deref(), Some("null"));
        assert_eq!(canonical("{"), None);
    }
}
