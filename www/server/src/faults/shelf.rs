//! The answers that a stale cache could still give.

use std::collections::BTreeMap;

use super::Reply;

/// Most answers kept; the oldest go first.
const MOST_REPLIES: usize = 256;

/// Answers by query, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    kept: Vec<(BTreeMap<String, String>, Reply)>,
}

impl Shelf {
    /// Longer bodies are not kept.
    pub const MOST_BYTES: usize = 1 << 18;

    /// Keeps the answer to a query.
    pub fn keep(&mut self, query: &str, reply: &Reply) {
        if reply.body.len() > Self::MOST_BYTES {
            return;
        }
        if self.kept.len() == MOST_REPLIES {
            self.kept.remove(0);
        }
        self.kept.push((params(query), reply.clone()));
    }

    /// Forgets all answers.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// The oldest answer to the query, whatever the values of the ignored parameters.
    pub(crate) fn oldest(&self, query: &str, ignoring: &[String]) -> Option<&Reply> {
        let counted = |params: &BTreeMap<String, String>| {
            let mut params = params.clone();
            params.retain(|name, _| !ignoring.contains(name));
            params
        };
        let wanted = counted(&params(query));
        let mut kept = self.kept.iter();
        let (_, reply) = kept.find(|(params, _)| counted(params) == wanted)?;
        Some(reply)
    }
}

fn params(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}
