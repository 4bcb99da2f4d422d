//! The tables of the demo's page: lists and their items, the rules they have to keep, and first rows in any number.

use std::borrow::Cow;

use crate::backend::{Backend, TransactionError};
use crate::electric::{Column, ColumnDefault, Micros, Op, PgType, Row, Table, Transaction, row};
use crate::journal::Journal;
use crate::write::{Rejection, Rule, code};

use super::{APART_MICROS, FIRST_ROWS};

/// The lists.
pub const LISTS: &str = "lists";
/// Their items.
pub const ITEMS: &str = "items";

/// Tickets written by one transaction.
const AT_ONCE: u64 = 10_000;

/// First lists: id, name, whether archived, and their items.
const FIRST_LISTS: [(&str, &str, &str, &[&str]); 5] = [
    (
        "019aa000-0000-7000-8001-000000000001",
        "Welcome",
        "false",
        &[],
    ),
    (
        GROCERIES,
        "Groceries",
        "false",
        &[
            "Oat milk",
            "Rye bread",
            "Lemons",
            "Coffee beans",
            "Parmesan",
            "Dish soap",
        ],
    ),
    (
        "019aa000-0000-7000-8001-000000000003",
        "Trip to Lisbon",
        "false",
        &[
            "Book the night train",
            "Ask Inês about the flat",
            "Find the passport",
            "Pack a light jacket",
            "Tram 28, early",
        ],
    ),
    (
        "019aa000-0000-7000-8001-000000000004",
        "Spring clean (archived)",
        "true",
        &["Windows", "Cellar", "The drawer with the cables"],
    ),
    (TICKETS, "Support tickets", "false", &[]),
];
const GROCERIES: &str = "019aa000-0000-7000-8001-000000000002";
const TICKETS: &str = "019aa000-0000-7000-8001-000000000005";

const THINGS: [&str; 12] = [
    "Printer",
    "Projector",
    "Badge reader",
    "Coffee machine",
    "Wi-Fi",
    "Lift",
    "Heating",
    "Door phone",
    "Screen",
    "Scanner",
    "Bike shed light",
    "Ice machine",
];
const TROUBLES: [&str; 10] = [
    "is offline",
    "makes a strange noise",
    "shows yesterday’s date",
    "needs a new filter",
    "blinks in orange",
    "asks for a password",
    "is far too warm",
    "restarts every hour",
    "has lost its settings",
    "was fixed and broke again",
];
const PLACES: [&str; 11] = [
    "on floor 1",
    "on floor 2",
    "on floor 3",
    "in the lobby",
    "in the library",
    "in the north wing",
    "in the workshop",
    "next to the kitchen",
    "in room 12",
    "in the basement",
    "at the gate",
];

/// `lists(id uuid primary key, name text not null, archived bool not null default false, position text not null,
/// created_at timestamptz not null default now(), write_id uuid)` and
/// `items(id uuid primary key, list_id uuid not null, title text not null, completed bool not null default false,
/// position text not null, created_at timestamptz not null default now(), write_id uuid)`.
///
/// `position` sorts byte by byte; there is room for another one between any two.
pub fn tables() -> [Table; 2] {
    let no = || ColumnDefault::Text("f".into());
    let flag = |name| Column::new(name, PgType::Bool).not_null().default(no());
    let text = |name| Column::new(name, PgType::Text).not_null();
    let created = || {
        Column::new("created_at", PgType::Timestamptz)
            .not_null()
            .default(ColumnDefault::Now)
    };
    let write_id = || Column::new("write_id", PgType::Uuid);
    let id = || Column::new("id", PgType::Uuid);
    let list = [
        id(),
        text("name"),
        flag("archived"),
        text("position"),
        created(),
        write_id(),
    ];
    let of = Column::new("list_id", PgType::Uuid).not_null();
    let item = [
        id(),
        of,
        text("title"),
        flag("completed"),
        text("position"),
        created(),
        write_id(),
    ];
    [
        Table::new(LISTS, &["id"], list),
        Table::new(ITEMS, &["id"], item),
    ]
}

/// A list needs a name and is archived, not deleted; an item needs a title and a list, and an archived list keeps its
/// items as they are.
pub fn rules() -> [Rule; 2] {
    [
        Rule {
            table: LISTS,
            check: check_list,
        },
        Rule {
            table: ITEMS,
            check: check_item,
        },
    ]
}

fn check_list(op: &Op, _: &Transaction<'_>) -> Result<(), Rejection> {
    let Some(new) = &op.new else {
        return refuse("LIST_IN_USE", "A list is archived, not deleted");
    };
    match is_blank(new, "name") {
        true => refuse("EMPTY_NAME", "A list needs a name"),
        false => Ok(()),
    }
}

fn check_item(op: &Op, tx: &Transaction<'_>) -> Result<(), Rejection> {
    if op.new.as_ref().is_some_and(|new| is_blank(new, "title")) {
        return refuse("EMPTY_TITLE", "An item needs a title");
    }
    for item in [&op.old, &op.new].into_iter().flatten() {
        let id = row([("id", item.get("list_id").and_then(Option::as_deref))]);
        let Ok(Some(list)) = tx.get(LISTS, &id) else {
            return refuse(code::FOREIGN_KEY_VIOLATION, "There is no such list");
        };
        if list.get("archived").and_then(Option::as_deref) == Some("t") {
            let name = list
                .get("name")
                .and_then(Option::as_deref)
                .unwrap_or_default();
            let message =
                format!("The list “{name}” is archived: bring it back to change its items");
            return refuse("LIST_ARCHIVED", message);
        }
    }
    Ok(())
}

