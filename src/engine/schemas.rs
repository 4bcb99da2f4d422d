//! Which schema a body's rows have, and when readers come to see it.

use std::sync::Arc;

use rusqlite::Connection;

use super::Engine;
use super::open::adopt;
use super::rejecting::{Rejected, reject_misfits};
use crate::error::{Error, Result};
use crate::ids::{Millis, ShapeId};
use crate::schema::TableSchema;
use crate::shape::Event;
use crate::store::{membership, shapes, staging};

impl Engine {
    /// The header's schema, held against the declaration.
    pub(super) fn schema_from(&self, name: &str, header: &str) -> Result<TableSchema> {
        let Some(declaration) = self.config.tables.get(name) else {
            return Err(Error::Internal(format!("{name} is not declared")));
        };
        let sent = TableSchema::from_electric(name, declaration, header)?;
        let table = match declaration.schema(name)? {
            None => sent,
            Some(declared) => declared.confirmed_by(&sent)?,
        };
        let new = Arc::new(table.clone());
        self.config.tables.check_references(&|other| match other {
            _ if other == name => Some(new.clone()),
            _ => self.session.table(other),
        })?;
        Ok(table)
    }

    /// The table that the body's rows go to; objects are made again where only nullability or indexes changed.
    /// `None`: the rows that are here are of another schema.
    pub(super) fn visible_schema(
        &self,
        transaction: &Connection,
        known: Option<&Arc<TableSchema>>,
        described: Option<TableSchema>,
    ) -> Result<Option<Arc<TableSchema>>> {
        Ok(match (known, described) {
            (None, _) => None,
            (Some(known), None) => Some(known.clone()),
            (Some(known), Some(described)) if **known == described => Some(known.clone()),
            (Some(known), Some(described)) if known.stores_like(&described) => {
                Some(adopt(transaction, &self.session, Some(known), described)?)
            }
            (Some(_), Some(_)) => None,
        })
    }

    /// The same for a log that loads beside the rows: readers see its schema when they see its rows, but for the
    /// very first, which makes the table, and for one with another key where it is kept who holds which row: what is
    /// kept has one key, so the rows of the old one go at once. With the writes that have no place in it; `None`: its
    /// rows so far are of another schema.
    pub(super) fn staged_schema(
        &self,
        transaction: &Connection,
        shape: ShapeId,
        known: Option<&Arc<TableSchema>>,
        described: Option<TableSchema>,
    ) -> Result<Option<(Arc<TableSchema>, Rejected)>> {
        let loading = shapes::loading(transaction, shape)?.map(|(schema, _)| schema);
        let Some(wanted) = described.or_else(|| loading.clone()) else {
            return Err(Error::Protocol("rows came before a schema".into()));
        };
        let mut rejected = Rejected::new();
        match known {
            None => drop(adopt(transaction, &self.session, None, wanted.clone())?),
            Some(known) if known.identifies_like(&wanted) => {}
            Some(known) if membership::are_kept(transaction, known)? => {
                (_, rejected) = self.adopt_staged(transaction, &wanted)?;
            }
            Some(_) => {}
        }
        let has_begun = staging::has_begun(transaction, shape)?;
        let fits = loading
            .as_ref()
            .is_some_and(|loading| loading.stores_like(&wanted));
        if has_begun && !fits && staging::count(transaction, shape)? > 0 {
            return Ok(None);
        }
        if !has_begun || !fits {
            staging::begin(transaction, &wanted, shape)?;
        }
        if loading.as_ref() != Some(&wanted) {
            shapes::save_loading(transaction, shape, Some(&wanted), false)?;
        }
        Ok(Some((Arc::new(wanted), rejected)))
    }

    /// A log that is complete brings its schema along; writes that have no place in it are rolled back.
    pub(super) fn adopt_staged(
        &self,
        transaction: &Connection,
        wanted: &TableSchema,
    ) -> Result<(Arc<TableSchema>, Rejected)> {
        let known = self.session.table(&wanted.name);
        if let Some(known) = &known
            && **known == *wanted
        {
            return Ok((known.clone(), Rejected::new()));
        }
        let table = adopt(transaction, &self.session, known.as_deref(), wanted.clone())?;
        let rejected = match known {
            Some(known) if !known.stores_like(&table) => reject_misfits(
                transaction,
                &self.session,
                &self.client,
                &self.config,
                (&known, &table),
                self.now,
            )?,
            _ => Rejected::new(),
        };
        Ok((table, rejected))
    }

    /// What was asked of the table's old form is asked again; logs of the old form are void.
    pub(super) fn schema_changed(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        before: Option<&TableSchema>,
    ) {
        let name = self.shapes[at].table.clone();
        self.analyses.clear();
        self.touch_table(&name);
        let Some(table) = self.session.table(&name) else {
            return;
        };
        if before.is_none_or(|before| before.stores_like(&table)) {
            return;
        }
        for other in 0..self.shapes.len() {
            if other == at || self.shapes[other].table != name {
                continue;
            }
            let loading = shapes::loading(&self.conn, self.shapes[other].id);
            let fits = loading
                .ok()
                .flatten()
                .is_some_and(|(schema, _)| schema.stores_like(&table));
            if !fits {
                self.shape(now, rng, other, Event::Refetch);
            }
        }
    }
}
