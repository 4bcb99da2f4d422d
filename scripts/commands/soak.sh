# ./dev soak: random worlds for as long as it is told, on all cores. tests/README.md says what they look after and how a failure is replayed.

command_soak() {
  local settings=()
  while (($#)); do
    case $1 in
      --minutes | --steps | --seeds | --seed | --actions)
        (($# > 1)) || fail "$1 needs a value"
        settings+=("SOAK_$(tr '[:lower:]' '[:upper:]' <<<"${1#--}")=$2")
        shift 2
        ;;
      *) fail "there is no './dev soak $1', only: --minutes N, --steps N, --seeds A..B, --seed N, --actions 1,2,3" ;;
    esac
  done
  setup_wasm
  env "${settings[@]}" cargo test --quiet --profile soak -p "$SETTING_CRATE_NAME" --test simulation soak::every -- --nocapture
}
