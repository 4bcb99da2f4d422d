# ./dev screenshots: the README's pictures, into docs/ or the folder that is given.

command_screenshots() {
  setup_wasm
  ensure_browser
  need_package
  cargo build -p throughline-server
  node scripts/screenshots.mjs "$@"
}
