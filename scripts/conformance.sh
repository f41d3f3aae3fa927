#!/bin/sh
# Compares meshbot with the official Meshtastic definitions and lets the
# official Python client talk to it: scripts/conformance.sh [SCRIPT.py…]
# Needs Python 3 with venv, and a package index once for the pinned packages.
set -eu

say() { printf 'conformance: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

cd "$(dirname -- "$0")/.."
requirements=scripts/conformance/requirements.txt
environment=target/conformance-venv
python=$environment/bin/python

command -v python3 >/dev/null ||
    fail "python3 is missing; apt-get install python3 python3-venv"
python3 -c 'import ensurepip, venv' 2>/dev/null ||
    fail "python3 cannot make virtual environments; apt-get install python3-venv"

# What the environment was made from; it is made anew when that changes.
stamp="$(python3 --version) $(cksum <"$requirements")"
if [ ! -x "$python" ] || [ "$(cat "$environment/stamp" 2>/dev/null)" != "$stamp" ]; then
    say "installing the packages of $requirements"
    rm -rf "$environment"
    mkdir -p target
    python3 -m venv "$environment"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$requirements" ||
        fail "the packages of $requirements could not be installed"
    printf '%s\n' "$stamp" >"$environment/stamp"
fi

${CARGO:-cargo} build --release --locked
MESHBOT=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/release/meshbot
export MESHBOT

exec "$python" -B scripts/conformance/run.py "$@"
