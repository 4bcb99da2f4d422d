//! The browser's clocks.

use js_sys::Date;
use wasm_bindgen::JsCast;

use crate::ids::Millis;

/// Setting a timer further away than this would make it fire at once.
const LONGEST_TIMER_MS: i64 = i32::MAX as i64;

/// The time of day. It jumps when the user or the network sets the clock.
pub(super) fn now() -> Millis {
    Millis(Date::now() as i64)
}

/// A clock that only goes forward, for how long something takes.
pub(super) fn monotonic() -> Millis {
    Millis((micros() / 1_000) as i64)
}

/// The same clock, for what takes little time.
pub(super) fn micros() -> u64 {
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let ms = scope.performance().map_or(0.0, |clock| clock.now());
    (ms * 1_000.0) as u64
}

/// From one moment to another, as far as a timer goes.
pub(super) fn delay(from: Millis, to: Millis) -> u32 {
    (to.0 - from.0).clamp(0, LONGEST_TIMER_MS) as u32
}
