//! Web Locks: asked for, held, taken away (<https://w3c.github.io/web-locks/>).

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Object, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::AbortController;

use super::convert::{get, set};

/// How a lock is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Behind all who wait for it.
    Queue,
    /// At once: whoever has it loses it.
    Steal,
}

/// What becomes of a lock that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Turn {
    /// It is held until the [`Lock`] is dropped.
    Granted,
    /// Somebody took it.
    Lost,
    /// The browser refused.
    Refused(JsValue),
}

/// A lock that is waited for or held; given back when dropped.
pub(super) struct Lock {
    release: Function,
    waiting: Option<AbortController>,
}

impl Lock {
    /// Asks; `None` where the browser has no locks.
    pub(super) fn request(
        name: &str,
        how: How,
        turn: impl Fn(Turn) + 'static,
    ) -> Result<Option<Self>, JsValue> {
        let locks = get(&get(&js_sys::global(), "navigator"), "locks");
        let Some(request) = get(&locks, "request").dyn_ref::<Function>().cloned() else {
            return Ok(None);
        };
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let release: Function = release.ok_or("promises do not run their executor")?;
        let options = Object::new();
        let waiting = match how {
            How::Steal => {
                set(&options, "steal", true);
                None
            }
            How::Queue => {
                let controller = AbortController::new()?;
                set(&options, "signal", controller.signal());
                Some(controller)
            }
        };
        let turn = Rc::new(turn);
        let granted = Rc::new(RefCell::new(false));
        let (tell, is_held) = (turn.clone(), granted.clone());
        let callback = Closure::once_into_js(move |_: JsValue| -> JsValue {
            *is_held.borrow_mut() = true;
            tell(Turn::Granted);
            held.into()
        });
        let requested: Promise = request
            .call3(&locks, &name.into(), &options, &callback)?
            .unchecked_into();
        let on_error = Closure::once(move |thrown: JsValue| {
            let was_held = *granted.borrow();
            let aborted = get(&thrown, "name").as_string().as_deref() == Some("AbortError");
            match (was_held, aborted) {
                (true, _) => turn(Turn::Lost),
                // We do not wait for it any more.
                (false, true) => {}
                (false, false) => turn(Turn::Refused(thrown)),
            }
        });
        let _ = requested.catch(&on_error);
        on_error.forget();
        Ok(Some(Self { release, waiting }))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            waiting.abort();
        }
        // Resolving a promise cannot fail in a way that matters here.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}
