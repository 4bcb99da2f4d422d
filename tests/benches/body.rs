//! A shape body, the same one every time.

use std::fmt::Write;

/// The table that the body is of, by Electric's column types; the first column is the key.
pub const COLUMNS: &[(&str, &str)] = &[
    ("id", "uuid"),
    ("title", "text"),
    ("done", "bool"),
    ("priority", "int4"),
    ("weight", "float8"),
    ("price", "numeric"),
    ("created_at", "timestamptz"),
    ("note", "text"),
];

const WORDS: &[&str] = &[
    "milk",
    "quarterly",
    "review",
    "größer",
    "call \\\"the\\\" bank",
    "tomorrow",
    "invoice",
    "garden",
    "プラン",
    "ship",
];

/// The first answer of a shape: rows, then up-to-date.
pub struct Body {
    /// JSON.
    pub text: String,
    /// How many inserts it holds.
    pub rows: usize,
}

impl Body {
    /// Inserts of about 350 bytes until there are `bytes` of them.
    pub fn generate(bytes: usize) -> Self {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut text = String::with_capacity(bytes + 1000);
        let mut rows = 0;
        text.push('[');
        while text.len() < bytes {
            push_row(&mut text, &mut rng, rows);
            text.push(',');
            rows += 1;
        }
        text.push_str(r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"26800000"}}]"#);
        Self { text, rows }
    }
}

fn push_row(text: &mut String, rng: &mut fastrand::Rng, row: usize) {
    let id = format!("{:08x}-0000-4000-8000-{row:012x}", rng.u32(..));
    let title = words(rng, 2);
    let note = match rng.u8(..4) {
        0 => "null".to_owned(),
        _ => format!("\"{}\"", words(rng, 1)),
    };
    write!(
        text,
        concat!(
            r#"{{"key":"\"public\".\"items\"/\"{id}\"","value":{{"id":"{id}","title":"{title}","done":"{done}","#,
            r#""priority":"{priority}","weight":"{weight}","price":"{units}.{cents:02}","#,
            r#""created_at":"2026-{month:02}-{day:02} 03:04:05.{millis:03}+00","note":{note}}},"#,
            r#""headers":{{"operation":"insert","relation":["public","items"]}}}}"#
        ),
        id = id,
        title = title,
        done = rng.bool(),
        priority = rng.i32(-5..100),
        weight = rng.f64() * 100.0,
        units = rng.u32(..10_000),
        cents = rng.u8(..100),
        month = rng.u8(1..13),
        day = rng.u8(1..29),
        millis = rng.u16(1..1000),
        note = note,
    )
    .unwrap();
}

fn words(rng: &mut fastrand::Rng, count: usize) -> String {
    let words: Vec<&str> = (0..count)
        .map(|_| WORDS[rng.usize(..WORDS.len())])
        .collect();
    words.join(" ")
}
