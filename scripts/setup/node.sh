# Node runs the bundler, the type checker and the browser tests. Node itself comes first, so this file reads its
# two settings from wasm-pack.toml without Node.

node_setting() {
  sed -n "s/^$1 = \"\(.*\)\"$/\1/p" wasm-pack.toml
}

node_is_recent() {
  have node && version_at_least "$(node --version | tr -d v)" "$(node_setting node-minimum)"
}

ensure_node() {
  if node_is_recent && have npm; then return; fi
  if ! have npm; then
    can_apt || fail "Node $(node_setting node-minimum) or newer is missing: install it from https://nodejs.org, then run ./dev again"
    say "installing nodejs and npm with apt: they run the bundler, the type checker and the browser tests"
    apt_install nodejs npm ca-certificates
  fi
  if ! node_is_recent; then
    install_recent_node
  fi
}

# Debian 12's own Node is too old for the tools; the npm registry carries newer ones as plain packages.
install_recent_node() {
  local version architecture package
  version=$(node_setting node)
  case $(uname -sm) in
    "Linux x86_64") architecture=linux-x64 ;;
    "Linux aarch64") architecture=linux-arm64 ;;
    *) fail "Node $(node --version) is too old: install $(node_setting node-minimum) or newer from https://nodejs.org" ;;
  esac
  say "installing Node $version into .tools/: the one on PATH ($(node --version)) is older than $(node_setting node-minimum)"
  package=node-$architecture
  npm install --silent --no-save --prefix .tools/npm "$package@$version" >&2
  ln -sfn "../.tools/npm/node_modules/$package" .tools/node
  hash -r
  node_is_recent || fail "Node $version was installed into .tools/node but does not run"
}

ensure_npm_packages() {
  local installed=node_modules/.installed-lock.json
  if cmp -s package-lock.json "$installed"; then return; fi
  say "installing the npm tools of package-lock.json: TypeScript, esbuild, wasm-opt, and what drives the browser in tests"
  # No package here needs its install script; not running any keeps the step the same everywhere.
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json "$installed"
}
