#!/bin/sh
# oomscene-collect as a shell script, for machines on which its program does not run.
# Made by `oomscene-collect script` of version @VERSION@: the tables below are those of the program.
#
#   sh collect.sh [-o FILE] [--root DIR] [--deadline SECONDS]
#
# It needs sh, sed, awk, tar and gzip, of busybox too; it writes the layout of the program's bundle.
# What it has not: the probes (address space, mount space), processes chosen for a closer look,
# sequence numbers of the kernel log, and pseudonyms. Secrets are masked line by line with sed: names
# with values, flags, addresses with passwords, headers, tokens of known form, key blocks. Not masked
# are secrets without name or form, and arguments in hexadecimal digits (which are left out).
set -u
umask 077
LC_ALL=C
export LC_ALL
PATH=${PATH:-/bin}:/usr/sbin:/usr/bin:/sbin:/bin
root=/ out= deadline=60
while [ $# -gt 0 ]; do
    case $1 in
        -o) out=$2; shift 2 ;;
        --root) root=${2%/}/; shift 2 ;;
        --deadline) deadline=${2%s}; shift 2 ;;
        *) echo "usage: sh collect.sh [-o FILE] [--root DIR] [--deadline SECONDS]" >&2; exit 2 ;;
    esac
done
started=$(date +%s)
until=$((started + deadline))
host=$(cat "${root}proc/sys/kernel/hostname" 2>/dev/null || cat "${root}etc/hostname" 2>/dev/null || hostname)
host=$(printf %s "$host" | head -n 1 | tr -c 'A-Za-z0-9._\n' '-')
name=oomscene-${host:-unknown}-$(date -u +%Y%m%dT%H%M%SZ)
out=${out:-$name.tar.gz}
case $out in /*) ;; *) out=$PWD/$out ;; esac
# The first to go when memory ends, and a late one when a CPU is wanted.
(echo 1000 >/proc/self/oom_score_adj) 2>/dev/null
echo 1000 2>/dev/null >"/proc/$$/oom_score_adj" || :
renice 10 $$ >/dev/null 2>&1 || :
work=$(mktemp -d "${out%/*}/oomscene.XXXXXX" 2>/dev/null) || { echo "collect.sh: no place beside $out; choose another with -o" >&2; exit 2; }
trap 'rm -rf "$work"' EXIT
trap 'until=0' INT TERM HUP
top=$work/$name
mkdir -p "$top/ledger" "$top/scene/journal"
ledger=$top/ledger/00-script.jsonl
: >"$ledger"
# A read that hangs must not hang the run; `timeout` of old busybox takes -t.
T=
if timeout 5 true 2>/dev/null; then T='timeout 10'
elif timeout -t 5 true 2>/dev/null; then T='timeout -t 10'; fi
live=no
[ "$root" = / ] && live=yes

S=$(printf '\001')
NAMES='@NAMES@'
TOKENS='@TOKENS@'
mask() {
    tr '\000' '\001' | sed -E \
        -e '/-----BEGIN .*PRIVATE KEY/,/-----END/{/-----(BEGIN|END)/!s/[A-Za-z0-9+\/=]*$/<masked>/;s/(-----BEGIN [A-Z ]*-----).+/\1<masked>/;}' \
        -e '/type=(EXECVE|1309)/s/( a[0-9]+(\[[0-9]+\])?=)[0-9A-F]{4,}/\1<masked>/g' \
        -e 's/( a[0-9]+="--?[^"]*'"($NAMES)"'[^"]*" a[0-9]+=)"[^"]*"/\1"<masked>"/g' \
        -e 's/proctitle=[0-9A-F]+/proctitle=<masked>/g' \
        -e 's#(://[^]:/@ "'"$S"']*):[^ "'"$S"']+@#\1:<masked>@#g' \
        -e 's/([Aa]uthorization|[Cc]ookie)(["'\'']?[:=] ?["'\'']?)[^"'\'"$S"']+/\1\2<masked>/g' \
        -e 's/([Bb]earer|[Bb]asic) [A-Za-z0-9._~+\/=-]{8,}/\1 <masked>/g' \
        -e "s/(--?[A-Za-z0-9_.-]*($NAMES)[A-Za-z0-9_.-]*)([ $S]+)[^- $S][^ $S]*/\\1\\3<masked>/g" \
        -e "s/(($NAMES)[A-Za-z0-9_.-]*\\\\?[\"']? ?[=:]+ ?)(\\\\?[\"'])[^\"']*/\\1\\3<masked>/g" \
        -e "s/(($NAMES)[A-Za-z0-9_.-]*\\\\?[\"']? ?[=:]+ ?)[^\"' &$S<\\\\][^\"' &$S\\\\]*/\\1<masked>/g" \
        -e "/mysql|mariadb/s/([ \"$S]-p)[^ \"$S]+/\\1<masked>/g" \
        -e "/sshpass|redis-cli|curl/s/([ \"$S]-[pau][ $S]*)[^- $S][^ $S]*/\\1<masked>/g" \
        -e "s/($TOKENS)[A-Za-z0-9._\\/+=-]{10,}/<masked>/g" |
        tr '\001' '\000'
}
# A sed that cannot mask must not write.
[ "$(printf 'a token=x b' | mask 2>/dev/null)" = 'a token=<masked> b' ] || { echo "collect.sh: the sed of this machine cannot mask secrets" >&2; exit 2; }
quoted() { printf %s "$1" | sed 's/["\\]/\\&/g' | tr -d '\000-\037'; }
note() { # item path outcome reason [bytes]
    printf '{"item":"%s","path":"%s","outcome":"%s","reason":"%s","bytes":%d}\n' \
        "$(quoted "$1")" "$(quoted "$2")" "$3" "$(quoted "$4")" "${5:-0}" >>"$ledger"
}
over() { [ "$(date +%s)" -ge "$until" ]; }
size() { wc -c <"$1" | tr -d ' '; }
keep() { # item path limit, content on standard input
    case $2 in */*) mkdir -p "$top/${2%/*}" ;; esac
    head -c "$(($3 + 1))" | mask >"$top/$2"
    kept=$(size "$top/$2")
    if [ "$kept" -gt "$3" ]; then note "$1" "$2" truncated "the first $3 bytes" "$kept"
    else note "$1" "$2" captured "" "$kept"; fi
}
file() { # item path limit
    if over; then note "$1" "$2" skipped "the deadline of $deadline s had passed"; return; fi
    if [ ! -e "$root$2" ]; then note "$1" "$2" absent "no such file here"
    elif [ ! -f "$root$2" ]; then note "$1" "$2" skipped "not a file"
    elif [ ! -r "$root$2" ]; then note "$1" "$2" denied "run as root"
    else $T head -c "$(($3 + 1))" "$root$2" 2>/dev/null | keep "$1" "$2" "$3"; fi
}
each() { # item pattern limit
    found=no
    for path in "$root"$2; do
        [ -f "$path" ] || continue
        found=yes
        file "$1" "${path#"$root"}" "$3"
    done
    [ $found = yes ] || note "$1" "$2" absent "no such file here"
}
packed() { # item entry lines-per-file, names of files below the root on standard input
    if over; then note "$1" "$2" skipped "the deadline of $deadline s had passed"; return; fi
    (cd "$root" && xargs $T head -v -n "$3" 2>/dev/null) | keep "$1" "$2" 16000000
}
marked() { # item path: windows of a log on standard input
    mkdir -p "$top/${2%/*}"
    awk -v M='@MARKERS@' -v MAX=3000000 '
        function put(i, line) {
            if (i > last + 1) printf "[oomscene: left out lines %d-%d, %d bytes]\n", last + 1, i - 1, at[i % R] - end
            print line
            last = i; end = at[i % R] + length(line) + 1; sum += length(line) + 1
        }
        BEGIN { B = 400; A = 200; H = 200; R = 501 }
        {
            at[NR % R] = bytes; bytes += length($0) + 1
            if (sum < MAX) {
                if ($0 ~ M) {
                    from = NR - B; if (from <= last) from = last + 1
                    for (i = from; i < NR; i++) put(i, ring[i % R])
                    if (till < NR + A) till = NR + A
                } else if (NR <= till && $0 ~ /\[ *[0-9]+\] +-?[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ /) {
                    if (till < NR + 100) till = NR + 100
                }
                if (NR <= till || NR <= H) { put(NR, $0); next }
            }
            ring[NR % R] = $0
        }
        END {
            from = NR - R + 1; if (from <= last) from = last + 1
            for (i = from; i <= NR; i++) put(i, ring[i % R])
        }' | mask >"$top/$2"
    note "$1" "$2" captured "what is around words of memory failures, the head and the tail" "$(size "$top/$2")"
}
log() { # pattern
    for path in "$root"$1; do
        [ -f "$path" ] || continue
        entry=${path#"$root"}
        if over; then note 'var/log/*' "$entry" skipped "the deadline of $deadline s had passed"; continue; fi
        case $entry in
            *.gz) by='gzip -dc' ;;
            *.bz2) by='bzip2 -dc' ;;
            *.xz) by='xz -dc -M 32MiB' ;;
            *.zst) by='zstd -dqc' ;;
            *) by=cat ;;
        esac
        if ! command -v "${by%% *}" >/dev/null; then note 'var/log/*' "$entry" skipped "${by%% *} is not installed"; continue; fi
        [ "$by" = cat ] || entry=${entry%.*}
        [ -e "$top/$entry" ] && entry=$entry.unpacked
        $by "$path" 2>/dev/null | marked 'var/log/*' "$entry"
    done
}

uptime=0
[ $live = yes ] && uptime=$(cut -d' ' -f1 /proc/uptime | tr -d . | sed 's/^0*//')0000000
json=$(printf '"hostname":"%s","kernel_release":"%s","kernel_version":"%s","machine":"%s"' \
    "$(quoted "$host")" "$(quoted "$(cat "${root}proc/sys/kernel/osrelease" 2>/dev/null)")" \
    "$(quoted "$(cat "${root}proc/sys/kernel/version" 2>/dev/null)")" "$([ $live = yes ] && uname -m)")
page=$([ $live = yes ] && getconf PAGESIZE 2>/dev/null || echo 0)
offset=$(date +%z | awk '{ print (substr($0, 1, 1) == "-" ? -1 : 1) * (substr($0, 2, 2) * 3600 + substr($0, 4, 2) * 60) }')
printf '{"format_version":1,"tool":"oomscene-collect.sh @VERSION@","tool_target":"sh",%s,"page_size_bytes":%d,"clock_ticks_per_second":100,"clocks":{"realtime_ns":%s000000000,"monotonic_ns":%s,"boottime_ns":%s,"spread_ns":1000000000},"utc_offset_seconds":%d,"effective_uid":%d,"root":"%s"}\n' \
    "$json" "${page:-0}" "$started" "$uptime" "$uptime" "${offset:-0}" "$(id -u)" "$(quoted "$root")" >"$top/header.json"

if [ $live = yes ]; then
    dmesg 2>/dev/null | tail -c 4000000 | keep scene/kmsg scene/dmesg.txt 4000000
fi
@FILES@
pids=$(cd "$root" && ls proc | grep '^[0-9][0-9]*$' | sort -n | head -n 5000)
for name in @PROCESS@; do
    printf '%s\n' $pids | sed "s#.*#proc/&/$name#" | packed "proc/[pid]/$name" "proc/all/$name.000" 200
done
(cd "$root" && find sys/fs/cgroup -maxdepth 9 -type f \( @CGROUP@ \) 2>/dev/null | head -n 60000) |
    packed 'sys/fs/cgroup/**' sys/fs/cgroup/all/memory.000 200
@LOGS@
file var/log/audit/audit.log var/log/audit/audit.log 1000000
if [ $live = yes ] && command -v journalctl >/dev/null; then
    $T journalctl --no-pager -q -k -o short-iso -n 20000 2>/dev/null | marked scene/journal/kernel.txt scene/journal/kernel.txt
    $T journalctl --no-pager -q -o short-iso -n 50000 2>/dev/null | marked scene/journal/all.txt scene/journal/all.txt
elif [ $live = yes ] && command -v logread >/dev/null; then
    $T logread 2>/dev/null | keep scene/journal/logread.txt scene/journal/logread.txt 2000000
fi
find "$top" -type f -size 0 -exec rm -f {} + 2>/dev/null
stopped=
over && stopped=',"stopped":"the deadline had passed, or a signal came"'
printf '{"entries":%d,"bytes":0,"micros":%d%s}\n' "$(find "$top" -type f | wc -l)" "$((($(date +%s) - started) * 1000000))" "$stopped" >"$top/ledger/end.json"
name=${top##*/}
cd "$work" || exit 2
parts=
for part in proc sys etc run boot var usr scene; do [ -d "$name/$part" ] && parts="$parts $name/$part"; done
# The header first and the end last: a torn bundle is read up to its tear.
tar cf - "$name/header.json" $parts "$name/ledger" | gzip -c >"$out.partial" && mv "$out.partial" "$out" || exit 2
echo "bundle   $out"
