#![allow(clippy::unwrap_used)]

use super::*;

fn offer() -> Offer {
    let todos = Offered::of("todos");
    let notes = Offered {
        condition: Some("owner = $1 OR shared".to_owned()),
        columns: Some(vec!["id".to_owned(), "Text".to_owned()]),
        ..Offered::of("app.notes")
    };
    Offer {
        tables: vec![todos, notes],
        secret: Some("s3cret&".to_owned()),
    }
}

fn asked(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    let query = super::query(&offer(), query, Some("ada"))?;
    Ok(form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn the_position_is_the_clients_and_the_secret_the_servers() {
    let query = "table=todos&offset=0_0&handle=h&live=true&cursor=7&log=full&secret=guess&token=t&expired_handle=x";
    let expected = [
        ("table", "\"public\".\"todos\""),
        ("offset", "0_0"),
        ("handle", "h"),
        ("live", "true"),
        ("cursor", "7"),
        ("log", "full"),
        ("expired_handle", "x"),
        ("secret", "s3cret&"),
    ];
    assert_eq!(asked(query).unwrap(), pairs(&expected));
}

#[test]
fn the_condition_is_the_servers() {
    let expected = [
        ("table", "\"app\".\"notes\""),
        ("where", "(owner = $1 OR shared)"),
        ("params[1]", "ada"),
        ("queryable_columns", "\"id\",\"Text\""),
        ("offset", "-1"),
        ("subset__where", "id = 1"),
        ("secret", "s3cret&"),
    ];
    let query = "table=app.notes&offset=-1&subset__where=id+%3D+1&subset__else=1";
    assert_eq!(asked(query).unwrap(), pairs(&expected));
    for query in [
        "table=notes&offset=-1&where=true",
        "table=notes&offset=-1&params%5B1%5D=eve",
        "table=todos&offset=-1&params[1]=eve",
    ] {
        assert_eq!(asked(query).unwrap_err().status, 400, "{query}");
    }
}

#[test]
fn only_offered_tables_are_read() {
    for table in ["TODOS", "\"todos\"", "public.todos", "\"public\".\"todos\""] {
        assert!(
            asked(&format!("table={table}&offset=-1")).is_ok(),
            "{table}"
        );
    }
    for table in [
        "users",
        "app.todos",
        "\"Todos\"",
        "pg_authid",
        "public.notes",
        "\"app.notes\"",
    ] {
        assert!(
            asked(&format!("table={table}&offset=-1")).is_err(),
            "{table}"
        );
    }
    assert!(asked("offset=-1").is_err());
    // The first counts, and no second one gets through.
    let twice = asked("table=todos&offset=-1&table=users").unwrap();
    assert!(twice.iter().all(|(_, value)| value != "users"));
}

#[test]
fn a_client_reads_its_own_rows_of_the_ledger() {
    let query = "table=throughline_ledger&offset=-1&where=client_id+%3D+%241&params[1]=tab";
    let expected = [
        ("table", "throughline_ledger"),
        ("where", "client_id = $1"),
        ("params[1]", "tab"),
        ("offset", "-1"),
        ("secret", "s3cret&"),
    ];
    assert_eq!(asked(query).unwrap(), pairs(&expected));
    for query in [
        "table=throughline_ledger&offset=-1",
        "table=throughline_ledger&offset=-1&where=client_id+%3D+%241",
        "table=throughline_ledger&offset=-1&where=client_id+%3D+%241&params[1]=",
        "table=public.throughline_ledger&offset=-1&where=true&params[1]=tab",
    ] {
        assert_eq!(asked(query).unwrap_err().status, 400, "{query}");
    }
}

#[test]
fn a_body_is_cut_down_to_its_subset() {
    let of = |body: &str| subset(body.as_bytes()).unwrap();
    assert_eq!(
        of(r#"{"table":"users","where":"id = $1","params":{"1":"7"},"secret":"x"}"#),
        r#"{"subset":{"params":{"1":"7"},"where":"id = $1"}}"#
    );
    assert_eq!(
        of(r#"{"subset":{"limit":5,"table":"users"},"where":"true","columns":"id"}"#),
        r#"{"subset":{"limit":5}}"#
    );
    assert_eq!(of(r#"{"subset":{}}"#), r#"{"subset":{}}"#);
    assert_eq!(of(r#"{"table":"users"}"#), "{}");
    assert_eq!(of(" "), "");
    assert_eq!(subset(b"[").unwrap_err().status, 400);
    assert_eq!(subset(br#"{"subset":5}"#).unwrap_err().status, 400);
}
