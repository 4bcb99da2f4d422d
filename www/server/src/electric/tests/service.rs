//! What ends shapes, and what the service refuses (protocol sections 2, 6 and 13).

use super::*;

fn status(electric: &mut Electric, url: &str) -> u16 {
    get(electric, url).status
}

fn send(electric: &mut Electric, request: &ShapeRequest) -> Response {
    match electric.respond(NOW, 3, request, WaitState::Arrived) {
        Answer::Respond(response) => response,
        hold => panic!("{hold:?}"),
    }
}

#[test]
fn an_alter_is_seen_with_the_next_change_or_by_the_reconciler() {
    let extra = || Alter::AddColumn(Column::new("extra", PgType::Text));
    let mut electric = items(Options::default());
    let all = opened(&mut electric, "table=items");
    let some = opened(&mut electric, "table=items&columns=id,body");
    electric.alter_table_unseen("items", &extra());
    assert_eq!(status(&mut electric, &all), 200);
    let schema = get(&mut electric, &all);
    assert!(
        !schema
            .header(constants::header::SCHEMA)
            .unwrap()
            .contains("extra")
    );
    insert(&mut electric, [1]);
    assert_eq!(status(&mut electric, &all), 409);
    assert_eq!(status(&mut electric, &some), 200);
    let all = opened(&mut electric, "table=items");
    electric.alter_table_unseen("items", &Alter::DropColumn("extra".into()));
    assert_eq!(status(&mut electric, &all), 200);
    electric.reconcile();
    assert_eq!(status(&mut electric, &all), 409);
}

#[test]
fn a_lost_slot_ends_every_shape() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    let before = electric.endings();
    electric.lose_slot();
    assert_eq!(electric.endings(), before + 1);
    let conflict = get(&mut electric, &url);
    assert_eq!(conflict.status, 409);
    assert_eq!(
        conflict.header("cache-control"),
        Some(constants::cache::MUST_REFETCH)
    );
    assert!(conflict.header(constants::header::HANDLE).is_some());
}

#[test]
fn one_shape_too_many_ends_the_least_recently_used() {
    let mut electric = items(Options {
        max_shapes: Some(2),
        ..Options::default()
    });
    let first = opened(&mut electric, "table=items&where=id+%3D+1");
    let second = opened(&mut electric, "table=items&where=id+%3D+2");
    assert_eq!(status(&mut electric, &first), 200);
    opened(&mut electric, "table=items&where=id+%3D+3");
    let evicted = electric.take_evicted();
    assert_eq!(evicted.len(), 1);
    assert!(second.contains(&evicted[0]));
    assert_eq!(status(&mut electric, &first), 200);
    // Whoever is held learns it without a handle, whoever asks again with one.
    let live = ShapeRequest::get(&format!("{second}&live=true"));
    let Answer::Respond(held) = electric.respond(NOW, 5, &live, WaitState::Held) else {
        panic!("held");
    };
    assert_eq!(
        (held.status, held.header(constants::header::HANDLE)),
        (409, None)
    );
    assert_eq!(
        held.header("cache-control"),
        Some(constants::cache::MUST_REFETCH_NO_HANDLE)
    );
    assert_eq!(status(&mut electric, &second), 409);
}

#[test]
fn delete_ends_a_shape_where_it_is_enabled() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    let delete = |url: &str| ShapeRequest::get(url).method(Method::Delete);
    assert_eq!(send(&mut electric, &delete(&url)).status, 405);
    let mut electric = items(Options {
        allow_delete: true,
        ..Options::default()
    });
    let url = opened(&mut electric, "table=items");
    assert_eq!(send(&mut electric, &delete(&url)).status, 202);
    assert_eq!(send(&mut electric, &delete(&url)).status, 404);
    assert_eq!(status(&mut electric, &url), 409);
    assert_eq!(send(&mut electric, &delete("table=items")).status, 202);
    assert_eq!(send(&mut electric, &delete("table=items")).status, 404);
    assert_eq!(send(&mut electric, &delete("table=nope")).status, 400);
}

#[test]
fn expected_failures_say_when_to_come_back() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    let new = "table=items&columns=id&offset=-1";
    let subset = format!("{url}&subset__where=id+%3D+1");
    type Expected = Option<(u16, &'static str)>;
    let cases: [(Condition, [Expected; 3]); 5] = [
        (Condition::Starting, [Some((503, "5")); 3]),
        (
            Condition::SnapshotsFail,
            [None, Some((503, "10")), Some((503, "10"))],
        ),
        (
            Condition::DatabaseUnreachable,
            [None, Some((503, "10")), Some((503, "10"))],
        ),
        (
            Condition::SnapshotsCrash,
            [None, Some((500, "")), Some((500, ""))],
        ),
        (Condition::ReadOnly, [None, Some((503, "1")), None]),
    ];
    for (condition, expected) in cases {
        electric.set_condition(condition);
        for (url, expected) in [url.as_str(), new, &subset].into_iter().zip(expected) {
            let response = get(&mut electric, url);
            let Some((status, seconds)) = expected else {
                assert_eq!(response.status, 200, "{condition:?} {url}");
                continue;
            };
            assert_eq!(response.status, status, "{condition:?} {url}");
            let after = response.header(constants::header::RETRY_AFTER);
            assert_eq!(after.unwrap_or_default(), seconds);
            let known = response.header(constants::header::KNOWN_ERROR);
            assert_eq!(known.is_some(), status == 503);
            assert_eq!(response.header("cache-control"), Some("no-store"));
        }
    }
    assert_eq!(Response::health_of(Condition::Starting).status, 202);
    electric.set_condition(Condition::Active);
    assert_eq!(status(&mut electric, new), 200);
}

#[test]
fn each_class_of_requests_has_its_own_limit() {
    let mut electric = items(Options {
        max_initial_requests: 1,
        ..Options::default()
    });
    let url = opened(&mut electric, "table=items");
    let known = ShapeRequest::get(&url);
    let unknown = ShapeRequest::get("table=items&offset=0_0&handle=1-2");
    assert_eq!(electric.admission(&known), Admission::Existing);
    assert_eq!(electric.admission(&unknown), Admission::Initial);
    let overload = |entropy| electric.overload(&unknown, Admission::Initial, 1, entropy);
    assert_eq!(electric.overload(&unknown, Admission::Initial, 0, 0), None);
    assert_eq!(electric.overload(&known, Admission::Existing, 1, 0), None);
    let seconds: Vec<String> = (0..5)
        .map(|entropy| {
            let refused = overload(entropy).unwrap();
            assert!(refused.body.contains("concurrent_request_limit_exceeded"));
            refused
                .header(constants::header::RETRY_AFTER)
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(seconds, ["6", "7", "8", "9", "10"]);
}

#[test]
fn a_409_that_answers_a_post_is_not_cached() {
    let mut electric = items(Options::default());
    let request = ShapeRequest::post("table=items&offset=0_0&handle=1-2", "{}");
    let conflict = send(&mut electric, &request);
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.header("cache-control"), Some("no-cache"));
    let long = format!("table=items&offset=-1&where={}", "x".repeat(20_000));
    assert_eq!(send(&mut electric, &ShapeRequest::get(&long)).status, 414);
}
