# A C compiler for SQLite: any clang that can target WebAssembly (Apple's cannot).

ensure_clang() {
  if ! find_clang; then
    install_clang
    find_clang || fail "no clang with the WebAssembly target was found after installing one"
  fi
  export CFLAGS_wasm32_unknown_unknown="$SETTING_SQLITE_CFLAGS"
  export SQLITE_WASM_RS_FLAGS="$SETTING_SQLITE_FLAGS"
}

find_clang() {
  local candidate archiver
  for candidate in "${CC_wasm32_unknown_unknown:-clang}" clang "clang-$SETTING_TOOLS_CLANG" clang-{25..15} \
    {/opt/homebrew,/usr/local}/opt/llvm/bin/clang; do
    targets_wasm "$candidate" || continue
    # Only LLVM's archiver writes an index of wasm objects.
    for archiver in "${AR_wasm32_unknown_unknown:-}" "$("$candidate" -print-prog-name=llvm-ar)" "${candidate/clang/llvm-ar}"; do
      if have "$archiver"; then
        export CC_wasm32_unknown_unknown=$candidate AR_wasm32_unknown_unknown=$archiver
        return
      fi
    done
  done
  return 1
}

targets_wasm() {
  have "$1" && "$1" --target=wasm32-unknown-unknown -x c -c -o /dev/null - <<<"int sqlite;" 2>/dev/null
}

install_clang() {
  local version=$SETTING_TOOLS_CLANG
  if [[ $(uname -s) == Darwin ]]; then
    fail "SQLite is C, and Apple's clang cannot target WebAssembly: run 'brew install llvm', then ./dev again"
  fi
  can_apt || fail "SQLite is C, and no clang with the WebAssembly target was found: install clang and llvm, then run ./dev again"
  if apt_offers "clang-$version" "llvm-$version"; then
    say "installing clang $version with apt: it compiles SQLite to WebAssembly"
    apt_install "clang-$version" "llvm-$version"
  else
    say "installing clang with apt: it compiles SQLite to WebAssembly"
    apt_install clang llvm
  fi
}
