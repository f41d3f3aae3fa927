#!/bin/sh
# Measures what the bot costs while nothing happens: context switches over five
# quiet minutes with a simulated node that answers heartbeats only, and the size
# of the program. What it takes of memory, make bench tells: here node and bot are
# the same program and share its pages.
# Fails when the bot stirs more than it may.
# Usage: scripts/measure.sh [seconds]   (default 300; needs a release build)
set -eu

cd "$(dirname "$0")/.."
seconds=${1:-300}
program=${CARGO_TARGET_DIR:-target}/release/meshbot
[ -x "$program" ] || { echo "measure: build first: make build" >&2; exit 1; }

folder=$(mktemp -d)
node=
bot=
clean_up() {
    [ -z "$bot" ] || kill "$bot" 2>/dev/null || true
    [ -z "$node" ] || kill "$node" 2>/dev/null || true
    wait
    rm -rf "$folder"
}
trap clean_up EXIT INT TERM

"$program" sim --listen 127.0.0.1:0 --nodes 249 --seed 1 --no-latency --quiet-mesh >"$folder/node" &
node=$!
while ! grep -q listening "$folder/node"; do
    kill -0 "$node" 2>/dev/null || { echo "measure: the simulated node did not start" >&2; exit 1; }
    sleep 0.1
done
port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$folder/node")
printf '[node]\nhost = "127.0.0.1"\nport = %s\n[store]\npath = "%s/meshbot.db"\n' \
    "$port" "$folder" >"$folder/meshbot.toml"
"$program" run --config "$folder/meshbot.toml" 2>"$folder/log" &
bot=$!
# The handshake, the back-log, the node list.
sleep 15
grep -q 'Link ready' "$folder/log" || { echo "measure: no link" >&2; cat "$folder/log" >&2; exit 1; }

# Sums the voluntary context switches of all threads, or of one by name.
switches() {
    total=0
    for task in /proc/"$bot"/task/*; do
        if [ $# -eq 0 ] || [ "$(cat "$task/comm")" = "$1" ]; then
            count=$(awk '/^voluntary_ctxt_switches/ { print $2 }' "$task/status")
            total=$((total + count))
        fi
    done
    echo "$total"
}

before=$(switches)
before_io=$(switches io)
sleep "$seconds"
after=$(switches)
after_io=$(switches io)

echo "program:  $(wc -c <"$program") bytes"
echo "crates:   $(grep -c '^name = ' Cargo.lock) in Cargo.lock"
echo "idle:     $((after - before)) voluntary context switches in $seconds s, $((after_io - before_io)) of them io"
# A heartbeat every 30 s may cost 2, that of the node's answer included, and one may
# be under way at either end.
most=$((2 * (seconds / 30 + 2)))
echo "          (at most $most: a heartbeat every 30 s may cost 2)"
if [ $((after - before)) -gt "$most" ]; then
    echo "measure: it stirs while nothing happens" >&2
    exit 1
fi
