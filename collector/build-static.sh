#!/usr/bin/env bash
# Builds the static collector for other machines and proves what each one is.
#
#   collector/build-static.sh [--lab] [MACHINE…]      default: aarch64 loongarch64; `all` is every machine
#
# --lab also builds the helper of the lab's guests, as $CARGO_TARGET_DIR/static/lab-guest-MACHINE.
#
# musl is linked in, so the binary needs nothing of the site but the kernel. Where rustup can reach its
# server it brings the standard library; else that is built from Debian's rustc-web. zig is the linker
# for every machine. Binaries go to $CARGO_TARGET_DIR/static/oomscene-collect-MACHINE.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
out=$target_dir/static
tools=$out/tools
. collector/size-max.sh

# machine | Rust target | zig target and CPU | qemu | what readelf says
machines='
x86_64      x86_64-unknown-linux-musl         x86_64-linux-musl                                        -            X86-64
i686        i686-unknown-linux-musl           x86-linux-musl|-mcpu=pentium4                            i386         80386
aarch64     aarch64-unknown-linux-musl        aarch64-linux-musl                                       aarch64      AArch64
armv7       armv7-unknown-linux-musleabihf    arm-linux-musleabihf|-mcpu=generic+v7a+vfp3d16           arm          ARM
loongarch64 loongarch64-unknown-linux-musl    loongarch64-linux-musl|-mcpu=generic_la64+d              loongarch64  LoongArch
riscv64     riscv64gc-unknown-linux-musl      riscv64-linux-musl                                       riscv64      RISC-V
ppc64le     powerpc64le-unknown-linux-musl    powerpc64le-linux-musl                                   ppc64le      PowerPC64
s390x       s390x-unknown-linux-musl          s390x-linux-musl                                         s390x        S/390
'

fail() { echo "build-static: $*" >&2; exit 1; }

row() { awk -v m="$1" '$1 == m' <<<"$machines"; }

# zig as the linker; it does not know every argument that rustc passes to gcc.
linker() {
    local script=$tools/link-$1 zig_target=${2%%|*} cpu=''
    [[ $2 == *'|'* ]] && cpu=${2#*|}
    cat >"$script" <<EOF
#!/usr/bin/env bash
args=()
for arg in "\$@"; do
    case "\$arg" in
        -m32 | -m64 | --target=* | -no-pie | -static-pie | -lgcc_eh | -lgcc_s | -lgcc | -Wl,--fix-cortex-a53-843419 | -Wl,-melf_i386) ;;
        *) args+=("\$arg") ;;
    esac
done
exec "$tools/zig/bin/python" -m ziglang cc -target $zig_target $cpu -static "\${args[@]}"
EOF
    chmod +x "$script"
    echo "$script"
}

prepare() {
    mkdir -p "$tools"
    if [ ! -x "$tools/zig/bin/python" ]; then
        python3 -m venv "$tools/zig"
        "$tools/zig/bin/pip" install --quiet ziglang==0.17.1
    fi
}

