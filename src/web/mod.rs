//! The shell: performs the engine's effects in a dedicated worker and feeds back what comes of them.
//!
//! It decides nothing. One browser capability a file: `driver` wires them together, `database` is what the app
//! sees.

mod channel;
mod clock;
mod convert;
mod database;
mod driver;
mod endpoint;
mod fetch;
mod files;
mod journal;
mod live;
mod locks;
mod measure;
mod opfs;
mod pool;
mod random;
mod relay;
mod shapes;
mod storage;
mod tab;
mod transport;
mod types;
mod uncaught;
mod whole;

pub use database::Database;
