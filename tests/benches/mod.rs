//! What both benches and their smoke test measure: reading a shape body and bringing it into the tables, each beside its
//! floor.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

mod body;
mod clock;
mod engine;
mod floor;
mod rounds;

pub use body::Body;

use floor::Floor;
use rounds::{Side, Table};

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    /// Bytes of the shape body.
    pub bytes: usize,
    /// Alternating rounds.
    pub rounds: usize,
}

/// What the figures are for.
pub const FULL: Scale = Scale {
    bytes: 10_000_000,
    rounds: 7,
};

/// Enough to see that everything works.
pub const SMOKE: Scale = Scale {
    bytes: 20_000,
    rounds: 1,
};

/// Measures and checks that each way leaves the same rows; the figures as text.
pub fn run(scale: Scale) -> String {
    let body = Body::generate(scale.bytes);
    let floor = Floor::new(&body);
    let mut parse = Table::new("parse", &["the crate", "JSON alone"]);
    let mut apply = Table::new(
        "parse and apply",
        &["the engine", "JSON and one prepared insert"],
    );
    for round in 0..scale.rounds {
        // Whoever goes second finds caches warm and memory grown: they take turns.
        for side in Side::in_turn(round) {
            match side {
                Side::Ours => {
                    parse.add(side, engine::parse(&body));
                    apply.add(side, engine::apply(&body));
                }
                Side::Floor => {
                    parse.add(side, floor.parse());
                    apply.add(side, floor.apply());
                }
            }
        }
    }
    format!(
        "{} rows, {} bytes, {} rounds, medians\n{}{}",
        body.rows,
        body.text.len(),
        scale.rounds,
        parse.report(body.rows),
        apply.report(body.rows)
    )
}
