#![allow(clippy::unwrap_used)]

mod client;
mod compaction;
mod endings;
mod fill;
mod fragments;
mod logs;
mod replica;
mod service;
mod subqueries;
mod subset;
mod transactions;

use serde_json::Value;

use super::*;

const NOW: Micros = Micros(1_795_342_140_000_000);

fn items(options: Options) -> Electric {
    let mut electric = Electric::new(options);
    electric.create_table(Table::new(
        "items",
        &["id"],
        [
            Column::new("id", PgType::Int4),
            Column::new("body", PgType::Text).not_null(),
            Column::new("done", PgType::Bool).default(ColumnDefault::Text("f".into())),
        ],
    ));
    electric
}

fn id(id: u32) -> Row {
    row([("id", id.to_string().as_str())])
}

fn insert(electric: &mut Electric, ids: impl IntoIterator<Item = u32>) -> Committed {
    electric
        .transaction(NOW, |tx| {
            ids.into_iter().try_for_each(|number| {
                let mut new = id(number);
                new.insert("body".into(), Some(format!("body of {number}")));
                tx.insert("items", new)
            })
        })
        .unwrap()
}

fn update(electric: &mut Electric, number: u32, column: &str, text: &str) -> Committed {
    let changes = row([(column, text)]);
    electric
        .transaction(NOW, |tx| tx.update("items", &id(number), changes))
        .unwrap()
}

fn answer(electric: &mut Electric, url: &str) -> Answer {
    electric.respond(NOW, 5, &ShapeRequest::get(url), WaitState::Arrived)
}

fn get(electric: &mut Electric, url: &str) -> Response {
    match answer(electric, url) {
        Answer::Respond(response) => response,
        hold => panic!("{url}: {hold:?}"),
    }
}

fn messages(response: &Response) -> Vec<Value> {
    serde_json::from_str(&response.body).unwrap()
}

/// Opens the shape and returns the URL of what follows its snapshot.
fn opened(electric: &mut Electric, shape: &str) -> String {
    let first = get(electric, &format!("{shape}&offset=-1"));
    let handle = first.header(constants::header::HANDLE).unwrap();
    format!("{shape}&handle={handle}&offset=0_inf")
}

/// Follows a log from its start to its head; returns the offsets on the way and all rows' messages.
fn follow(electric: &mut Electric) -> (Vec<String>, Vec<Value>) {
    let (mut offsets, mut rows) = (Vec::new(), Vec::new());
    let mut url = "table=items&offset=-1".to_owned();
    loop {
        let response = get(electric, &url);
        let offset = response
            .header(constants::header::OFFSET)
            .unwrap()
            .to_owned();
        let handle = response.header(constants::header::HANDLE).unwrap();
        url = format!("table=items&offset={offset}&handle={handle}");
        offsets.push(offset);
        rows.extend(
            messages(&response)
                .into_iter()
                .filter(|message| message["key"].is_string()),
        );
        if response.header(constants::header::UP_TO_DATE).is_some() {
            return (offsets, rows);
        }
    }
}
