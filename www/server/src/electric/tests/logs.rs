use super::*;

#[test]
fn logs_come_in_chunks_that_end_with_transactions() {
    let mut electric = items(Options {
        chunk_bytes: 300,
        ..Options::default()
    });
    insert(&mut electric, 1..=6);
    let (offsets, rows) = follow(&mut electric);
    assert_eq!(offsets, ["0_0", "0_1", "0_2", "0_inf"]);
    assert_eq!(rows.len(), 6);
    let commits = [7..=9, 10..=10, 11..=12].map(|ids| insert(&mut electric, ids).commit_lsn);
    let (offsets, rows) = follow(&mut electric);
    // The first transaction fills a chunk, the next two share one.
    let ends = [format!("{}_4", commits[0]), format!("{}_2", commits[2])];
    assert_eq!(offsets[3..], ends);
    assert_eq!(rows.len(), 12);
    let keys: std::collections::BTreeSet<String> =
        rows.iter().map(|row| row["key"].to_string()).collect();
    assert_eq!(keys.len(), 12);
}

#[test]
fn a_large_transaction_may_lose_its_last_mark() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items&where=id+%3C%3D+50");
    insert(&mut electric, 1..=101);
    let changes = messages(&get(&mut electric, &url));
    assert_eq!(changes.len(), 51);
    assert!(
        changes
            .iter()
            .all(|change| change["headers"].get("last").is_none())
    );
    let url = opened(&mut electric, "table=items");
    insert(&mut electric, 200..=301);
    let changes = messages(&get(&mut electric, &url));
    assert_eq!(changes[101]["headers"]["last"], true);
}

#[test]
fn rows_enter_and_leave_a_filter() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let plain = opened(&mut electric, "table=items&where=done");
    let full = opened(&mut electric, "table=items&where=done&replica=full");
    update(&mut electric, 1, "done", "t");
    update(&mut electric, 1, "body", "new");
    update(&mut electric, 1, "done", "f");
    let operations = |response: &Response| -> Vec<String> {
        let changes = messages(response)
            .into_iter()
            .filter(|message| message["key"].is_string());
        changes
            .map(|change| format!("{} {}", change["headers"]["operation"], change["value"]))
            .collect()
    };
    assert_eq!(
        operations(&get(&mut electric, &plain)),
        [
            r#""insert" {"body":"body of 1","done":"t","id":"1"}"#,
            r#""update" {"body":"new","id":"1"}"#,
            r#""delete" {"id":"1"}"#,
        ]
    );
    assert_eq!(
        operations(&get(&mut electric, &full)),
        [
            r#""insert" {"body":"body of 1","done":"t","id":"1"}"#,
            r#""update" {"body":"new","done":"t","id":"1"}"#,
            r#""delete" {"body":"new","done":"t","id":"1"}"#,
        ]
    );
}

#[test]
fn what_changes_nothing_for_a_shape_sends_nothing() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let url = opened(&mut electric, "table=items&columns=id,done");
    let head = electric.global_last_seen_lsn();
    let unselected = update(&mut electric, 1, "body", "not selected");
    let same = update(&mut electric, 1, "done", "f");
    assert!(head < unselected.commit_lsn && unselected.lsn < same.commit_lsn);
    let missing = update(&mut electric, 2, "done", "t");
    assert_eq!((missing.txid, missing.lsn), (None, same.lsn));
    let response = get(&mut electric, &url);
    assert_eq!(response.header(constants::header::OFFSET), Some("0_inf"));
    let expected = same.commit_lsn.to_string();
    assert_eq!(
        messages(&response)[0]["headers"]["global_last_seen_lsn"],
        expected.as_str()
    );
}

#[test]
fn known_etags_are_not_sent_again() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    insert(&mut electric, [1]);
    for url in [url.clone(), format!("{url}&live=true")] {
        let full = get(&mut electric, &url);
        let etag = full.header(constants::header::ETAG).unwrap();
        let request = ShapeRequest::get(&url).if_none_match(&format!("\"other\", {etag}"));
        let Answer::Respond(cached) = electric.respond(NOW, 5, &request, WaitState::Arrived) else {
            panic!("held");
        };
        assert_eq!((cached.status, cached.body.as_str()), (304, ""));
        assert_eq!(
            cached.header(constants::header::OFFSET),
            full.header(constants::header::OFFSET)
        );
    }
}

#[test]
fn transaction_ids_are_cut_to_32_bits_in_the_log_only() {
    let mut electric = items(Options {
        first_xid: (1 << 32) + 7,
        ..Options::default()
    });
    let first = get(&mut electric, "table=items&offset=-1");
    assert_eq!(messages(&first)[0]["headers"]["xmax"], "4294967304");
    assert_eq!(insert(&mut electric, [1]).txid, Some(8));
}
