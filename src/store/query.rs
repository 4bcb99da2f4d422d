//! The app's own statements: checked once, then run from the statement cache.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement};

use super::session::Session;
use crate::error::{Error, Result};
use crate::schema::Names;
use crate::tabs::{self, Columns, Executed, RowsWriter};
use crate::value::{PgType, Value};

/// A longer statement, one with its values written into it, is compiled each time and forgotten: hundreds of them would fill the memory.
pub const LONGEST_KEPT: usize = 1 << 16;

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
    session.enter_app(sql);
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

/// Takes a result as it comes.
pub trait Sink {
    /// Before the rows, also when there are none.
    fn begin(&mut self, head: &Head) -> Result<()>;

    /// Each row in turn.
    fn row(&mut self, head: &Head, row: &Row<'_>);
}

/// What is known of a result before its rows.
#[derive(Debug, Default)]
pub struct Head {
    /// As the app is told them.
    pub columns: Columns,
    /// Which of them are declared `bool`.
    pub booleans: Vec<bool>,
}

impl Head {
    /// Writes a row down.
    pub fn write(&self, row: &Row<'_>, writer: &mut RowsWriter) {
        for (at, boolean) in self.booleans.iter().enumerate() {
            match cell(row, at) {
                ValueRef::Null => writer.null(),
                ValueRef::Integer(number @ 0..=1) if *boolean => writer.boolean(number == 1),
                ValueRef::Integer(number) => writer.integer(number),
                ValueRef::Real(number) => writer.real(number),
                ValueRef::Text(text) => writer.text(text),
                ValueRef::Blob(bytes) => writer.blob(bytes),
            }
        }
        writer.end_row();
    }
}

/// A value of a row. There is none only beyond the columns, and nobody looks there.
pub fn cell<'r>(row: &'r Row<'_>, at: usize) -> ValueRef<'r> {
    row.get_ref(at).unwrap_or(ValueRef::Null)
}

/// Writes all rows down.
#[derive(Default)]
struct Whole(Option<RowsWriter>);

impl Sink for Whole {
    fn begin(&mut self, head: &Head) -> Result<()> {
        if !head.booleans.is_empty() {
            self.0 = Some(RowsWriter::new(&head.columns));
        }
        Ok(())
    }

    fn row(&mut self, head: &Head, row: &Row<'_>) {
        if let Some(writer) = &mut self.0 {
            head.write(row, writer);
        }
    }
}

/// Runs a statement that [`analyze`] let pass, to its end.
///
/// `rows_affected` counts rows of the app's own tables; intents are counted by the session.
pub fn run(conn: &Connection, session: &Session, statement: &tabs::Statement) -> Result<Executed> {
    let before = (conn.total_changes(), session.intents());
    let mut whole = Whole::default();
    run_into(conn, session, statement, &mut whole)?;
    Ok(Executed {
        rows_affected: rows_affected(conn, session, before),
        transaction: None,
        rows: whole.0.map(RowsWriter::finish).unwrap_or_default(),
    })
}

/// The same, its rows to `sink`.
pub fn run_into(
    conn: &Connection,
    session: &Session,
    statement: &tabs::Statement,
    sink: &mut dyn Sink,
) -> Result<()> {
    session.enter_app(&statement.sql);
    let done = execute(conn, session, statement, sink);
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
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    if statement.sql.len() > LONGEST_KEPT {
        return step(&mut conn.prepare(&statement.sql)?, session, statement, sink);
    }
    let mut prepared = conn.prepare_cached(&statement.sql)?;
    step(&mut prepared, session, statement, sink)
}

fn step(
    prepared: &mut Statement<'_>,
    session: &Session,
    statement: &tabs::Statement,
    sink: &mut dyn Sink,
) -> Result<(), Failure> {
    bind(prepared, &statement.params)?;
    let typed = statement.typed.then_some(session);
    // Known only once the statement runs: after a schema change SQLite compiles it anew in its first step.
    let mut head = None;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        let head = match &head {
            Some(head) => head,
            None => {
                let known = head.insert(head_of(row.as_ref(), typed));
                sink.begin(known).map_err(Failure::Ours)?;
                known
            }
        };
        sink.row(head, row);
    }
    drop(rows);
    if head.is_none() {
        sink.begin(&head_of(prepared, typed))
            .map_err(Failure::Ours)?;
    }
    Ok(())
}

/// `typed`: with the origins of the columns.
fn head_of(statement: &Statement<'_>, typed: Option<&Session>) -> Head {
    let (names, booleans) = statement
        .columns()
        .map(|column| {
            let boolean = column
                .decl_type()
                .is_some_and(|ty| ty.eq_ignore_ascii_case(PgType::Bool.declared_type()));
            (column.name().to_owned(), boolean)
        })
        .unzip();
    let mut columns = Columns {
        names,
        ..Columns::default()
    };
    if let Some(session) = typed {
        tell_origins(&mut columns, statement, session);
    }
    Head { columns, booleans }
}

/// Which column of a synced table each one shows, through views, joins and subqueries. Of a compound SELECT SQLite looks at one arm
/// (<https://sqlite.org/c3ref/column_database_name.html>).
fn tell_origins(columns: &mut Columns, statement: &Statement<'_>, session: &Session) {
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
        columns.origins.push(origin);
        columns.types.push(type_name);
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
