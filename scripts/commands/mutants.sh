# ./dev mutants: cargo-mutants over what decides (https://mutants.rs): changes the sources in a copy, one small thing at a time, and lists the
# changes that no test notices. RELIABILITY.md says what became of those that were found.

mutants_folders="optimistic upload shape"

# Most mutants are noticed by what is beside the code, in seconds; those that are not, by what goes through more of it.
mutants_near="shape_recordings"
mutants_far="messages table traps model recordings sync"

# A mistake may make a test go round for ever.
mutants_seconds=90

command_mutants() {
  local folder status=0 files=() folders=("$@")
  ((${#folders[@]})) || read -ra folders <<<"$mutants_folders"
  for folder in "${folders[@]}"; do
    [[ -d src/$folder ]] || fail "there is no folder src/$folder"
    files+=(--file "src/$folder/**")
  done
  setup_wasm
  ensure_cargo_tool cargo-mutants cargo-mutants "$SETTING_TOOLS_CARGO_MUTANTS" "it plants small mistakes for the tests to notice" --locked
  mkdir -p target/mutants
  mutants_pass "$mutants_near" "${files[@]}" || status=$?
  # Its words for: all were noticed, some survived, some made a test hang. Anything else is no result.
  case $status in
    0) return ;;
    2 | 3) ;;
    *) return "$status" ;;
  esac
  say "mutants: those that the nearest tests did not notice, before the others"
  mutants_pass "$mutants_far" "${files[@]}" --iterate
}

# mutants_pass suites [options]. Fails if a mutant survives it.
mutants_pass() {
  local suite suites=(--cargo-arg=--lib)
  for suite in $1; do
    suites+=(--cargo-arg=--test "--cargo-arg=$suite")
  done
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=1 cargo mutants --package "$SETTING_CRATE_NAME" --timeout "$mutants_seconds" \
    --output target/mutants --colors never "${suites[@]}" "${@:2}"
}
