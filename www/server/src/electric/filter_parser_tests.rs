#![allow(clippy::unwrap_used)]
use super::*;
use crate::electric::row;

fn items() -> Table {
    Table::new(
        "items",
        &["id"],
        [
            Column::new("id", PgType::Int4),
            Column::new("Owner", PgType::Text),
            Column::new("done", PgType::Bool),
            Column::new("price", PgType::Numeric(None)),
            Column::new("meta", PgType::Jsonb),
        ],
    )
}

fn scope<'a>(params: &'a BTreeMap<u32, String>, tables: &'a Tables) -> Scope<'a> {
    Scope {
        tables,
        params,
        subqueries: true,
    }
}

fn matches(text: &str) -> bool {
    let params = BTreeMap::from([(1, "ann".to_owned())]);
    let filter = parse(text, &items(), scope(&params, &Tables::new())).unwrap();
    filter.matches(&row([
        ("id", Some("7")),
        ("Owner", Some("ann")),
        ("done", Some("t")),
        ("price", Some("1.50")),
        ("meta", None),
    ]))
}

#[test]
fn conditions_follow_sql() {
    for yes in [
        "id = 7",
        "ID=7 and \"Owner\" = $1",
        "price = 1.5",
        "price > -2 AND price <= 1.50",
        "done",
        "not (done and id <> 7)",
        "id in (1, 7::int4)",
        "meta is null",
        "done is not null or meta is not null",
        "\"Owner\" <> 'ann''s'",
        "true = true",
        "id not in (1,2)",
    ] {
        assert!(matches(yes), "{yes}");
    }
    for no in [
        "id = 8",
        "not done",
        "id = null",
        "not (id = null)",
        "false",
        "id not in (7)",
    ] {
        assert!(!matches(no), "{no}");
    }
}

#[test]
fn what_is_not_supported_says_so() {
    let (params, tables) = (BTreeMap::new(), Tables::new());
    let error = |text| parse(text, &items(), scope(&params, &tables)).unwrap_err();
    assert_eq!(error("nope = 1"), "At location 0: unknown reference nope");
    assert_eq!(
        error("done and nope = 1"),
        "At location 9: unknown reference nope"
    );
    for text in ["lower(\"Owner\") = 'x'", "\"Owner\" like 'a%'", "id = 7 )"] {
        assert!(error(text).contains("not supported"), "{text}");
    }
    for text in [
        "",
        "id =",
        "id = $1",
        "id = 'x'",
        "meta = '{}'",
        "\"Owner",
        "id = ;",
        "(",
        "$",
    ] {
        assert!(!error(text).is_empty(), "{text}");
    }
}
