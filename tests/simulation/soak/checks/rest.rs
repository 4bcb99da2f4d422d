//! What holds whenever nothing is on its way.

use throughline::tabs::ShapePhase;

use super::super::property::{Check, Property, hold};
use super::super::story::Story;
use super::TABLES;

impl Story {
    /// When nothing is on its way to a client, it has what the server has, and shows what it wrote over it.
    pub(in super::super) fn look_at_rest(&mut self) -> Check {
        if !self.world.is_quiet() {
            return Ok(());
        }
        for at in 0..self.apps.len() {
            let name = self.apps[at].name;
            let seen = self.world.seen(name);
            let Some(status) = seen.status.clone() else {
                continue;
            };
            let is_live = status
                .shapes
                .iter()
                .all(|shape| shape.phase == ShapePhase::Live);
            let is_up =
                !seen.offline && status.connected && is_live && status.shapes.len() == TABLES.len();
            if !is_up || !self.world.client(name).may_look() {
                continue;
            }
            self.coverage.add("world at rest in mid-run");
            self.look_inside(name)?;
            let outdated = self.world.client(name).outdated_live_results();
            hold(Property::Live, outdated.is_empty(), || {
                format!("{name}: {outdated:?}")
            })?;
            // A group keeps what came until all of it are as far; at the end it may not.
            let held = "SELECT count(*) FROM _throughline_held";
            let is_shown = self.world.client(name).peek_rows(held) == ["0"];
            if is_shown && self.world.requests_out(name) == TABLES.len() {
                self.look_at_view(name)?;
            }
        }
        Ok(())
    }

    /// The synced rows are the server's; the view is the synced rows that no shadow row hides, and the shadow rows.
    pub(super) fn look_at_view(&mut self, name: &str) -> Check {
        for (table, key, columns) in [
            ("todos", "id", "id, title, completed"),
            ("marks", "id", "id, owner"),
            ("pairs", "id", "id, grp, token"),
        ] {
            let mut client = self.world.client(name);
            let mut synced = client.peek_rows(&format!("SELECT {columns} FROM {table}_synced"));
            let mut view = client.peek_rows(&format!("SELECT {columns} FROM {table}"));
            let mut folded = client.peek_rows(&format!(
                "SELECT {columns} FROM {table}_synced WHERE {key} NOT IN (SELECT {key} FROM {table}_local)
                 UNION ALL SELECT {columns} FROM {table}_local WHERE NOT is_deleted"
            ));
            for rows in [&mut synced, &mut view, &mut folded] {
                rows.sort();
            }
            hold(Property::Folded, view == folded, || {
                format!("{table} of {name} shows {view:?}, and not {folded:?}")
            })?;
            let rows = self.world.server().rows(table);
            let width = columns.split(',').count();
            let shown = |row: &String| row.split('|').take(width).collect::<Vec<_>>().join("|");
            let mut rows: Vec<String> = rows.iter().map(shown).collect();
            rows.sort();
            hold(Property::Folded, synced == rows, || {
                format!("{table} of {name} holds {synced:?}, the server {rows:?}")
            })?;
        }
        Ok(())
    }
}
