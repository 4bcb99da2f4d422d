# ./dev docs: the reference of the package's API, made of the doc comments. A link to nowhere fails it.

command_docs() {
  setup_wasm
  # The sources import what wasm-pack declares.
  [[ -f $SETTING_BUILD_WASM_PACK_OUTPUT/$SETTING_BUILD_NAME.d.ts ]] || build_wasm
  (
    cd scripts/docs
    if ! cmp -s package-lock.json node_modules/.installed-lock.json; then
      say "installing what scripts/docs/package-lock.json names: it makes the API reference"
      npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
      cp package-lock.json node_modules/.installed-lock.json
    fi
    node_modules/.bin/typedoc --options typedoc.json --logLevel Warn
  )
  say "the API reference is in target/reference/: open index.html"
}
