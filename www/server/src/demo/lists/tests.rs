#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::electric::{Electric, Options};
use crate::journal::Unjournaled;

const NOW: Micros = Micros(1_795_342_140_000_000);

fn backend(tickets: u64) -> Backend {
    let mut backend = Backend::new(Electric::new(Options::default()), rules().into());
    start(&mut backend, &mut Unjournaled, NOW, tickets).unwrap();
    backend
}

/// The verdicts on transactions of one change each: `null`, or the code of the rejection.
fn verdicts(backend: &mut Backend, changes: Value) -> Vec<Value> {
    let changes = changes.as_array().unwrap().iter().enumerate();
    let body: Value = changes
        .map(|(number, change)| json!({"id": format!("c:{number}"), "changes": [change]}))
        .collect();
    let answer = backend.post_changes(&mut Unjournaled, NOW, body.to_string().as_bytes());
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let verdicts = answer["transactions"].as_array().unwrap().iter();
    verdicts
        .map(|verdict| verdict["error"]["code"].clone())
        .collect()
}

#[test]
fn rules_refuse_with_a_code_each() {
    let mut backend = backend(0);
    let item = |id: u8, list: &str, title: &str| {
        json!({"table": ITEMS, "operation": "insert",
            "value": {"id": format!("00000000-0000-4000-8000-0000000000{id:02x}"), "list_id": list, "title": title, "position": "V"}})
    };
    let (archived, missing) = (FIRST_LISTS[3].0, "00000000-0000-4000-8000-000000000000");
    let update =
        |table: &str, value: Value| json!({"table": table, "operation": "update", "value": value});
    let found = verdicts(
        &mut backend,
        json!([
            item(1, GROCERIES, "Salt"),
            item(2, GROCERIES, " "),
            item(3, archived, "Salt"),
            item(4, missing, "Salt"),
            update(LISTS, json!({"id": GROCERIES, "name": ""})),
            {"table": LISTS, "operation": "delete", "value": {"id": GROCERIES}},
            update(ITEMS, json!({"id": "019aa000-0000-7000-8002-000003000000", "completed": true})),
            update(LISTS, json!({"id": archived, "archived": false})),
            update(ITEMS, json!({"id": "019aa000-0000-7000-8002-000003000000", "completed": true})),
        ]),
    );
    let codes = json!([
        null,
        "EMPTY_TITLE",
        "LIST_ARCHIVED",
        "FOREIGN_KEY_VIOLATION",
        "EMPTY_NAME",
        "LIST_IN_USE",
        "LIST_ARCHIVED",
        null,
        null
    ]);
    assert_eq!(Value::from(found), codes);
}

#[test]
fn tickets_are_as_many_as_asked_for_and_stand_in_order() {
    let backend = backend(25_000);
    let tickets = backend
        .electric()
        .rows(ITEMS)
        .filter(|item| item["list_id"].as_deref() == Some(TICKETS));
    let positions: Vec<&str> = tickets
        .filter_map(|item| item["position"].as_deref())
        .collect();
    assert_eq!(positions.len(), 25_000);
    assert!(positions.is_sorted_by(|one, next| one < next));
}

#[test]
fn a_second_start_keeps_what_is_there() {
    let mut backend = backend(1);
    let before: Vec<Row> = backend.electric().rows(ITEMS).cloned().collect();
    start(&mut backend, &mut Unjournaled, NOW, 9).unwrap();
    assert!(backend.electric().rows(ITEMS).eq(&before));
}
