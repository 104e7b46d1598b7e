#!/usr/bin/env bash
# What one collection costs on a machine with many processes, beside the kernel's floor: the time of
# reading the same files with plain reads to nowhere in the same run.
#
#   PROCESSES=2000 RUNS=5 benches/collector.sh
#
# The collector waits for a full second between its two looks at the counters, so the wall time has
# a floor of its own; CPU time is what the machine pays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

processes=${PROCESSES:-2000}
runs=${RUNS:-5}
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
crowd=

finish() {
    # Only the processes that this script started: they are one process group.
    if [ -n "$crowd" ]; then kill -TERM -- "-$crowd" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

cargo build --release --quiet -p oomscene-collector --bin oomscene-collect --example floor
collect=$target/release/oomscene-collect
floor=$target/release/examples/floor

# Job control gives the crowd its own process group. `sleep` is the smallest process there is.
set -m
(for _ in $(seq "$processes"); do sleep 3600 & done; wait) &
crowd=$!
set +m
while [ "$(pgrep -c -g "$crowd" || true)" -lt "$processes" ]; do sleep 0.2; done

median() { sort -n | awk '{v[NR]=$1} END {print (NR % 2) ? v[(NR+1)/2] : (v[NR/2] + v[NR/2+1]) / 2}'; }
field() { tar xzOf "$work/x.tar.gz" --wildcards '*/ledger/end.json' | grep -o "\"$1\":[0-9]*" | cut -d: -f2; }

for run in $(seq "$runs"); do
    began=$(date +%s%N)
    "$collect" -o "$work/x.tar.gz" >"$work/said" || [ $? -eq 1 ]
    ended=$(date +%s%N)
    echo $(((ended - began) / 1000000)) >>"$work/wall"
    echo $(($(field cpu_micros) / 1000)) >>"$work/cpu"
    echo $(($(field peak_rss_bytes) / 1024)) >>"$work/rss"
    stat -c %s "$work/x.tar.gz" >>"$work/size"
    # The ledger says how long reading took, without packing and without the pause.
    tar xzOf "$work/x.tar.gz" --wildcards '*/ledger/*.jsonl' |
        grep -o '"micros":[0-9]*' | cut -d: -f2 | awk '{s+=$1} END {print s/1000}' >>"$work/read"
    "$floor" "$work/x.tar.gz" >"$work/floor.$run"
    cut -d' ' -f1 "$work/floor.$run" >>"$work/floor"
done

wall=$(median <"$work/wall") cpu=$(median <"$work/cpu") rss=$(median <"$work/rss")
size=$(median <"$work/size") reading=$(median <"$work/read") bottom=$(median <"$work/floor")
files=$(cut -d' ' -f2 "$work/floor.1")

printf '%s processes, %s files, median of %s runs\n\n' "$(ls /proc | grep -c '^[0-9]')" "$files" "$runs"
printf '%-42s %12s\n' "wall time, with the pause of a second" "$wall ms"
printf '%-42s %12s\n' "CPU time, user and system, with reader" "$cpu ms"
printf '%-42s %12s\n' "peak resident set" "$rss KiB"
printf '%-42s %12s\n' "bundle" "$((${size%.*} / 1024)) KiB"
printf '%-42s %12s\n' "reading, as the ledger counts it" "$reading ms"
printf '%-42s %12s\n' "the same files read to nowhere (floor)" "$bottom ms"
printf '%-42s %12s\n' "CPU time / floor" "$(awk "BEGIN {printf \"%.2f\", $cpu / $bottom}")"
printf '%-42s %12s\n' "reading / floor" "$(awk "BEGIN {printf \"%.2f\", $reading / $bottom}")"
