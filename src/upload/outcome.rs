//! What the answer to a POST means: the design's answer table as one function.

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::{Error, ErrorReport, shortened};
use crate::ids::{Lsn, Xid};

/// What an answer says about the transactions that were sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The server dealt with these, and not yet with those it did not name.
    Settled(Vec<ServerVerdict>),
    /// They were refused as a whole: the fault of one of them at least.
    Refused(ErrorReport),
    /// The same, unless fresh headers help.
    Forbidden(ErrorReport),
    /// They are more than the server takes at once.
    TooLarge(ErrorReport),
    /// Nothing was decided.
    Failed {
        /// What happened, for the status.
        error: Error,
        /// `Retry-After` in milliseconds: not before that.
        after: Option<u64>,
        /// One of them may be why: the server is not known to be down, busy or out of reach.
        suspect: bool,
    },
}

/// The server's word on one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerVerdict {
    /// The idempotency key it was sent under.
    pub id: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// See [`ServerVerdict`].
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Applied.
    Accepted {
        /// The database's transaction, if the server tells.
        txid: Option<Xid>,
        /// A position at or after its commit, if the server tells.
        lsn: Option<Lsn>,
        /// It changed no row, so no change will come back.
        noop: bool,
    },
    /// Refused for good.
    Rejected(ErrorReport),
}

const ACCEPTED: Verdict = Verdict::Accepted {
    txid: None,
    lsn: None,
    noop: false,
};

/// Reads the answer to a POST of the transactions `sent`.
pub fn classify(
    status: u16,
    is_html: bool,
    retry_after: Option<u64>,
    body: &str,
    sent: &[String],
) -> Outcome {
    let answered = format!("the write endpoint answered {status}");
    let failed = |error, suspect| Outcome::Failed {
        error,
        after: retry_after,
        suspect,
    };
    match status {
        _ if is_html || is_page(body) => failed(
            Error::Endpoint(answered + " with an HTML page: a login page or a wrong URL"),
            false,
        ),
        200..=299 if is_unreadable(body) => failed(
            Error::Network(answered + " with JSON that breaks off, or that nobody can read"),
            false,
        ),
        200..=299 => Outcome::Settled(verdicts(body, sent)),
        400 | 409 | 422 => Outcome::Refused(reason("REJECTED", status, body)),
        403 => Outcome::Forbidden(reason("FORBIDDEN", status, body)),
        413 => Outcome::TooLarge(ErrorReport {
            code: "TOO_LARGE".into(),
            message: "the transaction is larger than the server takes".into(),
            retryable: false,
        }),
        401 => failed(Error::Auth(answered), false),
        408 | 425 | 429 | 503 | 504 => failed(Error::Network(answered), false),
        // One that wants to be left alone for a while is down as a whole.
        500 | 502 | 505..=599 => failed(Error::Network(answered), retry_after.is_none()),
        _ => failed(Error::Endpoint(answered), false),
    }
}

