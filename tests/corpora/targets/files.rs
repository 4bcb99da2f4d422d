//! Files of a real database, broken: opened and rescued, or imported by another device.

use std::sync::OnceLock;

use tempfile::TempDir;
use throughline::engine::files;
use throughline::tabs::{Reply, Request};
use throughline::value::Value;

use super::device::Device;
use super::input::Input;

const PAGE: usize = 16_384;

/// More timers than a look through the whole file takes.
const PATIENCE: usize = 40;

const OPTIONS: &str = r#"{"name": "a", "write": {"url": "/changes", "coalesce": false}, "connect": false, "tables": {"items": {
    "columns": {"id": "int4", "title": "text", "doc": "jsonb"}, "primaryKey": ["id"], "indexes": ["title"]}}}"#;

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let imports = input.one_in(3);
    let mut file = sound().to_vec();
    while !input.is_over() && !file.is_empty() {
        damage(&mut file, &mut input);
    }
    if imports {
        import(file);
    } else {
        open(&file);
    }
}

/// The same bytes from run to run: what is pending, what the app keeps for itself, an index, a page of blobs.
fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(files::name(1));
        let kept = folder.path().to_owned();
        let mut device = Device::open_in(OPTIONS, folder).unwrap();
        for sql in [
            "CREATE TABLE drafts (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, bytes BLOB)",
            "CREATE INDEX drafts_by_text ON drafts (text)",
            "CREATE VIEW texts AS SELECT text FROM drafts",
            "INSERT INTO drafts (text, bytes) VALUES ('kept', zeroblob(20000)), ('as well', NULL)",
        ] {
            device.execute(sql, vec![]).unwrap().unwrap();
        }
        for id in 1..40 {
            let title = Value::Text("title ".repeat(id as usize));
            device
                .execute(
                    "INSERT INTO items (id, title) VALUES (?, ?)",
                    vec![Value::Integer(id), title],
                )
                .unwrap()
                .unwrap();
        }
        device
            .execute("UPDATE items SET title = 'new' WHERE id < 9", vec![])
            .unwrap()
            .unwrap();
        device
            .execute("DELETE FROM items WHERE id > 36", vec![])
            .unwrap()
            .unwrap();
        device.ask(Request::Close).unwrap().unwrap();
        assert!(kept.exists());
        std::fs::read(path).unwrap()
    })
}

fn damage(file: &mut Vec<u8>, input: &mut Input<'_>) {
    let pages = file.len() / PAGE;
    let page = input.below(pages.max(1)) * PAGE;
    // Headers of pages and of cells are at the beginning, cells at the end.
    let within = match input.below(4) {
        0 => input.below(100),
        1 => 100 + input.below(256),
        2 => PAGE - 1 - input.below(256),
        _ => input.number() as usize % PAGE,
    };
    let at = (page + within).min(file.len() - 1);
    match input.below(12) {
        0 => file.truncate(page + if input.one_in(2) { within } else { 0 }),
        1 => {
            let end = (page + PAGE).min(file.len());
            file[page..end].fill(input.byte());
        }
        2 => {
            let other = input.below(pages.max(1)) * PAGE;
            let length = PAGE.min(file.len() - page.max(other).min(file.len()));
            let copy = file[other..other + length].to_vec();
            file[page..page + length].copy_from_slice(&copy);
        }
        3 => {
            let end = (at + 1 + input.below(64)).min(file.len());
            file[at..end].fill(input.byte());
        }
        4 => {
            let text = input.text();
            let end = (at + text.len()).min(file.len());
            file[at..end].copy_from_slice(&text.as_bytes()[..end - at]);
        }
        5 => file.extend(std::iter::repeat_n(input.byte(), PAGE)),
        6..9 => file[at] ^= 1 << input.below(8),
        _ => file[at] = input.byte(),
    }
}

/// The app opens it, and goes on in what there is then.
fn open(file: &[u8]) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(files::name(1)), file).unwrap();
    let mut device = match Device::open_broken(OPTIONS, folder) {
        Ok(device) => device,
        Err(error) => return assert_opening_error(&error),
    };
    go_on(&mut device);
}

/// What is broken is rescued; only what says that it is of a later version is left as it is.
fn assert_opening_error(error: &throughline::error::Error) {
    assert_eq!(error.code(), "SCHEMA_AHEAD", "{error}");
}

fn import(file: Vec<u8>) {
    let mut device = Device::open(OPTIONS, true).unwrap();
    device.execute("INSERT INTO items (id, title) VALUES (1, 'here')", vec![]);
    match device.ask(Request::Import(file)) {
        Some(Ok(Reply::Done)) => {
            device.may_break();
            go_on(&mut device);
        }
        // Refused, or broken in a way that it met only on its way in: what was here is here.
        Some(Err(_)) => device.assert_sound(),
        other => panic!("{other:?}"),
    }
}

/// The file is looked through, then written to; a key of before is never given again.
fn go_on(device: &mut Device) {
    for _ in 0..PATIENCE {
        if !device.wait() {
            break;
        }
    }
    let before = listed(device);
    let written = device.execute(
        "INSERT INTO items (id, title) VALUES (1000, 'after')",
        vec![],
    );
    if let Some(Ok(Reply::Executed(done))) = &written {
        let key = done.transaction.clone().expect("a synced table");
        assert!(!before.contains(&key), "{key} was given before");
    }
    if device.rescues > 0 {
        device.assert_sound();
        assert!(matches!(written, Some(Ok(_)) | None), "{written:?}");
    }
}

fn listed(device: &mut Device) -> Vec<String> {
    [Request::Pending, Request::Rejected]
        .into_iter()
        .filter_map(|request| match device.ask(request) {
            Some(Ok(Reply::Transactions(records))) => Some(records),
            _ => None,
        })
        .flatten()
        .map(|record| record.id)
        .collect()
}
