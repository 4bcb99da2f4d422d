//! The recorded responses of the real service, and the request of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use jiff::fmt::rfc2822;
use throughline_server::electric::{Method, Micros, ShapeRequest};

/// One recorded exchange.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) request: ShapeRequest,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/recordings")
}

impl Recording {
    /// Reads the recording whose file name begins with `number`.
    pub(crate) fn read(number: &str) -> Self {
        let prefix = format!("{number}-");
        let path = fs::read_dir(fixtures())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with(&prefix)
            })
            .unwrap_or_else(|| panic!("no recording {number}"));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap();
        let (status, headers) = head.split_once('\n').unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        };
        Self {
            request: request_of(&name),
            status: status.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: headers.lines().map(header).collect(),
            body: body.to_owned(),
            name,
        }
    }

    /// When the response was sent.
    pub(crate) fn time(&self) -> Micros {
        let date = rfc2822::parse(&self.headers["date"].replace("GMT", "+0000")).unwrap();
        Micros(u64::try_from(date.timestamp().as_microsecond()).unwrap())
    }

    /// The random jump that the service added to the cursor, so that the model can be given the same.
    pub(crate) fn entropy(&self) -> u64 {
        let number = |text: &String| text.parse::<u64>().unwrap();
        let got = self.headers.get("electric-cursor").map(number);
        let sent = self.request.query.get("cursor").map(number);
        match (got, sent) {
            (Some(got), Some(sent)) => got - sent - 1,
            _ => 0,
        }
    }
}

/// The request of a recording, from its line in COMMANDS.txt.
fn request_of(name: &str) -> ShapeRequest {
    let commands = fs::read_to_string(fixtures().join("COMMANDS.txt")).unwrap();
    let line = commands
        .lines()
        .find(|line| line.split_whitespace().next() == Some(name))
        .unwrap_or_else(|| panic!("no command for {name}"));
    let url = &line[line.find("/v1/").unwrap()..];
    let url = url.split([' ', '\'']).next().unwrap();
    let mut request = ShapeRequest::get(url);
    if line.contains("-X OPTIONS") {
        request = request.method(Method::Options);
    } else if line.contains("-X DELETE") {
        request = request.method(Method::Delete);
    } else if line.contains(" -I ") {
        request = request.method(Method::Head);
    }
    let sent = |header: &str| {
        let (_, rest) = line.split_once(&format!("-H {header}: "))?;
        Some(rest.split([' ', '\'']).next()?.to_owned())
    };
    request.if_none_match = sent("If-None-Match");
    request.origin = sent("Origin");
    request
}
