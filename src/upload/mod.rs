//! The write path: what goes into a POST, what its answer means, and when the next one goes. Pure.
//!
//! One POST is on its way at a time. The queue itself is the change log in the database; [`Uploader`] only
//! decides how much of it to take, and what an answer does to it.

mod batch;
mod coalesce;
mod outcome;
mod parked;
mod step;
mod uploader;
mod wire;

pub use batch::{
    BATCH_BYTES, BATCH_TRANSACTIONS, Batch, Picked, Picker, Queued, QueuedIntent, Take,
};
pub use coalesce::coalesced;
pub use outcome::{Outcome, ServerVerdict, Verdict, classify};
pub use step::{Event, Step};
pub use uploader::{PROBES, STRIKES, Uploader};
pub use wire::{OutgoingChange, OutgoingTransaction, body};
