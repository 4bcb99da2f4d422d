//! Recordings 45 to 47.

use throughline_server::electric::{Column, PgType, Table, row};

use crate::commit;
use crate::twin::Twin;

#[test]
fn composite_keys_and_quoted_names() {
    let mut twin = Twin::new();
    let table = "Weird Tbl";
    twin.electric.create_table(Table::new(
        table,
        &["Org Id", "flag", "na/me"],
        [
            Column::new("Org Id", PgType::Int4),
            Column::new("flag", PgType::Bool),
            Column::new("na/me", PgType::Text),
            Column::new("select", PgType::Text).not_null(),
            Column::new("v", PgType::Int4),
        ],
    ));
    let key = |org: &'static str, flag: &'static str, name: &'static str| {
        row([("Org Id", org), ("flag", flag), ("na/me", name)])
    };
    commit(&mut twin.electric, |tx| {
        let rows = [
            (key("1", "true", "a/b"), "x", "1"),
            (key("1", "false", "a\"b"), "y", "2"),
            (key("2", "true", ""), "z", "3"),
        ];
        for (mut new, select, v) in rows {
            new.extend(row([("select", select), ("v", v)]));
            tx.insert(table, new).unwrap();
        }
    });
    twin.same("45");
    twin.same("46");
    twin.same_after("47", |electric| {
        commit(electric, |tx| {
            assert!(
                tx.update(table, &key("1", "true", "a/b"), row([("v", "10")]))
                    .unwrap()
            );
            assert!(
                tx.update(table, &key("1", "false", "a\"b"), row([("v", "10")]))
                    .unwrap()
            );
            assert!(
                tx.update(table, &key("2", "true", ""), row([("na/me", "moved")]))
                    .unwrap()
            );
            assert!(tx.delete(table, &key("1", "false", "a\"b")).unwrap());
        });
    });
    twin.finish();
}
