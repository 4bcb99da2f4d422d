//! What the browser says of its storage (<https://storage.spec.whatwg.org/>).

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::convert::get;
use super::opfs;
use crate::engine::StorageFacts;

/// Asks for all of it. What the browser does not tell is `None`.
pub(super) async fn measure(database: &str, in_opfs: bool) -> StorageFacts {
    let storage = get(&get(&js_sys::global(), "navigator"), "storage");
    let estimate = call(&storage, "estimate").await;
    let bytes = |name| {
        let number = get(&estimate, name).as_f64();
        number.map(|number| number as u64)
    };
    StorageFacts {
        persisted: call(&storage, "persisted").await.as_bool(),
        quota: bytes("quota"),
        usage: bytes("usage"),
        present: !in_opfs || opfs::is_there(database).await,
    }
}

/// What a method without arguments comes to; `undefined` where there is none, or it fails.
pub(super) async fn call(of: &JsValue, method: &'static str) -> JsValue {
    let Some(method) = get(of, method).dyn_ref::<Function>().cloned() else {
        return JsValue::UNDEFINED;
    };
    match method.call0(of) {
        Ok(returned) => JsFuture::from(Promise::resolve(&returned))
            .await
            .unwrap_or_default(),
        Err(_) => JsValue::UNDEFINED,
    }
}
