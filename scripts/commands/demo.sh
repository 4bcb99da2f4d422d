# ./dev demo: the package, the backend and the page that uses both. The server says where it listens.

demo_site=target/site

command_demo() {
  local store=(--db .demo/demo.sqlite3) option
  for option in "$@"; do
    case $option in
      --db | --db=* | --memory | --postgres | --postgres=*) store=() ;;
    esac
  done
  command_build
  node scripts/site.mjs "$demo_site" "$SETTING_BUILD_OUTPUT"
  mkdir -p .demo
  exec cargo run --quiet --release -p throughline-server -- \
    --site "$demo_site" --package "$SETTING_BUILD_OUTPUT" "${store[@]}" "$@"
}
