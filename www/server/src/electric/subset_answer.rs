//! The answer to a subset request (protocol section 10).

use super::answer::Turn;
use super::constants::{cache, header};
use super::message::Reading;
use super::response::Response;
use super::sight::Sight;
use super::subset::{self, Subset};

impl Turn<'_> {
    /// Rows as they are now, beside the log. The offset is the log's end before the rows were read.
    pub(crate) fn subset(&self, subset: &Subset) -> Response {
        let mark = self.entropy % (1 << 31);
        let electric = self.electric;
        let stored = electric.tables.get(&self.shape.definition.table);
        let rows = stored.map_or(Vec::new(), |stored| {
            let mut writer = self.shape.writer(stored.seen());
            // The query sees what Postgres has, which the log may not have told yet.
            let plan = self.shape.definition.plan.as_ref();
            let views = plan
                .map(|plan| plan.views(&electric.tables))
                .unwrap_or_default();
            if let Sight::Plan { views: seen, .. } = &mut writer.sight {
                *seen = &views;
            }
            let inside = stored.heap.scan_all().filter(|row| writer.sight.sees(row));
            let picked = subset.pick(inside).into_iter();
            picked
                .map(|row| {
                    let mut out = String::new();
                    writer.row(&row, Reading::Subset(mark), &mut out);
                    out
                })
                .collect()
        });
        let body = subset::body(electric.next_xid, electric.wal_insert_lsn(), mark, &rows);
        let response = Response::log(self.request, cache::NOT_GET, body)
            .with(header::SNAPSHOT, "true")
            .with(header::HANDLE, self.shape.handle.as_str())
            .with(header::OFFSET, self.shape.head().to_string());
        match self.read.live {
            true => response,
            false => self.with_schema(response),
        }
    }
}
