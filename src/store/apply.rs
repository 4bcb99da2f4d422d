//! Messages of a shape log → rows of the synced table, or of the log that loads beside it.
//!
//! Insert is an upsert, since resumed bodies and move-ins deliver rows again; update writes the columns that are
//! present, NULL included; delete goes by the typed key, never by the message's `key` (traps 7, 9, 10, 13).

use rusqlite::Connection;

use super::changes::{
    Evidence, has_intents, hear, keys_with_intents, mark_seen, table_has_intents,
};
use super::incoming::Incoming;
use super::members::Members;
use super::membership;
use super::passing::Passing;
use super::shadow::{Key, refold};
use super::writer::{Patch, Writer};
use super::{rows, staging, subsets};
use crate::error::Result;
use crate::ids::{Lsn, ShapeId, WriteId, Xid};
use crate::optimistic::ConfirmBy;
use crate::schema::{TableSchema, names};
use crate::shape::Snapshot;
use crate::shape::message::{Change, Event, EventKind, Message, Operation};
use crate::value::Value;

/// Which rows a body goes to.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// As the body's schema describes it.
    pub table: &'a TableSchema,
    /// In whose name rows are held.
    pub shape: ShapeId,
    /// The log that loads beside the visible rows.
    pub staged: bool,
    /// Not every row of the server is here, so an update of an unknown one means nothing.
    pub partial: bool,
    /// The rows are those of a subset.
    pub subset: Option<Mark>,
    /// What shows that a pending write is among them.
    pub confirm_by: ConfirmBy,
}

/// A subset on its way into the tables.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// What its rows are marked with.
    pub mark: i64,
    /// Where the server was when it read them.
    pub lsn: Lsn,
}

/// What a body did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Rows that the shape did not hold.
    pub inserted: u64,
    /// Rows that it held.
    pub updated: u64,
    /// Rows that it no longer holds.
    pub deleted: u64,
    /// Updates of rows that are not here: something was lost (protocol section 18).
    pub unknown_updates: u64,
    /// The largest position among the changes.
    pub newest: Lsn,
}

impl Applied {
    /// Whether anything is different now.
    pub fn changed_rows(&self) -> bool {
        self.inserted + self.updated + self.deleted > 0
    }
}

/// Applies a body's changes in order and folds pending intents over the rows it touched. Wants a transaction.
pub fn apply(conn: &Connection, target: Target<'_>, messages: Vec<Message<'_>>) -> Result<Applied> {
    if target.subset.is_some() || messages.iter().any(tagged) {
        membership::keep(conn, target.table, target.shape)?;
    }
    let mut applier = Applier::new(conn, target, &messages)?;
    if applier.appends {
        return applier.append(messages);
    }
    let passing = applier.members.is_some().then(|| Passing::of(&messages));
    let passing = passing.unwrap_or_default();
    for (at, message) in messages.into_iter().enumerate() {
        match message {
            Message::Change(change) => {
                applier.is_passing = passing.contains(at, &change);
                applier.change(change)?;
            }
            Message::Event(event) => applier.event(&event)?,
            Message::Control(_) | Message::Unknown => {}
        }
    }
    for key in &applier.touched {
        refold(conn, target.table, key)?;
    }
    Ok(applier.applied)
}

/// Looks for pending intents in rows that were not applied one by one, and folds them. Wants a transaction.
pub fn observe_all(conn: &Connection, table: &TableSchema, by: ConfirmBy) -> Result<()> {
    let base = names::synced(&table.name);
    for json in keys_with_intents(conn, &table.name)? {
        let Ok(key) = Key::parse(table, &json) else {
            continue;
        };
        let evidence = match rows::find(conn, table, &base, &key.values)? {
            Some(row) => {
                table
                    .write_id_position()
                    .and_then(|at| match row.into_iter().nth(at)? {
                        Value::Text(id) => Some(Evidence::WriteId(WriteId(id))),
                        _ => None,
                    })
            }
            None => Some(Evidence::Deleted),
        };
        if let Some(evidence) = evidence.filter(|_| by.trusts_rows()) {
            mark_seen(conn, &table.name, &json, &evidence)?;
        }
        refold(conn, table, &key)?;
    }
    Ok(())
}

fn tagged(message: &Message<'_>) -> bool {
    matches!(message, Message::Change(change) if change.tags.is_some())
}

