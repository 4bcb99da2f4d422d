//! What a client's shapes hold, looked at after every event: a state that the server was in, and never an older one.

use std::collections::{BTreeMap, BTreeSet};

use throughline::shape::Stored;
use throughline::shape::machine::Generation;
use throughline::tabs::ShapePhase;

use crate::history::{Columns, History, Rows, Shape, TABLES};
use crate::support::world::World;

/// What was seen of one client so far.
#[derive(Default)]
pub(crate) struct Witness {
    /// By the shape's id: what its visible rows are, and the oldest state of the server that they can be.
    shapes: BTreeMap<i64, (Shape, usize)>,
    /// The oldest state that each visible row can be from, by table and key.
    rows: BTreeMap<(&'static str, String), usize>,
    /// Tables that had several shapes: what one showed last stays when it ends and another holds the row.
    shared: BTreeSet<&'static str>,
}

/// A shape as the client has stored it.
struct Held {
    id: i64,
    table: String,
    name: String,
    progress: Option<Stored>,
    /// A complete log waits for its subsets.
    complete: bool,
}

impl Witness {
    /// Looks at all shapes of a client. `known` are those that any of its shapes can be.
    pub(crate) fn look(
        &mut self,
        world: &mut World,
        name: &str,
        history: &History,
        known: &[Shape],
    ) {
        if !world.seen(name).is_open() || world.client(name).open_transaction().is_some() {
            return;
        }
        let held = held(world, name);
        self.shapes
            .retain(|id, _| held.iter().any(|one| one.id == *id));
        for columns in TABLES {
            let of_table = held.iter().filter(|one| one.table == columns.table);
            if of_table.count() > 1 {
                self.shared.insert(columns.table);
            }
            if world
                .client(name)
                .knows(&format!("{}_synced", columns.table))
            {
                self.look_at_table(world, name, columns, history);
                assert_held(world, name, columns);
            }
        }
        for one in &held {
            self.look_at_shape(world, name, one, history, known);
        }
    }

    /// No row goes back in time while it is here.
    fn look_at_table(&mut self, world: &mut World, name: &str, of: Columns, history: &History) {
        let rows = synced(world, name, of, None);
        self.rows
            .retain(|(table, key), _| *table != of.table || rows.contains_key(key));
        for (key, line) in &rows {
            let oldest = self.rows.entry((of.table, key.clone())).or_default();
            let states = history.states.iter().enumerate().skip(*oldest);
            let mut at = states.filter(|(_, state)| state.table(of.table).get(key) == Some(line));
            match at.next() {
                Some((at, _)) => *oldest = at,
                None => panic!(
                    "{name}: {} went back to {line}, or never was so, after {:?}",
                    of.table,
                    history.states[*oldest].table(of.table).get(key)
                ),
            }
        }
    }

    fn look_at_shape(
        &mut self,
        world: &mut World,
        name: &str,
        held: &Held,
        history: &History,
        known: &[Shape],
    ) {
        let Some(shape) = self.visible(held, known) else {
            return;
        };
        let phase = phase(world, name, held);
        if shape.log == throughline::schema::Log::ChangesOnly {
            return;
        }
        // In the middle of a log, rows that moved in are newer than the others.
        if shape.has_subquery() && phase != Some(ShapePhase::Live) {
            return;
        }
        let rows = synced(world, name, shape.of, Some(held.id));
        let is_alone = !self.shared.contains(shape.of.table);
        let (_, oldest) = self.shapes[&held.id];
        let states = history.states.iter().enumerate().skip(oldest);
        let found = states
            .map(|(at, state)| (at, shape.rows(state)))
            .find(|(_, expected)| {
                if is_alone {
                    *expected == rows
                } else {
                    // What several hold is as new as the newest of them says.
                    expected.keys().eq(rows.keys())
                }
            });
        let Some((at, _)) = found else {
            panic!(
                "{name}: {}.{} ({phase:?}) shows what the server never had, or no longer:\n{rows:#?}\nlast it was {:#?}\nnow it is {:#?}",
                held.table,
                held.name,
                shape.rows(&history.states[oldest]),
                shape.rows(history.now())
            );
        };
        self.shapes.insert(held.id, (shape, at));
        for (key, line) in &rows {
            let mut later = history.states[at..].iter();
            assert!(
                later.any(|state| state.table(shape.of.table).get(key) == Some(line)),
                "{name}: {}.{} holds a row that is older than its log: {line}",
                held.table,
                held.name
            );
        }
    }

    /// What the visible rows of a shape are: while another log loads beside them they stay what they were.
    fn visible(&mut self, held: &Held, known: &[Shape]) -> Option<Shape> {
        if let Some(stored) = &held.progress
            && stored.generation == Generation::Current
            && stored.position.is_some()
            && !held.complete
        {
            let fingerprint = serde_json::to_value(&stored.definition).unwrap();
            let of_rows = known
                .iter()
                .find(|shape| shape.of.table == held.table && shape.fingerprint() == fingerprint);
            let shape = of_rows.expect("a shape that the app has asked for");
            let (of_before, oldest) = self.shapes.get(&held.id).copied().unwrap_or((*shape, 0));
            debug_assert!(of_before.of == shape.of);
            self.shapes.insert(held.id, (*shape, oldest));
        }
        self.shapes.get(&held.id).map(|(shape, _)| *shape)
    }
}

fn held(world: &mut World, name: &str) -> Vec<Held> {
    let sql = "SELECT json_array(id, table_name, name, json(progress), complete) FROM _throughline_shapes ORDER BY id";
    let rows = world.client(name).peek_rows(sql);
    let held = rows.iter().map(|json| {
        let (id, table, name, progress, complete): (i64, String, String, Option<Stored>, i64) =
            serde_json::from_str(json).unwrap();
        Held {
            id,
            table,
            name,
            progress,
            complete: complete != 0,
        }
    });
    held.collect()
}

fn phase(world: &World, name: &str, held: &Held) -> Option<ShapePhase> {
    let status = world.seen(name).status.as_ref()?;
    let mut shapes = status.shapes.iter();
    let shape = shapes.find(|one| one.table == held.table && one.name == held.name);
    shape.map(|shape| shape.phase)
}

fn has_members(world: &mut World, name: &str, of: Columns) -> bool {
    world
        .client(name)
        .knows(&format!("_throughline_members_{}", of.table))
}

/// The rows of a table, or those that one shape holds.
pub(crate) fn synced(world: &mut World, name: &str, of: Columns, shape: Option<i64>) -> Rows {
    let table = of.table;
    let mut sql = format!("SELECT {} FROM {table}_synced", of.names.join(", "));
    if let Some(id) = shape
        && has_members(world, name, of)
    {
        sql += &format!(
            " WHERE id IN (SELECT id FROM _throughline_members_{table} WHERE _throughline_holder = {id})"
        );
    }
    let lines = world.client(name).peek_rows(&sql);
    let keyed = lines.into_iter().map(|line| {
        let key = line.split('|').next().unwrap().to_owned();
        (key, line)
    });
    keyed.collect()
}

/// Every row is held, and every hold has its row.
fn assert_held(world: &mut World, name: &str, of: Columns) {
    if !has_members(world, name, of) {
        return;
    }
    let sql = format!(
        "SELECT DISTINCT id FROM _throughline_members_{} WHERE _throughline_holder > 0",
        of.table
    );
    let held: BTreeSet<String> = world.client(name).peek_rows(&sql).into_iter().collect();
    let rows: BTreeSet<String> = synced(world, name, of, None).into_keys().collect();
    assert_eq!(
        rows, held,
        "{name}: rows of {} and who holds them",
        of.table
    );
}
