//! What the clients of the random worlds sync.

use crate::history::{
    ALL_LISTS, ALL_TODOS, CHANGED_TODOS, ITEMS_OF_NO_CLOSED_LIST, ITEMS_OF_OPEN_LISTS,
    ITEMS_OPEN_OR_STARRED, OPEN_TODOS, SOME_TODOS, STARRED_ITEMS, Shape,
};

/// What a client declares, or sets while it runs.
pub(crate) struct Kind {
    pub(crate) declared: &'static [(&'static str, Shape)],
    /// What it may set; the tables it names are declared without a shape.
    pub(crate) settable: &'static [Shape],
}

/// A random one each.
pub(crate) const KINDS: [Kind; 6] = [
    Kind {
        declared: &[("open", OPEN_TODOS), ("some", SOME_TODOS)],
        settable: &[],
    },
    Kind {
        declared: &[("default", ALL_LISTS), ("default", ITEMS_OPEN_OR_STARRED)],
        settable: &[],
    },
    Kind {
        declared: &[("open", ITEMS_OF_OPEN_LISTS), ("starred", STARRED_ITEMS)],
        settable: &[],
    },
    Kind {
        declared: &[
            ("default", CHANGED_TODOS),
            ("default", ITEMS_OF_NO_CLOSED_LIST),
        ],
        settable: &[],
    },
    Kind {
        declared: &[],
        settable: &[OPEN_TODOS, SOME_TODOS, ALL_TODOS],
    },
    Kind {
        declared: &[],
        settable: &[STARRED_ITEMS, ITEMS_OF_OPEN_LISTS, ITEMS_OPEN_OR_STARRED],
    },
];

impl Kind {
    pub(crate) fn options(&self) -> String {
        let mut tables = serde_json::Map::new();
        for shape in self.settable {
            tables
                .entry(shape.of.table)
                .or_insert_with(|| serde_json::json!({"shapes": {}}));
        }
        for (name, shape) in self.declared {
            let table = tables
                .entry(shape.of.table)
                .or_insert_with(|| serde_json::json!({"shapes": {}}));
            let mut declared = serde_json::json!({"log": shape.log});
            if let Some(condition) = shape.condition {
                declared["where"] = condition.into();
            }
            table["shapes"][*name] = declared;
        }
        serde_json::json!({
            "name": "app",
            "electric": {"url": "/v1/shape"},
            "write": {"url": "/changes"},
            "tables": tables,
        })
        .to_string()
    }

    pub(crate) fn shapes(&self) -> Vec<Shape> {
        let declared = self.declared.iter().map(|(_, shape)| *shape);
        declared.chain(self.settable.iter().copied()).collect()
    }
}
