//! Requests of a page that no client of ours would send, and values that it may send.

use throughline::engine::{Answer, Asked, Effect, Event};
use throughline::error::{Error, Result};
use throughline::ids::{Millis, RequestId, SubscriptionId, TabNumber, TimerId, TransactionId};
use throughline::tabs::{Reply, Request, Statement};
use throughline::value::Value;

use super::support::{App, TODOS, id, statement};

const DOCUMENTS: &str = r#"{"name": "test", "write": {"url": "/changes"}, "tables": {"documents": {
    "columns": {"id": "integer", "body": "json", "indexed": "jsonb", "numbers": "numeric[]"}, "primaryKey": ["id"]}}}"#;

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// JSON that the column takes, and that no reader of ours into values does.
#[test]
fn a_document_beyond_what_json_readers_take_can_be_sent_and_settled() {
    for (column, body) in [
        ("body", nested(200)),
        ("body", nested(100_000)),
        ("body", "1e400".into()),
        ("body", "9".repeat(400)),
        ("body", r#""\ud800""#.into()),
        ("indexed", nested(400)),
        ("indexed", "1e400".into()),
        ("numbers", format!("[{}]", "9".repeat(400))),
    ] {
        let mut app = App::open(DOCUMENTS);
        let insert = format!("INSERT INTO documents (id, {column}) VALUES (1, ?)");
        app.execute(&insert, &[Value::Text(body.clone())]).unwrap();
        let update = format!("UPDATE documents SET {column} = NULL");
        app.execute(&update, &[]).unwrap();
        assert_eq!(app.pending().len(), 2, "{body:.40}");
        let post = app.effects.iter().find_map(|effect| match effect {
            Effect::Fetch(fetch) => Some(fetch.clone()),
            _ => None,
        });
        let (fetch, sent) = post.map(|post| (post.id, post.body.unwrap())).unwrap();
        let refusal = r#"{"transactions":[{"id":"ID","status":"rejected"}]}"#;
        let first = app.pending()[0].id.clone();
        assert!(sent.contains(&first), "{body:.40}");
        let answer = Answer {
            status: 200,
            headers: Vec::new(),
            body: refusal.replace("ID", &first),
        };
        app.handle(Event::Answered { fetch, answer });
        let rejected = app.rejected();
        assert_eq!(rejected.len(), 2, "{body:.40}");
        assert!(rejected[0].changes[0].value.get(column).is_some());
        let number = rejected[0].number;
        let retry = Request::Retry {
            number,
            dependents: true,
        };
        app.ask(retry).unwrap();
        app.assert_sound();
    }
}

/// What an app attaches goes into the body as it is.
#[test]
fn what_is_attached_and_is_no_json_is_refused() {
    for meta in [
        "",
        "x",
        "{",
        "{}{}",
        "[1,]",
        "NaN",
        "'; --",
        "\u{0}",
        "1,\"changes\":[]",
    ] {
        let mut app = App::open(TODOS);
        let refused =
            |error: Option<Error>| assert_eq!(error.unwrap().code(), "ARGUMENT", "{meta}");
        let batch = Request::Batch {
            statements: vec![statement(&insert(1), &[])],
            meta: Some(meta.into()),
        };
        refused(app.ask(batch).err());
        refused(
            app.ask(Request::Begin {
                meta: Some(meta.into()),
            })
            .err(),
        );
        app.run(&insert(2));
        let pending = app.pending();
        assert_eq!(pending.len(), 1);
        let edit = Request::Edit {
            number: pending[0].number,
            changes: "[]".into(),
            meta: Some(meta.into()),
        };
        refused(app.ask(edit).err());
        app.assert_sound();
    }
}

fn insert(n: u32) -> String {
    format!(
        "INSERT INTO todos (id, title, completed, created_at) VALUES ('{}', 'x', false, '2026-01-01')",
        id(n)
    )
}

/// Asks in the name of a tab; the answer, if there is one at once.
fn of_tab(app: &mut App, tab: u32, number: u32, request: Request) -> Option<Result<Reply, Error>> {
    let mut asked = Asked::from(RequestId(number));
    asked.tab = TabNumber(tab);
    let mut reply = None;
    for effect in app.handle(Event::Request(asked, request)) {
        match effect {
            Effect::Reply(of, result) if of == RequestId(number) => reply = Some(result),
            other => app.effects.push(other),
        }
    }
    reply
}

#[test]
fn numbers_that_nobody_was_given_lead_nowhere() {
    let mut app = App::open(TODOS);
    app.run(&insert(1));
    for number in [i64::MIN, -1, 0, 1, 99, i64::MAX] {
        let number = TransactionId(number);
        let in_transaction = |statement: Statement| Request::Execute {
            statement,
            transaction: Some(number),
        };
        for request in [
            Request::Commit(number),
            Request::Rollback(number),
            Request::Retry {
                number,
                dependents: true,
            },
            Request::Discard {
                number,
                dependents: true,
            },
            Request::Edit {
                number,
                changes: "[]".into(),
                meta: None,
            },
            in_transaction(statement("DELETE FROM todos", &[])),
            Request::Query {
                statement: statement("SELECT 1", &[]),
                transaction: Some(number),
            },
        ] {
            let error = app.ask(request).unwrap_err();
            let known = ["ARGUMENT", "TRANSACTION_CLOSED", "LEADER_CHANGED"];
            assert!(known.contains(&error.code()), "{number:?}: {error}");
        }
    }
    for key in ["", ":", "x:1", ":1", "\u{0}", &"9".repeat(1_000_000)] {
        app.ask(Request::Settled(key.into())).unwrap_err();
    }
    for table in [
        "",
        "drafts",
        "todos_synced",
        "_throughline_changes",
        "todos\"; --",
    ] {
        for request in [
            Request::set_shape(table.into(), None, "{}").unwrap(),
            Request::remove_shape(table.into(), None, true),
            Request::load_subset(table.into(), None, "{}").unwrap(),
        ] {
            assert_eq!(app.ask(request).unwrap_err().code(), "ARGUMENT", "{table}");
        }
    }
    app.ask(Request::Unsubscribe(SubscriptionId(u32::MAX)))
        .unwrap();
    app.handle(Event::Cancel(RequestId(u32::MAX)));
    app.handle(Event::Took(TabNumber(u32::MAX), SubscriptionId(u32::MAX)));
    app.handle(Event::TabGone(TabNumber(u32::MAX)));
    for timer in [0, 1, 2, 3, 4, 5, 6, 15, 16, 999, 1 << 16, 1 << 24, u32::MAX] {
        app.handle(Event::Timer(TimerId(timer)));
    }
    assert_eq!(app.rows("SELECT count(*) FROM todos"), ["1"]);
    assert_eq!(app.pending().len(), 1);
    app.assert_sound();
}

#[test]
fn the_transaction_of_another_tab_is_not_written_in_committed_or_cancelled() {
    let mut app = App::open(TODOS);
    let begun = of_tab(&mut app, 1, 1, Request::Begin { meta: None });
    let Some(Ok(Reply::Begun(transaction))) = begun else {
        panic!("{begun:?}");
    };
    let write = |n| Request::Execute {
        statement: statement(&insert(n), &[]),
        transaction: Some(transaction),
    };
    of_tab(&mut app, 1, 2, write(1)).unwrap().unwrap();
    let read = Request::Query {
        statement: statement("SELECT title FROM todos", &[]),
        transaction: Some(transaction),
    };
    for (n, request) in [
        write(2),
        read,
        Request::Commit(transaction),
        Request::Rollback(transaction),
    ]
    .into_iter()
    .enumerate()
    {
        let error = of_tab(&mut app, 2, 10 + n as u32, request.clone());
        let error = error
            .unwrap_or_else(|| panic!("{request:?} waits"))
            .unwrap_err();
        assert_eq!(error.code(), "TRANSACTION_CLOSED", "{request:?}");
    }
    // Neither of these is the stranger's to end, either.
    app.handle(Event::Cancel(RequestId(1)));
    app.handle(Event::TabGone(TabNumber(2)));
    of_tab(&mut app, 1, 3, Request::Commit(transaction))
        .unwrap()
        .unwrap();
    assert_eq!(app.rows("SELECT count(*) FROM todos"), ["1"]);
    app.assert_sound();
}

#[test]
fn parameters_of_a_wrong_number_or_kind_are_told_as_such() {
    let mut app = App::open(TODOS);
    let text = || Value::Text("x".into());
    for (sql, params) in [
        ("SELECT 1", vec![text()]),
        ("SELECT ?", vec![]),
        ("SELECT ?1, ?3", vec![text(), text()]),
        ("SELECT ?", vec![text(); 100_000]),
        ("SELECT ?40000", vec![]),
        ("SELECT :name, @name, $name", vec![text()]),
    ] {
        let error = app.execute(sql, &params).unwrap_err();
        assert!(
            ["ARGUMENT", "SQL"].contains(&error.code()),
            "{sql}: {error}"
        );
    }
    for value in [
        Value::Blob(vec![0; 1_000_000]),
        Value::Real(f64::INFINITY),
        Value::Integer(i64::MIN),
        Value::Text("\0".repeat(1_000)),
    ] {
        let params = [Value::Text(id(7)), value.clone()];
        let sql = "INSERT INTO todos (id, title, completed, created_at) VALUES (?1, 'x', ?2, '2026-01-01')";
        let error = app.execute(sql, &params).unwrap_err();
        assert_eq!(error.code(), "CONSTRAINT", "{value:.20?}: {error}");
        assert!(error.report().message.len() < 10_000);
    }
    app.assert_sound();
}

fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Millis(i64::try_from(since.unwrap().as_millis()).unwrap())
}

