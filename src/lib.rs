//! Throughline.
#![warn(missing_docs)]

pub mod error;
pub mod ids;
pub mod shape;
pub mod tabs;
pub mod value;
