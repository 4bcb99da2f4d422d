//! `replica` and `log` (protocol sections 3 and 7.1).

use super::*;

fn changes(response: &Response) -> Vec<Value> {
    let mut messages = messages(response);
    messages.retain(|message| message["key"].is_string());
    messages
}

#[test]
fn a_full_replica_sends_whole_rows_and_the_old_values_of_what_changed() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let url = opened(&mut electric, "table=items&replica=full&columns=id,body");
    update(&mut electric, 1, "body", "new");
    update(&mut electric, 1, "done", "t");
    electric
        .transaction(NOW, |tx| tx.update("items", &id(1), id(2)))
        .unwrap();
    electric
        .transaction(NOW, |tx| tx.delete("items", &id(2)))
        .unwrap();
    let changes = changes(&get(&mut electric, &url));
    // The update of a column outside the shape is not there.
    assert_eq!(changes.len(), 4);
    let whole = |id: &str| serde_json::json!({ "id": id, "body": "new" });
    assert_eq!(changes[0]["value"], whole("1"));
    assert_eq!(
        changes[0]["old_value"],
        serde_json::json!({ "body": "body of 1" })
    );
    assert_eq!(changes[1]["headers"]["operation"], "delete");
    assert_eq!(changes[1]["value"], whole("1"));
    assert_eq!(changes[2]["value"], whole("2"));
    assert_eq!(changes[3]["value"], whole("2"));
    assert!(
        changes[1..]
            .iter()
            .all(|one| one.get("old_value").is_none())
    );
}

#[test]
fn changes_only_begins_now_without_rows() {
    let mut electric = items(Options::default());
    let before = insert(&mut electric, [1]);
    let shape = "table=items&log=changes_only";
    let now = get(&mut electric, &format!("{shape}&offset=now"));
    assert_eq!(now.header(constants::header::HAS_DATA), Some("false"));
    assert_eq!(now.header(constants::header::OFFSET), Some("0_inf"));
    let lsn = &messages(&now)[0]["headers"]["global_last_seen_lsn"];
    assert_eq!(*lsn, before.commit_lsn.to_string());
    let handle = now.header(constants::header::HANDLE).unwrap();
    let live = format!("{shape}&offset=0_inf&handle={handle}&live=true");
    assert_eq!(
        answer(&mut electric, &live),
        Answer::Hold { until_ms: 20_000 }
    );
    let committed = insert(&mut electric, [2]);
    let news = get(&mut electric, &live);
    assert_eq!(changes(&news).len(), 1);
    let later = get(&mut electric, &format!("{shape}&offset=now"));
    let head = format!("{}_0", committed.commit_lsn);
    assert_eq!(later.header(constants::header::OFFSET), Some(head.as_str()));
    // From the start there is no row either, only the end of the empty snapshot.
    let start = get(&mut electric, &format!("{shape}&offset=-1"));
    assert_eq!(start.header(constants::header::HANDLE), Some(handle));
    assert_eq!(messages(&start)[0]["headers"]["control"], "snapshot-end");
}
