//! Why the browser's files could not do something.

use std::fmt;

use rsqlite_vfs::{VfsError, VfsErrorCode};
use wasm_bindgen::JsValue;

use crate::web::convert::get;

/// See the module.
#[derive(Debug)]
pub(in crate::web) enum Failure {
    /// What a method of the browser's threw.
    Thrown(JsValue),
    /// Not all bytes were written. Of a full disk some browsers say no more: Firefox writes less, Chromium returns what is no length.
    Short,
    /// Anything else, in a sentence.
    Ours(&'static str),
}

impl Failure {
    /// The name of the exception, such as `QuotaExceededError`, or of the one that should have been thrown; else empty.
    pub(in crate::web) fn exception(&self) -> String {
        match self {
            Self::Thrown(thrown) => get(thrown, "name").as_string().unwrap_or_default(),
            Self::Short => "QuotaExceededError".into(),
            Self::Ours(_) => String::new(),
        }
    }

    /// What SQLite is told: that the disk is full, or else `code`.
    pub(super) fn of_sqlite(&self, code: VfsErrorCode) -> VfsError {
        let code = match self.exception().as_str() {
            "QuotaExceededError" => VfsErrorCode::Full,
            _ => code,
        };
        VfsError::new(code, self.to_string().into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thrown(thrown) => {
                let message = get(thrown, "message").as_string().unwrap_or_default();
                write!(f, "{}: {message}", self.exception())
            }
            Self::Short => f.write_str("the browser did not write all bytes"),
            Self::Ours(sentence) => f.write_str(sentence),
        }
    }
}

impl From<JsValue> for Failure {
    fn from(thrown: JsValue) -> Self {
        Self::Thrown(thrown)
    }
}
