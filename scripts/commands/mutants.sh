# ./dev mutants: cargo-mutants over what decides (https://mutants.rs): changes the sources in a copy, one small thing at a time, and lists the
# changes that no test notices. RELIABILITY.md says what became of those that were found.

mutants_folders="optimistic upload shape"

# What ends soon. A mutant that the first of them notices costs seconds.
mutants_suites="messages table traps model shape_recordings recordings sync"

# A mistake may make a test go round for ever.
mutants_seconds=90

command_mutants() {
  local folder suite files=() suites=(--cargo-arg=--lib)
  local folders=("$@")
  ((${#folders[@]})) || read -ra folders <<<"$mutants_folders"
  for folder in "${folders[@]}"; do
    [[ -d src/$folder ]] || fail "there is no folder src/$folder"
    files+=(--file "src/$folder/**")
  done
  for suite in $mutants_suites; do
    suites+=(--cargo-arg=--test "--cargo-arg=$suite")
  done
  setup_wasm
  ensure_cargo_tool cargo-mutants cargo-mutants "$SETTING_TOOLS_CARGO_MUTANTS" "it plants small mistakes for the tests to notice" --locked
  CARGO_PROFILE_DEV_DEBUG=0 cargo mutants --package "$SETTING_CRATE_NAME" "${files[@]}" --timeout "$mutants_seconds" \
    --output target/mutants "${suites[@]}"
}
