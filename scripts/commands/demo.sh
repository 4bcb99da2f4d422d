# ./dev demo: the package, the backend and the page that uses both. The server says where it listens.

command_demo() {
  local store=(--db .demo/demo.sqlite3) option
  for option in "$@"; do
    case $option in
      --db | --db=* | --memory | --postgres | --postgres=*) store=() ;;
    esac
  done
  command_build
  mkdir -p .demo
  exec cargo run --quiet --release -p throughline-server -- \
    --site www --package "$SETTING_BUILD_OUTPUT" "${store[@]}" "$@"
}
