//! What each target does with its input, and what must hold whatever the input is.
//!
//! `fuzz/` runs these functions under libFuzzer, `tests/corpora` over the inputs that are kept.
#![allow(unreachable_pub, clippy::unwrap_used)]

mod device;
mod input;

pub mod bodies;
pub mod changes;
pub mod files;
pub mod requests;
pub mod schemas;
pub mod sessions;
pub mod values;

/// Calls a macro with the name of each target, which is its module here.
macro_rules! names {
    ($call:ident) => {
        $call! { bodies changes files requests schemas sessions values }
    };
}

macro_rules! table {
    ($($name:ident)*) => {
        /// Each target.
        pub const ALL: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::run)),*];
    };
}
names!(table);
