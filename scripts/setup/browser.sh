# A Chromium and its driver, and a Firefox, for tests alone. THROUGHLINE_CHROMIUM or CHROME, CHROMEDRIVER and THROUGHLINE_FIREFOX
# choose others.

ensure_browser() {
  if ! find_browser || ! find_driver; then
    install_browser
    find_browser || fail "no Chromium was found after installing one"
    find_driver || fail "no chromedriver was found after installing one"
  fi
  local browser_version driver_version
  browser_version=$(major_version "$THROUGHLINE_CHROMIUM")
  driver_version=$(major_version "$CHROMEDRIVER")
  [[ $browser_version == "$driver_version" ]] ||
    fail "chromedriver $driver_version does not fit $THROUGHLINE_CHROMIUM $browser_version: set CHROMEDRIVER or THROUGHLINE_CHROMIUM"
}

find_browser() {
  first_program "${THROUGHLINE_CHROMIUM:-}" "${CHROME:-}" chromium google-chrome google-chrome-stable chromium-browser \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium" || return 1
  export THROUGHLINE_CHROMIUM=$found_program
}

find_driver() {
  first_program "${CHROMEDRIVER:-}" chromedriver "${CHROMEWEBDRIVER:-}/chromedriver" /usr/lib/chromium/chromedriver || return 1
  export CHROMEDRIVER=$found_program
}

first_program() {
  local candidate
  for candidate in "$@"; do
    if found_program=$(command -v "$candidate" 2>/dev/null) && [[ -n $found_program ]]; then return; fi
  done
  return 1
}

major_version() {
  "$1" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 | cut -d . -f 1
}

install_browser() {
  if [[ $(uname -s) == Darwin ]]; then
    fail "the browser tests need Chrome and its driver: run 'brew install --cask google-chrome chromedriver', then ./dev again"
  fi
  if ! can_apt || ! apt_offers chromium chromium-driver; then
    fail "the browser tests need Chrome or Chromium and the chromedriver of the same version: install both, then run ./dev again"
  fi
  say "installing chromium and chromium-driver with apt: the tests run in a real browser"
  apt_install chromium chromium-driver
}

# Ends with a failure, and says so, where there is no Firefox and apt has none: its tests are left out then. In CI they never are.
ensure_firefox() {
  find_firefox && return
  if ! can_apt || ! apt_offers firefox-esr; then
    [[ -z ${CI:-} ]] || fail "CI tests in Firefox too, and there is none: install it, or set THROUGHLINE_FIREFOX"
    say "leaving out the tests in Firefox: there is none, install it or set THROUGHLINE_FIREFOX"
    return 1
  fi
  say "installing firefox-esr with apt: the most important browser tests run in Firefox too"
  apt_install firefox-esr
  find_firefox || fail "no Firefox was found after installing one"
}

find_firefox() {
  local candidate
  for candidate in "${THROUGHLINE_FIREFOX:-}" firefox-esr firefox /Applications/Firefox.app/Contents/MacOS/firefox; do
    first_program "$candidate" && ! is_snap "$found_program" || continue
    export THROUGHLINE_FIREFOX=$found_program
    return
  done
  return 1
}

# A snap sees nothing of /tmp, where the tests keep their profiles. Ubuntu's own "firefox" is a script that starts one.
is_snap() {
  [[ $(readlink -f "$1") == */snap* ]] || { [[ $(head -c 2 "$1") == "#!" ]] && grep -q /snap/ "$1"; }
}
