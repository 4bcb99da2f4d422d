# Everything a command needs before it starts. Each ensure_* looks first and installs only what it does not find.

# Tools that would replace another version of the user's are kept in the checkout.
PATH="$PWD/.tools/bin:$PWD/.tools/node/bin:$PATH"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export PATH

setup_done=no
setup_wasm() {
  [[ $setup_done == yes ]] && return
  ensure_node
  ensure_npm_packages
  read_settings
  ensure_rust
  name_alike
  ensure_clang
  ensure_wasm_tools
  setup_done=yes
}

read_settings() {
  local assignments
  assignments=$(node scripts/settings.mjs)
  eval "$assignments"
}
