# ./dev build: the crate by wasm-pack, then the npm package around what it made.

command_build() {
  setup_wasm
  build_wasm
  node scripts/package/assemble.mjs
}

# Optimising is left to assemble.mjs, which does it once per module; installing is left to scripts/setup.
build_wasm() {
  wasm-pack --log-level warn build --mode no-install --no-pack --no-opt \
    --target "$SETTING_BUILD_TARGET" --profile "$SETTING_BUILD_PROFILE" \
    --out-dir "$SETTING_BUILD_WASM_PACK_OUTPUT" --out-name "$SETTING_BUILD_NAME"
}
