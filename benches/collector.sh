#!/usr/bin/env bash
# What one collection costs on machines with few and with very many processes, beside the kernel's
# floor (the time of reading the same files with plain reads to nowhere in the same run) and beside
# what a script by hand takes, which copies the same files and packs them with `tar cz`; then the longest pause of a process whose memory is looked at.
#
#   PROCESSES="500 5000 20000" RUNS=3 VICTIM_MIB=2048 benches/collector.sh
#
# The collector waits for a full second between its two looks at the counters, so the wall time has
# a floor of its own; CPU time is what the machine pays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sizes=${PROCESSES:-500 5000 20000}
runs=${RUNS:-3}
victim_mib=${VICTIM_MIB:-2048}
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
victim_pid=

# Only what this script started: it ends when its input is closed.
stop_victim() {
    if [ -n "$victim_pid" ]; then
        exec 8>&-
        wait "$victim_pid" || true
        victim_pid=
    fi
}
finish() { stop_victim; rm -rf "$work"; }
trap finish EXIT

start_victim() {
    rm -f "$work/input"
    mkfifo "$work/input"
    "$target/release/examples/victim" "$@" <"$work/input" >"$work/victim" &
    victim_pid=$!
    exec 8>"$work/input"
    until grep -q ready "$work/victim"; do sleep 0.1; done
}

cargo build --release --quiet -p oomscene-collector --bin oomscene-collect --example floor --example victim
collect=$target/release/oomscene-collect
floor=$target/release/examples/floor

median() { sort -n "$1" | awk '{v[NR]=$1} END {print (NR % 2) ? v[(NR+1)/2] : (v[NR/2] + v[NR/2+1]) / 2}'; }
from_bundle() { tar xzOf "$work/x.tar.gz" --wildcards "$1"; }
ratio() { awk "BEGIN {printf \"%.2f\", $1 / $2}"; }
# The reader process is counted too; both figures are in the collector's own record.
peak_kib() { from_bundle '*/scene/collector.json' | grep -o '"peak_rss_bytes": [0-9]*' | awk '{s+=$2} END {print int(s/1024)}'; }

one_run() {
    local began ended
    began=$(date +%s%N)
    "$collect" -o "$work/x.tar.gz" >"$work/said" || [ $? -eq 1 ]
    ended=$(date +%s%N)
    echo $(((ended - began) / 1000000)) >>"$work/wall"
    from_bundle '*/ledger/end.json' | grep -o '"cpu_micros":[0-9]*' | cut -d: -f2 | awk '{print int($1/1000)}' >>"$work/cpu"
    peak_kib >>"$work/rss"
    stat -c %s "$work/x.tar.gz" | awk '{print int($1/1024)}' >>"$work/size"
    # The ledger says how long reading took, without packing and without the pause.
    from_bundle '*/ledger/*.jsonl' | grep -o '"micros":[0-9]*' | cut -d: -f2 | awk '{s+=$1} END {print int(s/1000)}' >>"$work/read"
    # As polite as the collector, or a busy machine would favour it.
    nice -n 10 "$floor" "$work/x.tar.gz" "$work/files" >"$work/floor.last"
    cut -d' ' -f1 "$work/floor.last" >>"$work/floor"
    began=$(date +%s%N)
    # Files of /proc have no size, so that tar by itself stores nothing of them: a script by hand
    # copies them first.
    xargs -d '\n' cat <"$work/files" >"$work/copy" 2>/dev/null || true
    tar cz -C "$work" copy | wc -c >/dev/null
    ended=$(date +%s%N)
    echo $(((ended - began) / 1000000)) >>"$work/tar"
}

printf '%9s %8s %8s %8s %9s %9s %9s %9s %8s %8s %8s\n' processes files wall,ms cpu,ms peak,KiB bundle,KiB reading floor,ms read/fl cpu/fl tar,ms
for processes in $sizes; do
    start_victim crowd "$processes"
    rm -f "$work"/{wall,cpu,rss,size,read,floor,tar}
    for _ in $(seq "$runs"); do one_run; done
    wall=$(median "$work/wall") cpu=$(median "$work/cpu") rss=$(median "$work/rss") size=$(median "$work/size")
    reading=$(median "$work/read") bottom=$(median "$work/floor")
    files=$(cut -d' ' -f2 "$work/floor.last")
    printf '%9s %8s %8s %8s %9s %9s %9s %9s %8s %8s %8s\n' "$processes" "$files" "$wall" "$cpu" "$rss" "$size" \
        "$reading" "$bottom" "$(ratio "$reading" "$bottom")" "$(ratio "$cpu" "$bottom")" "$(median "$work/tar")"
    stop_victim
    [ "$rss" -le $((16 * 1024)) ] || { echo "the peak resident set is larger than 16 MiB" >&2; exit 1; }
    # Twice the kernel's own time; below a tenth of a second the clock tells nothing.
    awk "BEGIN {exit !($bottom < 100 || $reading / $bottom <= 2)}" || { echo "reading takes more than twice the kernel's time" >&2; exit 1; }
done

if [ "$victim_mib" -gt 0 ]; then
    start_victim pauses "$victim_mib"
    "$collect" -o "$work/x.tar.gz" >"$work/said" || [ $? -eq 1 ]
    taken=$(tar tzf "$work/x.tar.gz" | grep -c "/proc/$victim_pid/smaps" || true)
    stop_victim
    pause=$(tail -n 1 "$work/victim")
    printf '\nlongest pause of a process with %s MiB, whose smaps files were read (%s of 2): %s us\n' "$victim_mib" "$taken" "$pause"
    [ "$pause" -le 100000 ] || { echo "a process was paused for more than 100 ms" >&2; exit 1; }
fi
