//! The answer to `POST /changes`.

use serde_json::json;

use super::{RETRY_AFTER_SECONDS, Verdict, code};
use crate::electric::Response;
use crate::electric::constants::{cache, header};

/// What became of a request's transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// In the order of the request, up to the first that nothing was decided about.
    pub verdicts: Vec<Verdict>,
    /// Why nothing was decided about that one and those after it.
    pub unsettled: Option<String>,
}

impl Applied {
    /// 200 with the verdicts there are; a 503 when there would be none.
    pub fn response(&self) -> Response {
        match (&self.unsettled, self.verdicts.as_slice()) {
            (Some(why), []) => refused(503, code::STORAGE, why),
            (_, verdicts) => {
                let body = json!({ "transactions": verdicts }).to_string();
                Response::json(200, cache::NO_STORE, body)
            }
        }
    }
}

/// An answer that stands for the whole request.
pub fn refused(status: u16, code: &str, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message } }).to_string();
    let mut response = Response::json(status, cache::NO_STORE, body);
    if status == 503 {
        response
            .headers
            .push((header::RETRY_AFTER, RETRY_AFTER_SECONDS.to_string()));
    }
    response
}
