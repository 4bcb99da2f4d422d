# ./dev check: what can be said about the sources without running them. Each step also runs alone.

check_steps="format clippy docs types crate"

command_check() {
  local step
  setup_wasm
  for step in ${1:-$check_steps}; do
    case " $check_steps " in
      *" $step "*) say "check: $step" && "check_$step" ;;
      *) fail "there is no './dev check $step', only: $check_steps" ;;
    esac
  done
}

check_format() {
  cargo fmt --all --check
  cargo fmt --check --manifest-path fuzz/Cargo.toml
}

check_clippy() {
  cargo clippy --workspace --all-targets -- -D warnings
  cargo clippy -p "$SETTING_CRATE_NAME" --all-targets --target "$wasm_triple" -- -D warnings
}

check_docs() {
  RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
  # The browser side of the crate exists on this target alone.
  RUSTDOCFLAGS="-D warnings" cargo doc -p "$SETTING_CRATE_NAME" --no-deps --target "$wasm_triple"
  command_docs
}

# What crates.io would get: it has to build by itself, and nothing but the sources and the documents is in it.
check_crate() {
  local stray
  cargo package --quiet -p "$SETTING_CRATE_NAME" --allow-dirty
  stray=$(cargo package --list -p "$SETTING_CRATE_NAME" --allow-dirty 2>/dev/null |
    grep -vE '^(src/.*\.(rs|sql|d\.ts)|Cargo\.(toml|toml\.orig|lock)|(README|CHANGELOG)\.md|LICENSE(-[A-Z]+)?|\.cargo_vcs_info\.json)$') || true
  [ -z "$stray" ] || fail "the crate's package has files that do not belong there: $stray"
}

# The TypeScript imports what wasm-pack declares, so the crate is built first.
check_types() {
  build_wasm
  local project
  for project in tsconfig{,.worker,.tests}.json; do
    node_modules/.bin/tsc --noEmit --project "$project"
  done
}
