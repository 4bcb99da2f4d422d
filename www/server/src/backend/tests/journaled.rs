//! What is kept, and what a start makes of it.

use super::with_ledger::with_ledger;
use super::*;

/// A journal on a full disk.
struct Full;

impl Journal for Full {
    fn append(&mut self, _: &Event) -> Result<(), JournalError> {
        Err(JournalError("no space left".into()))
    }
}

#[test]
fn what_is_not_durable_is_not_answered() {
    let mut backend = backend();
    let body = transaction(
        "c:1",
        &json!([change("insert", &json!({"id": ID, "title": "Milk"}))]),
    );
    let response = backend.post_changes(&mut Full, NOW, body.to_string().as_bytes());
    assert_eq!(response.status, 503);
    assert!(response.header("retry-after").is_some());
    assert_eq!(title_of(&backend, ID), None);
    let first = ShapeRequest::get("table=todos&offset=-1");
    let Answer::Respond(response) = backend.respond(&mut Full, NOW, 0, &first, WaitState::Arrived)
    else {
        panic!("held");
    };
    assert_eq!(response.status, 503);
    assert_eq!(backend.electric().handles().count(), 0);
    assert_eq!(post(&mut backend, &body).0, 200);
}

/// Keeps events in memory.
#[derive(Default)]
struct Kept(Vec<Event>);

impl Journal for Kept {
    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        let json = serde_json::to_string(event).unwrap();
        self.0.push(serde_json::from_str(&json).unwrap());
        Ok(())
    }
}

#[test]
fn replaying_the_journal_gives_the_same_answers() {
    let mut journal = Kept::default();
    let mut backend = Backend::new(Electric::new(Options::default()), demo::rules());
    backend.create_table(&mut journal, demo::todos()).unwrap();
    demo::seed(&mut backend, &mut journal, NOW).unwrap();
    let first =
        ShapeRequest::get("table=todos&offset=-1&where=completed+%3D+$1&params%5B1%5D=false");
    backend.respond(&mut journal, NOW, 1, &first, WaitState::Arrived);
    backend.truncate(&mut journal, "todos").unwrap();
    let added = Alter::AddColumn(Column::new("extra", PgType::Text));
    backend.alter_table(&mut journal, "todos", added).unwrap();
    let all = ShapeRequest::get("table=todos&offset=-1");
    backend.respond(&mut journal, NOW, 2, &all, WaitState::Arrived);
    let body = transaction(
        "c:1",
        &json!([change("insert", &json!({"id": ID, "title": "Milk"}))]),
    );
    backend.post_changes(&mut journal, NOW, body.to_string().as_bytes());

    let mut revived = Backend::new(Electric::new(Options::default()), demo::rules());
    journal
        .0
        .into_iter()
        .for_each(|event| revived.replay(event));
    assert_eq!(post(&mut revived, &body), post(&mut backend, &body));
    let handle = backend.electric().handles().next().unwrap().to_owned();
    for url in [
        "table=todos&offset=-1",
        &format!("table=todos&offset=0_0&handle={handle}"),
    ] {
        let ask = |backend: &mut Backend| {
            let request = ShapeRequest::get(url);
            backend.respond(&mut Unjournaled, NOW, 3, &request, WaitState::Arrived)
        };
        assert_eq!(ask(&mut revived), ask(&mut backend), "{url}");
    }
}

#[test]
fn shapes_that_ended_stay_ended_after_a_start() {
    let options = || Options {
        max_shapes: Some(3),
        allow_delete: true,
        ..Options::default()
    };
    let mut journal = Kept::default();
    let mut backend = Backend::new(Electric::new(options()), demo::rules());
    demo::start(&mut backend, &mut journal, NOW).unwrap();
    let ask = |backend: &mut Backend, journal: &mut Kept, request: &ShapeRequest| match backend
        .respond(journal, NOW, 1, request, WaitState::Arrived)
    {
        Answer::Respond(response) => response,
        hold => panic!("{hold:?}"),
    };
    let mut open = |backend: &mut Backend, shape: &str| {
        let request = ShapeRequest::get(&format!("table=todos&offset=-1&{shape}"));
        let first = ask(backend, &mut journal, &request);
        first.header("electric-handle").unwrap().to_owned()
    };
    let evicted = open(&mut backend, "columns=id");
    let subquery = open(&mut backend, "where=id+in+(select+id+from+todos)");
    let deleted = open(&mut backend, "columns=id&replica=full");
    let kept = open(&mut backend, "columns=id,title");
    let delete = ShapeRequest::get("table=todos&columns=id&replica=full")
        .method(crate::electric::Method::Delete);
    assert_eq!(ask(&mut backend, &mut journal, &delete).status, 202);
    let added = Alter::AddColumn(Column::new("extra", PgType::Text));
    let seen = ShapeRequest::get("table=todos&offset=-1&log=changes_only");
    let unaware = ask(&mut backend, &mut journal, &seen);
    backend
        .alter_table_unseen(&mut journal, "todos", added)
        .unwrap();
    assert_eq!(ask(&mut backend, &mut journal, &seen), unaware);

    let mut revived = Backend::new(Electric::new(options()), demo::rules());
    journal
        .0
        .into_iter()
        .for_each(|event| revived.replay(event));
    revived.resume();
    let alive: Vec<&str> = revived.electric().handles().collect();
    // The ALTER, which nobody saw in time, has ended those that select all columns.
    assert_eq!(alive, [kept.as_str()]);
    let before: Vec<&str> = backend.electric().handles().collect();
    assert!(before.contains(&subquery.as_str()) && before.contains(&kept.as_str()));
    assert!(!before.contains(&evicted.as_str()) && !before.contains(&deleted.as_str()));
}

#[test]
fn a_journal_of_an_earlier_version_is_read() {
    let event = r#"{"Verdict":{"id":"c:1","status":"accepted","txid":812,"lsn":"7"}}"#;
    let mut backend = with_ledger();
    backend.replay(serde_json::from_str(event).unwrap());
    let again = verdict(&mut backend, "c:1", &json!([]));
    assert_eq!(again["txid"], "812");
}
