//! Pending writes over synced rows: what the app sees, and when a write is done. Pure.
//!
//! `shadow(k) = fold(synced(k), pending intents of k in order)`: the shadow table is a cache of [`fold`], and a
//! key has a shadow row exactly while it has pending intents.

mod confirm;
mod fold;
mod reject;

pub use confirm::{ConfirmBy, PendingTransaction, confirmable};
pub use fold::{Intent, ShadowRow, fold};
pub use reject::{Dependent, Written, dependents};
