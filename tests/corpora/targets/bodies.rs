//! Text where a shape's body, its headers or its offset should be. The input is the text.

use throughline::engine::Answer;
use throughline::error::Result;
use throughline::shape::message::{Message, parse, parse_subset};
use throughline::shape::{Offset, ResponseHeaders};

use super::device::assert_clear;

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    clear(parse(text)).inspect(|messages| assert_read(text, messages));
    clear(parse_subset(text));
    if let Some(offset) = clear(text.parse::<Offset>()) {
        assert_eq!(
            offset.to_string().parse(),
            Ok(offset),
            "an offset is spelled as it is read"
        );
    }
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let answer = Answer {
        status: 200,
        headers: head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    };
    let headers = ResponseHeaders::new(answer.headers.iter().map(|(name, value)| (name, value)));
    let now = throughline::ids::Millis(1_767_322_800_000);
    let longest = throughline::shape::protocol::RETRY_AFTER_CAP_MS;
    assert!(
        headers
            .retry_after_ms(now)
            .is_none_or(|wait| wait <= longest)
    );
    for live in [false, true] {
        clear(headers.of_log(live));
    }
    clear(parse(&answer.body)).inspect(|messages| assert_read(&answer.body, messages));
}

/// An error tells what is wrong, in a code and a sentence.
fn clear<T>(read: Result<T>) -> Option<T> {
    read.inspect_err(|error| assert_clear(&error.report())).ok()
}

/// Every element of the array is a message, whatever it is, and a row has the columns that were sent.
fn assert_read(body: &str, messages: &[Message<'_>]) {
    let Ok(elements) = serde_json::from_str::<Vec<serde_json::Value>>(body) else {
        return;
    };
    assert_eq!(elements.len(), messages.len(), "{body}");
    for (element, message) in elements.iter().zip(messages) {
        if let (Message::Change(change), Some(value)) = (message, element["value"].as_object()) {
            for (name, text) in &change.value.0 {
                let sent = value.get(name.as_ref());
                let is_twice = change
                    .value
                    .0
                    .iter()
                    .filter(|(other, _)| other == name)
                    .count()
                    > 1;
                assert!(
                    is_twice || sent.map(|sent| sent.as_str()) == Some(text.as_deref()),
                    "{body}: {name}"
                );
            }
        }
    }
}
