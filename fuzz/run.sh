#!/usr/bin/env bash
# Fuzzes every target for SECONDS (default 60), from seeds made of the fixtures.
# Usage: fuzz/run.sh [SECONDS] [TARGET…]
# Needs cargo-fuzz (`cargo install cargo-fuzz`). Without a nightly toolchain the stable one is told to
# accept what cargo-fuzz asks of it. A finding is kept below
# fuzz/artifacts and ends the run with exit status 1; a target that does not build ends it with 2.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(log_reader bundle_reader)
command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install cargo-fuzz" >&2; exit 2; }
toolchain=()
if rustup toolchain list 2>/dev/null | grep -q ^nightly; then toolchain=(+nightly); else export RUSTC_BOOTSTRAP=1; fi
mkdir -p corpus/log_reader corpus/bundle_reader
cp ../tests/fixtures/logs/* corpus/log_reader/
cargo "${toolchain[@]}" run --quiet --bin seed_bundle -- corpus/bundle_reader
for target in "${targets[@]}"; do
    cargo "${toolchain[@]}" fuzz build --fuzz-dir . "$target" || { echo "$target could not be built" >&2; exit 2; }
done
failed=0
for target in "${targets[@]}"; do
    echo "== $target, $seconds s"
    # Time grows with the length (0.2 s for a line of 1 MiB); beyond this one nothing new is found.
    cargo "${toolchain[@]}" fuzz run --fuzz-dir . "$target" -- -max_total_time="$seconds" -max_len=65536 -timeout=20 \
        -rss_limit_mb=4096 -print_final_stats=1 2>"$target.out" || failed=1
    grep -E 'panicked|SUMMARY|ERROR|stat::number_of_executed_units|stat::peak_rss_mb' "$target.out" || true
done
exit $failed
