#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::*;

const NOW: Micros = Micros(1_795_342_140_000_000);

fn items(options: Options) -> Electric {
    let mut electric = Electric::new(options);
    electric.create_table(Table::new(
        "items",
        &["id"],
        [
            Column::new("id", PgType::Int4),
            Column::new("body", PgType::Text).not_null(),
            Column::new("done", PgType::Bool).default(ColumnDefault::Text("f".into())),
        ],
    ));
    electric
}

fn id(id: u32) -> Row {
    row([("id", id.to_string().as_str())])
}

fn insert(electric: &mut Electric, ids: impl IntoIterator<Item = u32>) -> Committed {
    electric
        .transaction(NOW, |tx| {
            ids.into_iter().try_for_each(|number| {
                let mut new = id(number);
                new.insert("body".into(), Some(format!("body of {number}")));
                tx.insert("items", new)
            })
        })
        .unwrap()
}

fn update(electric: &mut Electric, number: u32, column: &str, text: &str) -> Committed {
    let changes = row([(column, text)]);
    electric
        .transaction(NOW, |tx| tx.update("items", &id(number), changes))
        .unwrap()
}

fn answer(electric: &mut Electric, url: &str) -> Answer {
    electric.respond(NOW, 5, &ShapeRequest::get(url), WaitState::Arrived)
}

fn get(electric: &mut Electric, url: &str) -> Response {
    match answer(electric, url) {
        Answer::Respond(response) => response,
        hold => panic!("{url}: {hold:?}"),
    }
}

fn messages(response: &Response) -> Vec<Value> {
    serde_json::from_str(&response.body).unwrap()
}

/// Opens the shape and returns the URL of what follows its snapshot.
fn opened(electric: &mut Electric, shape: &str) -> String {
    let first = get(electric, &format!("{shape}&offset=-1"));
    let handle = first.header(constants::header::HANDLE).unwrap();
    format!("{shape}&handle={handle}&offset=0_inf")
}

/// Follows a log from its start to its head; returns the offsets on the way and all rows' messages.
fn follow(electric: &mut Electric) -> (Vec<String>, Vec<Value>) {
    let (mut offsets, mut rows) = (Vec::new(), Vec::new());
    let mut url = "table=items&offset=-1".to_owned();
    loop {
        let response = get(electric, &url);
        let offset = response
            .header(constants::header::OFFSET)
            .unwrap()
            .to_owned();
        let handle = response.header(constants::header::HANDLE).unwrap();
        url = format!("table=items&offset={offset}&handle={handle}");
        offsets.push(offset);
        rows.extend(
            messages(&response)
                .into_iter()
                .filter(|message| message["key"].is_string()),
        );
        if response.header(constants::header::UP_TO_DATE).is_some() {
            return (offsets, rows);
        }
    }
}

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
fn a_failed_transaction_leaves_no_trace() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let before = electric.wal_insert_lsn();
    let failed = electric.transaction(NOW, |tx| {
        tx.delete("items", &id(1))?;
        tx.update("items", &id(1), row([("body", "gone")]))?;
        tx.insert("items", id(2))
    });
    assert_eq!(failed, Err(ChangeError::NotNull("body".into())));
    assert_eq!(electric.wal_insert_lsn(), before);
    assert_eq!(electric.rows("items").count(), 1);
}

#[test]
fn a_transaction_sees_itself() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let committed = electric.transaction(NOW, |tx| {
        assert!(tx.update("items", &id(1), id(2))?);
        assert!(tx.get("items", &id(1))?.is_none());
        assert!(!tx.delete("items", &id(1))?);
        assert_eq!(
            tx.insert("items", row([("id", "2"), ("body", "x")])),
            Err(ChangeError::KeyConflict("items".into()))
        );
        tx.insert("items", row([("id", "1"), ("body", "again")]))
    });
    assert!(committed.unwrap().txid.is_some());
    assert_eq!(electric.rows("items").count(), 2);
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
fn only_what_touches_a_shape_ends_it() {
    let mut electric = items(Options::default());
    let all = opened(&mut electric, "table=items");
    let some = opened(&mut electric, "table=items&columns=id,body");
    electric.alter_table("items", &Alter::DropNotNull("body".into()));
    let schema: Value = serde_json::from_str(
        get(&mut electric, &all)
            .header(constants::header::SCHEMA)
            .unwrap(),
    )
    .unwrap();
    assert_eq!(schema["body"], serde_json::json!({ "type": "text" }));
    electric.alter_table(
        "items",
        &Alter::AddColumn(Column::new("extra", PgType::Int8)),
    );
    assert_eq!(get(&mut electric, &all).status, 409);
    assert_eq!(get(&mut electric, &some).status, 200);
    electric.alter_table("items", &Alter::DropColumn("body".into()));
    // The definition itself is now invalid.
    assert_eq!(get(&mut electric, &some).status, 400);
}

#[test]
fn handles_are_never_reused() {
    let mut electric = items(Options::default());
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        assert!(seen.insert(opened(&mut electric, "table=items")));
        electric.restart(Loss::Shapes);
    }
    // A handle of another definition is as unknown as one that never was.
    let items = opened(&mut electric, "table=items");
    let other = items.replace("table=items", "table=items&replica=full");
    let conflict = get(&mut electric, &other);
    assert_eq!(conflict.status, 409);
    let named = conflict.header(constants::header::HANDLE).unwrap();
    assert!(!items.contains(named));
}

#[test]
fn a_restored_backup_puts_clients_out_of_bounds() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    let backup = electric.clone();
    let committed = insert(&mut electric, [1]);
    let ahead = url.replace("0_inf", &format!("{}_0", committed.commit_lsn));
    assert_eq!(get(&mut electric, &ahead).status, 200);
    let mut electric = backup;
    assert_eq!(
        answer(&mut electric, &ahead),
        Answer::Hold { until_ms: 10_000 }
    );
    let request = ShapeRequest::get(&ahead);
    let Answer::Respond(refused) = electric.respond(NOW, 5, &request, WaitState::TimedOut) else {
        panic!("held");
    };
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains(constants::OUT_OF_BOUNDS));
}

#[test]
fn a_restart_may_take_the_global_position_back() {
    let mut electric = items(Options::default());
    let first = insert(&mut electric, [1]);
    insert(&mut electric, [2]);
    electric.restart(Loss::Nothing);
    assert_eq!(electric.global_last_seen_lsn(), first.commit_lsn);
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

#[test]
fn what_is_not_modelled_is_refused_clearly() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    for url in [
        format!("{url}&live=true&live_sse=true"),
        "table=items&offset=-1&subset__limit=1".to_owned(),
        "table=items&offset=-1&where=id+in+(select+1)".to_owned(),
    ] {
        let refused = get(&mut electric, &url);
        assert_eq!(refused.status, 400, "{url}");
        assert!(
            refused.body.contains("embedded Electric"),
            "{}",
            refused.body
        );
    }
}
