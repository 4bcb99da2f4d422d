# ./dev mutants: cargo-mutants over what decides (https://mutants.rs): changes the sources in a copy, one small thing at a time, and lists the
# changes that no test notices. RELIABILITY.md says what became of those that were found.

mutants_folders="optimistic upload shape"

# What the tests beside a folder's code do not notice, in seconds, is tried on all of these.
mutants_suites="messages table traps model shape_recordings recordings sync hostile"

# A mistake may make a test go round for ever.
mutants_seconds=120

command_mutants() {
  local folder survived=() folders=("$@")
  ((${#folders[@]})) || read -ra folders <<<"$mutants_folders"
  for folder in "${folders[@]}"; do
    [[ -d src/$folder ]] || fail "there is no folder src/$folder"
  done
  setup_wasm
  ensure_cargo_tool cargo-mutants cargo-mutants "$SETTING_TOOLS_CARGO_MUTANTS" "it plants small mistakes for the tests to notice" --locked
  for folder in "${folders[@]}"; do
    mutants_all_noticed "$folder" || survived+=("$folder")
  done
  ((${#survived[@]} == 0)) || fail "some survived in: ${survived[*]} (target/mutants)"
}

mutants_all_noticed() {
  local folder=$1 status=0 suite suites=(--cargo-arg=--lib)
  say "mutants of $folder, before the tests beside them"
  mutants_pass "$folder" --cargo-arg=--lib "--cargo-test-arg=$folder::" || status=$?
  # Its words for: some survived, some made a test hang. Anything else is all, or no result.
  ((status == 2 || status == 3)) || return "$status"
  for suite in $mutants_suites; do
    suites+=(--cargo-arg=--test "--cargo-arg=$suite")
  done
  say "mutants of $folder that those did not notice, before the others"
  status=0
  mutants_pass "$folder" --iterate "${suites[@]}" || status=$?
  ((status == 3)) || return "$status"
}

# mutants_pass folder [options]
mutants_pass() {
  local output=target/mutants/$1
  mkdir -p "$output"
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=1 cargo mutants --package "$SETTING_CRATE_NAME" --file "src/$1/**" --timeout "$mutants_seconds" \
    --output "$output" --colors never "${@:2}"
}
