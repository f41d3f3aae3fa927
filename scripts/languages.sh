#!/bin/sh
# Lists what each language lacks, so that it is said in English: the keys of
# src/lang/en.toml that the other files do not have. The log may be English.
set -eu
cd "$(dirname "$0")/../src/lang"

# A key stands at the start of its line, a table's name in brackets.
keys() {
	awk '/^\[/ { in_log = /^\[log\]/ } /^[A-Z][A-Za-z0-9]* *=/ && !in_log { print $1 }' "$1" | sort
}

own=$(mktemp)
trap 'rm -f "$own"' EXIT
for file in *.toml; do
	[ "$file" != en.toml ] || continue
	keys "$file" >"$own"
	lacks=$(keys en.toml | comm -23 - "$own" | tr '\n' ' ')
	if [ -z "$lacks" ]; then
		echo "languages: $file is complete"
	else
		echo "languages: $file lacks $lacks"
	fi
done