#[test]
fn a_statement_without_end_is_interrupted_wherever_it_stands() {
    let options = TODOS.replacen('{', r#"{"statementTimeout": 50, "#, 1);
    let mut app = App::open(&options);
    app.engine.limit_statements(now).unwrap();
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)";
    for sql in [
        format!("{endless} SELECT count(*) FROM c"),
        format!("{endless} SELECT sum(n) FROM c WHERE n < 0"),
        format!("{endless} INSERT INTO todos (id) SELECT n FROM c WHERE n < 0"),
        format!("DELETE FROM todos WHERE EXISTS ({endless} SELECT 1 FROM c WHERE n < 0) OR true"),
        format!("CREATE TABLE x AS {endless} SELECT n FROM c WHERE n < 0"),
        "SELECT count(*) FROM (SELECT value FROM json_each(replace(hex(zeroblob(50000)), '00', '1,')||'1'))".into(),
    ] {
        let result = app.execute(&sql, &[]);
        if let Err(error) = result {
            assert!(["TIMEOUT", "SQL"].contains(&error.code()), "{sql}: {error}");
        }
    }
    app.run(&insert(1));
    let batch = [insert(2), format!("{endless} SELECT count(*) FROM c")];
    let error = app.batch(&[&batch[0], &batch[1]]).unwrap_err();
    assert_eq!(error.code(), "TIMEOUT");
    let live = Request::Live {
        subscription: SubscriptionId(1),
        statement: statement(&batch[1], &[]),
        key: Vec::new(),
    };
    assert_eq!(app.ask(live).unwrap_err().code(), "TIMEOUT");
    assert_eq!(app.rows("SELECT count(*) FROM todos"), ["1"]);
    app.assert_sound();
}

