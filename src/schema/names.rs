//! Every generated SQL name, once.

use super::table::TableSchema;
use crate::ids::ShapeId;

/// Prefix of all bookkeeping objects; table names that begin with it are refused.
pub const PREFIX: &str = "_throughline_";

/// The change log: one pending intent a row.
pub const CHANGES: &str = "_throughline_changes";
/// One row a local transaction.
pub const TRANSACTIONS: &str = "_throughline_transactions";
/// The intents of rejected transactions.
pub const JOURNAL: &str = "_throughline_journal";
/// One row a synced table: its schema.
pub const TABLES: &str = "_throughline_tables";
/// One row a shape: where its log was read to.
pub const SHAPES: &str = "_throughline_shapes";
/// One row a subset that was loaded beside a log.
pub const SUBSETS: &str = "_throughline_subsets";
/// Answers of shapes that show their changes together.
pub const HELD: &str = "_throughline_held";
/// Single values: the client id.
pub const SETTINGS: &str = "_throughline_settings";

/// SQL functions that triggers call. App SQL may not.
pub mod function {
    /// `(table, new columns…)`: takes up the row of an insert, its values as the server would send them back, or fails.
    pub const INSERT: &str = "throughline_insert";
    /// `(table, old columns…, new columns…)`: the same of an update.
    pub const UPDATE: &str = "throughline_update";
    /// `(table, old columns…)`: the same of a delete.
    pub const DELETE: &str = "throughline_delete";
    /// `()`: whether anything differs in the row that was taken up.
    pub const DIFFERS: &str = "throughline_differs";
    /// `(position)`: its new value of a column.
    pub const COLUMN: &str = "throughline_column";
    /// `()`: its key as a JSON array.
    pub const KEY: &str = "throughline_key";
    /// `()`: what is sent of it, a JSON object.
    pub const VALUE: &str = "throughline_value";
    /// `()`: what these columns held before, of a delete all; NULL for an insert.
    pub const BASE: &str = "throughline_base";
    /// `(changed columns so far)`: the columns with a pending write.
    pub const COLUMNS: &str = "throughline_columns";
    /// `()`: the write id of its intent.
    pub const WRITE_ID: &str = "throughline_write_id";
    /// `()`: the local transaction's number.
    pub const TRANSACTION: &str = "throughline_transaction";
    /// Prefix of all of them.
    pub const PREFIX: &str = "throughline_";
}

/// What a trigger can be for.
pub const OPERATIONS: [&str; 3] = ["insert", "update", "delete"];

/// `<t>_synced`: the server's rows.
pub fn synced(table: &str) -> String {
    format!("{table}_synced")
}

/// `<t>_local`: the shadow rows.
pub fn local(table: &str) -> String {
    format!("{table}_local")
}

/// `<t>_writes`: which rows have writes that are not settled.
pub fn writes(table: &str) -> String {
    format!("{table}_writes")
}

/// Where the new log of a shape loads while the old rows stay visible.
pub fn staged(shape: ShapeId) -> String {
    format!("{PREFIX}staged_{shape}")
}

/// One of the two indexes that stand for the primary key of a table that was loaded without one: while a shape loads anew, the
/// table that it fills can have the other.
pub fn key_index(shape: ShapeId, other: bool) -> String {
    format!("{PREFIX}key_{shape}_{}", u8::from(other))
}

/// Which shapes hold which rows of a table.
pub fn members(table: &str) -> String {
    format!("{PREFIX}members_{table}")
}

/// Which rows of a table carry which slots of a tag.
pub fn slots(table: &str) -> String {
    format!("{PREFIX}slots_{table}")
}

/// Where the old rows wait while the tables of a changed schema are made.
pub fn outdated(table: &str) -> String {
    format!("{PREFIX}outdated_{table}")
}

/// The trigger for `operation` (`insert`, `update`, `delete`) on the view.
pub fn trigger(table: &str, operation: &str) -> String {
    format!("{table}__on_{operation}")
}

/// Whether a text, in lower case, has the end of a generated trigger's name in it, of whatever table.
pub fn mentions_trigger(text: &str) -> bool {
    OPERATIONS
        .iter()
        .any(|operation| text.contains(&trigger("", operation)))
}

/// The `n`th index on `base` (the synced or the shadow table).
pub fn index(base: &str, n: usize) -> String {
    format!("{base}__index_{n}")
}

/// All objects that a table brings into the database, for the collision check.
pub fn of_table(table: &str) -> Vec<String> {
    let mut names = vec![
        table.to_owned(),
        synced(table),
        local(table),
        writes(table),
        members(table),
        slots(table),
        outdated(table),
    ];
    names.extend(OPERATIONS.map(|operation| trigger(table, operation)));
    names
}

/// The shadow table's own columns, under names that the table's columns leave free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowColumns {
    /// JSON array of the columns with a pending write.
    pub changed_columns: String,
    /// 1: the row is deleted here.
    pub is_deleted: String,
    /// The newest pending intent. The table's own column where it has one of that name.
    pub write_id: String,
}

/// The columns of [`members`] and [`slots`] beside the key's, under names that no synced table has.
pub mod member {
    /// The shape's id; negative while the row belongs to the log that loads beside the visible rows.
    pub const HOLDER: &str = "_throughline_holder";
    /// The position of the newest change of the row that the shape delivered.
    pub const LSN: &str = "_throughline_lsn";
    /// Subquery shapes: JSON array of tags.
    pub const TAGS: &str = "_throughline_tags";
    /// Subquery shapes: which positions of the tags hold, as `0` and `1`.
    pub const ACTIVE: &str = "_throughline_active";
    /// The subset that brought the row.
    pub const MARK: &str = "_throughline_mark";
    /// A slot's position in its tag.
    pub const POS: &str = "_throughline_pos";
    /// A slot's hash.
    pub const VALUE: &str = "_throughline_value";
}

/// The column through which the server tells whose write a row holds.
pub const WRITE_ID: &str = "write_id";

/// The name, or another one if the table has a column of that name.
pub fn free(table: &TableSchema, name: &str) -> String {
    if table.column(name).is_some() {
        format!("{PREFIX}{name}")
    } else {
        name.to_owned()
    }
}

impl ShadowColumns {
    /// `is_deleted` and `changed_columns` step aside for a column that the table itself calls so.
    pub fn of(table: &TableSchema) -> Self {
        let free = |name| free(table, name);
        Self {
            changed_columns: free("changed_columns"),
            is_deleted: free("is_deleted"),
            write_id: match table.write_id() {
                Some(column) => column.name.clone(),
                None => free(WRITE_ID),
            },
        }
    }
}
