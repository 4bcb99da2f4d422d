//! Table declarations → names, quoting and DDL text. Pure.
//!
//! A table reaches us by declaration (the app's `tables` option) or by the `electric-schema` header of its
//! shape (protocol section 12); both become one [`TableSchema`], and [`ddl`] writes from it the synced
//! table, the shadow table, the view and its three triggers.

pub mod ddl;
mod declaration;
mod electric;
pub mod loading;
pub mod membership;
pub mod names;
mod shape;
mod sql;
mod table;

pub use declaration::{
    ColumnDeclaration, IndexDeclaration, Names, Ordered, Reference, TableDeclaration, Tables,
};
pub use shape::{DEFAULT_SHAPE, Log, Replica, ShapeDeclaration, Subset};
pub use sql::{identifier, list, literal};
pub use table::{Column, TableSchema};
