# ./dev demo: the package, the backend and the page that uses both. The server says where it listens.

command_demo() {
  command_build
  mkdir -p .demo
  exec cargo run --quiet --release -p throughline-server -- \
    --site www --package "$SETTING_BUILD_OUTPUT" --db .demo/demo.sqlite3 "$@"
}
