//! The part of [`Database`] that is about shapes while the app runs.

use js_sys::{Array, Object, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

use super::convert::{get, request_of, set};
use super::database::Database;

#[wasm_bindgen]
impl Database {
    /// Syncs a further shape of a table, or another one under a name that is taken: `options.name`, or the default.
    #[wasm_bindgen(js_name = setShape)]
    pub fn set_shape(&self, table: JsValue, shape: JsValue, options: &JsValue) -> Promise {
        let request = of_shape("setShape", table, &get(options, "name"));
        set(&request, "shape", shape);
        self.plain(&request)
    }

    /// Stops syncing a shape; with `options.purge` its rows go, too.
    #[wasm_bindgen(js_name = removeShape)]
    pub fn remove_shape(&self, table: JsValue, options: &JsValue) -> Promise {
        let request = of_shape("removeShape", table, &get(options, "name"));
        set(&request, "purge", get(options, "purge"));
        self.plain(&request)
    }

    /// Loads rows of a `changes_only` shape; resolves to how many came.
    #[wasm_bindgen(js_name = loadSubset)]
    pub fn load_subset(&self, table: JsValue, subset: JsValue, options: &JsValue) -> Promise {
        let request = of_shape("loadSubset", table, &get(options, "shape"));
        let all = || Object::new().into();
        set(
            &request,
            "subset",
            if subset.is_undefined() { all() } else { subset },
        );
        abortable(&get(options, "signal"), || self.plain(&request))
    }
}

fn of_shape(kind: &str, table: JsValue, name: &JsValue) -> Object {
    let request = request_of(kind);
    set(&request, "table", table);
    set(&request, "name", name);
    request
}

/// Starts something unless the signal has fired, and stops waiting for it when the signal fires.
fn abortable(signal: &JsValue, start: impl FnOnce() -> Promise) -> Promise {
    let Some(signal) = signal.dyn_ref::<AbortSignal>() else {
        return start();
    };
    if signal.aborted() {
        return Promise::reject(&signal.reason());
    }
    let fired = Promise::new(&mut |_, reject| {
        let of = signal.clone();
        let abort = Closure::once_into_js(move || {
            let _ = reject.call1(&JsValue::UNDEFINED, &of.reason());
        });
        // Fails only without a listener.
        let _ = signal.add_event_listener_with_callback("abort", abort.unchecked_ref());
    });
    Promise::race(&Array::of2(&start(), &fired))
}
