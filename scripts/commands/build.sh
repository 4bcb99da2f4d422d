# ./dev build: the crate by wasm-pack, then the npm package around what it made.

command_build() {
  setup_wasm
  build_wasm
  build_full
  node scripts/package/assemble.mjs
}

# Optimising is left to assemble.mjs, which does it once per module; installing is left to scripts/setup.
build_wasm() {
  run_wasm_pack "$SETTING_BUILD_WASM_PACK_OUTPUT" "$SETTING_BUILD_NAME"
}

# The same with more of SQLite. It has a folder of its own: in one, each build would undo the other's.
build_full() {
  local flags=$SETTING_SQLITE_FLAGS flag
  for flag in $SETTING_FULL_WITHOUT; do flags=${flags//"$flag"/}; done
  SQLITE_WASM_RS_FLAGS=$flags CARGO_TARGET_DIR=target/full \
    run_wasm_pack "$SETTING_FULL_WASM_PACK_OUTPUT" "$SETTING_FULL_NAME"
}

run_wasm_pack() {
  wasm-pack --log-level warn build --mode no-install --no-pack --no-opt \
    --target "$SETTING_BUILD_TARGET" --profile "$SETTING_BUILD_PROFILE" --out-dir "$1" --out-name "$2"
}
