//! One shape's rows, one by one: who holds them, since when, and why.

use rusqlite::Connection;

use super::error::corrupt;
use super::membership::{LEFT, are_kept, key, position};
use super::rows as columns_of;
use super::statement::{execute, exists, rows};
use crate::error::{Error, Result};
use crate::ids::Lsn;
use crate::schema::names::{self, member};
use crate::schema::{TableSchema, identifier, list};
use crate::shape::RowTags;
use crate::value::Value;

/// One holder's view of the tables. Statements bind the holder as `?1`, then the row's key, then what else they take.
pub(super) struct Members<'a> {
    conn: &'a Connection,
    table: &'a TableSchema,
    holder: Value,
    members: String,
    slots: String,
    /// `holder = ?1` and the key.
    this: String,
    /// The same key, visible rows of other shapes.
    others: String,
    /// The first parameter after the key.
    extra: usize,
    /// What runs for each row of a log, spelled once.
    insert: String,
    advance: String,
    contained: String,
    leave: String,
    forget: String,
    read_tags: String,
    write_tags: String,
    add_slot: String,
    drop_slot: String,
}

impl<'a> Members<'a> {
    /// `None` where they are not kept.
    pub(super) fn open(
        conn: &'a Connection,
        table: &'a TableSchema,
        holder: i64,
    ) -> Result<Option<Self>> {
        if !are_kept(conn, table)? {
            return Ok(None);
        }
        let members = identifier(&names::members(&table.name));
        let by_key = columns_of::by_key(table, 2);
        let this = format!("{} = ?1 AND {by_key}", member::HOLDER);
        let others = format!("{0} > 0 AND {0} <> abs(?1) AND {by_key}", member::HOLDER);
        let extra = 2 + table.key.len();
        let lsn = member::LSN;
        let slots = identifier(&names::slots(&table.name));
        let next = extra + 1;
        Ok(Some(Self {
            conn,
            table,
            holder: Value::Integer(holder),
            read_tags: format!(
                "SELECT {}, {} FROM {members} WHERE {this}",
                member::TAGS,
                member::ACTIVE
            ),
            write_tags: format!(
                "UPDATE {members} SET {} = ?{extra}, {} = ?{next} WHERE {this}",
                member::TAGS,
                member::ACTIVE
            ),
            add_slot: format!(
                "INSERT INTO {slots} ({}, {}, {}, {}) VALUES (?1, {}, ?{extra}, ?{next})",
                member::HOLDER,
                key(table),
                member::POS,
                member::VALUE,
                places(2, table.key.len()),
            ),
            drop_slot: format!(
                "DELETE FROM {slots} WHERE {this} AND {} = ?{extra} AND {} = ?{next}",
                member::POS,
                member::VALUE,
            ),
            slots,
            insert: format!(
                "INSERT INTO {members} ({}, {}, {lsn}) VALUES (?1, {}, ?{extra}) ON CONFLICT DO NOTHING",
                member::HOLDER,
                key(table),
                places(2, table.key.len()),
            ),
            advance: format!(
                "UPDATE {members} SET {lsn} = ?{extra} WHERE {this} AND {lsn} < ?{extra}"
            ),
            contained: format!(
                "SELECT 1 FROM {members} WHERE {0} >= 0 AND {0} <> abs(?1) AND {by_key} \
                 AND {lsn} > 0 AND {lsn} >= ?{extra}",
                member::HOLDER
            ),
            leave: format!(
                "INSERT INTO {members} ({0}, {1}, {lsn}) \
                 SELECT {LEFT}, {1}, min({lsn}, ?{extra}) FROM {members} WHERE {this} \
                 ON CONFLICT DO UPDATE SET {lsn} = max({lsn}, excluded.{lsn})",
                member::HOLDER,
                key(table),
            ),
            forget: format!(
                "DELETE FROM {members} WHERE {} = {LEFT} AND {by_key} AND ?1 = ?1",
                member::HOLDER
            ),
            members,
            this,
            others,
            extra,
        }))
    }

    /// Notes that the row is held, as of `lsn`; true if it was not. The position never goes back.
    pub(super) fn put(&self, row: &[Value], lsn: Lsn) -> Result<bool> {
        let lsn = position(lsn);
        let inserted = self.run(&self.insert, row, &[&lsn])?;
        if inserted == 0 {
            self.run(&self.advance, row, &[&lsn])?;
        }
        Ok(inserted > 0)
    }

