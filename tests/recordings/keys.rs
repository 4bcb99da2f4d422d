//! A composite key with quoted names, a boolean among its columns, and separators in its values.

use crate::replay::{Replay, options};

const ROWS: &str = r#"SELECT "Org Id", flag, "na/me", "select", v FROM "Weird Tbl" ORDER BY v"#;

/// Trap 8: the text of a key doubles what separates its values, and our rows do not depend on it.
#[test]
fn rows_with_awkward_keys_change_move_and_go() {
    let mut replay = Replay::cold(&options("Weird Tbl", "{}"));
    replay.replay_all(&["45", "46"]);
    assert_eq!(
        replay.app.rows(ROWS),
        ["1|1|a/b|x|1", "1|0|a\"b|y|2", "2|1||z|3"]
    );
    replay.replay("47");
    assert_eq!(replay.app.rows(ROWS), ["2|1|moved|z|3", "1|1|a/b|x|10"]);
    assert_eq!(replay.status().rows, 2);
}

/// Trap 7: the stream spells the boolean of the key otherwise than the snapshot does.
#[test]
fn a_snapshot_read_in_one_session_is_changed_in_the_next() {
    let mut replay = Replay::cold(&options("Weird Tbl", "{}"));
    replay.replay("45");
    let mut replay = replay.reopened();
    replay.replay("46");
    let mut replay = replay.reopened();
    replay.replay("47");
    assert_eq!(replay.app.rows(ROWS), ["2|1|moved|z|3", "1|1|a/b|x|10"]);
}
