//! Real answers of an Electric service; `COMMANDS.txt` beside them says which request each answered.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use throughline::shape::ResponseHeaders;

pub type Query = BTreeMap<String, String>;

pub struct Recording {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: String,
    pub asked: Query,
}

impl Recording {
    pub fn headers(&self) -> ResponseHeaders {
        ResponseHeaders::new(self.fields.iter().map(|(name, value)| (name, value)))
    }
}

/// The recording with this number, and the request it answered.
pub fn recording(number: &str) -> Recording {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recordings");
    let named = |entry: &fs::DirEntry| {
        entry
            .file_name()
            .to_str()
            .unwrap()
            .starts_with(&format!("{number}-"))
    };
    let mut files = fs::read_dir(&folder).unwrap().map(Result::unwrap);
    let file = files.find(named).unwrap();
    let text = fs::read_to_string(file.path()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let commands = fs::read_to_string(folder.join("COMMANDS.txt")).unwrap();
    let command = commands
        .lines()
        .find(|line| line.starts_with(&format!("{number}-")))
        .unwrap();
    let url = &command[command.find("/v1/").unwrap()..];
    let url = url.split([' ', '\'']).next().unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    Recording {
        status: head.split(' ').nth(1).unwrap().trim()[..3].parse().unwrap(),
        fields: head.lines().filter_map(field).collect(),
        body: body.trim_end().to_owned(),
        asked: query(url),
    }
}

pub fn query(url: &str) -> Query {
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// The request is the recorded one, but for what only caches see.
pub fn assert_asks(number: &str, asks: &Query) {
    let (mut asked, mut asks) = (recording(number).asked, asks.clone());
    for ours in ["expired_handle", "cache-buster"] {
        asks.remove(ours);
    }
    if !asked.contains_key("cursor") {
        asks.remove("cursor");
    }
    asked.entry("log".into()).or_insert("full".into());
    assert_eq!(asks, asked, "{number}");
}
