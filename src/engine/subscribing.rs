//! Shapes that come, change and go while the app runs.

use super::open::{refold_pending, runner};
use super::{Engine, Purpose, begin};
use crate::error::{Error, Result};
use crate::ids::Millis;
use crate::schema::ShapeDeclaration;
use crate::shape::{Event, Machine};
use crate::store::shapes::StoredShape;
use crate::store::{held, membership, shapes, subsets, tables};

impl Engine {
    /// Syncs a further shape, or another one under a name that is taken: readers see its rows when they are complete.
    ///
    /// # Errors
    /// [`Error::Argument`] for a table that is not declared and for a shape that cannot be.
    pub(super) fn set_shape(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        table: &str,
        name: &str,
        shape: ShapeDeclaration,
    ) -> Result<()> {
        let declared = self
            .config
            .shape_of(table, self.declaration(table)?, shape)?;
        let found = self.position_of(table, name);
        if let Some(at) = found {
            let current = self.shapes[at].machine.as_ref().map(Machine::definition);
            let known = &self.shapes[at];
            let is_same = current == declared.definition.as_ref() && known.group == declared.group;
            if !known.removed && is_same {
                return Ok(());
            }
            self.stop_shape(now, rng, at);
        }
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        let id = shapes::register(&transaction, table, name, false)?;
        let schema = self.session.table(table);
        if let Some(schema) = &schema {
            membership::bring_up(&transaction, schema)?;
        }
        let stored: Vec<StoredShape> = shapes::load(&transaction)?;
        let stored = stored.iter().find(|stored| stored.id == id);
        let runner = runner(
            &transaction,
            schema.as_deref(),
            (id, table, name),
            declared,
            stored,
        )?;
        transaction.commit()?;
        let at = match found {
            Some(at) => {
                self.shapes[at] = runner;
                at
            }
            None => {
                self.shapes.push(runner);
                self.shapes.len() - 1
            }
        };
        self.leave_nothing_held(now, rng, at)?;
        self.start_shape(now, rng, at);
        Ok(())
    }

    /// Stops syncing a shape; its rows go, or stay as they are.
    pub(super) fn remove_shape(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        table: &str,
        name: &str,
        purge: bool,
    ) -> Result<()> {
        self.declaration(table)?;
        let found = self.position_of(table, name);
        if let Some(at) = found {
            self.stop_shape(now, rng, at);
            self.shapes[at].removed = true;
            self.shapes[at].machine = None;
            self.status_is_stale = true;
        }
        if !purge {
            self.group_without(now, rng, found);
            return Ok(());
        }
        let stored = shapes::load(&self.conn)?;
        let stored = stored
            .iter()
            .find(|stored| stored.table == table && stored.name == name);
        let Some(stored) = stored else {
            return Ok(());
        };
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        if let Some(schema) = self.session.table(table) {
            tables::purge(&transaction, &schema, stored.id)?;
            refold_pending(&transaction, &schema)?;
        }
        subsets::forget(&transaction, stored.id, None)?;
        held::clear(&transaction, stored.id)?;
        shapes::forget(&transaction, stored.id)?;
        transaction.commit()?;
        self.touch_table(table);
        self.group_without(now, rng, found);
        Ok(())
    }

    /// The others of a shape's group need not wait for it any more.
    fn group_without(&mut self, now: Millis, rng: &mut fastrand::Rng, left: Option<usize>) {
        if let Some(at) = left {
            self.advance_group(now, rng, at);
        }
    }

    /// Begins, or waits until sync may run.
    pub(super) fn start_shape(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        let event = if self.connected {
            Event::Start
        } else {
            Event::Pause
        };
        self.shape(now, rng, at, event);
    }

    /// Whatever is on its way for it is given up.
    fn stop_shape(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        self.stop_subsets(at);
        self.shape(now, rng, at, Event::Pause);
    }

    pub(super) fn position_of(&self, table: &str, name: &str) -> Option<usize> {
        self.shapes
            .iter()
            .position(|shape| shape.table == table && shape.name == name)
    }

    fn declaration(&self, table: &str) -> Result<&crate::schema::TableDeclaration> {
        self.config.tables.get(table).ok_or_else(|| {
            Error::Argument(format!(
                "{table:?} is not among the tables that open() declared"
            ))
        })
    }
}
