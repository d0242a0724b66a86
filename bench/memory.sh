#!/usr/bin/env bash
# Resident memory of the whole program (Linux): idle, and while a stream fills a keyed DuckDB table at a given rate.
# usage: bench/memory.sh [RECORDS_PER_SECOND] [SECONDS]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rate=${1:-100000}
seconds=${2:-30}
folder=$(mktemp -d)
pid=
cleanup() {
    [ -n "$pid" ] && kill -TERM "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT
"$root/tidemill" --version >/dev/null

cp -r "$root/examples/transactions/." "$folder"
rm -rf "$folder/.tidemill" "$folder/streams/hourly_metrics_live.yaml" "$folder/dashboards"

measure() { # label, wait in seconds
    dotnet "$root/artifacts/bin/Tidemill.Cli/release/tidemill.dll" up "$folder" --port 0 --no-workflows >"$folder/up.log" 2>&1 &
    pid=$!
    sleep "$2"
    awk -v label="$1" '/VmRSS/ {rss=$2} /VmHWM/ {peak=$2} END {printf "%s: resident %d MB, peak %d MB\n", label, rss/1024, peak/1024}' "/proc/$pid/status"
    (cd "$folder" && dotnet "$root/artifacts/bin/Tidemill.Cli/release/tidemill.dll" status --json) |
        awk '/"name": "transactions"/ {s=1} s && /"recordsPerSecond"|"records"|"lag"/ {print "  " $0} /"commitLatency"/ {s=0}'
    kill -TERM "$pid"
    wait "$pid" || true
    pid=
    rm -rf "$folder/.tidemill"
}

sed -i "s/^    rate: .*/    rate: $rate/" "$folder/streams/generator.yaml"
measure "$rate records/s for $seconds s" "$seconds"
sed -i "s/^name: generator/name: generator\nenabled: false/" "$folder/streams/generator.yaml"
measure "idle for 15 s" 15
