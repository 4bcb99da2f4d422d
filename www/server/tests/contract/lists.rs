//! Recordings 48 to 71: lists and their items, one database throughout.

use throughline_server::electric::{Column, ColumnDefault, Electric, PgType, Row, Table, row};

use crate::commit;
use crate::twin::Twin;

fn id(id: u32) -> Row {
    row([("id", id.to_string().as_str())])
}

fn item(number: u32, list: u32, body: &str) -> Row {
    let (number, list) = (number.to_string(), list.to_string());
    row([
        ("id", number.as_str()),
        ("list_id", &list),
        ("body", body),
        ("done", "false"),
    ])
}

fn list(number: u32, name: &str, shared: bool) -> Row {
    let number = number.to_string();
    row([
        ("id", number.as_str()),
        ("name", name),
        ("shared", if shared { "t" } else { "f" }),
    ])
}

/// Ids of the items a condition selects, in heap order.
fn items_where(electric: &Electric, condition: impl Fn(&Row) -> bool) -> Vec<u32> {
    let selected = electric.rows("items").filter(|row| condition(row));
    selected
        .map(|row| row["id"].as_deref().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn filters_and_transactions_over_two_shapes() {
    let mut twin = Twin::new();
    twin.electric.create_table(Table::new(
        "lists",
        &["id"],
        [
            Column::new("id", PgType::Int4),
            Column::new("name", PgType::Text).not_null(),
            Column::new("shared", PgType::Bool).not_null(),
        ],
    ));
    twin.electric.create_table(Table::new(
        "items",
        &["id"],
        [
            Column::new("id", PgType::Int4),
            Column::new("list_id", PgType::Int4).not_null(),
            Column::new("body", PgType::Text),
            Column::new("done", PgType::Bool)
                .not_null()
                .default(ColumnDefault::Text("f".into())),
        ],
    ));
    commit(&mut twin.electric, |tx| {
        for number in 1..=6 {
            let new = list(number, &format!("list {number}"), number % 2 == 0);
            tx.insert("lists", new).unwrap();
        }
    });
    commit(&mut twin.electric, |tx| {
        for number in 1..=24 {
            tx.insert(
                "items",
                item(number, 1 + number % 6, &format!("item {number}")),
            )
            .unwrap();
        }
    });
    twin.same("48");
    twin.same("49");
    twin.same_after("50", |electric| {
        commit(electric, |tx| {
            for number in 1..=3 {
                assert!(
                    tx.update("items", &id(number), row([("done", "true")]))
                        .unwrap()
                );
            }
            assert!(
                tx.update("items", &id(4), row([("body", "item 4")]))
                    .unwrap()
            );
            assert!(
                tx.update("items", &id(5), row([("body", "changed")]))
                    .unwrap()
            );
        });
    });
    commit(&mut twin.electric, |tx| {
        assert!(
            tx.update("items", &id(2), row([("done", "false")]))
                .unwrap()
        );
    });
    twin.same("51");
    twin.same("52");
    twin.same("53");
    let share = |electric: &mut Electric, number, shared| {
        commit(electric, |tx| {
            let changes = row([("shared", shared)]);
            assert!(tx.update("lists", &id(number), changes).unwrap());
        });
    };
    twin.same_after("54", |electric| share(electric, 2, "false"));
    twin.same_after("55", |electric| share(electric, 1, "true"));
    twin.same("56");
    let in_list_4 = items_where(&twin.electric, |row| row["list_id"].as_deref() == Some("4"));
    twin.same_after("57", |electric| {
        commit(electric, |tx| {
            for &number in &in_list_4 {
                assert!(
                    tx.update("items", &id(number), row([("body", "x")]))
                        .unwrap()
                );
            }
            let first = *in_list_4.iter().min().unwrap();
            assert!(
                tx.update("items", &id(first), row([("list_id", "3")]))
                    .unwrap()
            );
        })
    });
    twin.same("58");
    twin.same_after("59", |electric| {
        commit(electric, |tx| {
            tx.insert("lists", list(99, "no items", true)).unwrap()
        })
    });
    twin.same("60");
    for number in ["61", "62", "63", "64"] {
        twin.same(number);
    }
    commit(&mut twin.electric, |tx| {
        tx.insert("lists", list(7, "seven", false)).unwrap();
        for number in 100..=104 {
            tx.insert("items", item(number, 7, &format!("i{number}")))
                .unwrap();
        }
    });
    twin.same("65");
    twin.same("66");
    let all = items_where(&twin.electric, |_| true);
    commit(&mut twin.electric, |tx| {
        for number in all {
            let body = format!("bulk {number}");
            assert!(
                tx.update("items", &id(number), row([("body", body.as_str())]))
                    .unwrap()
            );
        }
        for number in 1000..=1250 {
            tx.insert("items", item(number, 1, &format!("bulk {number}")))
                .unwrap();
        }
    });
    twin.same("67");
    twin.same_when_timed_out("68", 10_000);
    twin.same("69");
    twin.same("70");
    twin.same("71");
    twin.finish();
}
