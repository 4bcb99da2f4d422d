# ./dev bench: how fast shape bodies come in, beside their floor. tests/benches/README.md says how to read it.
# ./dev bench compare: the package beside its peers, in a browser. tests/compare/README.md says how.

bench_parts="native wasm"

command_bench() {
  local part
  if [[ ${1:-} == compare ]]; then
    shift
    bench_compare "$@"
    return
  fi
  for part in ${1:-$bench_parts}; do
    case " $bench_parts " in
      *" $part "*) say "bench: $part" && "bench_$part" ;;
      *) fail "there is no './dev bench $part', only: $bench_parts compare" ;;
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

# The package as it stands in pkg/, and the peers at the versions of their own lockfile.
bench_compare() {
  setup_wasm
  ensure_browser
  need_package
  ensure_peers
  cargo build --quiet --release -p throughline-server
  THROUGHLINE_SERVER=$PWD/target/release/throughline-server node tests/compare/compare.mjs "$@"
}

ensure_peers() {
  local folder=tests/compare
  local installed=$folder/node_modules/.installed-lock.json
  if cmp -s "$folder/package-lock.json" "$installed"; then return; fi
  say "installing the npm packages of $folder/package-lock.json: what Throughline is compared with"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp "$folder/package-lock.json" "$installed"
}