/// A login page that says nothing of its type.
fn is_page(body: &str) -> bool {
    let begins = |with: &str| {
        let start = body.trim_start().get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    begins("<html") || begins("<!doctype html")
}

/// The verdicts were on their way and have not arrived whole, or stand beside numbers and nesting beyond what we read: some of them may
/// be rejections, so it goes again.
fn is_unreadable(body: &str) -> bool {
    let body = body.trim_start();
    body.starts_with(['{', '['])
        && match crate::json::from_str::<IgnoredAny>(body) {
            Ok(_) => crate::json::from_str::<Value>(body).is_err(),
            Err(error) => error.is_eof(),
        }
}

/// A 2xx without a body that we know accepts everything, as the example's server does.
fn verdicts(body: &str, sent: &[String]) -> Vec<ServerVerdict> {
    let answered = crate::json::from_str(body)
        .ok()
        .and_then(|answer| named(&answer));
    let mine = |id: &String| match &answered {
        None => Some(ACCEPTED),
        Some(named) => named
            .iter()
            .find(|one| one.id == *id)
            .map(|one| one.verdict.clone()),
    };
    sent.iter()
        .filter_map(|id| {
            Some(ServerVerdict {
                verdict: mine(id)?,
                id: id.clone(),
            })
        })
        .collect()
}

/// The verdicts that a body names; `None` if none of it is of the form that we know.
fn named(answer: &Value) -> Option<Vec<ServerVerdict>> {
    let transactions = answer.get("transactions").and_then(Value::as_array);
    let verdicts = |list: &Vec<Value>| list.iter().filter_map(verdict).collect();
    let named: Vec<ServerVerdict> = transactions.or(answer.as_array()).map(verdicts)?;
    (transactions.is_some_and(Vec::is_empty) || !named.is_empty()).then_some(named)
}

fn verdict(answer: &Value) -> Option<ServerVerdict> {
    let verdict = match answer.get("status")?.as_str()? {
        "accepted" => Verdict::Accepted {
            // A 64-bit id carries an epoch above the 32 bits that the log shows (protocol section 15).
            txid: position(answer, "txid").map(|txid| Xid(txid as u32)),
            lsn: position(answer, "lsn").map(Lsn),
            noop: answer.get("noop").and_then(Value::as_bool) == Some(true),
        },
        "rejected" => Verdict::Rejected(report(answer.get("error"), "REJECTED")),
        _ => return None,
    };
    Some(ServerVerdict {
        id: answer.get("id")?.as_str()?.to_owned(),
        verdict,
    })
}

/// Positions are text on the wire, since they outgrow a double; small servers send numbers all the same.
fn position(answer: &Value, name: &str) -> Option<u64> {
    let position = answer.get(name)?;
    position
        .as_u64()
        .or_else(|| position.as_str()?.parse().ok())
}

/// The reason in a 4xx body: `{"error":{"code","message"}}` or `{"message"}`; else the status says what there is to say.
fn reason(code: &str, status: u16, body: &str) -> ErrorReport {
    let body: Value = crate::json::from_str(body).unwrap_or_default();
    let error = match body.get("error") {
        Some(error) if error.is_object() => error,
        _ => &body,
    };
    let mut report = report(Some(error), code);
    if error.get("message").is_none() {
        report.message = format!("the server answered {status}");
    }
    report
}

fn report(error: Option<&Value>, code: &str) -> ErrorReport {
    let text = |name, otherwise: &str| {
        let given = error.and_then(|error| error.get(name)?.as_str());
        shortened(given.unwrap_or(otherwise).to_owned())
    };
    ErrorReport {
        code: text("code", code),
        message: text("message", "the server gave no reason"),
        retryable: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(ids: &[&str]) -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    }

    fn answer(status: u16, body: &str, ids: &[&str]) -> Outcome {
        classify(status, false, None, body, &sent(ids))
    }

    #[test]
    fn a_bare_200_accepts_everything() {
        let Outcome::Settled(verdicts) = answer(200, "OK", &["c:1", "c:2"]) else {
            panic!("not settled");
        };
        assert!(verdicts.iter().all(|one| one.verdict == ACCEPTED));
        assert_eq!(verdicts.len(), 2);
    }

    #[test]
    fn verdicts_that_break_off_accept_nothing_and_are_asked_for_again() {
        let whole = r#"{"transactions":[{"id":"c:1","status":"rejected"}]}"#;
        for end in 1..whole.len() {
            let outcome = answer(200, &whole[..end], &["c:1"]);
            let Outcome::Failed { error, suspect, .. } = outcome else {
                panic!("{} settles it", &whole[..end]);
            };
            assert_eq!((error.code(), suspect), ("NETWORK", false));
        }
    }

    /// Trap 17: a 64-bit transaction id is cut to what the log shows.
    #[test]
    fn each_transaction_has_its_own_verdict_and_the_unnamed_goes_again() {
        let body = r#"{"transactions":[
            {"id":"c:1","status":"accepted","txid":4294967299,"lsn":"18446744073709551615"},
            {"id":"c:2","status":"rejected","error":{"code":"EMPTY_TITLE","message":"needs a title"}},
            {"id":"unknown","status":"accepted"}]}"#;
        let Outcome::Settled(verdicts) = answer(200, body, &["c:1", "c:2", "c:3"]) else {
            panic!("not settled");
        };
        assert_eq!(
            verdicts[0].verdict,
            Verdict::Accepted {
                txid: Some(Xid(3)),
                lsn: Some(Lsn(u64::MAX)),
                noop: false
            }
        );
        assert!(
            matches!(&verdicts[1].verdict, Verdict::Rejected(error) if error.code == "EMPTY_TITLE")
        );
        assert_eq!(verdicts.len(), 2);
    }

    #[test]
    fn a_list_of_verdicts_needs_no_name() {
        let body = r#"[{"id":"c:1","status":"rejected","error":{"message":"no"}}]"#;
        let Outcome::Settled(verdicts) = answer(200, body, &["c:1", "c:2"]) else {
            panic!("not settled");
        };
        assert_eq!(verdicts.len(), 1);
        assert!(matches!(&verdicts[0].verdict, Verdict::Rejected(error) if error.message == "no"));
        let Outcome::Settled(verdicts) = answer(200, "[]", &["c:1"]) else {
            panic!("not settled");
        };
        assert_eq!(verdicts[0].verdict, ACCEPTED);
    }

    #[test]
    fn a_refusal_has_the_reason_of_the_body_or_of_the_status() {
        for (status, body, code, message) in [
            (422, r#"{"message":"no"}"#, "REJECTED", "no"),
            (
                409,
                r#"{"error":{"code":"TAKEN","message":"no"}}"#,
                "TAKEN",
                "no",
            ),
            (
                409,
                r#"{"error":"Conflict","message":"no"}"#,
                "REJECTED",
                "no",
            ),
            (400, "not JSON", "REJECTED", "the server answered 400"),
        ] {
            let Outcome::Refused(error) = answer(status, body, &["c:1"]) else {
                panic!("{status} is not a refusal");
            };
            assert_eq!(
                (error.code.as_str(), error.message.as_str()),
                (code, message)
            );
        }
        assert!(matches!(
            answer(403, "", &["c:1"]),
            Outcome::Forbidden(error) if error.code == "FORBIDDEN"
        ));
        assert!(matches!(
            answer(413, "", &["c:1"]),
            Outcome::TooLarge(error) if error.code == "TOO_LARGE"
        ));
    }

    #[test]
    fn nothing_is_lost_to_what_is_not_a_verdict() {
        for (status, code) in [
            (301, "ENDPOINT"),
            (401, "AUTH"),
            (404, "ENDPOINT"),
            (405, "ENDPOINT"),
            (408, "NETWORK"),
            (410, "ENDPOINT"),
            (425, "NETWORK"),
            (429, "NETWORK"),
            (500, "NETWORK"),
            (501, "ENDPOINT"),
            (503, "NETWORK"),
            (0, "ENDPOINT"),
        ] {
            let Outcome::Failed { error, suspect, .. } = answer(status, "", &["c:1"]) else {
                panic!("{status} decides something");
            };
            assert_eq!(error.code(), code, "{status}");
            assert_eq!(suspect, status == 500, "{status}");
        }
        for status in [200, 403, 422] {
            let portal = classify(status, true, None, "<html>", &sent(&["c:1"]));
            assert!(
                matches!(
                    portal,
                    Outcome::Failed {
                        error: Error::Endpoint(_),
                        ..
                    }
                ),
                "{status}"
            );
        }
    }

    #[test]
    fn a_failing_server_that_names_a_time_is_down_as_a_whole() {
        let outcome = classify(500, false, Some(3_000), "", &sent(&["c:1"]));
        assert!(matches!(
            outcome,
            Outcome::Failed {
                after: Some(3_000),
                suspect: false,
                ..
            }
        ));
    }
}
