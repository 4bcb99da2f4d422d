//! What the answer to a POST means: the design's answer table as one function.

use serde_json::Value;

use crate::error::{Error, ErrorReport};
use crate::ids::{Lsn, Xid};

/// What to do about an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The server dealt with these; those it did not name go again.
    Settled(Vec<ServerVerdict>),
    /// Something in the batch was refused: send less, until the guilty transaction stands alone.
    Split,
    /// The only transaction of the batch was refused.
    Refused(ErrorReport),
    /// Nothing was decided; try again, not before `after` milliseconds if the server said so.
    Retry {
        /// What happened, for the status.
        error: Error,
        /// `Retry-After`.
        after: Option<u64>,
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
    let retry = |error| Outcome::Retry {
        error,
        after: retry_after,
    };
    match status {
        _ if is_html => retry(Error::Endpoint(format!(
            "the write endpoint answered {status} with an HTML page: a login page or a wrong URL"
        ))),
        200..=299 => Outcome::Settled(verdicts(body, sent)),
        400 | 409 | 422 if sent.len() > 1 => Outcome::Split,
        400 | 409 | 422 => Outcome::Refused(reason(status, body)),
        413 if sent.len() > 1 => Outcome::Split,
        413 => Outcome::Refused(ErrorReport {
            code: "TOO_LARGE".into(),
            message: "the transaction is larger than the server takes".into(),
            retryable: false,
        }),
        401 | 403 => retry(Error::Auth(format!("the write endpoint answered {status}"))),
        408 | 425 | 429 | 500 | 502..=599 => retry(Error::Network(format!(
            "the write endpoint answered {status}"
        ))),
        _ => retry(Error::Endpoint(format!(
            "the write endpoint answered {status}"
        ))),
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

/// The verdicts that a body names; `None` if it is not of the form that we know.
fn named(answer: &Value) -> Option<Vec<ServerVerdict>> {
    let transactions = answer.get("transactions")?.as_array()?;
    transactions.iter().map(verdict).collect()
}

fn verdict(answer: &Value) -> Option<ServerVerdict> {
    let verdict = match answer.get("status")?.as_str()? {
        "accepted" => Verdict::Accepted {
            // A 64-bit id carries an epoch above the 32 bits that the log shows (protocol section 15).
            txid: position(answer, "txid").map(|txid| Xid(txid as u32)),
            lsn: position(answer, "lsn").map(Lsn),
            noop: answer.get("noop").and_then(Value::as_bool) == Some(true),
        },
        "rejected" => Verdict::Rejected(report(answer.get("error"))),
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
fn reason(status: u16, body: &str) -> ErrorReport {
    let body: Value = crate::json::from_str(body).unwrap_or_default();
    let error = match body.get("error") {
        Some(error) if error.is_object() => error,
        _ => &body,
    };
    let mut report = report(Some(error));
    if error.get("message").is_none() {
        report.message = format!("the server answered {status}");
    }
    report
}

fn report(error: Option<&Value>) -> ErrorReport {
    let text = |name, otherwise: &str| {
        let given = error.and_then(|error| error.get(name)?.as_str());
        given.unwrap_or(otherwise).to_owned()
    };
    ErrorReport {
        code: text("code", "REJECTED"),
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
    fn the_guilty_transaction_is_found_by_splitting() {
        assert_eq!(answer(422, "{}", &["c:1", "c:2"]), Outcome::Split);
        let Outcome::Refused(error) = answer(422, r#"{"message":"no"}"#, &["c:1"]) else {
            panic!("not refused");
        };
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("REJECTED", "no")
        );
        assert_eq!(answer(413, "", &["c:1", "c:2"]), Outcome::Split);
    }

    #[test]
    fn nothing_is_lost_to_what_is_not_a_verdict() {
        for status in [
            301, 401, 403, 404, 405, 408, 410, 425, 429, 500, 501, 503, 0,
        ] {
            assert!(
                matches!(answer(status, "", &["c:1"]), Outcome::Retry { .. }),
                "{status}"
            );
        }
        let portal = classify(200, true, None, "<html>", &sent(&["c:1"]));
        assert!(matches!(
            portal,
            Outcome::Retry {
                error: Error::Endpoint(_),
                ..
            }
        ));
    }
}
