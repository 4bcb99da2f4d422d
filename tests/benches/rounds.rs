//! Rounds of both sides in turn, and what comes of them.

/// Who is measured.
#[derive(Clone, Copy)]
pub enum Side {
    Ours,
    Floor,
}

impl Side {
    /// Both, the other one first in every second round.
    pub fn in_turn(round: usize) -> [Self; 2] {
        match round % 2 {
            0 => [Self::Ours, Self::Floor],
            _ => [Self::Floor, Self::Ours],
        }
    }
}

/// Milliseconds of both sides, round by round.
pub struct Table {
    title: &'static str,
    names: &'static [&'static str; 2],
    ms: [Vec<f64>; 2],
}

impl Table {
    pub fn new(title: &'static str, names: &'static [&'static str; 2]) -> Self {
        Self {
            title,
            names,
            ms: [Vec::new(), Vec::new()],
        }
    }

    pub fn add(&mut self, side: Side, ms: f64) {
        self.ms[side as usize].push(ms);
    }

    /// Rows per second of each side, and how many times the floor's time ours takes: the median of the rounds' own ratios,
    /// because what disturbs one round disturbs both of its sides.
    pub fn report(&self, rows: usize) -> String {
        let [ours, floor] = &self.ms;
        let ratios = ours.iter().zip(floor).map(|(ours, floor)| ours / floor);
        let rate = |ms: &[f64]| rows as f64 / median(ms.iter().copied()) * 1000.0;
        format!(
            "{}\n  {:30}{:>12.0} rows/s\n  {:30}{:>12.0} rows/s\n  {:30}{:>12.2} times the floor's time\n",
            self.title,
            self.names[0],
            rate(ours),
            self.names[1],
            rate(floor),
            "",
            median(ratios)
        )
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
