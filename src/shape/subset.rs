//! Subset snapshots: rows of a `changes_only` shape, loaded where they are wanted (protocol section 10).
//!
//! A subset is read beside the log and never moves its position (trap 34). Its answer says which transactions its
//! rows contain, so that what the log tells of them later can be left out.

use serde_json::Value;

use super::machine::{Received, sentence};
use super::message::{self, Message};
use super::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::ids::{Handle, Lsn};
use crate::schema::Subset;

/// What was asked for, answered.
#[derive(Debug, PartialEq)]
pub struct SubsetRows<'a> {
    /// Inserts.
    pub messages: Vec<Message<'a>>,
    /// The transactions that they contain.
    pub snapshot: Snapshot,
    /// The server's position when it read them.
    pub lsn: Lsn,
}

/// Every other answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubsetTrouble {
    /// The log that the subset belongs to has ended: the shape has to find out, then ask again.
    Ended,
    /// Why there are no rows; a retry may help, as the error says.
    Failed(Error),
}

/// A subset without a condition would be a request for the log.
const EVERYTHING: &str = "true = true";

/// What is posted to the shape's URL, in the names of the protocol: bare, so that a proxy can pass on just these.
pub(crate) fn body(subset: &Subset) -> String {
    let mut body = serde_json::Map::new();
    let condition = subset.where_clause.as_deref().unwrap_or(EVERYTHING);
    body.insert("where".into(), condition.into());
    if !subset.params.is_empty() {
        let mut params = serde_json::Map::new();
        for (n, value) in (1..).zip(&subset.params) {
            params.insert(n.to_string(), value.as_str().into());
        }
        body.insert("params".into(), Value::Object(params));
    }
    if let Some(order) = &subset.order_by {
        body.insert("order_by".into(), order.as_str().into());
    }
    for (name, number) in [("limit", subset.limit), ("offset", subset.offset)] {
        if let Some(number) = number {
            body.insert(name.into(), number.into());
        }
    }
    Value::Object(body).to_string()
}

/// Reads an answer to a subset of the log `handle`.
pub(crate) fn read<'a>(
    got: &Received<'a>,
    handle: &Handle,
) -> Result<SubsetRows<'a>, SubsetTrouble> {
    use SubsetTrouble::{Ended, Failed};
    match got.status {
        200 if got.headers.is_html() => Err(Failed(Error::Endpoint(sentence(got)))),
        // `electric-snapshot` is not exposed across origins; the handle is.
        200 if got.headers.handle() != Some(handle) => Err(match got.headers.handle() {
            Some(_) => Ended,
            None => Failed(Error::Protocol(
                "the answer to a subset names no log: a proxy may hide electric-handle".into(),
            )),
        }),
        200 => message::parse_subset(got.body).map_err(Failed),
        409 => Err(Ended),
        400 => Err(Failed(Error::ShapeRejected(sentence(got)))),
        401 | 403 => Err(Failed(Error::Auth(sentence(got)))),
        408 | 425 | 429 | 500..=599 => Err(Failed(Error::Network(sentence(got)))),
        _ => Err(Failed(Error::Endpoint(sentence(got)))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ids::Millis;
    use crate::shape::ResponseHeaders;

    const RECORDED: &str =
        include_str!("../../tests/fixtures/recordings/70-subset-where-order-limit.http");

    fn read_with(status: u16, head: &str, body: &str) -> Result<usize, SubsetTrouble> {
        let headers = ResponseHeaders::new(head.lines().filter_map(|line| line.split_once(':')));
        let got = Received {
            now: Millis(0),
            status,
            headers: &headers,
            body,
        };
        let rows = read(&got, &Handle::from("73335481-1795342680093216"))?;
        assert_eq!(rows.lsn, Lsn(31_594_384));
        assert_eq!((rows.snapshot.xmin, rows.snapshot.xmax), (852, 852));
        Ok(rows.messages.len())
    }

    #[test]
    fn a_recorded_subset_is_read() {
        let (head, body) = RECORDED
            .split_once("\n\n")
            .or(RECORDED.split_once("\r\n\r\n"))
            .unwrap();
        assert_eq!(read_with(200, head, body), Ok(3));
        let other = head.replace("73335481-", "1-");
        assert_eq!(read_with(200, &other, body), Err(SubsetTrouble::Ended));
        assert_eq!(read_with(409, head, "[]"), Err(SubsetTrouble::Ended));
        for (status, code) in [
            (400, "SHAPE_REJECTED"),
            (403, "AUTH"),
            (503, "NETWORK"),
            (404, "ENDPOINT"),
        ] {
            let Err(SubsetTrouble::Failed(error)) = read_with(status, head, "{}") else {
                panic!("{status}");
            };
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn an_answer_that_is_a_page_is_no_subset() {
        let page = read_with(200, "content-type: text/html", "<html>");
        let Err(SubsetTrouble::Failed(error)) = page else {
            panic!("{page:?}");
        };
        assert_eq!(error.code(), "ENDPOINT");
        let nameless = read_with(200, "content-type: application/json", "{}");
        let Err(SubsetTrouble::Failed(error)) = nameless else {
            panic!("{nameless:?}");
        };
        assert_eq!(error.code(), "PROTOCOL");
    }

    /// Trap 33: a body says nothing but the subset, so nothing in it can override a proxy.
    #[test]
    fn the_body_speaks_the_protocol() {
        let subset: Subset = serde_json::from_str(
            r#"{"where": "list_id = $1", "params": ["1"], "orderBy": "id desc", "limit": 3}"#,
        )
        .unwrap();
        assert_eq!(subset.check(), Ok(()));
        assert_eq!(
            body(&subset),
            r#"{"limit":3,"order_by":"id desc","params":{"1":"1"},"where":"list_id = $1"}"#
        );
        assert_eq!(body(&Subset::default()), r#"{"where":"true = true"}"#);
        let unordered = Subset {
            limit: Some(1),
            ..Subset::default()
        };
        assert_eq!(unordered.check().unwrap_err().code(), "ARGUMENT");
    }
}
