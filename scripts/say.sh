# What every other script speaks with, and how a system package is installed.

say() {
  printf '\033[1m%s\033[0m %s\n' "==>" "$*" >&2
}

fail() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# version_at_least 20.19.1 20.19
version_at_least() {
  [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    fail "this needs root, and there is no sudo: $*"
  fi
}

can_apt() {
  have apt-get && { ((EUID == 0)) || have sudo; }
}

# Package lists are fetched once a run, and only when something has to be installed at all.
apt_lists_fresh=no
apt_refresh() {
  [[ $apt_lists_fresh == yes ]] && return
  as_root apt-get update -qq >&2
  apt_lists_fresh=yes
}

apt_offers() {
  apt_refresh
  apt-cache show "$@" >/dev/null 2>&1
}

apt_install() {
  apt_refresh
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >&2
}
