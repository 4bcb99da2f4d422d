//! The log itself: positions, handles, headers, and answers that lead nowhere.

use throughline::engine::{Event, Failure};
use throughline::tabs::ShapePhase;

use super::victim::{SCHEMA, Victim, headers, insert, up_to_date};

/// The longest that the server is left alone, between two requests of a loop.
const HOUR_MS: u64 = 3_600_000;

fn complete(row: u32) -> String {
    format!("[{},{}]", insert(row, "x"), up_to_date())
}

#[test]
fn an_offset_of_the_wrong_form_moves_nothing() {
    for offset in [
        "",
        "-1",
        "now",
        "20",
        "20_",
        "_0",
        "+20_0",
        "20_0_0",
        "99999999999999999999_0",
        "20_99999999999999999999",
        "0x14_0",
        "20.5_0",
        "'; DROP TABLE drafts; --",
        &"9".repeat(1_000_000),
    ] {
        let mut victim = Victim::synced();
        victim.log(offset, &complete(9));
        assert_eq!(victim.code(), "PROTOCOL", "{offset:.40}");
        assert_eq!(victim.app.rows("SELECT count(*) FROM t_synced"), ["2"]);
        victim.assert_recovers();
    }
}

#[test]
fn an_offset_that_goes_back_is_not_believed() {
    let mut victim = Victim::synced();
    for _ in 0..10 {
        if victim.asks("t").is_none() {
            break;
        }
        victim.log("9_9", &complete(9));
    }
    assert_eq!(
        (victim.phase(), victim.code()),
        (ShapePhase::Failed, "PROTOCOL".into())
    );
    assert_eq!(victim.app.rows("SELECT count(*) FROM t_synced"), ["2"]);
    victim.assert_recovers();
}

/// The server says itself that the offset is beyond its log.
#[test]
fn an_offset_at_the_end_of_all_numbers_is_left_again() {
    for offset in [
        "18446744073709551615_18446744073709551615",
        "18446744073709551615_inf",
    ] {
        let mut victim = Victim::synced();
        victim.log(offset, &complete(9));
        assert_eq!(victim.phase(), ShapePhase::Live);
        let body =
            r#"{"message":"Invalid request","errors":{"offset":["out of bounds for this shape"]}}"#;
        victim.answers("t", 400, &[], body);
        victim.loads("t", "H2");
        assert_eq!(victim.phase(), ShapePhase::Live);
        assert_eq!(victim.app.rows("SELECT count(*) FROM t_synced"), ["2"]);
        victim.assert_recovers();
    }
}

#[test]
fn a_handle_is_text_that_goes_back_encoded() {
    let handle = "h&live=true&table=other#'; DROP TABLE drafts; --\u{e9}";
    let mut victim = Victim::waiting();
    victim.loads("t", handle);
    assert_eq!(victim.phase(), ShapePhase::Live);
    let url = victim.asks("t").unwrap().url.clone();
    assert_eq!(url.matches("table=").count(), 1, "{url}");
    assert_eq!(url.matches("live=").count(), 1, "{url}");
    assert!(!url.contains('#') && !url.contains('\''), "{url}");
    victim.assert_recovers();
}

#[test]
fn a_cursor_is_text_that_goes_back_encoded() {
    for cursor in ["7&offset=-1", "\u{0}\r\nHost: evil", "🦀", "-1"] {
        let mut victim = Victim::synced();
        let mut with = headers("H", "20_0", SCHEMA);
        with[3].1 = cursor;
        victim.answers("t", 200, &with, &complete(9));
        let url = victim.asks("t").unwrap().url.clone();
        assert_eq!(url.matches("offset=").count(), 1, "{url}");
        assert!(!url.contains(['\r', '\n', '\0']), "{url}");
        victim.assert_recovers();
    }
}

/// They go into the URL of each request, and those of ended logs are kept.
#[test]
fn a_handle_or_a_cursor_of_megabytes_is_refused() {
    let long = "h".repeat(4_000_000);
    let mut victim = Victim::waiting();
    victim.answers("t", 200, &headers(&long, "10_0", SCHEMA), &complete(9));
    assert_eq!(victim.code(), "PROTOCOL");
    assert!(victim.shape("t").error.unwrap().message.len() < 5_000);
    victim.assert_recovers();

    let mut victim = Victim::synced();
    let mut with = headers("H", "20_0", SCHEMA);
    with[3].1 = &long;
    victim.answers("t", 200, &with, &complete(9));
    assert_eq!(victim.code(), "PROTOCOL");
    victim.assert_recovers();

    let mut victim = Victim::synced();
    victim.answers("t", 409, &[("electric-handle", &long)], "[]");
    assert!(
        victim
            .asks("t")
            .is_none_or(|fetch| fetch.url.len() < 10_000)
    );
    let kept = "SELECT max(length(progress)) < 10000 FROM _throughline_shapes";
    assert_eq!(victim.app.rows(kept), ["1"]);
    victim.assert_recovers();
}

