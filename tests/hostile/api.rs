//! The app's own API server, answering a POST with what it should not.

use throughline::engine::{Effect, Event, Fetch};
use throughline::tabs::{Notification, Request, TransactionRecord, UploadPhase};

use super::victim::Victim;

/// Two transactions are on their way: of `other` and of `t`.
struct Posting {
    victim: Victim,
    post: Fetch,
    keys: Vec<String>,
}

fn posting() -> Posting {
    let mut victim = Victim::synced();
    // They went one by one; together they are asked for once more.
    victim.posted();
    victim.handle(Event::Wake);
    for request in [Request::Disconnect, Request::Connect] {
        victim.app.ask(request).unwrap();
    }
    victim.remember();
    let post = victim.posted();
    let keys: Vec<String> = victim.app.pending().into_iter().map(|one| one.id).collect();
    assert!(
        keys.iter()
            .all(|key| post.body.as_ref().unwrap().contains(key))
    );
    assert_eq!(keys.len(), 2);
    Posting { victim, post, keys }
}

impl Posting {
    fn answered(&mut self, status: u16, headers: &[(&str, &str)], body: &str) {
        let id = self.post.id;
        self.victim.replies(id, status, headers, body);
    }

    fn states(&mut self) -> Vec<String> {
        self.victim
            .app
            .rows("SELECT state FROM _throughline_transactions ORDER BY id")
    }

    fn uploads(&mut self) -> (UploadPhase, Option<String>) {
        let uploads = self.victim.status().upload;
        (uploads.phase, uploads.error.map(|error| error.code))
    }

    /// Nothing was taken for accepted, refused or gone, and all goes again.
    fn assert_undecided(&mut self, what: &str) {
        self.victim.assert_unharmed();
        assert_eq!(self.states(), ["queued", "queued"], "{what}");
        assert_eq!(self.uploads().0, UploadPhase::Waiting, "{what}");
        assert!(self.uploads().1.is_some(), "{what}");
        self.victim.run_for(3_600_000);
        let again = self.victim.posted();
        let body = again.body.unwrap();
        assert!(self.keys.iter().any(|key| body.contains(key)), "{what}");
    }
}

