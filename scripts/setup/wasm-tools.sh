# wasm-pack, and wasm-bindgen's command line in exactly the version the crate is linked with.

ensure_wasm_tools() {
  ensure_cargo_tool wasm-pack wasm-pack "$SETTING_TOOLS_WASM_PACK" "it makes the package of the crate" --locked
  # Not --locked: its lockfile may name a release that a mirror of the registry does not have.
  ensure_cargo_tool wasm-bindgen-cli wasm-bindgen "$SETTING_CRATE_WASM_BINDGEN" "it makes the JavaScript side of the WebAssembly module"
}

# ensure_cargo_tool crate program version why [options of cargo install]
ensure_cargo_tool() {
  local crate=$1 program=$2 version=$3 why=$4 where=()
  shift 4
  if have_version "$program" "$version"; then return; fi
  if have "$program"; then
    # Another version is the user's: it stays, and ours goes into the checkout.
    where=(--root .tools)
  fi
  say "installing $program $version with cargo, some minutes, once: $why"
  # A compiler flag or target meant for the package is not meant for a tool.
  # Nor does it need every optimisation: it runs for a second a build, and compiling it is most of a first run.
  env -u CARGO_BUILD_TARGET -u RUSTFLAGS CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
    cargo install --quiet --force "$crate" --version "=$version" ${where[@]+"${where[@]}"} "$@" >&2
  hash -r
  have_version "$program" "$version" || fail "$program $version was installed, but PATH finds another: $(command -v "$program")"
}

# A program that cargo calls by its own name takes that name first, or does not.
have_version() {
  local program=("$1")
  [[ $1 != cargo-* ]] || program=(cargo "${1#cargo-}")
  have "$1" && [[ $("${program[@]}" --version) == "$1 $2" ]]
}
