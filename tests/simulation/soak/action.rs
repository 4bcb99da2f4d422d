//! A history as a list of actions.

/// What is done, and how often among a hundred.
pub(super) const ACTIONS: [(Kind, u32, &str); 20] = [
    (Kind::Mark, 18, "action: write of three rows in two tables"),
    (Kind::Write, 17, "action: write"),
    (Kind::Interact, 8, "action: interactive transaction"),
    (Kind::SomeoneElse, 13, "action: someone else writes"),
    (Kind::Deal, 4, "action: rejection dealt with"),
    (Kind::Offline, 4, "action: offline"),
    (Kind::Online, 6, "action: online"),
    (Kind::Wake, 2, "action: wake"),
    (Kind::Disconnect, 2, "action: disconnect"),
    (Kind::Connect, 4, "action: connect"),
    (Kind::Crash, 2, "action: crash"),
    (Kind::CrashBetween, 4, "action: crash to come"),
    (Kind::Lead, 2, "action: leader change"),
    (Kind::LeadBetween, 4, "action: leader change to come"),
    (Kind::FillDisk, 2, "action: disk fills"),
    (Kind::SetClock, 3, "action: clock is set"),
    (Kind::Restart, 1, "action: server restarts"),
    (
        Kind::LoseShapes,
        1,
        "action: server restarts and has lost its shapes",
    ),
    (Kind::Alter, 2, "action: schema changes"),
    (Kind::Truncate, 1, "action: table is truncated"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mark,
    Write,
    Interact,
    SomeoneElse,
    Deal,
    Offline,
    Online,
    Wake,
    Disconnect,
    Connect,
    Crash,
    CrashBetween,
    Lead,
    LeadBetween,
    FillDisk,
    SetClock,
    Restart,
    LoseShapes,
    Alter,
    Truncate,
}

/// One thing done, and what follows from nothing that was done before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    pub(super) kind: Kind,
    /// How a report counts it.
    pub(super) name: &'static str,
    /// All randomness of the action.
    pub(super) seed: u64,
    /// How long the world runs after it, in milliseconds.
    pub(super) pause: u64,
}

/// The actions of a seed.
pub(super) fn actions(seed: u64, count: usize) -> Vec<Action> {
    // Another stream than the one that the world is made by.
    let mut rng = fastrand::Rng::with_seed(!seed);
    let total: u32 = ACTIONS.iter().map(|(_, weight, _)| weight).sum();
    let one = |_| {
        let mut left = rng.u32(0..total);
        let chosen = ACTIONS.iter().find(|(_, weight, _)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        });
        let (kind, _, name) = *chosen.unwrap();
        let pauses = [0, 5, 50, 500, 5_000];
        Action {
            kind,
            name,
            seed: rng.u64(..),
            pause: pauses[rng.usize(0..pauses.len())],
        }
    };
    (0..count).map(one).collect()
}
