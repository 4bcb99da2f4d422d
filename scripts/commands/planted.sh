# ./dev planted: plants the known mistakes of tests/planted, one at a time, in a copy of the sources, and shows which test catches each.
# One that none catches makes the command fail, and is answered with a test. A patch that is stale does, too: make it anew.

# The fast native suites, the fastest first.
planted_suites="lib messages table model sync simulation crash"

# A mistake may make a test go round for ever: a suite that is not done by then would not be done in CI either.
planted_seconds=240

command_planted() {
  local patch survived=0
  setup_wasm
  planted_copy
  say "planted: nothing, which every suite has to pass"
  planted_run
  [[ $planted_catch == SURVIVED ]] || fail "without any mistake there is one: $planted_catch ($planted_log)"
  for patch in $(planted_patches "$@"); do
    planted_try "$patch"
    printf '%-32s %s\n' "$(basename "$patch" .patch)" "$planted_catch"
    [[ $planted_catch != SURVIVED ]] || survived=$((survived + 1))
  done
  ((survived == 0)) || fail "$survived of the mistakes survived: the suite needs a test for each"
}

# All patches, or those with the numbers given.
planted_patches() {
  local number found
  if ((!$#)); then
    printf '%s\n' tests/planted/*.patch
  fi
  for number in "$@"; do
    found=(tests/planted/"$number"-*.patch)
    [[ -e ${found[0]} ]] || fail "there is no tests/planted/$number-….patch"
    printf '%s\n' "${found[@]}"
  done
}

# What is to be committed. With new times: a run that was interrupted has left the build of a mistake, which would pass for newer.
planted_copy() {
  planted_tree=target/planted/tree
  planted_log=$PWD/target/planted/log
  rm -rf "$planted_tree"
  mkdir -p "$planted_tree"
  git ls-files -z --cached --others --exclude-standard --deduplicate |
    tar --create --null --files-from=- --ignore-failed-read --file=- 2>/dev/null |
    tar --extract --touch --directory="$planted_tree" --file=-
}

# Leaves in planted_catch what caught the mistake.
planted_try() {
  git apply --directory="$planted_tree" "$1" || fail "$1 no longer fits the sources"
  planted_run
  git apply --reverse --directory="$planted_tree" "$1"
}

planted_run() {
  local suite status
  planted_cargo build || fail "what is planted does not compile: $planted_log"
  for suite in $planted_suites; do
    status=0
    case $suite in
      lib) planted_cargo test --lib || status=$? ;;
      *) planted_cargo test --test "$suite" || status=$? ;;
    esac
    case $status in
      0) ;;
      124) planted_catch="$suite, which does not end" && return ;;
      *) planted_failures "$suite" && return ;;
    esac
  done
  planted_catch=SURVIVED
}

planted_cargo() {
  (cd "$planted_tree" && CARGO_TARGET_DIR=../build timeout "$planted_seconds" cargo "$1" -p "$SETTING_CRATE_NAME" "${@:2}") >"$planted_log" 2>&1
}

# The first test that failed, and how many others did.
planted_failures() {
  local failed
  mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$planted_log")
  # A process that died names no test, and one that was never there neither.
  ((${#failed[@]})) || fail "$1 ended without a failed test: $planted_log"
  planted_catch="$1: ${failed[0]}"
  ((${#failed[@]} == 1)) || planted_catch+=" and $((${#failed[@]} - 1)) more"
}
