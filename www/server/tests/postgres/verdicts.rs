//! What each transaction is told, and what is in the tables then.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::*;

/// The archived list among the demo's first ones.
const ARCHIVED: &str = "019aa000-0000-7000-8001-000000000004";

#[tokio::test]
async fn an_empty_database_becomes_the_demos() {
    let mut wish = Wish::default();
    wish.settings.rows = 12_000;
    let world = serve(crate::cluster::Cluster::shared(), wish).await;
    assert_eq!(world.count("todos").await, 5);
    assert_eq!(world.count("lists").await, 5);
    let tickets = "items WHERE title LIKE '#%'";
    assert_eq!(world.count(tickets).await, 12_000);
    for (number, value, code) in [
        (
            1,
            json!({"id": ID, "list_id": ARCHIVED, "title": "Salt", "position": "V"}),
            "LIST_ARCHIVED",
        ),
        (
            2,
            json!({"id": ID, "list_id": ID, "title": "Salt", "position": "V"}),
            "FOREIGN_KEY_VIOLATION",
        ),
        (
            3,
            json!({"id": ID, "list_id": ARCHIVED, "title": " ", "position": "V"}),
            "EMPTY_TITLE",
        ),
    ] {
        let verdict = world
            .verdict(
                &format!("l:{number}"),
                json!([change("items", "insert", value)]),
            )
            .await;
        assert_eq!(verdict["error"]["code"], code);
    }
    let unnamed = change("lists", "update", json!({"id": ARCHIVED, "name": ""}));
    let deleted = change("lists", "delete", json!({"id": ARCHIVED}));
    let back = change(
        "lists",
        "update",
        json!({"id": ARCHIVED, "archived": false}),
    );
    let salt = json!({"id": ID, "list_id": ARCHIVED, "title": "Salt", "position": "V"});
    for (id, change, code) in [
        ("l:4", unnamed, json!("EMPTY_NAME")),
        ("l:5", deleted, json!("LIST_IN_USE")),
        ("l:6", back, Value::Null),
        ("l:7", change("items", "insert", salt), Value::Null),
    ] {
        let verdict = world.verdict(id, json!([change])).await;
        assert_eq!(verdict["error"]["code"], code);
    }
    world.execute("DELETE FROM throughline_ledger").await;
    assert_eq!(world.count("throughline_ledger").await, 0);
    let renamed = change(
        "todos",
        "update",
        json!({"id": "019aa000-0000-7000-8000-000000000004", "title": " "}),
    );
    let verdict = world.verdict("c:1", json!([renamed])).await;
    let expected = json!({"id": "c:1", "status": "rejected",
        "error": {"code": "EMPTY_TITLE", "message": "A todo needs a title"}});
    assert_eq!(verdict, expected);
}

#[tokio::test]
async fn an_insert_an_update_and_a_delete_are_applied_with_their_write_ids() {
    let world = demo().await;
    let write_id = "10000000-0000-7000-8000-0000000000aa";
    let mut rename = change(
        "todos",
        "update",
        json!({"id": ID, "title": "Oat milk", "completed": true}),
    );
    rename["write_id"] = json!(write_id);
    rename["base"] = json!({"title": "Milk"});
    let verdicts = world
        .verdicts(&json!([
            transaction("c:1", json!([insert(ID, "Milk"), insert(OTHER, "Bread")])),
            transaction(
                "c:2",
                json!([rename, change("todos", "delete", json!({"id": OTHER}))])
            ),
        ]))
        .await;
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict["status"] == "accepted"),
        "{verdicts:?}"
    );
    let row = world
        .text("SELECT (title, completed, write_id) FROM todos")
        .await
        .unwrap();
    assert_eq!(row, format!("(\"Oat milk\",t,{write_id})"));
}

#[tokio::test]
async fn the_ledger_row_and_the_rows_share_a_transaction_below_the_position() {
    let world = demo().await;
    let before = world
        .text("SELECT pg_current_wal_insert_lsn() - '0/0'")
        .await
        .unwrap();
    let verdict = world.verdict("tab:1:7", json!([insert(ID, "Milk")])).await;
    let row = world.text("SELECT xmin FROM todos").await;
    assert_eq!(world.text("SELECT xmin FROM throughline_ledger").await, row);
    assert_eq!(verdict["txid"].as_str(), row.as_deref());
    let ledger = world
        .text("SELECT (id, client_id, status, code, message, noop, txid) FROM throughline_ledger")
        .await;
    assert_eq!(
        ledger.unwrap(),
        format!("(tab:1:7,tab:1,accepted,,,f,{})", row.unwrap())
    );
    let position = |text: &str| text.parse::<u64>().unwrap();
    let lsn = position(verdict["lsn"].as_str().unwrap());
    let after = world
        .text("SELECT pg_current_wal_insert_lsn() - '0/0'")
        .await
        .unwrap();
    assert!(position(&before) < lsn && lsn <= position(&after));
    // Rows and the record of the commit lie below: of less than this none is made.
    assert!(lsn >= position(&before) + 48);
}

