# shellcheck shell=bash
# Private PostgreSQL, MariaDB and Redis instances for the tests, and the proxies of the examples. Sourced by ./test; runs nothing by itself.
#
#   engines_start          start what the caller has not provided, export the three addresses
#   engines_stop           stop what engines_start started and remove its data
#   engines_missing        one line for each engine that could not be had, and why
#   programs_have          the same for nginx, Caddy, oathtool, jq and aiosmtpd, which the tests start themselves, and for
#                          Traefik and Envoy, which no package has
#
#   DURWARD_TEST_POSTGRES_URL, DURWARD_TEST_MYSQL_URL, DURWARD_TEST_REDIS_URL
#                          when set by the caller, that server is used and none is started
#   DURWARD_TEST_SKIP      set here: the missing engines, comma separated ("postgres,mysql"); a
#                          test that needs an engine fails unless it finds it in this list
#   DURWARD_TEST_INSTALL   "never" forbids installing packages
#   ENGINES_DURABLE        "yes" keeps every commit durable, for measurements

ENGINES_DIR=
ENGINES_PIDS=()
ENGINES_MISSING=()
ENGINES_ELSEWHERE=()
ENGINES_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

engines_start() {
    engines_find
    engines_install
    engines_find

    DURWARD_TEST_SKIP=
    if [ -n "${DURWARD_TEST_POSTGRES_URL:-}" ]; then
        echo "PostgreSQL: the caller's server"
    elif [ -n "$POSTGRES_BIN" ]; then
        postgres_start || return 1
    else
        engines_lack postgres "PostgreSQL: no postgres and initdb found${ENGINES_WHY:+; $ENGINES_WHY}"
    fi
    if [ -n "${DURWARD_TEST_MYSQL_URL:-}" ]; then
        echo "MariaDB: the caller's server"
    elif [ -n "$MARIADB_SERVER" ]; then
        mariadb_start || return 1
    else
        engines_lack mysql "MariaDB: no mariadbd and mariadb-install-db found${ENGINES_WHY:+; $ENGINES_WHY}"
    fi
    if [ -n "${DURWARD_TEST_REDIS_URL:-}" ]; then
        echo "Redis: the caller's server"
    elif [ -n "$REDIS_SERVER" ]; then
        redis_start || return 1
    else
        engines_lack redis "Redis: no redis-server and no valkey-server found${ENGINES_WHY:+; $ENGINES_WHY}"
    fi
    export DURWARD_TEST_SKIP
}

