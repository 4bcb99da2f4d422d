#![allow(clippy::unwrap_used)]

use super::*;
use crate::shape::Offset;

fn start() -> RequestParams<'static> {
    RequestParams {
        offset: RequestOffset::After(Offset::BeforeAll),
        handle: None,
        live: false,
        cursor: None,
        expired: None,
        cache_buster: None,
    }
}

/// Trap 32.
#[test]
fn parameters_are_sorted_and_encoded() {
    let definition = ShapeDefinition {
        columns: Some(vec!["title".into(), "id".into(), "Org Id".into()]),
        where_clause: Some("owner_id = $1 AND note <> 'a&b+c'".into()),
        params: vec!["7".into(), "ü/x".into()],
        replica: Replica::Full,
        ..ShapeDefinition::of_table("https://example.test/v1/shape", "todos")
    };
    assert_eq!(
        definition.request_url(&start()),
        "https://example.test/v1/shape?columns=%22Org+Id%22%2Cid%2Ctitle&log=full&offset=-1\
         &params%5B1%5D=7&params%5B2%5D=%C3%BC%2Fx&replica=full&table=todos\
         &where=owner_id+%3D+%241+AND+note+%3C%3E+%27a%26b%2Bc%27"
    );
}

#[test]
fn cursor_and_live_travel_together() {
    let definition = ShapeDefinition::of_table("/v1/shape", "todos");
    let (handle, cursor) = (Handle::from("1-2"), Cursor::from("66910160"));
    let request = |live| RequestParams {
        offset: RequestOffset::After(Offset::at(5, 0)),
        handle: Some(&handle),
        live,
        cursor: Some(&cursor),
        ..start()
    };
    assert_eq!(
        definition.request_url(&request(true)),
        "/v1/shape?cursor=66910160&handle=1-2&live=true&log=full&offset=5_0&table=todos"
    );
    assert_eq!(
        definition.request_url(&request(false)),
        "/v1/shape?handle=1-2&log=full&offset=5_0&table=todos"
    );
}

#[test]
fn a_subset_is_asked_of_a_log_as_it_is_at_an_offset() {
    let definition = ShapeDefinition::of_table("/v1/shape", "todos");
    assert_eq!(
        definition.subset_url(&Handle::from("1-2"), Offset::at(5, 0)),
        "/v1/shape?handle=1-2&log=full&offset=5_0&table=todos"
    );
}

#[test]
fn a_url_keeps_its_own_query_and_fields_win() {
    let definition =
        ShapeDefinition::of_table("/proxy?tenant=a%20b&table=other&x=2&x=1#top", "todos");
    assert_eq!(
        definition.request_url(&start()),
        "/proxy?log=full&offset=-1&table=todos&tenant=a+b&x=1&x=2"
    );
    let by_proxy = ShapeDefinition {
        table: None,
        ..definition
    };
    assert!(by_proxy.request_url(&start()).contains("table=other"));
}

#[test]
fn names_are_quoted_when_folding_would_change_them() {
    let table = |name: &str| quote_table(name);
    assert_eq!(table("todos"), "todos");
    assert_eq!(table("app.Todos"), "app.\"Todos\"");
    assert_eq!(table("Weird Tbl"), "\"Weird Tbl\"");
    assert_eq!(table("\"dotted.name\""), "\"dotted.name\"");
    assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
    assert_eq!(quote_identifier("1st"), "\"1st\"");
    assert_eq!(quote_identifier("_at_2nd"), "_at_2nd");
    assert_eq!(quote_identifier(""), "\"\"");
}

/// Traps 32 and 50.
#[test]
fn a_fingerprint_changes_with_the_definition_and_with_nothing_else() {
    let todos = ShapeDefinition::of_table("/v1/shape", "todos");
    let columns = |names: [&str; 2]| ShapeDefinition {
        columns: Some(names.map(String::from).to_vec()),
        ..todos.clone()
    };
    assert_eq!(
        columns(["id", "title"]).fingerprint(),
        columns(["title", "id"]).fingerprint()
    );
    let with = |change: fn(&mut ShapeDefinition)| {
        let mut changed = todos.clone();
        change(&mut changed);
        changed.fingerprint()
    };
    let all = [
        todos.fingerprint(),
        columns(["id", "title"]).fingerprint(),
        with(|d| d.url = "/v2/shape".into()),
        with(|d| d.table = Some("lists".into())),
        with(|d| d.where_clause = Some("done".into())),
        with(|d| d.params = vec!["1".into()]),
        with(|d| d.params = vec!["2".into()]),
        with(|d| d.replica = Replica::Full),
        with(|d| d.log = Log::ChangesOnly),
        with(|d| d.extra.set("user".into(), "7".into())),
    ];
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn a_definition_may_not_speak_for_the_protocol() {
    let todos = ShapeDefinition::of_table("/v1/shape", "todos");
    assert_eq!(todos.check(), Ok(()));
    for (name, what) in [
        ("offset", "request"),
        ("table", "field"),
        ("params[1]", "field"),
    ] {
        let mut wrong = todos.clone();
        wrong.extra.set(name.into(), "x".into());
        assert_eq!(wrong.check().unwrap_err().code(), "ARGUMENT", "{what}");
    }
    let wrong = ShapeDefinition::of_table("/v1/shape?handle=1", "todos");
    assert_eq!(wrong.check().unwrap_err().code(), "ARGUMENT");
    let wrong = ShapeDefinition {
        columns: Some(vec![]),
        ..todos
    };
    assert_eq!(wrong.check().unwrap_err().code(), "ARGUMENT");
}

#[test]
fn what_functions_say_joins_the_url_and_never_speaks_for_the_shape() {
    let asked = |name: &str| vec![(name.to_owned(), "a b".to_owned())];
    let mut definition = ShapeDefinition::of_table("/v1/shape?tenant=7", "todos");
    definition.extra.set("team".into(), "1".into());
    let url = definition.request_url(&start());
    assert_eq!(
        with_asked_params(&url, asked("token")).unwrap(),
        "/v1/shape?log=full&offset=-1&table=todos&team=1&tenant=7&token=a+b"
    );
    // Of the protocol, in this URL or not; of the app's plain parameters.
    for name in [
        "offset",
        "handle",
        "live",
        "cursor",
        "where",
        "columns",
        "params[1]",
        "team",
        "tenant",
    ] {
        let refused = with_asked_params(&url, asked(name)).unwrap_err();
        assert_eq!(refused.code(), "ARGUMENT", "{name}");
    }
}