#[tokio::test]
async fn a_change_that_finds_no_row_is_a_noop_with_a_ledger_row() {
    let world = demo().await;
    for (id, operation) in [("c:1", "update"), ("c:2", "delete")] {
        let gone = change("todos", operation, json!({"id": ID}));
        let verdict = world.verdict(id, json!([gone])).await;
        assert_eq!(
            settled(verdict.clone()),
            json!({"id": id, "status": "accepted", "noop": true})
        );
        let again = world.verdict(id, json!([])).await;
        assert_eq!(settled(again), settled(verdict));
    }
    assert_eq!(world.count("throughline_ledger WHERE noop").await, 2);
}

const CONSTRAINED: &str = "
    CREATE TABLE lists (id int PRIMARY KEY);
    INSERT INTO lists VALUES (1);
    CREATE TABLE items (
        id int PRIMARY KEY,
        list int REFERENCES lists DEFERRABLE INITIALLY DEFERRED,
        strict_list int REFERENCES lists,
        name varchar(5) UNIQUE,
        amount int NOT NULL DEFAULT 1 CHECK (amount > 0),
        double int GENERATED ALWAYS AS (amount * 2) STORED,
        during int4range,
        EXCLUDE USING gist (during WITH &&)
    );
    INSERT INTO items (id, name, during) VALUES (1, 'taken', '[1,5)');
    CREATE TABLE secrets (id int PRIMARY KEY);
    CREATE TABLE raising (id int PRIMARY KEY);
    CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'never' USING ERRCODE = 'TL001';
    END $$;
    CREATE TRIGGER raise BEFORE INSERT ON raising FOR EACH ROW EXECUTE FUNCTION raise();
";

#[tokio::test]
async fn each_fault_has_its_code_and_leaves_nothing_behind() {
    let world = with(CONSTRAINED, &["lists", "items", "raising"]).await;
    let item = |value: Value| change("items", "insert", value);
    let cases = [
        ("UNIQUE_VIOLATION", item(json!({"id": 1}))),
        ("UNIQUE_VIOLATION", item(json!({"id": 2, "name": "taken"}))),
        (
            "FOREIGN_KEY_VIOLATION",
            item(json!({"id": 2, "strict_list": 9})),
        ),
        // At COMMIT.
        ("FOREIGN_KEY_VIOLATION", item(json!({"id": 2, "list": 9}))),
        ("CHECK_VIOLATION", item(json!({"id": 2, "amount": 0}))),
        ("NOT_NULL_VIOLATION", item(json!({"id": 2, "amount": null}))),
        (
            "EXCLUSION_VIOLATION",
            item(json!({"id": 2, "during": "[4,9)"})),
        ),
        ("INVALID_VALUE", item(json!({"id": 2, "amount": "many"}))),
        (
            "INVALID_VALUE",
            item(json!({"id": 2, "amount": 99999999999_i64})),
        ),
        ("INVALID_VALUE", item(json!({"id": 2, "name": "longer"}))),
        ("INVALID_VALUE", item(json!({"id": 2, "name": "a\u{0}b"}))),
        ("MISSING_KEY", item(json!({"name": "x"}))),
        (
            "MISSING_KEY",
            change("items", "update", json!({"id": null, "name": "x"})),
        ),
        (
            "MISSING_KEY",
            change("items", "delete", json!({"name": "taken"})),
        ),
        ("UNKNOWN_COLUMN", item(json!({"id": 2, "colour": "red"}))),
        (
            "UNKNOWN_COLUMN",
            item(json!({"id": 2, "name\" = '' --": "red"})),
        ),
        ("FORBIDDEN", item(json!({"id": 2, "double": 4}))),
        ("UNKNOWN_TABLE", change("nope", "delete", json!({"id": 1}))),
        (
            "UNKNOWN_TABLE",
            change("secrets", "insert", json!({"id": 1})),
        ),
        (
            "UNKNOWN_TABLE",
            change("public.items", "delete", json!({"id": 1})),
        ),
        (
            "FORBIDDEN",
            change("throughline_ledger", "delete", json!({"id": "c:1"})),
        ),
        (
            "FORBIDDEN",
            change("pg_catalog.pg_class", "delete", json!({"oid": 1})),
        ),
        (
            "FORBIDDEN",
            change("pg_authid", "delete", json!({"oid": 10})),
        ),
        ("RAISED", change("raising", "insert", json!({"id": 1}))),
    ];
    for (index, (code, change)) in cases.into_iter().enumerate() {
        let id = format!("c:{index}");
        // The first change is fine, and goes with the other.
        let fine = self::change("lists", "insert", json!({"id": 100 + index}));
        let verdict = world.verdict(&id, json!([fine, change])).await;
        assert_eq!(verdict["error"]["code"], code, "{verdict}");
        assert_eq!(verdict["status"], "rejected");
        assert!(verdict.get("txid").is_none() && verdict.get("lsn").is_none());
        // A repeated request is not judged anew.
        assert_eq!(world.verdict(&id, json!([])).await, verdict);
    }
    assert_eq!(world.count("lists").await, 1);
    assert_eq!(world.count("items").await, 1);
    assert_eq!(
        world
            .count("throughline_ledger WHERE status = 'accepted'")
            .await,
        0
    );
}

