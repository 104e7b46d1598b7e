# Sourced by the scripts that build the collector: its largest size in bytes, which README tells.
# It is carried over slow links and started from a nearly full disk.
size_max=$((4 * 1024 * 1024))
