# ./dev bench: how fast shape bodies come in, beside their floor. tests/benches/README.md says how to read it.

bench_parts="native wasm"

command_bench() {
  local part
  for part in ${1:-$bench_parts}; do
    case " $bench_parts " in
      *" $part "*) say "bench: $part" && "bench_$part" ;;
      *) fail "there is no './dev bench $part', only: $bench_parts" ;;
    esac
  done
}

bench_native() {
  setup_wasm
  cargo bench --quiet -p "$SETTING_CRATE_NAME" --bench native
}

# In a worker of headless Chromium, compiled as the package is.
bench_wasm() {
  setup_wasm
  ensure_browser
  # The timeout ends a hung browser.
  THROUGHLINE_BENCH=full WASM_BINDGEN_TEST_TIMEOUT=${WASM_BINDGEN_TEST_TIMEOUT:-300} \
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner \
    cargo test -p "$SETTING_CRATE_NAME" --release --target "$wasm_triple" --test benches -- --nocapture
}
