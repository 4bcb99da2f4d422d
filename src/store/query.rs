//! The app's own statements: checked once, then run from the statement cache.

use rusqlite::{Connection, Statement};

use super::session::Session;
use crate::error::{Error, Result};
use crate::schema::Names;
use crate::tabs::{self, Executed, Rows};
use crate::value::{PgType, Value};

/// What is known of a statement without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// Tables it reads, lower case, views and their tables alike.
    pub reads: Names,
    /// Tables it writes, lower case.
    pub writes: Names,
    /// It changes nothing.
    pub readonly: bool,
    /// It makes, drops or alters something.
    pub changes_schema: bool,
}

/// Compiles a statement as the app's: the authorizer checks it.
///
/// Always with a fresh compilation: a statement of ours in the cache, of the very same text, was not checked.
///
/// # Errors
/// [`Error::Forbidden`] with the reason, [`Error::Sql`] for what SQLite does not understand,
/// [`Error::Argument`] for no statement or several.
pub fn analyze(conn: &Connection, session: &Session, sql: &str) -> Result<Analysis> {
    session.enter_app();
    let prepared = conn.prepare(sql).map(|statement| statement.readonly());
    let access = session.leave_app();
    let readonly = prepared.map_err(|error| app_error(session, error))?;
    if sql.trim().is_empty() {
        return Err(Error::Argument("the SQL is empty".into()));
    }
    Ok(Analysis {
        reads: access.reads,
        writes: access.writes,
        readonly,
        changes_schema: access.changes_schema,
    })
}

/// Runs a statement that [`analyze`] let pass, to its end.
///
/// `rows_affected` counts rows of the app's own tables; intents are counted by the session.
pub fn run(conn: &Connection, session: &Session, statement: &tabs::Statement) -> Result<Executed> {
    session.enter_app();
    let done = execute(conn, session, statement);
    session.leave_app();
    done.map_err(|failure| match failure {
        Failure::Ours(error) => error,
        Failure::Sqlite(error) => app_error(session, error),
    })
}

enum Failure {
    Ours(Error),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn execute(
    conn: &Connection,
    session: &Session,
    statement: &tabs::Statement,
) -> Result<Executed, Failure> {
    let mut prepared = conn.prepare_cached(&statement.sql)?;
    bind(&mut prepared, &statement.params)?;
    let before = (conn.total_changes(), session.intents());
    let mut values: Vec<Value> = Vec::new();
    // Known only once the statement runs: after a schema change SQLite compiles it anew in its first step.
    let mut columns = None;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        let (names, _) = columns.get_or_insert_with(|| columns_of(row.as_ref()));
        for at in 0..names.len() {
            values.push(row.get(at)?);
        }
    }
    drop(rows);
    let (columns, booleans) = columns.unwrap_or_else(|| columns_of(&prepared));
    let mut rows = Rows {
        columns,
        booleans,
        values,
        ..Rows::default()
    };
    if statement.typed {
        tell_origins(&mut rows, &prepared, session);
    }
    Ok(Executed {
        rows_affected: rows_affected(conn, session, before),
        transaction: None,
        rows,
    })
}

/// Names, and which are declared `bool`.
fn columns_of(statement: &Statement<'_>) -> (Vec<String>, Vec<bool>) {
    statement
        .columns()
        .map(|column| {
            let boolean = column
                .decl_type()
                .is_some_and(|ty| ty.eq_ignore_ascii_case(PgType::Bool.declared_type()));
            (column.name().to_owned(), boolean)
        })
        .unzip()
}

/// Which column of a synced table each one shows, through views, joins and subqueries. Of a compound SELECT SQLite looks at one arm
/// (<https://sqlite.org/c3ref/column_database_name.html>).
fn tell_origins(rows: &mut Rows, statement: &Statement<'_>, session: &Session) {
    for column in statement.columns_with_metadata() {
        let table = column
            .table_name()
            .and_then(|name| session.table_behind(name));
        let source = table.as_ref().zip(column.origin_name());
        let (mut origin, mut type_name) = (String::new(), String::new());
        if let Some((table, name)) = source
            && let Some(source) = table.column(name)
        {
            origin = format!("{}.{}", table.name, source.name);
            type_name = PgType::catalog_name(&source.type_name).unwrap_or_default();
        }
        rows.origins.push(origin);
        rows.types.push(type_name);
    }
}

/// SQLite does not count what `INSTEAD OF` triggers take over; each of those rows left one intent. And it keeps
/// the count of the last write for a statement that writes nothing.
fn rows_affected(conn: &Connection, session: &Session, (changes, intents): (u64, u64)) -> u64 {
    if conn.total_changes() == changes {
        return 0;
    }
    conn.changes() + (session.intents() - intents)
}

fn bind(prepared: &mut Statement<'_>, params: &[Value]) -> Result<(), Failure> {
    let wanted = prepared.parameter_count();
    if wanted != params.len() {
        return Err(Failure::Ours(Error::Argument(format!(
            "the statement takes {wanted} parameters, {} were given",
            params.len()
        ))));
    }
    for (at, value) in params.iter().enumerate() {
        prepared.raw_bind_parameter(at + 1, value)?;
    }
    Ok(())
}

/// The refusal that was kept, or what SQLite says.
fn app_error(session: &Session, error: rusqlite::Error) -> Error {
    match (session.take_refusal(), error) {
        (Some(refusal), _) => refusal,
        (None, rusqlite::Error::MultipleStatement) => {
            Error::Argument("one statement at a time: batch() takes several".into())
        }
        (None, error) => match error.into() {
            Error::Timeout(_) => session.timed_out(),
            error => error,
        },
    }
}
