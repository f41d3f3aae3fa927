#!/bin/sh
# Installs meshbot as a systemd service, or updates it. Says what it does,
# changes nothing that is already right, and never touches an existing
# configuration. DESTDIR=DIR in the environment installs under DIR instead of /
# and leaves the running system alone.
set -eu

usage() {
    cat <<'TEXT'
usage: scripts/install.sh [--dry-run] [--uninstall] [--prefix DIR] [--binary FILE]

  --dry-run      only show what would be done; needs no root
  --uninstall    remove program and service; configuration and data stay
  --prefix DIR   the program goes to DIR/bin (/usr/local)
  --binary FILE  the program to install (target/release/meshbot)
TEXT
}

say() { printf '%s\n' "$*"; }

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

bad_usage() {
    printf 'install.sh: %s\n' "$*" >&2
    usage >&2
    exit 2
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
prefix=/usr/local
binary=${CARGO_TARGET_DIR:-$root/target}/release/meshbot
destdir=${DESTDIR:-}
dry_run=no
uninstall=no

while [ "$#" -gt 0 ]; do
    case $1 in
        --dry-run) dry_run=yes ;;
        --uninstall) uninstall=yes ;;
        --prefix | --binary)
            [ "$#" -ge 2 ] || bad_usage "$1 needs a value"
            case $1 in
                --prefix) prefix=$2 ;;
                --binary) binary=$2 ;;
            esac
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) bad_usage "unknown argument '$1'" ;;
    esac
    shift
done

# The path stands in the unit, where blanks, quotes and percent signs mean something.
case $prefix in
    /*[!A-Za-z0-9/._-]*) bad_usage "--prefix may hold letters, digits, '/', '.', '_' and '-' only" ;;
    /*) ;;
    *) bad_usage "--prefix must be an absolute path" ;;
esac
prefix=${prefix%/}

program=$prefix/bin/meshbot
config=/etc/meshbot/meshbot.toml
unit=/etc/systemd/system/meshbot.service
changed=no

if [ "$dry_run" = no ] && [ -z "$destdir" ] && [ "$(id -u)" -ne 0 ]; then
    fail "this must run as root (try sudo, or --dry-run to see what it would do)"
fi

# Shows a command and runs it, or only shows it.
run() {
    if [ "$dry_run" = yes ]; then
        say "would run: $*"
    else
        say "run: $*"
        "$@"
    fi
}

# put MODE SOURCE TARGET: unless TARGET already is SOURCE.
put() {
    if cmp -s -- "$2" "$destdir$3" && [ "$(stat -c %a -- "$destdir$3")" = "$1" ]; then
        say "unchanged: $destdir$3"
    else
        run install -D -m "$1" -- "$2" "$destdir$3"
        changed=yes
    fi
}

remove() {
    if [ -e "$destdir$1" ]; then
        run rm -f -- "$destdir$1"
    else
        say "not there: $destdir$1"
    fi
}

# Whether there is a systemd that the new files are meant for.
systemd_runs() {
    [ -z "$destdir" ] && [ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

# Whether this machine can run a program; it may be for another one.
runs() {
    "$1" --version >/dev/null 2>&1
}

if [ "$uninstall" = yes ]; then
    if systemd_runs && [ -e "$unit" ]; then
        run systemctl disable --now meshbot.service
    fi
    remove "$unit"
    remove "$program"
    if systemd_runs; then
        run systemctl daemon-reload
    fi
    say "kept: $destdir$config and the data in $destdir/var/lib/meshbot"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 1' HUP INT TERM

sed "s|^ExecStart=/usr/local/bin/meshbot |ExecStart=$program |" \
    "$root/scripts/meshbot.service" >"$work/meshbot.service"

if [ -x "$binary" ] && [ -z "$destdir" ] && ! runs "$binary"; then
    fail "$binary does not run on this machine"
fi
if [ -x "$binary" ]; then
    put 755 "$binary" "$program"
elif [ "$dry_run" = yes ]; then
    say "missing: $binary (make build makes it)"
else
    fail "there is no $binary; run make build first, or name it with --binary"
fi
put 644 "$work/meshbot.service" "$unit"
if [ -e "$destdir$config" ]; then
    say "kept: $destdir$config"
else
    run install -D -m 644 -- "$root/meshbot.toml" "$destdir$config"
fi

# The configuration as it is, or as it will be.
current=$destdir$config
[ -e "$current" ] || current=$root/meshbot.toml

placeholder='^[[:space:]]*host[[:space:]]*=[[:space:]]*"node\.example"'
if [ ! -x "$binary" ]; then
    : # only with --dry-run, and said above
elif ! runs "$binary"; then
    say "not checked, because the program does not run on this machine: $destdir$config"
elif ! grep -q "$placeholder" "$current" && ! "$binary" check --config "$current"; then
    say "the configuration must be mended before the service can start: $destdir$config"
    say "then: systemctl daemon-reload && systemctl enable meshbot && systemctl restart meshbot"
    exit 1
fi

if systemd_runs; then
    run systemctl daemon-reload
fi
if grep -q "$placeholder" "$current"; then
    say "not started: first write the address of your node into $destdir$config"
    say "then: systemctl enable --now meshbot"
elif systemd_runs; then
    run systemctl enable meshbot.service
    if [ "$changed" = yes ]; then
        run systemctl restart meshbot.service
    else
        run systemctl start meshbot.service
    fi
else
    say "not started: no systemd is running here"
fi