/// One body on its way into the tables.
struct Applier<'c, 'b> {
    conn: &'c Connection,
    target: Target<'c>,
    row: Incoming<'c, 'b>,
    writer: Writer<'c>,
    members: Option<Members<'c>>,
    /// What loaded subsets contain, as far as the log has not passed it.
    snapshots: Vec<(i64, Snapshot)>,
    /// The change is undone by a later one of its transaction, and the row stays for another shape.
    is_passing: bool,
    /// The rows are new, and their table has no key yet.
    appends: bool,
    /// Pending intents may be waiting for these rows.
    watch: bool,
    touched: Vec<Key>,
    applied: Applied,
}

impl<'c, 'b> Applier<'c, 'b> {
    fn new(conn: &'c Connection, target: Target<'c>, messages: &[Message<'_>]) -> Result<Self> {
        let Target { table, shape, .. } = target;
        let mut twice = 0;
        let mut appends = false;
        if target.staged && !staging::is_sealed(conn, table, shape)? {
            appends =
                messages.iter().all(Message::is_of_snapshot) && !membership::are_kept(conn, table)?;
            if !appends {
                twice = staging::seal(conn, table, shape)?;
            }
        }
        let (base, holder) = if target.staged {
            (names::staged(shape), -shape.0)
        } else {
            (names::synced(&table.name), shape.0)
        };
        Ok(Self {
            conn,
            row: Incoming::new(table),
            writer: Writer::new(conn, table, base, appends)?,
            appends,
            members: Members::open(conn, table, holder)?,
            is_passing: false,
            watch: !target.staged && table_has_intents(conn, &table.name)?,
            snapshots: if target.partial && target.subset.is_none() {
                subsets::snapshots(conn, shape)?
            } else {
                Vec::new()
            },
            touched: Vec::new(),
            applied: Applied {
                deleted: twice,
                newest: target.subset.map(|subset| subset.lsn).unwrap_or_default(),
                ..Applied::default()
            },
            target,
        })
    }

    /// Takes a body of new rows, which nothing is known of yet.
    fn append(mut self, messages: Vec<Message<'b>>) -> Result<Applied> {
        for message in messages {
            if let Message::Change(change) = message {
                self.row.read(change.value)?;
                self.row.check_key()?;
                self.writer.insert(&self.row)?;
                self.applied.inserted += 1;
            }
        }
        Ok(self.applied)
    }

    fn change(&mut self, change: Change<'b>) -> Result<()> {
        self.applied.newest = self.applied.newest.max(change.lsn.unwrap_or_default());
        let lsn = change.lsn.unwrap_or(self.applied.newest);
        self.row.read(change.value)?;
        let key = self.row.key()?;
        if self.is_contained(&key, &change.txids)? {
            return Ok(());
        }
        if let (true, Some(members)) = (self.is_passing, &self.members) {
            self.is_passing = !self.target.staged && members.held_elsewhere(&key)?;
        }
        let evidence = match change.operation {
            Operation::Insert => {
                if let (true, Some(members)) = (change.is_move_in, &self.members) {
                    members.doubt(&key)?;
                }
                self.insert(&key, lsn)?;
                self.write_id()
            }
            Operation::Update => {
                self.update(&key, lsn)?;
                self.write_id()
            }
            Operation::Delete => self.remove(&key, change.lsn)?.then_some(Evidence::Deleted),
        };
        if let (Some(tags), Some(members)) = (&change.tags, &self.members)
            && change.operation != Operation::Delete
        {
            let active = change.active_conditions.as_deref();
            members.retag(&key, tags, &change.removed_tags, active)?;
        }
        self.watch(key, evidence, &change.txids)
    }

    fn insert(&mut self, key: &[Value], lsn: Lsn) -> Result<()> {
        let is_newest = self.is_newest(key, lsn)?;
        let newly_held = self.hold(key, lsn, is_newest)?;
        let is_new = self.writer.insert(&self.row)?;
        if !is_new && is_newest {
            self.writer.patch(key, &self.row, Patch::Whole)?;
        }
        if newly_held.unwrap_or(is_new) {
            self.applied.inserted += 1;
        } else {
            self.applied.updated += 1;
        }
        Ok(())
    }

    fn update(&mut self, key: &[Value], lsn: Lsn) -> Result<()> {
        let is_known = match &self.members {
            Some(members) if !self.target.staged => members.has(key)?,
            _ => true,
        };
        let is_newest = self.is_newest(key, lsn)?;
        let is_known =
            is_known && (!is_newest || self.writer.patch(key, &self.row, Patch::Present)?);
        if is_known {
            self.hold(key, lsn, is_newest)?;
            self.applied.updated += 1;
        } else if !self.target.partial {
            self.applied.unknown_updates += 1;
        }
        Ok(())
    }

    /// Takes the row out of the shape; true if it is gone, not only held by others.
    fn remove(&mut self, key: &[Value], lsn: Option<Lsn>) -> Result<bool> {
        let mut was_held = false;
        if let Some(members) = &self.members {
            let stays = !self.target.staged && members.held_elsewhere(key)?;
            if stays {
                members.leave(key, lsn)?;
            }
            was_held = members.remove(key)?;
            if stays {
                self.applied.deleted += u64::from(was_held);
                return Ok(false);
            }
            if !self.target.staged {
                members.forget(key)?;
            }
        }
        let removed = self.writer.remove(key)?;
        self.applied.deleted += u64::from(removed || was_held);
        Ok(true)
    }

    /// Rows that came or went because of other rows (protocol section 11).
    fn event(&mut self, event: &Event<'_>) -> Result<()> {
        let active = match event.kind {
            EventKind::MoveIn => true,
            EventKind::MoveOut => false,
            EventKind::Unknown(_) => return Ok(()),
        };
        let Some(members) = &self.members else {
            return Ok(());
        };
        let mut gone: Vec<Vec<Value>> = Vec::new();
        for pattern in &event.patterns {
            for key in members.with_slot(pattern.pos, &pattern.value)? {
                let before = members.tags(&key)?;
                let mut tags = before.clone();
                tags.set(pattern.pos as usize, active);
                members.set_tags(&key, &before, &tags)?;
                // What moves in is here for another reason already.
                if !active && !tags.hold() {
                    gone.push(key);
                }
            }
        }
        for key in gone {
            let is_here = match &self.members {
                Some(members) => members.has(&key)?,
                None => false,
            };
            // Two slots of one event may name it.
            if is_here {
                let evidence = self.remove(&key, None)?.then_some(Evidence::Deleted);
                self.watch(key, evidence, &event.txids)?;
            }
        }
        Ok(())
    }

    /// Notes in whose name the row is held, where that is kept, and up to where it is known by that if it `is_newest`;
    /// whether it is new among the visible rows.
    fn hold(&self, key: &[Value], lsn: Lsn, is_newest: bool) -> Result<Option<bool>> {
        let Some(members) = &self.members else {
            return Ok(None);
        };
        let is_new = members.put(key, if is_newest { lsn } else { Lsn::default() })?;
        if let Some(subset) = self.target.subset {
            members.set_mark(key, subset.mark)?;
        }
        Ok((!self.target.staged).then_some(is_new))
    }

    /// Whether the row came by a subset that holds this change already (protocol section 10). Only rows of the
    /// subset are asked about (trap 35).
    fn is_contained(&self, key: &[Value], txids: &[Xid]) -> Result<bool> {
        let (Some(members), Some(newest)) = (&self.members, txids.iter().max()) else {
            return Ok(false);
        };
        if self.snapshots.is_empty() {
            return Ok(false);
        }
        let mark = members.mark(key)?;
        let snapshot = self.snapshots.iter().find(|(of, _)| Some(*of) == mark);
        Ok(snapshot.is_some_and(|(_, snapshot)| snapshot.contains(*newest)))
    }

    /// Whether the row does not contain the change by another shape: a row never goes back in time.
    fn is_newest(&self, key: &[Value], lsn: Lsn) -> Result<bool> {
        match &self.members {
            _ if self.is_passing => Ok(false),
            Some(members) if !self.target.staged => Ok(!members.is_contained(key, lsn)?),
            _ => Ok(true),
        }
    }

    /// Whose write the row holds, where anybody waits to know.
    fn write_id(&self) -> Option<Evidence> {
        let at = self
            .target
            .table
            .write_id_position()
            .filter(|_| self.watch && !self.is_passing)?;
        let id = self.row.get(at)?.as_text()?;
        Some(Evidence::WriteId(WriteId(id.to_owned())))
    }

    fn watch(&mut self, key: Vec<Value>, evidence: Option<Evidence>, txids: &[Xid]) -> Result<()> {
        if !self.watch {
            return Ok(());
        }
        let table = self.target.table;
        let key = Key::of(table, key);
        if has_intents(self.conn, &table.name, &key.json)? {
            let by = self.target.confirm_by;
            if let Some(evidence) = evidence.filter(|_| by.trusts_rows()) {
                mark_seen(self.conn, &table.name, &key.json, &evidence)?;
            }
            if by.trusts_txids() {
                hear(self.conn, &table.name, &key.json, txids)?;
            }
            self.touched.push(key);
        }
        Ok(())
    }
}
