# ./dev test: every part runs, also after one has failed, and the last lines say which failed and how many tests ran.

test_parts="check native javascript build wasm browser package"

command_test() {
  if (($#)); then
    test_part "$1"
  else
    test_everything
  fi
}

test_part() {
  case $1 in
    check) command_check ;;
    native) test_native ;;
    javascript) test_javascript ;;
    build) command_build ;;
    wasm) test_wasm ;;
    browser) test_browser ;;
    package) test_package ;;
    *) fail "there is no './dev test $1', only: $test_parts" ;;
  esac
}

test_everything() {
  local part logs=target/test-logs failed=()
  # What a test needs is there before the first one runs.
  setup_wasm
  ensure_browser
  ensure_firefox || true
  ensure_postgres
  rm -rf "$logs"
  mkdir -p "$logs"
  for part in $test_parts; do
    say "test: $part"
    # A process of its own: inside a condition bash would go on after a failing command.
    if ! ./dev test "$part" 2>&1 | tee "$logs/$part.log"; then
      failed+=("$part")
    fi
  done
  if ! node scripts/count-tests.mjs "$logs"/{native,javascript,wasm,browser,package}.log; then
    failed+=(counts)
  fi
  if ((${#failed[@]})); then
    fail "failed: ${failed[*]}"
  fi
}

test_native() {
  setup_wasm
  ensure_postgres
  cargo test --workspace
}

# The main-thread half under Node, against a worker that is played.
test_javascript() {
  setup_wasm
  node scripts/js-tests.mjs
}

test_wasm() {
  setup_wasm
  ensure_browser
  # Ends a hung browser; no test depends on it.
  WASM_BINDGEN_TEST_TIMEOUT=${WASM_BINDGEN_TEST_TIMEOUT:-300} \
    wasm-pack --log-level warn test --mode no-install --headless --chrome --chromedriver "$CHROMEDRIVER"
}

# Browser tests use the package as it stands in pkg/: './dev build' makes it.
test_browser() {
  local files=() file left_out=()
  setup_wasm
  ensure_browser
  ensure_firefox || left_out+=("$firefox_test")
  need_package
  cargo build -p throughline-server
  for file in tests/browser/*.test.mjs; do
    [[ " ${left_out[*]} " == *" $file "* ]] || files+=("$file")
  done
  # Ends a file that hangs; no test depends on it. Loading a million rows twice takes a slow machine minutes.
  node --test --test-concurrency=1 --test-timeout=480000 "${files[@]}"
}

firefox_test=tests/browser/firefox.test.mjs

# Fresh apps, which each file of this part uses: what they need beside the package is installed for this part alone.
test_package() {
  local folder status=0
  setup_wasm
  ensure_browser
  need_package
  folder=$(mktemp -d)
  node tests/package/support/install.mjs "$folder"
  THROUGHLINE_APPS=$folder node --test --test-concurrency=1 --test-timeout=480000 tests/package/*.test.mjs || status=$?
  rm -rf "$folder"
  return $status
}

need_package() {
  [[ -f $SETTING_BUILD_OUTPUT/package.json ]] || fail "there is no package in $SETTING_BUILD_OUTPUT/: run ./dev build first"
}
