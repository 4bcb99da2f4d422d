//! Rules of the application, asked about each changed row.

use std::borrow::Cow;

use crate::electric::{Op, Transaction};

/// A rule's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// A stable code.
    pub code: &'static str,
    /// A sentence for people.
    pub message: Cow<'static, str>,
}

/// A rule over the rows of one table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The table.
    pub table: &'static str,
    /// Looks at a row before and after the change, and at other rows as the transaction leaves them.
    pub check: fn(&Op, &Transaction<'_>) -> Result<(), Rejection>,
}
