//! Tables of any size.

use super::*;

fn table(name: &str) -> Table {
    Table::new(
        name,
        &["id", "flag"],
        [
            Column::new("id", PgType::Uuid),
            Column::new("flag", PgType::Bool),
            Column::new("a \"name\"", PgType::Text).not_null(),
            Column::new("number", PgType::Int4),
            Column::new("at", PgType::Timestamptz),
            Column::new("doc", PgType::Jsonb),
        ],
    )
}

fn filled(options: Options, rows: u64, bytes: usize) -> Electric {
    let mut electric = Electric::new(options);
    electric.create_table(table("big/a.b"));
    electric.fill("big/a.b", rows, bytes).unwrap();
    electric
}

const SHAPE: &str = "table=%22big%2Fa.b%22";

/// All row messages up to the head, and how many responses it took.
fn read(electric: &mut Electric, shape: &str) -> (Vec<Value>, usize) {
    let (mut rows, mut responses) = (Vec::new(), 0);
    let mut url = format!("{shape}&offset=-1");
    loop {
        let response = get(electric, &url);
        responses += 1;
        rows.extend(messages(&response));
        rows.retain(|message| message["key"].is_string());
        if response.header(constants::header::UP_TO_DATE).is_some() {
            return (rows, responses);
        }
        let header = |name| response.header(name).unwrap();
        let (offset, handle) = (header("electric-offset"), header("electric-handle"));
        url = format!("{shape}&offset={offset}&handle={handle}");
    }
}

#[test]
fn a_fill_reads_as_if_its_rows_had_been_written() {
    let mut electric = filled(Options::default(), 2_500, 300);
    let mut written = Electric::new(Options::default());
    written.create_table(table("big/a.b"));
    for new in electric.all_rows("big/a.b") {
        let new = new.into_owned();
        let size: usize = new.values().flatten().map(String::len).sum();
        assert!((295..=300).contains(&size), "{size}");
        written
            .transaction(NOW, |tx| tx.insert("big/a.b", new))
            .unwrap();
    }
    for filter in [
        "",
        "&where=number+%3D+7",
        "&columns=id,flag,doc",
        "&where=flag",
    ] {
        let shape = format!("{SHAPE}{filter}");
        let expected = read(&mut written, &shape).0;
        assert!(!expected.is_empty());
        assert_eq!(read(&mut electric, &shape).0, expected, "{filter}");
    }
    electric.alter_table(
        "big/a.b",
        &Alter::AddColumn(
            Column::new("late", PgType::Bool).default(ColumnDefault::Text("t".into())),
        ),
    );
    let (rows, _) = read(&mut electric, SHAPE);
    assert_eq!(rows[0]["value"]["late"], "true");
}

#[test]
fn it_comes_in_chunks_and_stays_as_it_was_when_it_was_opened() {
    let options = Options {
        chunk_bytes: 100_000,
        ..Options::default()
    };
    let mut electric = filled(options, 1_000, 300);
    let (rows, responses) = read(&mut electric, SHAPE);
    assert_eq!((rows.len(), electric.row_count("big/a.b")), (1_000, 1_000));
    assert!((4..=8).contains(&responses), "{responses}");
    let key = |number: u32| {
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let flag = if number.is_multiple_of(2) { "t" } else { "f" };
        row([("id", id.as_str()), ("flag", flag)])
    };
    electric
        .transaction(NOW, |tx| {
            assert!(tx.update("big/a.b", &key(3), row([("number", "77")]))?);
            assert!(tx.delete("big/a.b", &key(4))?);
            assert!(!tx.delete("big/a.b", &key(1_001))?);
            assert!(!tx.delete(
                "big/a.b",
                &row([
                    ("id", "00000000-0000-4000-8000-000000000005"),
                    ("flag", "t")
                ])
            )?);
            tx.insert("big/a.b", {
                let mut new = key(4);
                new.insert("a \"name\"".into(), Some("again".into()));
                new
            })?;
            assert_eq!(
                tx.insert("big/a.b", {
                    let mut new = key(5);
                    new.insert("a \"name\"".into(), Some("taken".into()));
                    new
                }),
                Err(ChangeError::KeyConflict("big/a.b".into()))
            );
            Ok(())
        })
        .unwrap();
    // The old snapshot, then the changes.
    let (old, _) = read(&mut electric, SHAPE);
    assert_eq!(old[..1_000], rows);
    assert_eq!(old.len(), 1_003);
    let operation = |index: usize| old[index]["headers"]["operation"].as_str().unwrap();
    assert_eq!(
        [operation(1_000), operation(1_001), operation(1_002)],
        ["update", "delete", "insert"]
    );
    // A new snapshot has the changed rows once, at the end.
    let (new, _) = read(&mut electric, &format!("{SHAPE}&columns=id,flag,number"));
    assert_eq!((new.len(), electric.row_count("big/a.b")), (1_000, 1_000));
    assert_eq!(new[998]["value"]["number"], "77");
    let keys: std::collections::BTreeSet<_> =
        new.iter().map(|row| row["key"].to_string()).collect();
    assert_eq!(keys.len(), 1_000);
    electric.truncate("big/a.b");
    assert_eq!(electric.row_count("big/a.b"), 0);
}

#[test]
fn subsets_and_subqueries_read_it_too() {
    let mut electric = filled(Options::default(), 5_000, 100);
    electric.create_table(Table::new(
        "wanted",
        &["n"],
        [Column::new("n", PgType::Int4)],
    ));
    let url = opened(&mut electric, &format!("{SHAPE}&log=changes_only"));
    let subset = get(
        &mut electric,
        &format!("{url}&subset__order_by=number+desc,id&subset__limit=2&subset__offset=1"),
    );
    let subset: Value = serde_json::from_str(&subset.body).unwrap();
    assert_eq!(subset["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        subset["data"][0]["value"]["id"],
        "00000000-0000-4000-8000-0000000007d0"
    );
    let inside = format!("{SHAPE}&where=number+in+(select+n+from+wanted)");
    let url = opened(&mut electric, &inside);
    electric
        .transaction(NOW, |tx| tx.insert("wanted", row([("n", "7")])))
        .unwrap();
    // The event, five rows, the end of the splice and of the log.
    assert_eq!(messages(&get(&mut electric, &url)).len(), 8);
}

#[test]
fn what_has_no_formula_is_refused() {
    let mut electric = Electric::new(Options::default());
    electric.create_table(Table::new(
        "small",
        &["id"],
        [Column::new("id", PgType::Int2)],
    ));
    let inet = Column::new("ip", PgType::Inet).not_null();
    electric.create_table(Table::new(
        "odd",
        &["id"],
        [Column::new("id", PgType::Int4), inet],
    ));
    assert_eq!(electric.fill("small", 32_767, 0), Ok(()));
    for (table, rows, code) in [
        ("small", 32_768, "NOT_FILLABLE"),
        ("odd", 1, "NOT_FILLABLE"),
        ("nope", 1, "UNKNOWN_TABLE"),
    ] {
        assert_eq!(electric.fill(table, rows, 0).unwrap_err().code(), code);
    }
    // Nothing at all is a fill as well.
    assert_eq!(electric.fill("small", 0, 300), Ok(()));
    assert_eq!(read(&mut electric, "table=small"), (Vec::new(), 2));
}
