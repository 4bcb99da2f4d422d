//! The Web Lock that makes one worker the owner of a database file.

use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::convert::{get, set};

/// Held until dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    release: Function,
}

/// A lock whose owner is just going (a reload, a close) is free a moment later.
const DELAYS_MS: [u32; 4] = [20, 40, 80, 160];

impl FileLock {
    /// Takes the lock if nobody holds it; `Ok(None)` if somebody does, after a third of a second.
    pub(super) async fn take(name: &str) -> Result<Option<Self>, JsValue> {
        for delay in DELAYS_MS {
            if let Some(lock) = Self::try_take(name).await? {
                return Ok(Some(lock));
            }
            TimeoutFuture::new(delay).await;
        }
        Self::try_take(name).await
    }

    /// Takes the lock if nobody holds it now.
    ///
    /// A browser without Web Locks gives one that holds nothing: OPFS itself still refuses a second owner.
    async fn try_take(name: &str) -> Result<Option<Self>, JsValue> {
        let locks = get(&get(&js_sys::global(), "navigator"), "locks");
        let Some(request) = get(&locks, "request").dyn_ref::<Function>().cloned() else {
            return Ok(Some(Self {
                release: Function::new_no_args(""),
            }));
        };
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let mut answer = None;
        let granted = Promise::new(&mut |resolve, _| answer = Some(resolve));
        let (Some(release), Some(answer)) = (release, answer) else {
            return Err("promises do not run their executor".into());
        };
        let refuse = answer.clone();
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let free = !lock.is_null();
            // The caller awaits this very promise; nothing can be done if it cannot be resolved.
            let _ = answer.call1(&JsValue::UNDEFINED, &free.into());
            if free {
                held.into()
            } else {
                JsValue::UNDEFINED
            }
        });
        let options = Object::new();
        set(&options, "ifAvailable", true);
        let requested: Promise = request
            .call3(&locks, &name.into(), &options, &callback)?
            .unchecked_into();
        // A refused request (an opaque origin, for example) must not leave us waiting.
        let on_error = Closure::once(move |thrown: JsValue| {
            let _ = refuse.call1(&JsValue::UNDEFINED, &thrown);
        });
        let _ = requested.catch(&on_error);
        on_error.forget();
        let outcome = JsFuture::from(granted).await?;
        match outcome.as_bool() {
            Some(true) => Ok(Some(Self { release })),
            Some(false) => Ok(None),
            None => Err(outcome),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Resolving a promise cannot fail in a way that matters here.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}
