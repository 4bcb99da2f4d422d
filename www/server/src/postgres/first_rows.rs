//! The demo's tables in Postgres: made with their rules, and filled.

use deadpool_postgres::Transaction;
use tokio_postgres::Error;
use tokio_postgres::types::Type;

use crate::demo::{self, lists};
use crate::electric::Row;
use crate::http::now;

/// The quick start's table, with its rule.
const CREATE_TODOS: &str = include_str!("todos.sql");
const FIRST_ROW: &str = "INSERT INTO public.todos (id, title, completed, created_at)
    VALUES ($1::text::uuid, $2, $3::text::boolean, now() - $4::text::interval)";
/// The page's tables, with theirs.
const CREATE_LISTS: &str = include_str!("lists.sql");
/// Comes last: an archived list has items, too, which the rule would refuse.
const RULE_OF_ITEMS: &str =
    "CREATE TRIGGER items_keep_their_rules BEFORE INSERT OR UPDATE OR DELETE ON public.items
    FOR EACH ROW EXECUTE FUNCTION public.items_keep_their_rules()";
/// Rows of one statement.
const AT_ONCE: u64 = 10_000;

pub(super) async fn create_todos(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.batch_execute(CREATE_TODOS).await?;
    for (index, (id, title, completed)) in demo::FIRST_ROWS.into_iter().enumerate() {
        let age = format!("{} microseconds", index as u64 * demo::APART_MICROS);
        let [id, title, completed, age] = [id, title, completed, age.as_str()];
        let text = Type::TEXT;
        tx.execute_typed(
            FIRST_ROW,
            &[
                (&id, text.clone()),
                (&title, text.clone()),
                (&completed, text.clone()),
                (&age, text),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Makes `lists` and `items` with their first rows and so many tickets.
pub(super) async fn create_lists(tx: &Transaction<'_>, tickets: u64) -> Result<(), Error> {
    let now = now();
    tx.batch_execute(CREATE_LISTS).await?;
    insert(tx, lists::LISTS, lists::first_lists(now)).await?;
    insert(tx, lists::ITEMS, lists::first_items(now)).await?;
    for from in (0..tickets).step_by(AT_ONCE as usize) {
        let some = from..tickets.min(from + AT_ONCE);
        let rows = some.map(|number| lists::ticket(now, number, tickets));
        insert(tx, lists::ITEMS, rows).await?;
    }
    tx.batch_execute(RULE_OF_ITEMS).await
}

/// Inserts rows that name every column without a default of NULL.
async fn insert(
    tx: &Transaction<'_>,
    table: &str,
    rows: impl Iterator<Item = Row>,
) -> Result<(), Error> {
    // Texts in a map always are JSON.
    let rows = serde_json::to_string(&rows.collect::<Vec<_>>()).unwrap_or_default();
    let sql = format!(
        "INSERT INTO public.{table} SELECT * FROM jsonb_populate_recordset(NULL::public.{table}, $1::text::jsonb)"
    );
    tx.execute_typed(&sql, &[(&rows, Type::TEXT)]).await?;
    Ok(())
}