engines_stop() {
    local pid tries
    for pid in ${ENGINES_PIDS[@]+"${ENGINES_PIDS[@]}"}; do
        # INT is PostgreSQL's fast shutdown, which does not wait for clients; MariaDB wants TERM.
        kill -"${pid%%:*}" "${pid##*:}" 2>/dev/null || true
    done
    for pid in ${ENGINES_PIDS[@]+"${ENGINES_PIDS[@]}"}; do
        pid=${pid##*:}
        tries=0
        while kill -0 "$pid" 2>/dev/null; do
            tries=$((tries + 1))
            if [ "$tries" -gt 150 ]; then
                kill -KILL "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.1
        done
        wait "$pid" 2>/dev/null || true
    done
    ENGINES_PIDS=()
    if [ -n "$ENGINES_DIR" ]; then
        rm -rf "$ENGINES_DIR"
        ENGINES_DIR=
    fi
}

engines_missing() {
    local line
    for line in ${ENGINES_MISSING[@]+"${ENGINES_MISSING[@]}"} ${ENGINES_ELSEWHERE[@]+"${ENGINES_ELSEWHERE[@]}"}; do
        echo "$line"
    done
}

engines_lack() { # <name in DURWARD_TEST_SKIP> <what and why>
    DURWARD_TEST_SKIP=${DURWARD_TEST_SKIP:+$DURWARD_TEST_SKIP,}$1
    ENGINES_MISSING+=("$2")
}

# --- Finding and installing -----------------------------------------------------------------

engines_find() {
    local dir
    POSTGRES_BIN=
    # Debian keeps the servers off the PATH, one folder for each version: the newest one wins. Next
    # come the folders of other systems' packages, then whatever the PATH says.
    while IFS= read -r dir; do
        if [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] && "$dir/postgres" --version >/dev/null 2>&1; then
            POSTGRES_BIN=$dir
            break
        fi
    done < <(
        printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -t/ -k5,5nr -k3,3r
        pg_config --bindir 2>/dev/null || true
        dirname "$(command -v postgres 2>/dev/null || echo /nonexistent/postgres)"
    )

    MARIADB_SERVER=$(PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec command -v mariadbd || true)
    MARIADB_INSTALL=$(PATH=$PATH:/usr/bin:/usr/local/bin command -v mariadb-install-db || true)
    if [ -z "$MARIADB_SERVER" ] || [ -z "$MARIADB_INSTALL" ]; then
        MARIADB_SERVER=
    fi
    REDIS_SERVER=$(command -v redis-server || command -v valkey-server || true)
}

engines_install() {
    local absent=()
    [ -n "$POSTGRES_BIN" ] || [ -n "${DURWARD_TEST_POSTGRES_URL:-}" ] || absent+=(postgres)
    [ -n "$MARIADB_SERVER" ] || [ -n "${DURWARD_TEST_MYSQL_URL:-}" ] || absent+=(mariadb)
    [ -n "$REDIS_SERVER" ] || [ -n "${DURWARD_TEST_REDIS_URL:-}" ] || absent+=(redis)
    packages_install ${absent[@]+"${absent[@]}"}
}

# Installs what is absent where that is ours to do: Debian and its kin, as root or through sudo. Why it
# could not be done ends up in ENGINES_WHY.
packages_install() { # <names that install-engines.sh knows...>
    local absent=("$@") as_root=()
    ENGINES_WHY=
    [ ${#absent[@]} -gt 0 ] || return 0

    if [ "${DURWARD_TEST_INSTALL:-}" = never ]; then
        ENGINES_WHY="DURWARD_TEST_INSTALL=never forbids installing it"
    elif ! grep -Eqs '^(ID|ID_LIKE)=.*(debian|ubuntu)' /etc/os-release || ! command -v apt-get >/dev/null; then
        ENGINES_WHY="packages are installed on Debian only"
    elif [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        ENGINES_WHY="installing the package needs root, and there is no sudo"
    else
        if [ "$(id -u)" -ne 0 ]; then
            as_root=(sudo)
            # Nobody is there to type a password.
            if [ "${CI:-}" = true ] || [ ! -t 0 ]; then as_root+=(-n); fi
        fi
        echo "installing from the system's packages: ${absent[*]}"
        ${as_root[@]+"${as_root[@]}"} bash "$ENGINES_SCRIPTS/install-engines.sh" "${absent[@]}" ||
            ENGINES_WHY="installing the package failed, see above"
    fi
}

# The proxies that the examples of forward-auth are for, and what the tours in docs/ are typed with.
programs_have() {
    local name absent=()
    for name in nginx caddy oathtool jq aiosmtpd; do
        programs_find "$name" || absent+=("$name")
    done
    packages_install ${absent[@]+"${absent[@]}"}
    for name in ${absent[@]+"${absent[@]}"}; do
        programs_find "$name" || engines_lack "$name" "$name: not found${ENGINES_WHY:+; $ENGINES_WHY}"
    done
    proxies_have
    export DURWARD_TEST_SKIP
}

# Traefik and Envoy come from elsewhere, so that they are missing is told, and fails nothing.
proxies_have() {
    local name folder why="Debian has no package of it"
    programs_find traefik && programs_find envoy && return 0
    if [ "${DURWARD_TEST_INSTALL:-}" = never ]; then
        why="DURWARD_TEST_INSTALL=never forbids installing it"
    elif folder=$("$ENGINES_SCRIPTS/install-proxies.sh"); then
        export PATH=$folder:$PATH
    else
        why="loading it failed, see above"
    fi
    for name in traefik envoy; do
        programs_find "$name" && continue
        DURWARD_TEST_SKIP=${DURWARD_TEST_SKIP:+$DURWARD_TEST_SKIP,}$name
        ENGINES_ELSEWHERE+=("$name: not found; $why")
    done
}

programs_find() { # <program>
    (PATH=$PATH:/usr/sbin:/usr/local/sbin && command -v "$1" >/dev/null)
}

# --- Starting -------------------------------------------------------------------------------

# Both servers are told to forget the disk: what the tests interrupt is our process, never the
# server, so its crash safety proves nothing here and costs minutes over hundreds of databases.
# Measurements ask for ENGINES_DURABLE=yes and get every commit on the disk.

postgres_start() {
    local dir password tune
    engines_dir postgres postgres || return 1
    dir=$ENGINE_DIR
    password=$(engines_password)
    (umask 077 && printf '%s\n' "$password" >"$dir/password")
    engines_own "$dir/password"
    if ! engines_run "$POSTGRES_BIN/initdb" -D "$dir/data" -U postgres --auth=scram-sha-256 \
        --pwfile="$dir/password" --encoding=UTF8 --locale=C --no-sync >"$dir/init.log" 2>&1; then
        engines_complain PostgreSQL "$dir/init.log"
        return 1
    fi

    tune=(-c max_connections=400 -c shared_buffers=128MB)
    if [ "${ENGINES_DURABLE:-}" != yes ]; then
        tune+=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
        tune+=(-c wal_level=minimal -c max_wal_senders=0)
    fi
    engines_serve PostgreSQL INT "$dir" postgres_ready "$POSTGRES_BIN/postgres" -D "$dir/data" \
        -c listen_addresses=127.0.0.1 -c port=@PORT@ -c unix_socket_directories= \
        -c log_destination=stderr -c logging_collector=off "${tune[@]}" || return 1
    export DURWARD_TEST_POSTGRES_URL="postgres://postgres:$password@127.0.0.1:$ENGINE_PORT/postgres"
    echo "PostgreSQL: $("$POSTGRES_BIN/postgres" --version | sed 's/^postgres (PostgreSQL) //') on 127.0.0.1:$ENGINE_PORT"
}

# The eighth line of the server's lock file is its state, the one pg_ctl waits for.
postgres_ready() { # <dir>
    grep -Eqs '^ready *$' "$1/data/postmaster.pid"
}

mariadb_start() {
    local dir password tune
    engines_dir mariadb mysql || return 1
    dir=$ENGINE_DIR
    password=$(engines_password)
    # A user of its own: root may only come through the socket, and only as the system's root.
    (umask 077 && printf '%s\n' \
        "CREATE USER durward@'127.0.0.1' IDENTIFIED BY '$password';" \
        "GRANT ALL PRIVILEGES ON *.* TO durward@'127.0.0.1' WITH GRANT OPTION;" >"$dir/users.sql")
    engines_own "$dir/users.sql"
    if ! engines_run "$MARIADB_INSTALL" --no-defaults --datadir="$dir/data" --skip-test-db \
        --auth-root-authentication-method=socket >"$dir/init.log" 2>&1; then
        engines_complain MariaDB "$dir/init.log"
        return 1
    fi

    # Character set and collation stay the server's own on purpose: our tables must name theirs.
    tune=(--max-connections=600 --innodb-buffer-pool-size=128M --innodb-log-file-size=64M)
    if [ "${ENGINES_DURABLE:-}" = yes ]; then
        tune+=(--innodb-flush-log-at-trx-commit=1)
    else
        tune+=(--innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=0 --innodb-fast-shutdown=2)
    fi
    engines_serve MariaDB TERM "$dir" mariadb_ready "$MARIADB_SERVER" --no-defaults \
        --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" --port=@PORT@ \
        --bind-address=127.0.0.1 --skip-name-resolve --init-file="$dir/users.sql" \
        --tmpdir="$dir" --skip-log-bin "${tune[@]}" || return 1
    export DURWARD_TEST_MYSQL_URL="mysql://durward:$password@127.0.0.1:$ENGINE_PORT/mysql"
    echo "MariaDB: $("$MARIADB_SERVER" --no-defaults --version | sed 's/^.*Ver \([^ ]*\).*$/\1/') on 127.0.0.1:$ENGINE_PORT"
}

mariadb_ready() { # <dir>
    grep -qs 'ready for connections' "$1/log"
}

redis_start() {
    local dir password
    engines_dir redis redis || return 1
    dir=$ENGINE_DIR
    password=$(engines_password)
    # Nothing is kept: what is counted there is worth a few seconds.
    (umask 077 && printf '%s\n' 'save ""' 'appendonly no' 'daemonize no' \
        'bind 127.0.0.1' "dir $dir" "requirepass $password" >"$dir/redis.conf")
    engines_own "$dir/redis.conf"
    engines_serve Redis TERM "$dir" redis_ready "$REDIS_SERVER" "$dir/redis.conf" --port @PORT@ || return 1
    export DURWARD_TEST_REDIS_URL="redis://:$password@127.0.0.1:$ENGINE_PORT"
    echo "Redis: $("$REDIS_SERVER" --version | sed 's/^.* v=\([^ ]*\).*$/\1/') on 127.0.0.1:$ENGINE_PORT"
}

redis_ready() { # <dir>
    grep -qs 'Ready to accept connections' "$1/log"
}

# Starts a server on a free port and waits until it is ready. @PORT@ in the arguments becomes the
# port, which is left in ENGINE_PORT.
engines_serve() { # <name> <stop signal> <dir> <ready function> <command...>
    local name=$1 signal=$2 dir=$3 ready=$4 attempt waited pid
    shift 4
    for attempt in 1 2 3 4 5; do
        ENGINE_PORT=$(engines_free_port) || return 1
        : >"$dir/log"
        engines_exec "$signal" "${@//@PORT@/$ENGINE_PORT}" >>"$dir/log" 2>&1 </dev/null &
        pid=$!
        ENGINES_PIDS+=("$signal:$pid")
        waited=0
        while [ "$waited" -lt 1200 ] && kill -0 "$pid" 2>/dev/null; do
            if "$ready" "$dir"; then return 0; fi
            sleep 0.1
            waited=$((waited + 1))
        done
        # Somebody may take the port between our look and the server's: then try another one.
        if kill -0 "$pid" 2>/dev/null || ! grep -q 'Address already in use' "$dir/log"; then break; fi
        echo "$name: port $ENGINE_PORT was taken, attempt $attempt of 5"
    done
    engines_complain "$name" "$dir/log"
    return 1
}

engines_complain() { # <name> <log>
    echo "$1 did not start. The end of its log:" >&2
    tail -n 30 "$2" >&2
}

# Makes a folder for an engine and leaves it in ENGINE_DIR, and in ENGINE_USER the user that runs the
# engine: the packages' own one when we are root, because PostgreSQL refuses root.
engines_dir() { # <name> <user of the package>
    ENGINE_USER=
    if [ "$(id -u)" -eq 0 ]; then
        if ! setpriv --reuid=0 true 2>/dev/null; then
            echo "servers must not run as root, and there is no setpriv (util-linux) to leave it" >&2
            return 1
        fi
        ENGINE_USER=nobody
        if id -u "$2" >/dev/null 2>&1; then ENGINE_USER=$2; fi
    fi
    if [ -z "$ENGINES_DIR" ]; then
        ENGINES_DIR=$(mktemp -d "$(engines_place)/durward-engines.XXXXXX") || return 1
        # Others may pass through, not look around.
        chmod 711 "$ENGINES_DIR" || return 1
    fi
    ENGINE_DIR=$ENGINES_DIR/$1
    mkdir -m 700 "$ENGINE_DIR" && engines_own "$ENGINE_DIR"
}

# TMPDIR, unless the engine's user cannot enter it or it is too deep for a Unix socket's name.
engines_place() {
    local place=${TMPDIR:-/tmp}
    if [ ${#place} -gt 60 ] ||
        { [ -n "$ENGINE_USER" ] && ! setpriv --reuid="$ENGINE_USER" --clear-groups test -x "$place"; }; then
        place=/tmp
    fi
    echo "$place"
}

engines_own() { # <path>
    if [ -n "$ENGINE_USER" ]; then chown "$ENGINE_USER:" "$1"; fi
}

engines_run() { # <command...>
    (engines_exec "" "$@" </dev/null)
}

# Becomes the command, as ENGINE_USER, with an environment that holds nothing of the caller's. With a
# signal, and where the system can, the command gets it when this shell dies without a goodbye.
engines_exec() { # <signal or empty> <command...>
    local signal=$1 drop=()
    shift
    cd "$ENGINE_DIR" || exit 1
    ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
    if [ -n "$ENGINE_USER" ]; then
        drop+=(--reuid="$ENGINE_USER" --regid="$(id -g "$ENGINE_USER")" --init-groups)
    fi
    if [ -n "$signal" ] && setpriv --pdeathsig "$signal" true 2>/dev/null; then
        drop+=(--pdeathsig "$signal")
    fi
    if [ ${#drop[@]} -gt 0 ]; then set -- setpriv "${drop[@]}" -- "$@"; fi
    exec env -i PATH="$PATH:/usr/sbin" LC_ALL=C HOME="$ENGINE_DIR" TMPDIR="$ENGINE_DIR" "$@"
}

engines_password() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# Below the range that systems hand out to clients.
engines_free_port() {
    local port tries=0
    while [ "$tries" -lt 100 ]; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return 0
        fi
        tries=$((tries + 1))
    done
    echo "found no free port on 127.0.0.1" >&2
    return 1
}