#[tokio::test]
async fn policies_and_grants_are_obeyed_and_know_the_user() {
    let schema = "
        CREATE TABLE notes (id int PRIMARY KEY, owner text NOT NULL, secret text);
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON notes USING (owner = current_setting('throughline.user', true));
        CREATE TABLE readable (id int PRIMARY KEY);
        INSERT INTO notes VALUES (2, 'eve', 's');
    ";
    let cluster = crate::cluster::Cluster::shared();
    let wish = Wish {
        schema,
        tables: &["notes", "readable"],
        ..Wish::default()
    };
    let owner = serve(cluster.clone(), wish).await;
    let role = format!("app_{}", owner.database);
    owner
        .execute(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT SELECT, INSERT, UPDATE ON throughline_ledger TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO {role};
             GRANT SELECT ON readable TO {role};"
        ))
        .await;
    let settings = throughline_server::postgres::Settings {
        url: cluster.url(&owner.database, &role),
        tables: vec!["notes".into(), "readable".into()],
        columns: [("notes".to_owned(), vec!["owner".to_owned()])].into(),
        ..Default::default()
    };
    let postgres = throughline_server::postgres::Postgres::open(settings)
        .await
        .unwrap();
    let header = Some("x-user".parse().unwrap());
    let service =
        throughline_server::http::Service::over_postgres(postgres, None, header, BODY_LIMIT);
    let router = throughline_server::http::router(service, &Default::default());
    let ask = async |user: &str, id: &str, change: Value| {
        let headers: &[(&str, &str)] = match user {
            "" => &[],
            user => &[("x-user", user)],
        };
        let body = json!([transaction(id, json!([change]))]).to_string();
        send(&router, "POST", "/changes", headers, body).await
    };
    let own = |id: i32| change("notes", "insert", json!({"id": id, "owner": "ada"}));
    let (status, answer) = ask("", "c:0", own(1)).await;
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("UNAUTHENTICATED"))
    );
    for (user, id, change, status, code) in [
        ("ada", "c:1", own(1), "accepted", None),
        ("eve", "c:2", own(3), "rejected", Some("FORBIDDEN")),
        (
            "ada",
            "c:3",
            change("readable", "insert", json!({"id": 1})),
            "rejected",
            Some("FORBIDDEN"),
        ),
        (
            "ada",
            "c:4",
            change("notes", "update", json!({"id": 1, "secret": "x"})),
            "rejected",
            Some("FORBIDDEN"),
        ),
    ] {
        let (_, answer) = ask(user, id, change).await;
        let verdict = &answer["transactions"][0];
        assert_eq!(verdict["status"], status, "{answer}");
        assert_eq!(verdict["error"]["code"].as_str(), code);
    }
    // A row that the user may not see is no row.
    let (_, answer) = ask("ada", "c:5", change("notes", "delete", json!({"id": 2}))).await;
    assert_eq!(answer["transactions"][0]["noop"], true);
    assert_eq!(owner.count("notes").await, 2);
}