#[test]
fn another_schema_in_the_middle_of_a_log_mixes_no_rows() {
    let others = [
        r#"{"id":{"type":"text","pk_index":0},"body":{"type":"text"}}"#,
        r#"{"a":{"type":"text","pk_index":0},"id":{"type":"int4"}}"#,
        r#"{"id":{"type":"int4","pk_index":0}}"#,
    ];
    for other in others {
        // While it loads.
        let mut victim = Victim::waiting();
        victim.log("0_0", &format!("[{}]", insert(1, "one")));
        victim.log_with(other, "0_1", &format!("[{}]", insert(2, "two")));
        victim.assert_unharmed();
        assert_eq!(victim.app.rows("SELECT count(*) FROM t"), ["0"], "{other}");
        victim.assert_recovers();
        // And later.
        let mut victim = Victim::synced();
        victim.run_for(1);
        victim.app.now = victim.app.now.after(60_000);
        victim.handle(Event::Wake);
        victim.log_with(other, "20_0", &complete(9));
        victim.assert_unharmed();
        assert_eq!(
            victim.app.rows("SELECT a FROM t_synced"),
            ["one", "two"],
            "{other}"
        );
        victim.assert_recovers();
    }
}

/// The schema of another table, complete with rows of that: it is what `t` has from then on, and no other table minds.
#[test]
fn the_schema_of_another_table_is_no_way_into_it() {
    let schema = r#"{"id":{"type":"int4","pk_index":0},"state":{"type":"text"},"unanswered":{"type":"int4"}}"#;
    let mut victim = Victim::synced();
    victim.answers(
        "t",
        409,
        &[("electric-handle", "H2")],
        r#"[{"headers":{"control":"must-refetch"}}]"#,
    );
    let row = r#"{"key":"\"main\".\"_throughline_transactions\"/\"1\"","value":{"id":"1","state":"accepted","unanswered":"0"},"headers":{"operation":"insert","relation":["main","_throughline_transactions"]}}"#;
    let before = victim
        .app
        .rows("SELECT id, state FROM _throughline_transactions");
    victim.answers(
        "t",
        200,
        &headers("H2", "10_0", schema),
        &format!("[{row},{}]", up_to_date()),
    );
    let after = victim
        .app
        .rows("SELECT id, state FROM _throughline_transactions WHERE state <> 'rejected'");
    assert!(
        after.iter().all(|state| before.contains(state)),
        "{after:?}"
    );
    victim.app.assert_sound();
    // The write to a column that is gone is rejected, not lost.
    assert_eq!(victim.app.rejected().len() + victim.app.pending().len(), 2);
    assert_eq!(
        victim.app.rows("SELECT a FROM other ORDER BY id"),
        ["one", "edited"]
    );
}

/// What a server says to everything.
type Says<'a> = &'a dyn Fn(&mut Victim);

/// How many requests go out in a quarter of an hour to a server that answers everything in the same way, at once.
fn asked_in_a_quarter(mut victim: Victim, answer: Says<'_>) -> usize {
    victim.latency = 1;
    let begun = victim.asked;
    let until = victim.app.now.after(HOUR_MS / 4);
    while victim.app.now < until {
        match victim.asks("t") {
            Some(_) => answer(&mut victim),
            None => victim.run_for(100),
        }
        assert!(victim.asked - begun < 5_000, "a hot loop");
    }
    let asked = victim.asked - begun;
    victim.assert_unharmed();
    victim.run_for(60_000);
    victim.assert_recovers();
    asked
}