fn is_blank(row: &Row, column: &str) -> bool {
    let text = row.get(column).and_then(Option::as_deref);
    text.is_none_or(|text| text.trim().is_empty())
}

fn refuse(code: &'static str, message: impl Into<Cow<'static, str>>) -> Result<(), Rejection> {
    let message = message.into();
    Err(Rejection { code, message })
}

/// Creates the tables with their first rows, `tickets` long ones among them, unless they are there.
///
/// # Errors
/// The journal cannot be written.
pub fn start(
    backend: &mut Backend,
    journal: &mut dyn Journal,
    now: Micros,
    tickets: u64,
) -> Result<(), TransactionError> {
    if backend.electric().table(ITEMS).is_some() {
        return Ok(());
    }
    start_anew(backend, journal, now, tickets)
}

/// The same, replacing the tables if they are there.
///
/// # Errors
/// The journal cannot be written.
pub fn start_anew(
    backend: &mut Backend,
    journal: &mut dyn Journal,
    now: Micros,
    tickets: u64,
) -> Result<(), TransactionError> {
    for table in tables() {
        backend.create_table(journal, table)?;
    }
    backend.transaction(journal, now, |tx| {
        first_lists(now).try_for_each(|list| tx.insert(LISTS, list))?;
        first_items(now).try_for_each(|item| tx.insert(ITEMS, item))
    })?;
    let mut rest = (0..tickets).peekable();
    while rest.peek().is_some() {
        backend.transaction(journal, now, |tx| {
            let mut some = rest.by_ref().take(AT_ONCE as usize);
            some.try_for_each(|number| tx.insert(ITEMS, ticket(now, number, tickets)))
        })?;
    }
    Ok(())
}

/// The first lists.
pub(crate) fn first_lists(now: Micros) -> impl Iterator<Item = Row> {
    (0..)
        .zip(FIRST_LISTS)
        .map(move |(index, (id, name, archived, _))| {
            let (position, created_at) =
                (position(index, FIRST_LISTS.len() as u64), ago(now, index));
            row([
                ("id", id),
                ("name", name),
                ("archived", archived),
                ("position", &position),
                ("created_at", &created_at),
            ])
        })
}

/// Their items, without the tickets.
pub(crate) fn first_items(now: Micros) -> impl Iterator<Item = Row> {
    let welcome = FIRST_ROWS
        .iter()
        .enumerate()
        .map(|(index, &(id, title, completed))| {
            (
                id.to_owned(),
                FIRST_LISTS[0].0,
                index as u64,
                FIRST_ROWS.len() as u64,
                title,
                completed,
            )
        });
    let others = FIRST_LISTS
        .iter()
        .enumerate()
        .flat_map(|(list, &(list_id, _, _, titles))| {
            titles.iter().enumerate().map(move |(index, &title)| {
                let id = format!("019aa000-0000-7000-8002-{list:06x}{index:06x}");
                (
                    id,
                    list_id,
                    index as u64,
                    titles.len() as u64,
                    title,
                    "false",
                )
            })
        });
    welcome
        .chain(others)
        .map(move |(id, list_id, index, count, title, completed)| {
            let (position, created_at) = (position(index, count), ago(now, index));
            row([
                ("id", id.as_str()),
                ("list_id", list_id),
                ("title", title),
                ("completed", completed),
                ("position", &position),
                ("created_at", &created_at),
            ])
        })
}

/// One ticket of so many, counted from 0.
pub(crate) fn ticket(now: Micros, number: u64, of: u64) -> Row {
    let pick = |words: &[&'static str], stride: u64| {
        words[(number / stride % words.len() as u64) as usize]
    };
    // Strides without a common factor, so that neighbours differ.
    let (thing, trouble, place) = (pick(&THINGS, 1), pick(&TROUBLES, 3), pick(&PLACES, 7));
    let title = format!("#{:05} {thing} {place} {trouble}", number + 1);
    let id = format!("019aa000-0000-7000-8003-{:012x}", number + 1);
    let completed = if number % 3 == 1 { "true" } else { "false" };
    let (position, created_at) = (position(number, of), ago(now, number));
    row([
        ("id", id.as_str()),
        ("list_id", TICKETS),
        ("title", &title),
        ("completed", completed),
        ("position", &position),
        ("created_at", &created_at),
    ])
}

/// So many minutes before `now`.
fn ago(now: Micros, minutes: u64) -> String {
    Micros(now.0.saturating_sub(minutes * APART_MICROS)).to_timestamptz()
}

/// The place of a row among so many: four digits to the base of 62, with room before, between and after.
fn position(index: u64, of: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const FIRST: u64 = 3_000_000;
    const LAST: u64 = 12_000_000;
    let step = ((LAST - FIRST) / (of + 1)).max(1);
    let place = FIRST + (index + 1) * step;
    let digit = |power: u32| DIGITS[(place / 62_u64.pow(power) % 62) as usize] as char;
    [3, 2, 1, 0].map(digit).iter().collect()
}

#[cfg(test)]
mod tests;
