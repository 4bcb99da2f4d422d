//! The benches with few rows, natively and in a worker; all rows in a worker for `./dev bench wasm`.

#[path = "mod.rs"]
mod benches;

#[cfg(not(target_family = "wasm"))]
#[test]
fn both_sides_bring_in_the_same_rows() {
    assert!(benches::run(benches::SMOKE).contains("rows/s"));
}

#[cfg(target_family = "wasm")]
mod worker {
    use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

    use super::benches;

    wasm_bindgen_test_configure!(run_in_dedicated_worker);

    /// A worker has no arguments and no environment: what to do is compiled in.
    const SCALE: benches::Scale = match option_env!("THROUGHLINE_BENCH") {
        None => benches::SMOKE,
        Some(_) => benches::FULL,
    };

    #[wasm_bindgen_test]
    fn both_sides_bring_in_the_same_rows() {
        console_log!("{}", benches::run(SCALE));
    }
}
