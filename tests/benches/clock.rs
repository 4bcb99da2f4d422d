//! Wall-clock time, natively and in a worker.

/// Runs `work`; its result, and the milliseconds that it took.
#[cfg(not(target_family = "wasm"))]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = std::time::Instant::now();
    let made = work();
    (made, start.elapsed().as_secs_f64() * 1000.0)
}

/// Runs `work`; its result, and the milliseconds that it took.
#[cfg(target_family = "wasm")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = now();
    let made = work();
    (made, now() - start)
}

#[cfg(target_family = "wasm")]
fn now() -> f64 {
    use js_sys::{Function, Reflect, global};
    use wasm_bindgen::JsCast;

    let performance = Reflect::get(&global(), &"performance".into()).unwrap();
    let now: Function = Reflect::get(&performance, &"now".into())
        .unwrap()
        .unchecked_into();
    now.call0(&performance).unwrap().as_f64().unwrap()
}