#[test]
fn logs_that_end_one_after_the_other_are_asked_for_ever_more_slowly() {
    let must_refetch = |victim: &mut Victim| {
        let handle = format!("H{}", victim.asked);
        let body = r#"[{"headers":{"control":"must-refetch"}}]"#;
        victim.answers("t", 409, &[("electric-handle", &handle)], body);
    };
    let nameless = |victim: &mut Victim| victim.answers("t", 409, &[], "");
    let in_a_200 = |victim: &mut Victim| {
        let handle = format!("H{}", victim.asked);
        let body = r#"[{"headers":{"control":"must-refetch"}}]"#;
        victim.answers("t", 200, &headers(&handle, "10_0", SCHEMA), body);
    };
    let a_new_handle_each_time = |victim: &mut Victim| {
        let handle = format!("H{}", victim.asked);
        victim.answers("t", 200, &headers(&handle, "10_0", SCHEMA), &complete(1));
    };
    let empty = |victim: &mut Victim| {
        victim.answers("t", 200, &headers("H", "10_0", SCHEMA), "[]");
    };
    let up_to_date_at_once = |victim: &mut Victim| {
        let body = format!("[{}]", up_to_date());
        victim.answers("t", 200, &headers("H", "10_0", SCHEMA), &body);
    };
    let unknown_updates = |victim: &mut Victim| {
        let body = r#"[{"key":"77","value":{"id":"77","a":"x"},"headers":{"operation":"update"}}]"#;
        victim.answers("t", 200, &headers("H", "10_0", SCHEMA), body);
    };
    let loops: [(&str, Says<'_>); 7] = [
        ("409 with a handle", &must_refetch),
        ("409 without", &nameless),
        ("must-refetch in a 200", &in_a_200),
        ("a new handle each time", &a_new_handle_each_time),
        ("an empty log", &empty),
        ("up to date at once", &up_to_date_at_once),
        ("updates of rows that are not here", &unknown_updates),
    ];
    for (what, answer) in loops {
        for victim in [Victim::waiting(), Victim::synced()] {
            let asked = asked_in_a_quarter(victim, answer);
            // Every 5 s, after the first few; a log that is new each time takes two.
            assert!(asked < 400, "{what}: {asked} requests");
        }
    }
}

#[test]
fn a_server_that_asks_for_a_thousand_years_is_asked_again_within_the_hour() {
    for retry_after in [
        "31536000000",
        "18446744073709551615",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "99999999999999999999999",
        "-1",
        "soon",
    ] {
        for status in [429, 503] {
            let mut victim = Victim::synced();
            victim.answers("t", status, &[("retry-after", retry_after)], "");
            assert_eq!(victim.code(), "NETWORK", "{retry_after}");
            assert!(victim.asks("t").is_none());
            victim.run_for(HOUR_MS);
            assert!(victim.asks("t").is_some(), "{retry_after}");
            victim.loads("t", "H");
            assert_eq!(victim.phase(), ShapePhase::Live);
            victim.assert_recovers();
        }
    }
}

#[test]
fn an_error_of_megabytes_is_told_in_a_sentence() {
    let long = "x".repeat(4_000_000);
    for body in [
        long.clone(),
        format!(r#"{{"message":"{long}"}}"#),
        format!(r#"{{"errors":{{"{long}":["{long}"]}}}}"#),
        format!("[{}", "[".repeat(1_000_000)),
        format!(r#"{{"message":{}"#, "[".repeat(1_000_000)),
    ] {
        for status in [400, 401, 404, 418, 500] {
            let mut victim = Victim::synced();
            victim.answers("t", status, &[], &body);
            let message = victim.shape("t").error.unwrap().message;
            assert!(message.len() < 5_000, "{status}: {} bytes", message.len());
            victim.assert_unharmed();
        }
    }
}

#[test]
fn a_body_that_is_none_is_refused() {
    for body in [
        "",
        " ",
        "null",
        "{}",
        "true",
        "1",
        "\"[]\"",
        "\u{feff}[]",
        "[1]",
        "[null]",
        "[[]]",
        "[]]",
        "[{}]",
    ] {
        let mut victim = Victim::synced();
        victim.log("20_0", body);
        assert_eq!(victim.code(), "PROTOCOL", "{body}");
        victim.assert_recovers();
    }
}

/// The shell reads no further and says so.
#[test]
fn a_body_that_never_ends_is_an_error_and_not_asked_for_again_and_again() {
    let mut victim = Victim::synced();
    victim.fails("t", Failure::TooLarge);
    assert_eq!(
        (victim.phase(), victim.code()),
        (ShapePhase::Failed, "PROTOCOL".into())
    );
    let asked = victim.asked;
    victim.run_for(HOUR_MS);
    assert_eq!(victim.asked, asked);
    victim.assert_recovers();
    // A POST goes again: what became of it is not known.
    let post = victim.posted().id;
    victim.handle(Event::Failed {
        fetch: post,
        failure: Failure::TooLarge,
    });
    victim.run_for(60_000);
    victim.posted();
    victim.assert_unharmed();
}

/// Chunk after chunk, and never up to date.
#[test]
fn a_log_that_never_ends_is_out_of_sight() {
    let mut victim = Victim::waiting();
    for n in 0..200 {
        let rows: Vec<String> = (0..20).map(|m| insert(n * 20 + m, "x")).collect();
        victim.log(&format!("0_{n}"), &format!("[{}]", rows.join(",")));
    }
    assert_eq!(victim.phase(), ShapePhase::Loading);
    assert_eq!(victim.app.rows("SELECT count(*) FROM t"), ["0"]);
    victim.assert_recovers();
}