    /// Whether this shape holds the row.
    pub(super) fn has(&self, row: &[Value]) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} WHERE {}", self.members, self.this);
        exists(self.conn, &sql, &self.bind(row, &[]))
    }

    /// Whether another shape's visible rows have it too.
    pub(super) fn held_elsewhere(&self, row: &[Value]) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} WHERE {}", self.members, self.others);
        exists(self.conn, &sql, &self.bind(row, &[]))
    }

    /// Whether the row is known to contain all that happened up to `lsn`, by another shape or one that let go of it.
    /// Within a transaction the first shape to tell of it makes all its changes.
    pub(super) fn is_contained(&self, row: &[Value], lsn: Lsn) -> Result<bool> {
        let position = position(lsn);
        exists(self.conn, &self.contained, &self.bind(row, &[&position]))
    }

    /// What this shape showed of the row stays true when it lets go of it at `lsn` and others do not: their logs may
    /// be behind.
    pub(super) fn leave(&self, row: &[Value], lsn: Option<Lsn>) -> Result<()> {
        let last = lsn.map_or(i64::MAX, |lsn| {
            i64::try_from(lsn.0).unwrap_or(i64::MAX).saturating_sub(1)
        });
        self.run(&self.leave, row, &[&Value::Integer(last)])?;
        Ok(())
    }

    /// The row is gone, and what any shape had shown of it does not matter.
    pub(super) fn forget(&self, row: &[Value]) -> Result<()> {
        self.run(&self.forget, row, &[])?;
        Ok(())
    }

    /// The row comes as it was at an unknown time (protocol section 11). All logs tell of what it may miss, so it is
    /// taken, and what they tell from here on as well: the row may go back for a moment and never stays behind.
    pub(super) fn doubt(&self, row: &[Value]) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET {} = 0 WHERE {} >= 0 AND {} AND ?1 = ?1",
            self.members,
            member::LSN,
            member::HOLDER,
            columns_of::by_key(self.table, 2)
        );
        self.run(&sql, row, &[])?;
        Ok(())
    }

    /// Notes that the row is no longer held; true if it was.
    pub(super) fn remove(&self, row: &[Value]) -> Result<bool> {
        self.for_each_slot(&self.drop_slot, row, &self.tags(row)?)?;
        let sql = format!("DELETE FROM {} WHERE {}", self.members, self.this);
        Ok(self.run(&sql, row, &[])? > 0)
    }

    /// Notes which subset brought the row.
    pub(super) fn set_mark(&self, row: &[Value], mark: i64) -> Result<()> {
        self.set(row, member::MARK, Value::Integer(mark))
    }

    /// The subset that brought the row.
    pub(super) fn mark(&self, row: &[Value]) -> Result<Option<i64>> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {}",
            member::MARK,
            self.members,
            self.this
        );
        let found = rows(self.conn, &sql, &self.bind(row, &[]), 1)?;
        Ok(match found.first().map(Vec::as_slice) {
            Some([Value::Integer(mark)]) => Some(*mark),
            _ => None,
        })
    }

    /// The row's tags.
    pub(super) fn tags(&self, row: &[Value]) -> Result<RowTags> {
        let found = rows(self.conn, &self.read_tags, &self.bind(row, &[]), 2)?;
        Ok(match found.first().map(Vec::as_slice) {
            Some([Value::Text(tags), Value::Text(active)]) => RowTags {
                tags: crate::json::from_str(tags).map_err(corrupt)?,
                active: RowTags::parse_active(active),
            },
            _ => RowTags::default(),
        })
    }

    /// Takes over what a change says of the row's tags.
    ///
    /// # Errors
    /// [`Error::Protocol`] for more of them than a condition can have.
    pub(super) fn retag<T: AsRef<str>>(
        &self,
        row: &[Value],
        tags: &[T],
        removed: &[T],
        active: Option<&[bool]>,
    ) -> Result<()> {
        let before = self.tags(row)?;
        if !before.are_few(tags, removed) {
            return Err(Error::Protocol(format!(
                "a row of {} has more tags than a condition can have",
                self.table.name
            )));
        }
        let mut after = before.clone();
        after.change(tags, removed, active);
        self.set_tags(row, &before, &after)
    }

    /// Writes the row's new tags down, and the slots by which they are found.
    pub(super) fn set_tags(&self, row: &[Value], before: &RowTags, tags: &RowTags) -> Result<()> {
        if before.tags != tags.tags {
            self.for_each_slot(&self.drop_slot, row, before)?;
            self.for_each_slot(&self.add_slot, row, tags)?;
        } else if before.active == tags.active {
            return Ok(());
        }
        let text = serde_json::Value::from(tags.tags.clone()).to_string();
        let (text, active) = (Value::Text(text), Value::Text(tags.active_text()));
        self.run(&self.write_tags, row, &[&text, &active])?;
        Ok(())
    }

    /// The keys of the rows that carry a slot.
    pub(super) fn with_slot(&self, pos: u32, value: &str) -> Result<Vec<Vec<Value>>> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {} = ?1 AND {} = ?2 AND {} = ?3",
            key(self.table),
            self.slots,
            member::HOLDER,
            member::POS,
            member::VALUE
        );
        let (pos, value) = (Value::Integer(pos.into()), Value::Text(value.to_owned()));
        let bound = [&self.holder, &pos, &value];
        rows(self.conn, &sql, &bound, self.table.key.len())
    }

    fn for_each_slot(&self, sql: &str, row: &[Value], tags: &RowTags) -> Result<()> {
        for (pos, value) in tags.slots() {
            let (pos, value) = (Value::Integer(pos as i64), Value::Text(value.to_owned()));
            self.run(sql, row, &[&pos, &value])?;
        }
        Ok(())
    }

    fn set(&self, row: &[Value], column: &str, value: Value) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET {column} = ?{} WHERE {}",
            self.members, self.extra, self.this
        );
        self.run(&sql, row, &[&value])?;
        Ok(())
    }

    fn run(&self, sql: &str, row: &[Value], extra: &[&Value]) -> Result<usize> {
        execute(self.conn, sql, &self.bind(row, extra))
    }

    fn bind<'v>(&'v self, row: &'v [Value], extra: &[&'v Value]) -> Vec<&'v Value> {
        let mut bound = vec![&self.holder];
        bound.extend(row);
        bound.extend(extra);
        bound
    }
}

/// `?3, ?4` and so on.
fn places(first: usize, count: usize) -> String {
    list((first..first + count).map(|n| format!("?{n}")))
}
