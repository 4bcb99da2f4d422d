# ./dev profile: which functions a first use of the package takes; the others make the module's second file. When the size to the first
# row has grown, or a test says that a first use needs that file, the list no longer fits the sources, and this writes it anew.

command_profile() {
  setup_wasm
  ensure_browser
  build_wasm
  cargo build -p throughline-server
  node scripts/package/profile.mjs
}
