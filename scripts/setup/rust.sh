# A Rust compiler with the standard library for wasm32-unknown-unknown.
#
# Usually rustup has both. Where it cannot be reached, or has no Rust at all, Debian's compiler for web browsers serves:
# it comes with the sources of the standard library, which are compiled for wasm once.

wasm_triple=wasm32-unknown-unknown

ensure_rust() {
  if ! rust_is_recent; then
    use_debian_rust
  elif ! has_wasm_std; then
    if [[ -x $debian_rust/cargo ]]; then
      use_debian_rust
    elif have rustup && rustup_adds_wasm; then
      return
    else
      use_debian_rust
    fi
  fi
}

# A panic names its source file: by crate, wherever this machine keeps the registry. Symbols name what they are generic over.
name_alike() {
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src= -Csymbol-mangling-version=v0"
}

rust_is_recent() {
  have cargo && have rustc && recent_compiler rustc
}

recent_compiler() {
  local version
  version=$("$1" --version 2>/dev/null) || return 1
  version_at_least "$(cut -d ' ' -f 2 <<<"$version")" "$SETTING_CRATE_RUST_VERSION"
}

has_wasm_std() {
  compgen -G "$(rustc --print target-libdir --target "$wasm_triple")/libstd-*.rlib" >/dev/null
}

rustup_adds_wasm() {
  say "adding the Rust target $wasm_triple with rustup: the package is compiled to WebAssembly"
  rustup target add "$wasm_triple" >&2 && has_wasm_std
}

debian_rust=$PWD/.tools/debian-rust

use_debian_rust() {
  if ! has_debian_rust; then
    if ! can_apt || ! apt_offers rustc-web cargo-web rust-web-src; then
      fail "Rust $SETTING_CRATE_RUST_VERSION or newer with the target $wasm_triple is missing: install it from https://rustup.rs," \
        "then run 'rustup target add $wasm_triple' and ./dev again"
    fi
    say "installing Debian's Rust for browsers with apt: there is no Rust $SETTING_CRATE_RUST_VERSION with the target $wasm_triple here"
    apt_install rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web "lld-$SETTING_TOOLS_CLANG"
    has_debian_rust || fail "Debian's Rust is older than $SETTING_CRATE_RUST_VERSION: install a newer one from https://rustup.rs"
  fi
  link_debian_rust
  # Debian's compiler has no linker for wasm of its own.
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-$SETTING_TOOLS_CLANG
  has_wasm_std || build_wasm_std
}

# With the sources of the standard library, which not every /usr/bin/rustc has beside it.
has_debian_rust() {
  [[ -x /usr/bin/cargo && -x /usr/bin/rustc ]] && recent_compiler /usr/bin/rustc &&
    [[ -d $(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library ]]
}

# Debian's programs go first on PATH, before rustup's of the same names.
link_debian_rust() {
  local program
  mkdir -p "$debian_rust"
  for program in cargo rustc rustdoc rustfmt cargo-fmt clippy-driver cargo-clippy; do
    ln -sfn "/usr/bin/$program" "$debian_rust/$program"
  done
  PATH=$debian_rust:$PATH
  hash -r
}

build_wasm_std() {
  local scratch libraries
  say "compiling Rust's standard library for $wasm_triple, once: Debian ships only its sources"
  scratch=$(mktemp -d)
  mkdir "$scratch/src"
  printf '[package]\nname = "std-for-wasm"\nversion = "0.0.0"\nedition = "2024"\n' >"$scratch/Cargo.toml"
  : >"$scratch/src/lib.rs"
  # Without bitcode in the libraries, link-time optimisation of the package fails.
  (
    cd "$scratch"
    RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR=$scratch/target \
      cargo build --quiet --release -Zbuild-std=std,panic_abort,proc_macro,test --target "$wasm_triple"
  )
  libraries=$(rustc --print target-libdir --target "$wasm_triple")
  as_root mkdir -p "$libraries"
  as_root cp "$scratch/target/$wasm_triple/release/deps/"*.rlib "$libraries/"
  rm -rf "$scratch"
}
