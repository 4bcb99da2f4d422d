//! Messages that meet what was written here.

use super::*;

/// Trap 14: the delete of a renamed key is no removal of what was written here.
#[test]
fn a_changed_key_keeps_the_local_edits_of_the_old_one() {
    let mut log = Log::begun();
    log.app.run("UPDATE t SET b = 'mine' WHERE id = 1");
    let to = r#","key_change_to":"\"public\".\"t\"/\"5\"""#;
    let from = r#","key_change_from":"\"public\".\"t\"/\"1\"""#;
    let moved = change("insert", 5, r#"{"id":"5","a":"a1","b":"b1"}"#, from);
    log.says("12_0", &[delete(1, to), moved]);
    assert_eq!(log.rows(), ["2|a2|b2", "5|a1|b1"], "the key is as it is");
    let intents = log.app.intents();
    assert_eq!(intents.len(), 1, "the write is still to be judged");
    assert!(intents[0].starts_with("update|[1]"), "{intents:?}");
}

/// Trap 19: everything strictly below a position is here, what lies at it may be half here. The server therefore
/// names the position after the commit, and one below it confirms nothing.
#[test]
fn a_position_below_the_one_after_the_commit_confirms_nothing() {
    let mut log = Log::begun();
    log.app.run("UPDATE t SET b = 'mine' WHERE id = 1");
    let key = log.app.pending()[0].id.clone();
    log.accepts(&format!(
        r#"{{"transactions":[{{"id":"{key}","status":"accepted","lsn":"50"}}]}}"#
    ));
    for (position, pending) in [(49, 1), (50, 0)] {
        let effects = log.app.handle(Event::Wake);
        log.app.effects.extend(effects);
        log.answers("12_0", &format!("[{}]", up_to_date(position)));
        assert_eq!(log.app.pending().len(), pending, "at {position}");
    }
}

/// The log that loads after a must-refetch brings it after its snapshot.
#[test]
fn a_write_that_comes_while_another_log_loads_is_told_by_its_transaction_id() {
    for answer_comes_last in [false, true] {
        let mut log = Log::begun();
        let key = log.app.execute("UPDATE t SET b = 'mine' WHERE id = 1", &[]);
        let key = key.unwrap().transaction.unwrap();
        let accepted =
            format!(r#"{{"transactions":[{{"id":"{key}","status":"accepted","txid":"781"}}]}}"#);
        log.must_refetch();
        let snapshot =
            r#"{"headers":{"control":"snapshot-end","xmin":"780","xmax":"780","xip_list":[]}}"#;
        let rows = [
            insert(1, "a1", "b1"),
            insert(2, "a2", "b2"),
            snapshot.into(),
        ];
        log.answers_under("H2", "0_0", &format!("[{}]", rows.join(",")));
        if !answer_comes_last {
            log.accepts(&accepted);
        }
        let mine = r#"{"id":"1","b":"mine"}"#;
        let mine = change(
            "update",
            1,
            mine,
            r#","lsn":"10","op_position":0,"txids":[781]"#,
        );
        log.answers_under("H2", "10_0", &format!("[{mine}]"));
        assert_eq!(log.app.pending().len(), 1, "its row does not show yet");
        log.answers_under("H2", "10_0", &format!("[{}]", up_to_date(10)));
        if answer_comes_last {
            log.accepts(&accepted);
        }
        assert_eq!(log.app.pending(), [], "{answer_comes_last}");
        assert_eq!(log.rows(), ["1|a1|mine", "2|a2|b2"]);
        log.app.assert_sound();
    }
}

/// What came before a write was sent cannot be it: noting all of that would have the log of one who is offline grow with what others do.
#[test]
fn what_others_do_is_not_noted_with_a_write_that_was_never_sent() {
    let mut log = Log::begun();
    log.app.run("UPDATE t SET a = 'sent' WHERE id = 1");
    log.app.run("UPDATE t SET a = 'queued' WHERE id = 1");
    let theirs = r#"{"id":"1","b":"theirs"}"#;
    let theirs = change(
        "update",
        1,
        theirs,
        r#","lsn":"12","op_position":0,"txids":[900]"#,
    );
    log.says("12_0", &[theirs]);
    let heard = log
        .app
        .rows("SELECT heard_txids FROM _throughline_changes ORDER BY id");
    assert_eq!(heard, ["[900]", "[]"]);
}

/// Only one that has left this device can be the one that came back.
#[test]
fn a_delete_by_others_confirms_none_that_was_not_sent() {
    let mut log = Log::begun();
    let sent = log.app.execute("UPDATE t SET b = 'mine' WHERE id = 2", &[]);
    let queued = log.app.execute("DELETE FROM t WHERE id = 1", &[]);
    let made_anew = change("insert", 1, r#"{"id":"1","a":"a1","b":"theirs"}"#, "");
    log.says("12_0", &[delete(1, ""), made_anew]);
    for (written, txid) in [(sent, 50), (queued, 51)] {
        let key = written.unwrap().transaction.unwrap();
        log.accepts(&format!(
            r#"{{"transactions":[{{"id":"{key}","status":"accepted","txid":"{txid}"}}]}}"#
        ));
    }
    assert_eq!(log.rows(), ["2|a2|mine"], "the delete is not back yet");
    assert_eq!(log.app.pending().len(), 2);
}
