#!/bin/sh
# How the rules scale with the number of OOM events: `benches/rules.sh`. Builds a release first.
# Prints one line for 10, 100, 1,000 and 10,000 events; 1,000 must take less than 1 s.
set -eu
cd "$(dirname "$0")/.."
exec cargo run --quiet --release -p oomscene-analyzer --example rule_speed
