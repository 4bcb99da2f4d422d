# ./dev fuzz: runs the targets of tests/corpora under libFuzzer, as many at once as there are cores, each on one. tests/README.md says what a
# finding is and where it stays.

fuzz_kept=tests/corpora/kept
fuzz_work=target/fuzz

# Enough for any input; what takes longer or more is a finding.
fuzz_seconds=10
fuzz_megabytes=1024
fuzz_longest=4096

command_fuzz() {
  local minutes=1 minimise=no targets=()
  while (($#)); do
    case $1 in
      --minutes)
        (($# > 1)) || fail "$1 needs a value"
        minutes=$2
        shift 2
        ;;
      --minimise) minimise=yes && shift ;;
      -*) fail "there is no './dev fuzz $1', only: --minutes N, --minimise" ;;
      *) [[ -d $fuzz_kept/$1 ]] || fail "there is no target $1, only: $(fuzz_targets)"
        targets+=("$1") && shift ;;
    esac
  done
  ((${#targets[@]})) || read -ra targets <<<"$(fuzz_targets)"
  setup_fuzz
  fuzz_build
  if [[ $minimise == yes ]]; then
    fuzz_each fuzz_minimise "${targets[@]}"
    return
  fi
  say "fuzzing ${#targets[@]} targets, $minutes minutes each, $(nproc) at once"
  fuzz_total=$(awk "BEGIN { print int($minutes * 60) }")
  fuzz_each fuzz_run "${targets[@]}"
  fuzz_report "${targets[@]}"
}

fuzz_targets() {
  local folders=("$fuzz_kept"/*/)
  printf '%s\n' "${folders[@]}" | xargs -n 1 basename | xargs
}

setup_fuzz() {
  setup_wasm
  ensure_cargo_tool cargo-fuzz cargo-fuzz "$SETTING_TOOLS_CARGO_FUZZ" "it builds the fuzzed programs"
}

# Stable Rust has no sanitizers. The package is safe Rust, and SQLite's C has its own makers' fuzzers: coverage is what is needed here.
fuzz_build() {
  (cd fuzz && cargo fuzz build --sanitizer none --target-dir "../$fuzz_work")
}

# Runs a function for each of the targets.
fuzz_each() {
  local run=$1 target
  shift
  for target in "$@"; do
    while (($(jobs -pr | wc -l) >= $(nproc))); do
      wait -n || true
    done
    "$run" "$target" &
  done
  wait
}

# fuzz_program target [options of libFuzzer]. Databases that a run makes do not wait for a disk, where there is one of memory.
fuzz_program() {
  local target=$1 memory=/dev/shm
  shift
  [[ -w $memory ]] || memory=${TMPDIR:-/tmp}
  TMPDIR=$memory "$fuzz_work/$(rustc -vV | sed -n 's/^host: //p')/release/$target" \
    -timeout=$fuzz_seconds -rss_limit_mb=$fuzz_megabytes -max_len=$fuzz_longest "$@"
}

# What is found goes into the work folder; a finding goes beside what is kept, to be run by ./dev test from then on.
fuzz_run() {
  local target=$1 corpus=$fuzz_work/corpus/$1 findings=$fuzz_work/findings/$1
  rm -rf "$findings"
  mkdir -p "$corpus" "$findings"
  fuzz_program "$target" "$corpus" "$fuzz_kept/$target" -max_total_time="$fuzz_total" -len_control=0 -print_final_stats=1 \
    -artifact_prefix="$findings/" >"$fuzz_work/$target.log" 2>&1 || true
}

fuzz_report() {
  local target log runs rate coverage corpus findings found=0
  printf '\n%-10s %10s %9s %8s %9s %7s %9s\n' target executions "a second" edges features corpus findings
  for target in "$@"; do
    log=$fuzz_work/$target.log
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    read -r coverage corpus <<<"$(sed -n 's|.* cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\)/.*|\1 \2 \3|p' "$log" | tail -n 1)"
    findings=$(find "$fuzz_work/findings/$target" -type f | wc -l)
    found=$((found + findings))
    # shellcheck disable=SC2086
    printf '%-10s %10s %9s %8s %9s %7s %9s\n' "$target" "${runs:--}" "${rate:--}" "${coverage:--}" ${corpus:-- -} "$findings"
  done
  ((found)) || return 0
  for target in "$@"; do
    fuzz_keep "$target"
  done
  fail "$found findings: each is an input in $fuzz_kept, at which ./dev test fails from now on"
}

# Says how each finding is replayed.
fuzz_keep() {
  local target=$1 finding kept
  for finding in "$fuzz_work/findings/$target"/*; do
    [[ -f $finding ]] || continue
    kept=$fuzz_kept/$target/$(basename "$finding" | sed -E 's/^([a-z-]+)-([0-9a-f]{12}).*/\1-\2/')
    cp "$finding" "$kept"
    printf '\n%s\n' "$kept"
    sed -n '/panicked at/,/^stack backtrace/p' "$fuzz_work/$target.log" | head -n 12 | cut -c 1-400
    printf '  replay: cargo test --test corpora %s\n' "$target"
  done
}

# So many inputs of each target are kept besides those made by hand and past findings.
fuzz_most=60

# Of the fewest inputs that reach each edge that was reached, those that reach most.
fuzz_minimise() {
  local target=$1 least=$fuzz_work/least/$1 input known
  rm -rf "$least"
  mkdir -p "$least" "$fuzz_work/corpus/$target"
  # Edges alone: with counts of each it is ten times as many.
  fuzz_program "$target" -set_cover_merge=1 -use_counters=0 "$least" "$fuzz_kept/$target" "$fuzz_work/corpus/$target" >"$fuzz_work/$target.log" 2>&1
  find "$fuzz_kept/$target" -type f -name 'found-*' -delete
  known=$(sha1sum "$fuzz_kept/$target"/*)
  # The one that reaches most is written first. libFuzzer names an input by its checksum.
  for input in $(cd "$least" && find . -type f -printf '%T@ %f\n' | sort -n | head -n "$fuzz_most" | cut -d ' ' -f 2); do
    [[ $known == *"$input"* ]] || cp "$least/$input" "$fuzz_kept/$target/found-${input:0:12}"
  done
  printf '%-10s %s inputs, %s\n' "$target" "$(find "$fuzz_kept/$target" -type f | wc -l)" "$(du -sh --apparent-size "$fuzz_kept/$target" | cut -f 1)"
}