# Debian's compiler with its source: nothing is installed, so nothing clashes with rustup.
debian_rust() {
    local web=$tools/rust-web
    if [ ! -d "$web/usr" ]; then
        local debs
        debs=$(mktemp -d)
        (cd "$debs" && apt-get download --quiet=2 rustc-web libstd-rust-web-1.96 libstd-rust-web-dev rust-web-src libllvm22)
        for deb in "$debs"/*.deb; do dpkg -x "$deb" "$web"; done
        rm -r "$debs"
    fi
    cat >"$tools/rustc-web" <<EOF
#!/bin/sh
LD_LIBRARY_PATH="$web/usr/lib/x86_64-linux-gnu" exec "$web/usr/bin/rustc" "\$@"
EOF
    chmod +x "$tools/rustc-web"
}

build() {
    local machine=$1 target zig qemu says
    read -r _ target zig qemu says <<<"$(row "$machine")"
    [ -n "${target:-}" ] || fail "no such machine: $machine; there are: $(awk '{print $1}' <<<"$machines" | xargs)"
    local link variable flags="-C link-self-contained=no -C target-feature=+crt-static" std=()
    link=$(linker "$machine" "$zig")
    variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")_LINKER
    # The targets of rustc and zig switch LSX on, and plain hardware stops at its first instruction.
    [ "$machine" = loongarch64 ] && flags+=" -C target-feature=-lsx"
    local start=$SECONDS
    local environment=("$variable=$link" "RUSTFLAGS=$flags" "CARGO_TARGET_DIR=$target_dir")
    if [ "$machine" != loongarch64 ] && timeout 20 rustup target add "$target" >/dev/null 2>&1; then
        :
    else
        debian_rust
        std=(-Zbuild-std=std,panic_unwind)
        environment+=("RUSTC=$tools/rustc-web" RUSTC_BOOTSTRAP=1)
    fi
    env "${environment[@]}" cargo build --quiet --release -p oomscene-collector \
        --bin oomscene-collect --target "$target" "${std[@]}" "${lab[@]}"
    cp "$target_dir/$target/release/oomscene-collect" "$out/oomscene-collect-$machine"
    [ "${#lab[@]}" -eq 0 ] || cp "$target_dir/$target/release/lab-guest" "$out/lab-guest-$machine"
    check "$machine" "$qemu" "$says" $((SECONDS - start))
}

# Static, no interpreter, the right machine, small; and it runs, where the emulator is there.
check() {
    local machine=$1 qemu=$2 says=$3 seconds=$4 binary=$out/oomscene-collect-$1 size ran="not run" address_bits
    readelf -h "$binary" | grep -q "Machine:.*$says" || fail "$machine: wrong machine: $(readelf -h "$binary" | grep Machine:)"
    readelf -lW "$binary" | grep -q INTERP && fail "$machine: it has an interpreter"
    readelf -dW "$binary" | grep -q NEEDED && fail "$machine: it needs a library"
    size=$(stat -c %s "$binary")
    [ "$size" -le "$size_max" ] || fail "$machine: $size bytes are more than $size_max"
    local run=()
    # At a random place of its own the emulator of loongarch64 leaves no room for the program's memory
    # in one start of seventy.
    [ "$qemu" = - ] || run=(setarch -R "qemu-$qemu-static")
    if [ "${#run[@]}" -eq 0 ] || command -v "${run[2]}" >/dev/null; then
        try "$binary" "${run[@]}"
        ran="runs, a process has $address_bits bits"
    elif [ -n "${CI:-}" ]; then
        fail "$machine: ${run[2]} is not installed (apt-get install qemu-user-static)"
    fi
    printf '%-12s %8d bytes  %4ds  %s\n' "$machine" "$size" "$seconds" "$ran"
}

# Version, catalogue, a collection of a made-up machine and one of what the emulator shows of this
# machine; tar must be able to read both. grep reads all that it is given: an early end is an error of
# the program before it.
try() {
    local binary=$1 root
    shift
    root=$(mktemp -d)
    mkdir -p "$root/proc/7" "$root/etc"
    echo db7 >"$root/etc/hostname"
    echo "MemTotal: 16384000 kB" >"$root/proc/meminfo"
    echo java >"$root/proc/7/comm"
    "$@" "$binary" --version | grep '^oomscene-collect ' >/dev/null
    "$@" "$binary" list | grep 'proc/meminfo' >/dev/null
    "$@" "$binary" --dry-run --root "$root" | grep 'nothing was written' >/dev/null
    # 1 is a bundle with holes: the emulator does not let the reader process start.
    "$@" "$binary" --root "$root" -o "$root/x.tar.gz" >/dev/null || [ $? -eq 1 ]
    tar xzOf "$root/x.tar.gz" --wildcards '*/proc/meminfo' | grep 16384000 >/dev/null
    tar tzf "$root/x.tar.gz" | grep 'ledger/end.json' >/dev/null
    (cd "$root" && sha256sum --quiet -c x.tar.gz.sha256)
    # The reader itself, asked for one file: length of the path, limit, offset, `r`, path.
    printf '\014\0\0\0\0\020\0\0\0\0\0\0\0\0\0\0rproc/meminfo' >"$root/request"
    "$@" "$binary" __reader "$root" $$ <"$root/request" >"$root/answer"
    grep -a '^oomscene reader' "$root/answer" >/dev/null
    grep -a 'MemTotal: 16384000 kB' "$root/answer" >/dev/null
    "$@" "$binary" -o "$root/live.tar.gz" >/dev/null || [ $? -eq 1 ]
    tar xzOf "$root/live.tar.gz" --wildcards '*/ledger/end.json' | grep '"entries"' >/dev/null
    tar xzOf "$root/live.tar.gz" --wildcards '*/proc/meminfo' | grep MemTotal >/dev/null
    tar xzOf "$root/live.tar.gz" --wildcards '*/scene/kmsg' '*/proc/all/stat.000' | grep . >/dev/null
    address_bits=$(tar xzOf "$root/live.tar.gz" --wildcards '*/scene/address-space.json' |
        sed -n 's/^  "default_bits": \([0-9]*\),$/\1/p')
    [ "${address_bits:-0}" -ge 31 ] || fail "$binary: the address-space probe says '$address_bits' bits"
    rm -r "$root"
}

lab=()
if [ "${1:-}" = --lab ]; then
    lab=(-p oomscene-lab-guest --bin lab-guest)
    shift
fi
[ $# -gt 0 ] || set -- aarch64 loongarch64
[ "$1" != all ] || set -- $(awk '{print $1}' <<<"$machines")
prepare
for machine in "$@"; do build "$machine"; done