fn verdicts(list: &[String]) -> String {
    format!(r#"{{"transactions":[{}]}}"#, list.join(","))
}

fn accepted(key: &str) -> String {
    format!(r#"{{"id":"{key}","status":"accepted"}}"#)
}

fn rejected(key: &str) -> String {
    format!(r#"{{"id":"{key}","status":"rejected","error":{{"code":"NO","message":"no"}}}}"#)
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[test]
fn what_was_never_sent_is_not_accepted_and_what_was_goes_again() {
    let mut posting = posting();
    let client = posting.keys[0].rsplit_once(':').unwrap().0.to_owned();
    let strangers: Vec<String> = [
        format!("{client}:0"),
        format!("{client}:-1"),
        format!("{client}:99"),
        format!("{client}:9223372036854775807"),
        format!("{client}:99999999999999999999"),
        format!("{client}:1 OR 1=1"),
        "someone-else:1".into(),
        "1".into(),
        String::new(),
    ]
    .iter()
    .flat_map(|key| [accepted(key), rejected(key)])
    .collect();
    posting.answered(200, JSON, &verdicts(&strangers));
    posting.assert_undecided("strangers");
}

#[test]
fn a_transaction_written_since_is_not_accepted_with_those_that_were_sent() {
    let mut posting = posting();
    posting
        .victim
        .app
        .run("UPDATE other SET a = 'later' WHERE id = 1");
    let later = posting.victim.app.pending()[2].id.clone();
    let mut list: Vec<String> = posting.keys.iter().map(|key| accepted(key)).collect();
    list.push(accepted(&later));
    posting.answered(200, JSON, &verdicts(&list));
    assert_eq!(posting.states()[..2], ["accepted", "accepted"]);
    assert_ne!(posting.states()[2], "accepted");
    posting.victim.app.assert_sound();
}

/// Nothing is confirmed by it: that takes the shape.
#[test]
fn of_contradictory_verdicts_the_first_counts_once() {
    for (first, second, state) in [
        (
            accepted as fn(&str) -> String,
            rejected as fn(&str) -> String,
            "accepted",
        ),
        (rejected, accepted, "rejected"),
        (accepted, accepted, "accepted"),
        (rejected, rejected, "rejected"),
    ] {
        let mut posting = posting();
        let list: Vec<String> = [first, second]
            .iter()
            .flat_map(|verdict| posting.keys.iter().map(|key| verdict(key)))
            .collect();
        posting.answered(200, JSON, &verdicts(&list));
        assert_eq!(posting.states(), [state, state]);
        // Once more, from a server that does not know that it has answered.
        posting.answered(200, JSON, &verdicts(&list));
        assert_eq!(posting.states(), [state, state]);
        posting.victim.app.assert_sound();
        let (pending, refused) = (posting.victim.app.pending(), posting.victim.app.rejected());
        assert_eq!(pending.len() + refused.len(), 2);
    }
}

#[test]
fn positions_beyond_all_numbers_confirm_nothing() {
    for place in [
        r#""txid":"18446744073709551616""#,
        r#""txid":-1"#,
        r#""txid":{"a":1}"#,
        r#""lsn":"99999999999999999999999""#,
        r#""lsn":-1"#,
        r#""lsn":"'; --""#,
        r#""lsn":18446744073709551615"#,
        r#""lsn":"18446744073709551615""#,
        r#""txid":18446744073709551615"#,
        r#""noop":"true""#,
    ] {
        let mut posting = posting();
        let list: Vec<String> = posting
            .keys
            .iter()
            .map(|key| format!(r#"{{"id":"{key}","status":"accepted",{place}}}"#))
            .collect();
        posting.answered(200, JSON, &verdicts(&list));
        assert_eq!(posting.states(), ["accepted", "accepted"], "{place}");
        posting.victim.app.assert_sound();
        assert_eq!(posting.victim.app.pending().len(), 2, "{place}");
    }
}

#[test]
fn a_success_that_is_a_page_or_breaks_off_decides_nothing() {
    let whole = verdicts(&[accepted("x")]);
    for (headers, body) in [
        (&[("content-type", "text/html; charset=utf-8")][..], "OK"),
        (&[("content-type", "TEXT/HTML")], "{}"),
        (JSON, &whole[..whole.len() - 1]),
        (JSON, r#"{"transactions":[{"id":"#),
        (JSON, "["),
        (JSON, r#"{"transactions":[]}"#),
        (JSON, &"[".repeat(1_000_000)),
        (
            JSON,
            &format!(r#"{{"transactions":{}"#, "[".repeat(1_000_000)),
        ),
        (&[], "<!DOCTYPE html><title>Log in</title>"),
        (&[("content-type", "text/plain")], "\n <HTML><body>"),
    ] {
        let mut posting = posting();
        posting.answered(200, headers, body);
        posting.assert_undecided(&format!("{headers:?} {body:.60}"));
    }
}

#[test]
fn a_rejection_beside_what_cannot_be_read_is_no_acceptance() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for beside in [
        format!(r#""x":{deep}"#),
        r#""x":1e400"#.into(),
        r#""status":"lost""#.into(),
        r#""status":7"#.into(),
    ] {
        let mut posting = posting();
        let list = [
            rejected(&posting.keys[0]),
            format!(r#"{{"id":"{}",{beside}}}"#, posting.keys[1]),
        ];
        posting.answered(200, JSON, &verdicts(&list));
        assert!(
            posting.states().iter().all(|state| state != "accepted"),
            "{beside:.40}: {:?}",
            posting.states()
        );
        posting.victim.app.assert_sound();
    }
}

#[test]
fn verdicts_without_end_of_nesting_crash_nothing() {
    let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    for body in [
        deep.clone(),
        format!(r#"{{"transactions":{deep}}}"#),
        format!(r#"{{"transactions":[{{"id":{deep}}}]}}"#),
        format!(r#"{{"x":{deep},"transactions":[]}}"#),
    ] {
        for status in [200, 400, 403, 409, 413, 422, 500] {
            let mut posting = posting();
            posting.answered(status, JSON, &body);
            posting.victim.app.assert_sound();
            let app = &mut posting.victim.app;
            assert_eq!(app.pending().len() + app.rejected().len(), 2, "{status}");
        }
    }
}

#[test]
fn a_reason_of_megabytes_is_kept_and_told_shortened() {
    let long = "\u{1f4a3}".repeat(1_000_000);
    let mut posting = posting();
    let list: Vec<String> = posting
        .keys
        .iter()
        .map(|key| {
            format!(r#"{{"id":"{key}","status":"rejected","error":{{"code":"{long}","message":"{long}"}}}}"#)
        })
        .collect();
    let (id, body) = (posting.post.id, verdicts(&list));
    posting.victim.replies(id, 200, JSON, &body);
    let told: Vec<TransactionRecord> = posting
        .victim
        .told
        .iter()
        .filter_map(|effect| match effect {
            Effect::Notify(Notification::Rejected(record)) => Some(record.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 2);
    for record in told.into_iter().chain(posting.victim.app.rejected()) {
        let error = record.error.unwrap();
        assert!(error.code.len() < 5_000 && error.message.len() < 5_000);
    }
    let kept = "SELECT max(length(error)) < 10000 FROM _throughline_transactions";
    assert_eq!(posting.victim.app.rows(kept), ["1"]);
    posting.victim.app.assert_sound();
}

#[test]
fn a_server_that_asks_for_a_thousand_years_gets_the_writes_within_the_hour() {
    for retry_after in [
        "31536000000",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "18446744073709551615",
    ] {
        for status in [429, 500, 503] {
            let mut posting = posting();
            posting.answered(status, &[("retry-after", retry_after)], "");
            posting.assert_undecided(retry_after);
        }
    }
}

/// A server that fails always is not asked in a hot loop, and no verdict is made up.
#[test]
fn a_server_that_says_the_same_for_ever_is_asked_ever_more_slowly() {
    for (status, body) in [
        (200, r#"{"transactions":[]}"#),
        (200, r#"{"transactions":[{"id":"x","status":"accepted"}]}"#),
        (302, ""),
        (401, ""),
        (404, "<html>"),
        (500, "x"),
        (503, ""),
        (999, ""),
    ] {
        let mut posting = posting();
        posting.victim.latency = 1;
        posting.answered(status, JSON, body);
        let until = posting.victim.app.now.after(900_000);
        let mut posts = 1;
        while posting.victim.app.now < until {
            match posting.victim.posts() {
                Some(post) => {
                    posts += 1;
                    assert!(posts < 2_000, "a hot loop");
                    posting.victim.replies(post.id, status, JSON, body);
                }
                None => posting.victim.run_for(100),
            }
        }
        assert!(posts < 400, "{status} {body}: {posts} POSTs");
        posting.victim.assert_unharmed();
        assert_eq!(posting.victim.app.pending().len(), 2, "{status} {body}");
    }
}
