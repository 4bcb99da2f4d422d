//! What the election has to know of requests and options, which it does not read.

use std::hash::{DefaultHasher, Hash, Hasher};

use js_sys::{JSON, Object};
use wasm_bindgen::{JsCast, JsValue};

use crate::tabs::Standing;
use crate::web::convert::{get, set};

/// What goes on after its answer.
pub(super) fn stands(kind: &str, request: &JsValue) -> Option<Standing> {
    let text = |name| get(request, name).as_string();
    match kind {
        "live" => Some(subscription(request)),
        "setShape" | "removeShape" => {
            let name = text("name").unwrap_or_default();
            Some(Standing::Shape(text("table")?, name))
        }
        _ => None,
    }
}

pub(super) fn subscription(request: &JsValue) -> Standing {
    Standing::Live(get(request, "subscription").as_f64().unwrap_or_default() as u32)
}

/// A fingerprint of the options, by which a tab knows that another one was opened with others; of a guest's, none.
pub(super) fn build_of(options: &JsValue) -> String {
    if get(options, "guest").is_truthy() {
        return String::new();
    }
    let plain = Object::assign(&Object::new(), options.unchecked_ref());
    for own in ["session", "visible", "seen", "term", "connect"] {
        set(&plain, own, JsValue::UNDEFINED);
    }
    let text = JSON::stringify(&plain).map(String::from);
    let mut hasher = DefaultHasher::new();
    text.unwrap_or_default().hash(&mut hasher);
    format!("{:x}", hasher.finish())
}
