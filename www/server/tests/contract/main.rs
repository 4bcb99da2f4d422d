//! The embedded Electric held to recorded responses of the real service.
//!
//! Each test performs the SQL that ran during the recording and asks for what was asked then. Status, headers and
//! body must be equal; handles, LSNs and transaction ids may differ but must correspond one to one and in order.
#![allow(clippy::unwrap_used)]

mod composite;
mod lists;
mod recording;
mod twin;
mod zoo;

use throughline_server::electric::{
    Alter, Column, ColumnDefault, Electric, Loss, Micros, PgType, Response, Row, Table,
    Transaction, row,
};

use twin::Twin;

const NOW: Micros = Micros(1_795_342_000_000_000);

fn commit(electric: &mut Electric, write: impl FnOnce(&mut Transaction<'_>)) {
    electric
        .transaction(NOW, |tx| {
            write(tx);
            Ok(())
        })
        .unwrap();
}

fn uuid(group: u8, last: &str) -> String {
    format!("{group}0000000-0000-4000-8000-{last:0>12}")
}

fn todo(id: &str, title: &str, completed: &str, created_at: &str, write_id: Option<&str>) -> Row {
    let (id, write_id) = (uuid(0, id), write_id.map(|write_id| uuid(1, write_id)));
    row([
        ("id", Some(id.as_str())),
        ("title", Some(title)),
        ("completed", Some(completed)),
        ("created_at", Some(created_at)),
        ("write_id", write_id.as_deref()),
    ])
}

fn todo_key(id: &str) -> Row {
    row([("id", uuid(0, id).as_str())])
}

fn todos() -> Table {
    Table::new(
        "todos",
        &["id"],
        [
            Column::new("id", PgType::Uuid),
            Column::new("title", PgType::Text).not_null(),
            Column::new("completed", PgType::Bool).not_null(),
            Column::new("created_at", PgType::Timestamptz)
                .not_null()
                .default(ColumnDefault::Now),
            Column::new("write_id", PgType::Uuid),
        ],
    )
}

/// Recordings 01 to 12 begin with these two rows.
fn with_todos() -> Twin {
    let mut twin = Twin::new();
    twin.electric.create_table(todos());
    commit(&mut twin.electric, |tx| {
        let literal = "it's \"quoted\", ünïcode ✓ and a\\nliteral";
        let at = "2026-01-02 03:04:05.678901+00";
        tx.insert("todos", todo("1", "first", "false", at, Some("1")))
            .unwrap();
        tx.insert(
            "todos",
            todo("2", literal, "true", "2026-01-02 03:04:06+00", None),
        )
        .unwrap();
    });
    twin
}

/// From the cold start to the primary key change, up to recording 07.
fn grown(twin: &mut Twin) {
    twin.same("01");
    twin.same("02");
    twin.same_after("03", |electric| {
        let title = "inserted during the long poll";
        let new = todo("3", title, "false", "2026-01-02 03:05:00+00", Some("3"));
        commit(electric, |tx| tx.insert("todos", new).unwrap());
    });
    twin.same_after("04", |electric| {
        let write_id = uuid(1, "4");
        let changes = row([("completed", "true"), ("write_id", write_id.as_str())]);
        commit(electric, |tx| {
            assert!(tx.update("todos", &todo_key("1"), changes).unwrap())
        });
    });
    twin.same_after("05", |electric| {
        commit(electric, |tx| {
            assert!(tx.delete("todos", &todo_key("2")).unwrap())
        });
    });
    commit(&mut twin.electric, |tx| {
        let at = "2026-01-02 03:06:00+00";
        tx.insert("todos", todo("5", "tx a", "false", at, None))
            .unwrap();
        tx.insert("todos", todo("6", "tx b", "false", at, None))
            .unwrap();
        assert!(
            tx.update("todos", &todo_key("5"), row([("title", "tx a2")]))
                .unwrap()
        );
        assert!(tx.delete("todos", &todo_key("6")).unwrap());
    });
    twin.same("06");
    commit(&mut twin.electric, |tx| {
        assert!(tx.update("todos", &todo_key("5"), todo_key("7")).unwrap());
    });
    twin.same("07");
}

#[test]
fn cold_start_catch_up_and_live() {
    let mut twin = with_todos();
    grown(&mut twin);
    twin.same_when_timed_out("08", 20_000);
    for number in ["09", "10", "11", "12"] {
        twin.same(number);
    }
    twin.finish();
}

#[test]
fn errors_definitions_rotation_and_restart() {
    let mut twin = with_todos();
    grown(&mut twin);
    let electric = &mut twin.electric;
    let at = "2026-01-02 03:07:00+00";
    let completed = row([("completed", "true")]);
    commit(electric, |tx| {
        tx.insert("todos", todo("8", "sse insert", "false", at, Some("8")))
            .unwrap()
    });
    commit(electric, |tx| {
        assert!(tx.update("todos", &todo_key("8"), completed).unwrap())
    });
    commit(electric, |tx| {
        assert!(tx.delete("todos", &todo_key("8")).unwrap())
    });
    for number in ["14", "15", "16", "17", "18", "19", "20", "21"] {
        twin.same(number);
    }
    commit(&mut twin.electric, |tx| {
        assert!(
            tx.update("todos", &todo_key("1"), row([("title", "renamed")]))
                .unwrap()
        );
    });
    for number in ["22", "23", "24", "25", "26", "27"] {
        twin.same(number);
    }
    twin.same_after("28", |electric| electric.truncate("todos"));
    // Five transactions ran elsewhere before the next snapshot.
    twin.electric.elsewhere(4_000, 4);
    twin.same("29");
    twin.same("30");
    twin.same("31");
    commit(&mut twin.electric, |tx| {
        let new = todo(
            "9",
            "after truncate",
            "false",
            "2026-01-02 03:08:00+00",
            None,
        );
        tx.insert("todos", new).unwrap();
    });
    twin.same("32");
    twin.electric.truncate("todos");
    twin.same("34");
    let added = Alter::AddColumn(Column::new("extra", PgType::Text));
    twin.electric.alter_table("todos", &added);
    commit(&mut twin.electric, |tx| {
        let mut new = todo("a", "after alter", "false", "2026-01-02 03:09:00+00", None);
        new.insert("extra".into(), Some("x".into()));
        tx.insert("todos", new).unwrap();
    });
    twin.same("35");
    twin.same_as("36", &Response::health());
    twin.electric
        .alter_table("todos", &Alter::DropColumn("extra".into()));
    twin.electric.restart(Loss::Nothing);
    twin.same("38");
    commit(&mut twin.electric, |tx| {
        let new = todo(
            "c",
            "before restart",
            "false",
            "2026-01-02 03:10:00+00",
            None,
        );
        tx.insert("todos", new).unwrap();
    });
    twin.electric.restart(Loss::Nothing);
    commit(&mut twin.electric, |tx| {
        let title = "written while electric was down";
        tx.insert(
            "todos",
            todo("d", title, "false", "2026-01-02 03:11:00+00", None),
        )
        .unwrap();
    });
    twin.same("37");
    twin.finish();
}
