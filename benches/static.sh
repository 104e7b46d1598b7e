#!/usr/bin/env bash
# Builds the static collector for this machine and proves that it is one: no dynamic dependency,
# and not too large. Prints its path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. collector/size-max.sh
target=$(rustc -vV | sed -n 's/^host: //p')
# --target is needed even on the same machine: without it, proc-macros would get the flag too.
RUSTFLAGS="-C target-feature=+crt-static" cargo build --quiet --release -p oomscene-collector --bin oomscene-collect --target "$target"
binary=${CARGO_TARGET_DIR:-target}/$target/release/oomscene-collect
size=$(stat -c %s "$binary")
# ldd fails for a static binary and says "statically linked" or "not a dynamic executable".
linked=$(ldd "$binary" 2>&1 || true)
echo "$binary: $size bytes, ldd: $linked"
case "$linked" in
    *"statically linked"* | *"not a dynamic executable"*) ;;
    *) echo "the collector is not static" >&2; exit 1 ;;
esac
[ "$size" -le "$size_max" ] || { echo "the collector is larger than $size_max bytes" >&2; exit 1; }
