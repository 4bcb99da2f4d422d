//! Results written and read.

use super::*;

fn written(rows: usize) -> Rows {
    let columns = Columns {
        names: vec!["id".into(), "naïve".into()],
        origins: vec!["todos.id".into(), String::new()],
        types: vec!["int8".into(), String::new()],
    };
    let mut writer = RowsWriter::new(&columns);
    for _ in 0..rows {
        for cell in cells() {
            match cell {
                Cell::Null => writer.null(),
                Cell::Boolean(flag) => writer.boolean(flag),
                Cell::Integer(number) => writer.integer(number),
                Cell::Real(number) => writer.real(number),
                Cell::Text(text) => writer.text(text.as_bytes()),
                Cell::Blob(bytes) => writer.blob(bytes),
            }
        }
        writer.end_row();
    }
    writer.finish()
}

fn cells() -> Vec<Cell<'static>> {
    let text = |text: &str| Cell::Text(Cow::Owned(text.to_owned()));
    vec![
        Cell::Null,
        Cell::Boolean(true),
        Cell::Integer(-7),
        Cell::Integer(i64::from(i32::MAX) + 1),
        Cell::Integer(i64::MIN),
        Cell::Real(f64::NEG_INFINITY),
        text(""),
        text("\u{feff}naïve 🚋\0"),
        text(&"x".repeat(247)),
        text(&"🚋".repeat(124)),
        Cell::Blob(&[0, 255, 7]),
        Cell::Blob(&[]),
    ]
}

#[test]
fn what_is_written_is_read_over_the_ends_of_blocks_too() {
    for rows in [0, 1, 1_000] {
        let written = written(rows);
        let (columns, read) = written.read();
        assert_eq!(columns.names, ["id", "naïve"]);
        assert_eq!(columns.origins, ["todos.id", ""]);
        assert_eq!(columns.types, ["int8", ""]);
        let wanted: Vec<Cell<'_>> = (0..rows).flat_map(|_| cells()).collect();
        assert_eq!(read.collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn text_that_is_not_utf_8_is_replaced_and_its_neighbours_stay_whole() {
    let mut writer = RowsWriter::new(&Columns::default());
    writer.text(b"a\xffb");
    writer.text(b"c");
    let rows = writer.finish();
    assert_eq!(
        rows.values(),
        ["a\u{fffd}b", "c"].map(|text| Value::Text(text.into()))
    );
}

#[test]
fn a_buffer_that_is_cut_short_ends_early_and_nothing_worse() {
    let whole = written(3).0;
    for length in 0..whole.len() {
        let short = Rows::from_bytes(whole[..length].to_vec());
        assert!(short.read().1.count() < 3 * cells().len(), "{length}");
    }
}

#[test]
fn rows_are_kept_as_text() -> serde_json::Result<()> {
    let rows = written(2);
    let text = serde_json::to_string(&rows)?;
    assert_eq!(crate::json::from_str::<Rows>(&text)?, rows);
    for wrong in ["\"0g\"", "\"é\"", "7"] {
        assert!(crate::json::from_str::<Rows>(wrong).is_err(), "{wrong}");
    }
    Ok(())
}
