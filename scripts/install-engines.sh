#!/usr/bin/env bash
# Installs database servers, proxies and small programs from Debian's packages, as root, and leaves the machine as it was
# apart from the packages: no database cluster is created, no server is started, stopped or restarted.
#
#   scripts/install-engines.sh postgres|mariadb|redis|nginx|caddy|oathtool|jq|aiosmtpd ...
set -euo pipefail

policy=/usr/sbin/policy-rc.d
policy_saved=$policy.durward-saved
clusters=/etc/postgresql-common/createcluster.d/durward-no-main-cluster.conf

clean_up() {
    local made=$?
    trap - EXIT
    rm -f "$clusters"
    if [ -e "$policy" ] && grep -qs "made by durward" "$policy"; then rm -f "$policy"; fi
    if [ -e "$policy_saved" ] || [ -L "$policy_saved" ]; then mv -f "$policy_saved" "$policy"; fi
    exit "$made"
}

# Debian asks this script before any package starts or stops a service; 101 forbids it. It forbids
# nothing once we are gone, should we be killed before we can take it away.
forbid_services() {
    if { [ -e "$policy" ] || [ -L "$policy" ]; } && ! grep -qs "made by durward" "$policy"; then
        mv "$policy" "$policy_saved"
    fi
    cat >"$policy" <<POLICY
#!/bin/sh
# made by durward's test script for the time of one installation
if kill -0 $$ 2>/dev/null; then exit 101; fi
if [ -x $policy_saved ]; then exec $policy_saved "\$@"; fi
exit 0
POLICY
    chmod 755 "$policy"
}

# postgresql-common reads this folder before it makes the cluster "main" for a new server.
forbid_clusters() {
    mkdir -p "$(dirname "$clusters")"
    echo "create_main_cluster = false" >"$clusters"
}

# Mirrors fail now and then, and another apt may hold the lock.
persistently() {
    local tries
    for tries in 1 2 3; do
        if "$@"; then return 0; fi
        echo "attempt $tries of 3 failed: $*" >&2
        sleep $((tries * 5))
    done
    return 1
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

packages=()
for engine in "$@"; do
    case $engine in
    postgres) packages+=(postgresql) ;;
    # The server without the service around it.
    mariadb) packages+=(mariadb-server-core mariadb-client-core) ;;
    redis) packages+=(redis-server) ;;
    nginx) packages+=(nginx-light) ;;
    caddy) packages+=(caddy) ;;
    oathtool | jq) packages+=("$engine") ;;
    aiosmtpd) packages+=(python3-aiosmtpd) ;;
    *)
        echo "unknown engine: $engine" >&2
        exit 2
        ;;
    esac
done
if [ ${#packages[@]} -eq 0 ]; then
    echo "usage: $0 postgres|mariadb|redis|nginx|caddy|oathtool|jq|aiosmtpd ..." >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "$0: installing packages needs root" >&2
    exit 1
fi

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
forbid_services
forbid_clusters
persistently apt_get update || echo "going on with the package lists as they are" >&2
persistently apt_get install --no-install-recommends --no-upgrade "${packages[@]}"
