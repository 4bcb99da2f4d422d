//! A session with a server that answers anything: in any order, with any header, any message, any rows. In between the app writes, the
//! page sleeps, the process dies.
//!
//! After each answer the database has to be sound and every promised write known. And in the end, when the server is itself again, the
//! device has to find its way: every shape is live on the log that there is.

mod answers;
mod honest;
mod messages;

use throughline::engine::{Endpoint, Event, Failure};
use throughline::ids::TimerId;
use throughline::tabs::{Request, Subset};
use throughline::value::Value;

use super::device::Device;
use super::input::Input;

/// More than that would only repeat itself, slowly.
const MOST_STEPS: usize = 40;

/// What apps declare: columns from the server, declared ones, several shapes of a table, a group, subsets, a ledger, none to write to.
const OPTIONS: &[&str] = &[
    r#"{"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false}, "tables": {"items": {"indexes": ["title"]}}}"#,
    r#"{"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false, "onRejection": "all"}, "tables": {"items": {
        "columns": {"id": "int4", "title": "text", "done": "bool", "amount": "numeric", "doc": "jsonb", "tags": "text[]", "write_id": "uuid"},
        "primaryKey": ["id"]}}}"#,
    r#"{"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false}, "tables": {"items": {"shapes": {
        "one": {"where": "id < 3"}, "other": {"where": "list IN (SELECT id FROM lists)", "replica": "full"}}}}}"#,
    r#"{"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false}, "tables": {
        "items": {"shape": {"group": "g"}}, "lists": {"shape": {"group": "g"}}}}"#,
    r#"{"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false}, "tables": {"items": {"shape": {"log": "changes_only"}}}}"#,
    r#"{"name": "a", "electric": {"url": "/shape"}, "write": {"url": "/changes", "coalesce": false, "confirmBy": "ledger"}, "tables": {"items": {}}}"#,
];

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let options = input.pick(OPTIONS);
    let mut device = Device::open(options, input.one_in(4)).expect("the options are in order");
    for _ in 0..MOST_STEPS {
        if input.is_over() {
            break;
        }
        step(&mut device, &mut input);
    }
    device.assert_sound();
    honest::recover(&mut device);
}

fn step(device: &mut Device, input: &mut Input<'_>) {
    match input.below(24) {
        0..12 => answer(device, input),
        12..15 => write(device, input),
        15 => fail(device, input),
        16 => drop(device.wait()),
        17 => {
            device.now = device.now.after(input.number() % 4_000_000);
            device.handle(Event::Wake);
        }
        18 => {
            device.crash();
            device.assert_sound();
        }
        19 => {
            let timer = TimerId(input.byte().into());
            device.handle(Event::Timer(timer));
        }
        20 => {
            device.ask(if input.one_in(2) {
                Request::Disconnect
            } else {
                Request::Connect
            });
        }
        21 => subset(device, input),
        22 => shape(device, input),
        _ => journal(device, input),
    }
}

fn answer(device: &mut Device, input: &mut Input<'_>) {
    if device.out.is_empty() {
        return;
    }
    let fetch = input.pick(&device.out);
    let answer = match fetch.endpoint {
        Endpoint::Electric => answers::of_shape(&fetch, input),
        Endpoint::Write => answers::of_write(&fetch, input),
    };
    if fetch.endpoint == Endpoint::Electric && input.one_in(4) {
        let (status, headers) = (answer.status, answer.headers.clone());
        device.handle(Event::Headers {
            fetch: fetch.id,
            status,
            headers,
        });
    }
    device.answer(&fetch, answer);
    device.assert_sound();
}

fn fail(device: &mut Device, input: &mut Input<'_>) {
    if device.out.is_empty() {
        return;
    }
    let fetch = input.pick(&device.out);
    device.out.retain(|one| one.id != fetch.id);
    let failure = input.pick(&[
        Failure::Timeout,
        Failure::Aborted,
        Failure::Network("reset".into()),
    ]);
    device.handle(Event::Failed {
        fetch: fetch.id,
        failure,
    });
}

/// As an app does: whether it may is another question.
fn write(device: &mut Device, input: &mut Input<'_>) {
    let id = Value::Integer(input.below(4) as i64);
    let title = Value::Text(input.text());
    let (sql, params) = match input.below(5) {
        0 => (
            "INSERT INTO items (id, title) VALUES (?, ?)",
            vec![id, title],
        ),
        1 => ("UPDATE items SET title = ?2 WHERE id = ?1", vec![id, title]),
        2 => ("DELETE FROM items WHERE id = ?", vec![id]),
        3 => ("UPDATE items SET title = NULL", vec![]),
        _ => (
            "INSERT INTO lists (id, title) VALUES (?, ?)",
            vec![id, title],
        ),
    };
    device.execute(sql, params);
}

fn subset(device: &mut Device, input: &mut Input<'_>) {
    let subset = Subset {
        where_clause: Some(input.text()),
        ..Subset::default()
    };
    let request = Request::LoadSubset {
        table: "items".into(),
        name: "default".into(),
        subset,
    };
    device.ask(request);
}

/// The app wants other rows from now on.
fn shape(device: &mut Device, input: &mut Input<'_>) {
    let name = input.pick(&["default", "one", "other"]).to_owned();
    let request = if input.one_in(3) {
        Request::remove_shape("items".into(), Some(name), input.one_in(2))
    } else {
        let shape = input.pick(&[
            "{}",
            r#"{"where": "id > 1"}"#,
            r#"{"replica": "full"}"#,
            r#"{"log": "changes_only"}"#,
        ]);
        Request::set_shape("items".into(), Some(name), shape).expect("a declaration")
    };
    device.ask(request);
    device.assert_sound();
}

/// The app looks through what was rejected.
fn journal(device: &mut Device, input: &mut Input<'_>) {
    let rejected = device.listed(Request::Rejected);
    if rejected.is_empty() {
        return;
    }
    let (key, number) = input.pick(&rejected);
    let done = if input.one_in(2) {
        device.ask(Request::Discard {
            number,
            dependents: false,
        })
    } else {
        device.ask(Request::Retry {
            number,
            dependents: false,
        })
    };
    if matches!(done, Some(Ok(_))) {
        device.give_up(&key);
    }
    device.assert_sound();
}
