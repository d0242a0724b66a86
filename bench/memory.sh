#!/usr/bin/env bash
# Resident memory of the whole program (Linux): idle, and while a stream fills a DuckDB table at a given rate, at ten moments of
# the run. Without a key it should be flat; with one, writers hold 23 bytes a row. From Kafka instead of the embedded
# log where TIDEMILL_TEST_KAFKA names a broker.
# usage: bench/memory.sh [RECORDS_PER_SECOND] [SECONDS] [keyed|appended] [MEMORY_LIMIT]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rate=${1:-100000}
seconds=${2:-30}
kind=${3:-keyed}
limit=${4:-}
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
[ "$kind" = keyed ] || sed -i "/key: .transaction_id/d; s/on_conflict: ignore/on_conflict: append/" "$folder/streams/transactions.yaml"
[ -z "$limit" ] || sed -i "0,/warehouse: {type: duckdb}/s//warehouse: {type: duckdb, memory_limit: $limit}/" "$folder/tidemill.yaml"

if [ -n "${TIDEMILL_TEST_KAFKA:-}" ]; then
    name="bench-$$-$RANDOM"
    sed -i "0,/log: {type: embedded}/s//log: {type: kafka, bootstrap_servers: \"$TIDEMILL_TEST_KAFKA\"}/; s/^name: .*/name: $name/; s/^  transactions:$/  $name:/" "$folder/tidemill.yaml"
    sed -i "s/{name: transactions/{name: $name/; s/topic: transactions/topic: $name/" "$folder"/streams/*.yaml
fi

measure() { # label, wait in seconds
    dotnet "$root/artifacts/bin/Tidemill.Cli/release/tidemill.dll" up "$folder" --port 0 --no-workflows >"$folder/up.log" 2>&1 &
    pid=$!
    for moment in 1 2 3 4 5 6 7 8 9 10; do
        sleep "$(awk -v s="$2" 'BEGIN {print s / 10}')"
        awk -v at="$((moment * $2 / 10))" '/VmRSS/ {rss=$2} END {printf "  after %d s: %d MB\n", at, rss/1024}' "/proc/$pid/status"
    done
    awk -v label="$1" '/VmRSS/ {rss=$2} /VmHWM/ {peak=$2} END {printf "%s: resident %d MB, peak %d MB\n", label, rss/1024, peak/1024}' "/proc/$pid/status"
    (cd "$folder" && dotnet "$root/artifacts/bin/Tidemill.Cli/release/tidemill.dll" status --json) |
        awk '/"name": "transactions"/ {s=1} s && /"recordsPerSecond"|"records"|"lag"/ {print "  " $0} /"commitLatency"/ {s=0}'
    kill -TERM "$pid"
    wait "$pid" || true
    pid=
    rm -rf "$folder/.tidemill"
}

sed -i "s/^    rate: .*/    rate: $rate/" "$folder/streams/generator.yaml"
measure "$kind, $rate records/s for $seconds s" "$seconds"
# A topic on Kafka is full now, and would be read again.
[ -z "${TIDEMILL_TEST_KAFKA:-}" ] || exit 0
sed -i "s/^name: generator/name: generator\nenabled: false/" "$folder/streams/generator.yaml"
measure "idle for 15 s" 15
