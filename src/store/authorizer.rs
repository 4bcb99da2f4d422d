//! What the app's SQL may do: read everything, write the views and its own tables.
//!
//! SQLite asks once for each action of a statement while it is compiled
//! (<https://sqlite.org/c3ref/set_authorizer.html>). The same pass notes the tables it reads and writes, which
//! is all that live queries need to know. Our own statements pass unasked.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::salvage::SEQUENCE;
use super::session::Session;
use crate::error::{Error, Result};
use crate::schema::names::{self, function};

/// Pragmas that only tell something.
const PRAGMAS: &[&str] = &[
    "compile_options",
    // FTS5 asks it whether another connection wrote to its index.
    "data_version",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "page_count",
    "page_size",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Installs the authorizer.
pub(super) fn install(conn: &mut Connection, session: Arc<Session>) -> Result<()> {
    conn.authorizer(Some(move |context: AuthContext<'_>| {
        if !session.is_app() {
            return Authorization::Allow;
        }
        match check(&session, &context) {
            Ok(()) => Authorization::Allow,
            Err(reason) => {
                session.refuse(Error::Forbidden(reason));
                Authorization::Deny
            }
        }
    }))?;
    Ok(())
}

fn check(session: &Session, context: &AuthContext<'_>) -> Result<(), String> {
    // A common table that the statement names like a trigger of ours is told as if it were that trigger.
    let ours = context
        .accessor
        .is_some_and(|accessor| session.is_trigger(accessor) && !session.app_mentions(accessor));
    match context.action {
        AuthAction::Read { table_name, .. } => {
            session.note(|access| {
                access.reads.set(table_name.to_ascii_lowercase(), ());
            });
            Ok(())
        }
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => {
            session.note(|access| {
                access.writes.set(table_name.to_ascii_lowercase(), ());
            });
            // What SQLite itself does to it comes after the change of a table.
            let is_numbering = table_name.eq_ignore_ascii_case(SEQUENCE);
            let protected = match is_numbering {
                true => !session.app_changes_schema(),
                false => session.is_internal(table_name),
            };
            if ours || !protected {
                Ok(())
            } else {
                Err(format!(
                    "{table_name:?} belongs to sync: write to the table itself"
                ))
            }
        }
        AuthAction::Function { function_name } => {
            if ours || !function_name.starts_with(function::PREFIX) {
                Ok(())
            } else {
                Err(format!("{function_name}() is for generated triggers"))
            }
        }
        AuthAction::Select | AuthAction::Recursive => Ok(()),
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => {
            let tells = PRAGMAS.contains(&pragma_name.to_ascii_lowercase().as_str());
            let asks_version = pragma_name.eq_ignore_ascii_case("user_version");
            if tells || (asks_version && pragma_value.is_none()) {
                Ok(())
            } else {
                Err(format!(
                    "PRAGMA {pragma_name} is set by the database itself"
                ))
            }
        }
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
            Err("transactions are opened by transaction() and batch()".into())
        }
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => {
            Err("ATTACH, DETACH and VACUUM are not available".into())
        }
        // SQLite tells the name of the trigger or view that acts, not its schema: a namesake would act as ours.
        AuthAction::CreateTrigger {
            trigger_name: name, ..
        }
        | AuthAction::CreateTempTrigger {
            trigger_name: name, ..
        }
        | AuthAction::CreateView { view_name: name }
        | AuthAction::CreateTempView { view_name: name }
            if session.app_mentions_trigger() =>
        {
            Err(format!(
                "{name:?} has the name of a generated trigger, or has it in it: choose another"
            ))
        }
        // SQLite tells the old name alone.
        AuthAction::AlterTable { table_name, .. } if session.app_mentions(names::PREFIX) => Err(
            format!("{table_name:?} cannot get a name that is reserved for sync"),
        ),
        ref action => {
            session.note(|access| access.changes_schema = true);
            match schema_change(action) {
                Some(object) if session.is_internal(object) || session.is_view(object) => Err(
                    format!("{object:?} belongs to sync: change the table's declaration"),
                ),
                _ => Ok(()),
            }
        }
    }
}

/// The object whose definition an action touches.
fn schema_change<'a>(action: &AuthAction<'a>) -> Option<&'a str> {
    match *action {
        AuthAction::CreateIndex { table_name, .. }
        | AuthAction::CreateTable { table_name }
        | AuthAction::CreateTempIndex { table_name, .. }
        | AuthAction::CreateTempTable { table_name }
        | AuthAction::CreateTempTrigger { table_name, .. }
        | AuthAction::CreateTrigger { table_name, .. }
        | AuthAction::DropIndex { table_name, .. }
        | AuthAction::DropTable { table_name }
        | AuthAction::DropTempIndex { table_name, .. }
        | AuthAction::DropTempTable { table_name }
        | AuthAction::DropTempTrigger { table_name, .. }
        | AuthAction::DropTrigger { table_name, .. }
        | AuthAction::AlterTable { table_name, .. }
        | AuthAction::Analyze { table_name }
        | AuthAction::CreateVtable { table_name, .. }
        | AuthAction::DropVtable { table_name, .. } => Some(table_name),
        AuthAction::CreateTempView { view_name }
        | AuthAction::CreateView { view_name }
        | AuthAction::DropTempView { view_name }
        | AuthAction::DropView { view_name } => Some(view_name),
        AuthAction::Reindex { index_name } => Some(index_name),
        _ => None,
    }
}
