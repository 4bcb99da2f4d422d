//! Each rule of confirmation against what a real service told of a write: its transaction id and position are those of
//! the SQL that was recorded.

use throughline::engine::{Answer, Effect, Endpoint, Event, Fetch};

use crate::replay::{Replay, TODOS};

/// What recordings 03 and 04 tell: row 3 is inserted by transaction 780, then row 1 is done by 781.
const INSERT: &str = "INSERT INTO todos (id, title, completed, created_at) VALUES
    ('00000000-0000-4000-8000-000000000003', 'inserted during the long poll', false, '2026-01-02 03:05:00+00')";

/// The log is read to its end, and the write is with the server, which accepted it in these words.
fn accepted(rule: &str, told: &str) -> Replay {
    let write = format!(r#""write": {{"url": "/changes", "confirmBy": "{rule}"}}, "tables""#);
    let mut replay = Replay::cold(&TODOS.replace(r#""tables""#, &write));
    replay.replay_all(&["01", "02"]);
    let key = replay.app.execute(INSERT, &[]).unwrap().transaction;
    let told = format!(
        r#"{{"transactions": [{{"id": "{}", "status": "accepted"{told}}}]}}"#,
        key.unwrap()
    );
    answer_post(&mut replay, told);
    replay
}

fn answer_post(replay: &mut Replay, body: String) {
    let effects = std::mem::take(&mut replay.app.effects);
    let is_post = |effect: &Effect| matches!(effect, Effect::Fetch(fetch) if fetch.endpoint == Endpoint::Write);
    let (posts, others) = effects.into_iter().partition(is_post);
    replay.note(others);
    let posts: Vec<Effect> = posts;
    let [Effect::Fetch(Fetch { id, .. })] = posts[..] else {
        panic!("{posts:?}");
    };
    let answer = Answer {
        status: 200,
        headers: Vec::new(),
        body,
    };
    replay.happens(Event::Answered { fetch: id, answer });
}

fn is_confirmed(replay: &mut Replay) -> bool {
    replay.app.assert_sound();
    let row = "SELECT title FROM todos WHERE id LIKE '%3'";
    assert_eq!(replay.app.rows(row), ["inserted during the long poll"]);
    replay.app.pending().is_empty()
}

#[test]
fn a_write_is_confirmed_by_the_transaction_that_the_log_names() {
    for rule in ["txid", "auto", "ledger"] {
        // As a server tells it, with the epoch that the log leaves out.
        let mut replay = accepted(rule, r#", "txid": "4294968076""#);
        assert!(!is_confirmed(&mut replay), "{rule}");
        replay.replay("03");
        assert!(is_confirmed(&mut replay), "{rule}");
    }
    let mut another = accepted("txid", r#", "txid": "781""#);
    another.replay("03");
    assert!(!is_confirmed(&mut another));
}

#[test]
fn a_write_is_confirmed_by_the_id_in_its_row() {
    let mut replay = accepted("write_id", "");
    // The service was told the id of its own client's write.
    let recorded = "'10000000-0000-4000-8000-000000000003'";
    replay = replay.edited(&format!(
        "UPDATE _throughline_changes SET write_id = {recorded}"
    ));
    replay = replay.edited(&format!("UPDATE todos_local SET write_id = {recorded}"));
    assert!(!is_confirmed(&mut replay));
    replay.replay("03");
    assert!(is_confirmed(&mut replay));

    let mut of_another = accepted("write_id", r#", "txid": "780""#);
    of_another.replay("03");
    assert!(!is_confirmed(&mut of_another));
}

#[test]
fn a_write_is_confirmed_by_a_position_that_the_service_has_passed() {
    for rule in ["lsn", "auto"] {
        let mut replay = accepted(rule, r#", "lsn": "31225000""#);
        // The poll was out before the write was accepted, and its answer lies below.
        replay.replay("03");
        assert!(!is_confirmed(&mut replay), "{rule}");
        replay.replay("04");
        assert!(is_confirmed(&mut replay), "{rule}");
    }
    let mut ahead = accepted("lsn", r#", "txid": "780", "lsn": "31225137""#);
    ahead.replay_all(&["03", "04"]);
    assert!(!is_confirmed(&mut ahead));
}

/// The write was made offline before there was any row; its transaction is in the snapshot that begins the log.
#[test]
fn a_write_is_confirmed_by_the_snapshot_that_holds_it() {
    let columns = r#"{"columns": {"id": "uuid", "title": "text", "completed": "bool", "created_at": "timestamptz",
        "write_id": "uuid"}, "primaryKey": ["id"]}"#;
    for (txid, contained) in [("779", true), ("780", false)] {
        let options = TODOS.replace(
            r#""tables": {"todos": {}}"#,
            &format!(
                r#""write": {{"url": "/changes", "confirmBy": "txid"}}, "tables": {{"todos": {columns}}}"#
            ),
        );
        let mut replay = Replay::cold(&options);
        let edit = "INSERT INTO todos (id, title, completed, created_at) VALUES
            ('00000000-0000-4000-8000-000000000001', 'first', false, '2026-01-02 03:04:05.678901+00')";
        let key = replay.app.execute(edit, &[]).unwrap().transaction.unwrap();
        let told = format!(
            r#"{{"transactions": [{{"id": "{key}", "status": "accepted", "txid": "{txid}"}}]}}"#
        );
        answer_post(&mut replay, told);
        replay.answer("01").answer("02");
        assert_eq!(replay.app.pending().is_empty(), contained, "{txid}");
        let row = "SELECT title FROM todos WHERE id LIKE '%1'";
        assert_eq!(replay.app.rows(row), ["first"]);
    }
}