#[test]
fn sql_of_ten_megabytes_is_answered() {
    let mut app = App::open(TODOS);
    let long = "x".repeat(10_000_000);
    let literal = app.rows(&format!("SELECT length('{long}')"));
    assert_eq!(literal, ["10000000"]);
    for sql in [
        long.clone(),
        format!("SELECT {}1", "(".repeat(1_000_000)),
        format!("SELECT 1{}", " + 1".repeat(1_000_000)),
        format!("SELECT '{long}"),
    ] {
        let error = app.execute(&sql, &[]).unwrap_err();
        assert_eq!(error.code(), "SQL", "{sql:.40}");
        assert!(error.report().message.len() < 10_000, "{sql:.40}");
    }
    let statements = vec![statement("SELECT 1", &[]); 50_000];
    app.ask(Request::Batch {
        statements,
        meta: None,
    })
    .unwrap();
    app.assert_sound();
}

fn live(subscription: u32, sql: &str) -> Request {
    Request::Live {
        subscription: SubscriptionId(subscription),
        statement: statement(sql, &[]),
        key: Vec::new(),
    }
}

#[test]
fn a_tab_that_subscribes_without_end_is_refused_and_others_are_not() {
    let mut app = App::open(TODOS);
    let mut refused = None;
    for n in 0..20_000 {
        let sql = "SELECT count(*) FROM todos";
        if let Some(Err(error)) = of_tab(&mut app, 1, n, live(n, sql)) {
            refused = Some((n, error));
            break;
        }
        app.effects.clear();
    }
    let (count, error) = refused.expect("there is an end");
    assert_eq!((count, error.code()), (10_000, "ARGUMENT"));
    of_tab(&mut app, 2, 1, live(1, "SELECT 1"))
        .unwrap()
        .unwrap();
    // In place of one that is there is no further one.
    of_tab(&mut app, 1, 2, live(0, "SELECT 1"))
        .unwrap()
        .unwrap();
    of_tab(&mut app, 1, 3, Request::Unsubscribe(SubscriptionId(7)))
        .unwrap()
        .unwrap();
    of_tab(&mut app, 1, 4, live(7, "SELECT 1"))
        .unwrap()
        .unwrap();
    app.run(&insert(1));
    app.handle(Event::TabGone(TabNumber(1)));
    of_tab(&mut app, 1, 5, live(1, "SELECT 1"))
        .unwrap()
        .unwrap();
    app.assert_sound();
}

#[test]
fn a_storm_of_subscriptions_leaves_nothing_behind() {
    let mut app = App::open(TODOS);
    for n in 0..20_000 {
        of_tab(&mut app, 1, n, live(n, "SELECT count(*) FROM todos"))
            .unwrap()
            .unwrap();
        let ended = Request::Unsubscribe(SubscriptionId(n));
        of_tab(&mut app, 1, n, ended).unwrap().unwrap();
    }
    app.effects.clear();
    app.run(&insert(1));
    let told = |effect: &Effect| matches!(effect, Effect::Tell(..));
    assert!(!app.effects.iter().any(told));
    let Reply::Inspected(inside) = app.ask(Request::Inspect { from: 0 }).unwrap() else {
        panic!("no inspection");
    };
    assert_eq!(inside.live.len(), 0);
}
