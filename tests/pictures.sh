#!/usr/bin/env bash
# Draws reports with a real browser and checks that something was drawn:
# tests/pictures.sh REPORT.html…   writes REPORT.png beside each.
set -euo pipefail
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
for report in "$@"; do
    picture=${report%.html}.png
    rm -f "$picture"
    chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars \
        --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$profile" --window-size="${WINDOW:-1200,1600}" \
        --screenshot="$picture" "file://$(realpath "$report")" >"$profile/log" 2>&1 || { cat "$profile/log" >&2; exit 1; }
    # An empty white page of this size packs to a few kB.
    size=$(stat -c %s "$picture")
    echo "$picture: $size bytes"
    [ "$size" -gt 20000 ] || { echo "$picture looks empty" >&2; exit 1; }
done
