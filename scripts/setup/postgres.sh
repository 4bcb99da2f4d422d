# PostgreSQL's server programs, for tests alone: they start a cluster of their own. THROUGHLINE_POSTGRES_BIN chooses another one.

ensure_postgres() {
  if ! find_postgres; then
    install_postgres
    find_postgres || fail "no PostgreSQL server was found after installing one"
  fi
}

# Debian keeps initdb and pg_ctl off the PATH; the last one found is the newest.
find_postgres() {
  local directory
  for directory in "${THROUGHLINE_POSTGRES_BIN:-}" "$(pg_config --bindir 2>/dev/null)" \
    /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin /usr/pgsql-*/bin \
    "$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"; do
    if [[ -n $directory && -x $directory/initdb && -x $directory/postgres ]]; then
      export THROUGHLINE_POSTGRES_BIN=$directory
      return
    fi
  done
  return 1
}

install_postgres() {
  if [[ $(uname -s) == Darwin ]]; then
    fail "the write API's tests need PostgreSQL: run 'brew install postgresql', then ./dev again"
  fi
  if ! can_apt || ! apt_offers postgresql; then
    fail "the write API's tests need PostgreSQL 13 or newer: install its server, then run ./dev again"
  fi
  say "installing postgresql with apt: the write API is tested against a real one, in a cluster of the tests' own"
  # The package would start a cluster that nobody asked for.
  as_root mkdir -p /etc/postgresql-common
  [[ -e /etc/postgresql-common/createcluster.conf ]] ||
    printf 'create_main_cluster = false\n' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  apt_install postgresql
}
