//! Subset snapshots (protocol section 10).

use serde_json::json;

use super::*;

fn post(electric: &mut Electric, url: &str, body: &Value) -> Response {
    let request = ShapeRequest::post(url, &body.to_string());
    match electric.respond(NOW, 77, &request, WaitState::Arrived) {
        Answer::Respond(response) => response,
        hold => panic!("{url}: {hold:?}"),
    }
}

fn body(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.body);
    serde_json::from_str(&response.body).unwrap()
}

fn ids(body: &Value) -> Vec<&str> {
    let rows = body["data"].as_array().unwrap();
    rows.iter()
        .map(|row| row["value"]["id"].as_str().unwrap())
        .collect()
}

#[test]
fn a_subset_is_picked_sorted_and_marked() {
    let mut electric = items(Options::default());
    let last = insert(&mut electric, 1..=12);
    update(&mut electric, 11, "done", "t");
    let url = opened(
        &mut electric,
        "table=items&where=id+%3C+12&log=changes_only",
    );
    let get = get(
        &mut electric,
        &format!(
            "{url}&subset__where=done+%3D+$1&subset__params=%7B%221%22:%22f%22%7D&subset__order_by=id+desc&subset__limit=3&subset__offset=1"
        ),
    );
    let asked = json!({
        "where": "done = $1", "params": {"1": false}, "order_by": "id desc", "limit": 3, "offset": 1,
    });
    let posted = post(&mut electric, &url, &asked);
    for response in [&get, &posted] {
        let body = body(response);
        assert_eq!(ids(&body), ["9", "8", "7"]);
        let metadata = &body["metadata"];
        assert_eq!(metadata["xmin"], metadata["xmax"]);
        let lsn: u64 = metadata["database_lsn"].as_str().unwrap().parse().unwrap();
        assert!(lsn > last.commit_lsn);
        for row in body["data"].as_array().unwrap() {
            assert_eq!(row["headers"]["snapshot_mark"], metadata["snapshot_mark"]);
            assert_eq!(row["value"]["done"], "false");
        }
        assert_eq!(response.header(constants::header::SNAPSHOT), Some("true"));
        assert_eq!(response.header("cache-control"), Some("no-cache"));
        assert_eq!(response.header(constants::header::OFFSET), Some("0_inf"));
        assert!(response.header(constants::header::SCHEMA).is_some());
    }
    // The subset tells which changes it already contains.
    let next = update(&mut electric, 3, "done", "t");
    let xmax = body(&posted)["metadata"]["xmax"].as_str().unwrap().parse();
    assert_eq!(xmax, Ok(next.txid.unwrap()));
}

#[test]
fn an_empty_subset_is_everything_and_an_empty_body_the_log() {
    let mut electric = items(Options::default());
    insert(&mut electric, 1..=3);
    let url = opened(&mut electric, "table=items&log=changes_only");
    let all = post(&mut electric, &url, &json!({ "subset": {} }));
    assert_eq!(ids(&body(&all)).len(), 3);
    let log = post(&mut electric, &url, &json!({}));
    assert_eq!(log.header(constants::header::SNAPSHOT), None);
    assert_eq!(log.header("cache-control"), Some("no-cache"));
    assert_eq!(messages(&log)[0]["headers"]["control"], "up-to-date");
    // The body's own keys override the query.
    let other = json!({ "offset": "now", "where": "id = 1", "subset": {} });
    assert_eq!(ids(&body(&post(&mut electric, &url, &other))), ["1"]);
}

#[test]
fn nulls_sort_as_in_postgres() {
    let mut electric = items(Options::default());
    insert(&mut electric, 1..=3);
    electric
        .transaction(NOW, |tx| tx.update("items", &id(2), row([("done", None)])))
        .unwrap();
    let url = opened(&mut electric, "table=items");
    let mut sorted = |order: &str| {
        let asked = json!({ "order_by": order });
        let response = post(&mut electric, &url, &asked);
        let body = body(&response);
        ids(&body).join(",")
    };
    assert_eq!(sorted("done, id desc"), "3,1,2");
    assert_eq!(sorted("\"done\" DESC, id"), "2,1,3");
    assert_eq!(sorted("done desc nulls last, id asc"), "1,3,2");
    assert_eq!(sorted("done nulls first, id"), "2,1,3");
}

#[test]
fn bad_subsets_are_refused_and_a_dead_handle_is_a_409() {
    let mut electric = items(Options::default());
    insert(&mut electric, 1..=3);
    let url = opened(&mut electric, "table=items&queryable_columns=id,done");
    let long = format!("id = {}", "1".repeat(70_000));
    for bad in [
        json!({ "limit": 1 }),
        json!({ "offset": 1 }),
        json!({ "limit": 0, "order_by": "id" }),
        json!({ "limit": -1, "order_by": "id" }),
        json!({ "offset": "x", "order_by": "id" }),
        json!({ "order_by": "lower(id)" }),
        json!({ "order_by": "nope" }),
        json!({ "order_by": "id sideways" }),
        json!({ "order_by": "body" }),
        json!({ "where": "body = 'a'" }),
        json!({ "where": "nope = 1" }),
        json!({ "where": "id in (select id from items)" }),
        json!({ "where": "id = $1" }),
        json!({ "where": long }),
        json!({ "where": "id = $1", "params": "1" }),
        json!({ "subset": 5 }),
    ] {
        let response = post(&mut electric, &url, &bad);
        assert_eq!(response.status, 400, "{bad}");
        assert!(response.body.contains("\"subset\""), "{}", response.body);
    }
    let malformed = ShapeRequest::post(&url, "{");
    let Answer::Respond(refused) = electric.respond(NOW, 0, &malformed, WaitState::Arrived) else {
        panic!("held");
    };
    assert_eq!(refused.status, 400);
    electric.truncate("items");
    let response = post(&mut electric, &url, &json!({ "subset": {} }));
    assert_eq!(response.status, 409);
    assert!(response.header(constants::header::HANDLE).is_some());
}
