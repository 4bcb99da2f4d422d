//! The demo's database. Here: `todos`, the one table of the quick start, with its rule and its first rows. Beside it stand
//! the [`lists`] of the demo's page.

pub mod lists;

use std::borrow::Cow;

use crate::backend::{Backend, TransactionError};
use crate::electric::{Column, ColumnDefault, Micros, Op, PgType, Table, row};
use crate::journal::Journal;
use crate::write::{Rejection, Rule};

/// The table of the quick start.
pub const TODOS: &str = "todos";
/// All tables that clients may read and write.
pub const TABLES: [&str; 3] = [TODOS, lists::LISTS, lists::ITEMS];

/// Rows of an empty store: id, title, completed.
pub(crate) const FIRST_ROWS: [(&str, &str, &str); 5] = [
    (
        "019aa000-0000-7000-8000-000000000001",
        "Read this list while offline",
        "false",
    ),
    (
        "019aa000-0000-7000-8000-000000000002",
        "Tick me: the change is yours before the server knows",
        "false",
    ),
    (
        "019aa000-0000-7000-8000-000000000003",
        "Open a second tab and watch both",
        "false",
    ),
    (
        "019aa000-0000-7000-8000-000000000004",
        "Rename me to nothing and see the server say no",
        "false",
    ),
    (
        "019aa000-0000-7000-8000-000000000005",
        "Start the demo",
        "true",
    ),
];

/// Microseconds between the first rows' creation times.
pub(crate) const APART_MICROS: u64 = 60_000_000;

/// `todos(id uuid primary key, title text not null, completed bool not null default false,
/// created_at timestamptz not null default now(), write_id uuid)`.
pub fn todos() -> Table {
    let no = ColumnDefault::Text("f".into());
    Table::new(
        TODOS,
        &["id"],
        [
            Column::new("id", PgType::Uuid),
            Column::new("title", PgType::Text).not_null(),
            Column::new("completed", PgType::Bool)
                .not_null()
                .default(no),
            Column::new("created_at", PgType::Timestamptz)
                .not_null()
                .default(ColumnDefault::Now),
            Column::new("write_id", PgType::Uuid),
        ],
    )
}

/// A todo needs a title.
pub fn rules() -> Vec<Rule> {
    vec![Rule {
        table: TODOS,
        check: |op: &Op, _| {
            let title = op.new.as_ref().and_then(|row| row.get("title")?.as_deref());
            match title {
                Some(title) if title.trim().is_empty() => Err(Rejection {
                    code: "EMPTY_TITLE",
                    message: Cow::Borrowed("A todo needs a title"),
                }),
                _ => Ok(()),
            }
        },
    }]
}

/// Prepares an empty database: the table, the ledger if the backend keeps one, the first rows.
///
/// # Errors
/// The journal cannot be written.
pub fn start(
    backend: &mut Backend,
    journal: &mut dyn Journal,
    now: Micros,
) -> Result<(), TransactionError> {
    backend.create_table(journal, todos())?;
    backend.create_ledger(journal)?;
    seed(backend, journal, now)
}

/// Stores the first rows, a minute apart and ending `now`.
///
/// # Errors
/// The rows are there already, or the journal cannot be written.
pub fn seed(
    backend: &mut Backend,
    journal: &mut dyn Journal,
    now: Micros,
) -> Result<(), TransactionError> {
    backend.transaction(journal, now, |tx| {
        for (index, (id, title, completed)) in (0..).zip(FIRST_ROWS) {
            let created_at = Micros(now.0.saturating_sub(index * APART_MICROS)).to_timestamptz();
            let values = [
                ("id", id),
                ("title", title),
                ("completed", completed),
                ("created_at", created_at.as_str()),
            ];
            tx.insert(TODOS, row(values))?;
        }
        Ok(())
    })?;
    Ok(())
}
