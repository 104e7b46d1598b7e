#!/usr/bin/env bash
# How fast a huge log is read, beside ripgrep on the same file in the same run.
# Usage: benches/log.sh [ANALYZER]   (without it, the release binary is built)
#   MIB=1024        size of the log
#   REPORTS=200     OOM reports in it
#   RUNS=5          alternating runs of which the medians count
#   SCRATCH=DIR     where the logs are made (default: a temporary folder, removed at the end)
# Exit status 1 when the ratio to ripgrep is below 0.5, the peak memory above 64 MiB, the time not
# linear (against a quarter of the log), the gzipped log slower than 1.3 times `gzip -dc`, or reports are lost;
# or when a log of 90,000 kills takes more than 256 MiB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mib=${MIB:-1024}
reports=${REPORTS:-200}
runs=${RUNS:-5}
for tool in rg gzip python3 /usr/bin/time; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install ripgrep gzip python3 time" >&2; exit 2; }
done
if [ $# -gt 0 ]; then
    analyze=$1
else
    cargo build --quiet --release -p oomscene-analyzer --bin oomscene-analyze
    analyze=${CARGO_TARGET_DIR:-target}/release/oomscene-analyze
fi
if [ -n "${SCRATCH:-}" ]; then
    scratch=$SCRATCH
else
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
fi

# messages as rsyslog writes them: the noise of a container host, and reports of one machine-wide OOM
# (100 to 500 tasks) to three of a control group (3 to 40 tasks).
make_log() { # FILE MIB REPORTS
    python3 - "$@" <<'PY'
import random, sys
path, mib, reports = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(7)
noise = [
    "systemd[1]: Started Session {a} of user root.",
    "sshd[{a}]: Accepted publickey for deploy from 10.3.{b}.{c} port {d} ssh2: RSA SHA256:{h}",
    "sshd[{a}]: pam_unix(sshd:session): session opened for user deploy by (uid=0)",
    "kubelet[2113]: I0817 03:12:59.{d} 2113 reconciler.go:224] operationExecutor.VerifyControllerAttachedVolume started for volume \"pvc-{h}\" (UniqueName: \"kubernetes.io/csi/{h}\") pod \"web-{a}\"",
    "containerd[1604]: time=\"2023-08-17T03:12:59.{d}+08:00\" level=info msg=\"StopContainer for \\\"{h}\\\" with timeout {c} (s)\"",
    "dockerd[1700]: time=\"2023-08-17T03:12:59.{d}+08:00\" level=warning msg=\"cleaning up after shim {h}\"",
    "kernel: IPv6: ADDRCONF(NETDEV_CHANGE): veth{a}: link becomes ready",
    "kernel: device veth{a} left promiscuous mode",
    "kernel: [UFW BLOCK] IN=eth0 OUT= MAC={h} SRC=10.0.{b}.{c} DST=10.0.0.{c} LEN=60 TTL=63 ID={d} PROTO=TCP SPT={d} DPT=443",
    "CROND[{a}]: (root) CMD (/usr/lib64/sa/sa1 1 1)",
    "app[{a}]: request {d} for room {b} took {c} ms, zoom level {c}, blocks {d}",
    "chronyd[912]: Selected source 10.2.{b}.{c}",
]
def line(second, text):
    h, m, s = second // 3600 % 24, second // 60 % 60, second % 60
    return f"Aug {1 + second // 86400 % 28:2d} {h:02d}:{m:02d}:{s:02d} node-7 {text}\n"
def fill(text):
    return text.format(a=rng.randrange(1000, 99999), b=rng.randrange(256), c=rng.randrange(1, 255),
                       d=rng.randrange(100000, 999999), h="%032x" % rng.getrandbits(128))
def report(second, n):
    pid = 30000 + n
    machine_wide = n % 4 == 0
    tasks = rng.randrange(100, 500) if machine_wide else rng.randrange(3, 40)
    path = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod%08x.slice/cri-containerd-%064x.scope" % (rng.getrandbits(32), rng.getrandbits(256))
    head = [
        "java invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0",
        f"CPU: 3 PID: {pid} Comm: java Kdump: loaded Not tainted 5.10.0-60.18.0.50.x86_64 #1",
        "Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.13.0 04/01/2014", "Call Trace:",
        " dump_stack+0x57/0x6a", " dump_header+0x4a/0x1f0", " oom_kill_process.cold+0xb/0x10",
        " out_of_memory+0x1bd/0x4f0", " __alloc_pages_slowpath.constprop.0+0xbcc/0xd90",
        " __alloc_pages_nodemask+0x2e9/0x320", " pagecache_get_page+0x16c/0x370", " filemap_fault+0x674/0xa80",
        " __do_fault+0x37/0x140", " handle_mm_fault+0x1d7/0x2b0", " exc_page_fault+0x77/0x1a0",
    ]
    memory = [
        "Mem-Info:", "active_anon:900000 inactive_anon:2200000 isolated_anon:0",
        " active_file:300 inactive_file:900 isolated_file:0", " unevictable:1200 dirty:10 writeback:0",
        " slab_reclaimable:12000 slab_unreclaimable:31000", " mapped:5400 shmem:8000 pagetables:9100 bounce:0",
        " free:22000 free_pcp:150 free_cma:0",
        "Node 0 Normal free:60000kB min:60100kB low:75200kB high:90300kB reserved_highatomic:2048KB active_anon:3600000kB inactive_anon:8800000kB active_file:1200kB inactive_file:3600kB unevictable:4800kB writepending:40kB present:13107200kB managed:12900000kB mlocked:0kB bounce:0kB free_pcp:600kB local_pcp:0kB free_cma:0kB",
        "lowmem_reserve[]: 0 0 0 0 0",
        "Node 0 Normal: 2250*4kB (UEM) 3000*8kB (UEM) 1000*16kB (UE) 500*32kB (E) 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 65000kB",
        "12000 total pagecache pages", "0 pages in swap cache", "Free swap  = 0kB", "Total swap = 0kB",
        "3300000 pages RAM", "0 pages HighMem/MovableOnly", "75000 pages reserved",
    ]
    memcg = [
        "memory: usage 12202000kB, limit 12202000kB, failcnt 97021", "swap: usage 0kB, limit 0kB, failcnt 0",
        f"Memory cgroup stats for {path}:",
        "anon 12476416000#012file 16384000#012kernel_stack 2129920#012pagetables 26000000#012percpu 0#012sock 4096#012shmem 4096000#012file_mapped 0#012inactive_anon 0#012active_anon 12476416000#012slab 930048#012pgfault 12345",
    ]
    table = [
        "Tasks state (memory values in pages):",
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
    ]
    table += [f"[{500 + t:7d}]     0 {500 + t:5d} {rng.randrange(1000, 90000):8d} {rng.randrange(10, 9000):8d}   221184        0             0 worker-{t}" for t in range(tasks)]
    words = "Out of memory" if machine_wide else "Memory cgroup out of memory"
    scope = "CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom" if machine_wide else f"CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={path}"
    end = [
        f"[{pid:7d}]  1000 {pid:5d}  5200000  3050000 26000000        0             0 java",
        f"oom-kill:constraint={scope},task_memcg={path},task=java,pid={pid},uid=1000",
        f"{words}: Killed process {pid} (java) total-vm:20800000kB, anon-rss:12184000kB, file-rss:12000kB, shmem-rss:4000kB, UID:1000 pgtables:25390kB oom_score_adj:0",
        f"oom_reaper: reaped process {pid} (java), now anon-rss:0kB, file-rss:0kB, shmem-rss:4000kB",
    ]
    out = head + (memory if machine_wide else memcg) + table + end
    return "".join(line(second, "kernel: " + text) for text in out)
with open(path, "w", buffering=1 << 20) as file:
    size, last, second, done = 0, mib << 20, 0, 0
    chunk = [fill(noise[n % len(noise)]) for n in range(20000)]
    while size < last:
        if done < reports and size >= (last * done) // reports:
            text = report(second, done); done += 1
        else:
            at = rng.randrange(len(chunk) - 1000)
            text = "".join(line(second + n // 50, t) for n, t in enumerate(chunk[at:at + 1000]))
            second += 20
        file.write(text); size += len(text)
    assert done == reports, f"only {done} reports fit"
PY
}

now() { date +%s.%N; }
# Seconds that a command takes; exit status 1 is a verdict, not a failure.
seconds() {
    local start end
    start=$(now); "$@" >/dev/null || [ $? -eq 1 ] || return; end=$(now)
    echo "$start $end" | awk '{ printf "%.3f", $2 - $1 }'
}
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
calc() { awk "BEGIN { printf \"%.2f\", $1 }"; }
failed=0
bar() { # WORDS VALUE OPERATOR LIMIT
    if awk "BEGIN { exit !($2 $3 $4) }"; then echo "  $1: $2 ($3 $4)"; else echo "  $1: $2, NOT $3 $4"; failed=1; fi
}
peak_mib() { /usr/bin/time -f %M "$analyze" facts "$1" 2>&1 >/dev/null | awk 'END { printf "%.1f", $1 / 1024 }'; }
events() { "$analyze" facts "$1" | python3 -c 'import json,sys; f=json.load(sys.stdin); print(json.dumps(f).count("\"missing_kill_line\""))'; }

log=$scratch/messages
quarter=$scratch/messages-quarter
[ -s "$log" ] || make_log "$log" "$mib" "$reports"
[ -s "$quarter" ] || make_log "$quarter" $((mib / 4)) $((reports / 4))
cat "$log" "$quarter" >/dev/null # into the page cache for both programs
# In turn, so that the machine's other work meets both.
printf '%4s %12s %16s %8s\n' run ripgrep oomscene-analyze quarter
: >"$scratch/times"
for run in $(seq "$runs"); do
    rg_run=$(seconds rg -c 'oom-killer|Killed process|page allocation failure' "$log")
    our_run=$(seconds "$analyze" facts "$log")
    quarter_run=$(seconds "$analyze" facts "$quarter")
    printf '%4s %10s s %14s s %6s s\n' "$run" "$rg_run" "$our_run" "$quarter_run"
    echo "$rg_run $our_run $quarter_run" >>"$scratch/times"
done
column() { awk -v n="$1" '{ print $n }' "$scratch/times" | median; }
rg_s=$(column 1)
our_s=$(column 2)
quarter_s=$(column 3)
echo "$mib MiB, $reports reports, medians: ripgrep $(calc "$mib / $rg_s") MiB/s, oomscene-analyze facts $(calc "$mib / $our_s") MiB/s"
bar "speed beside ripgrep" "$(calc "$rg_s / $our_s")" ">=" 0.5
bar "time for four times the size" "$(calc "$our_s / $quarter_s")" "<=" 5
bar "peak memory in MiB" "$(peak_mib "$log")" "<=" 64
bar "reports found" "$(events "$log")" "==" "$reports"
if [ -z "${NO_GZIP:-}" ]; then
    [ -s "$log.gz" ] || gzip -1 -c "$log" >"$log.gz"
    : >"$scratch/times"
    for _ in $(seq $(((runs + 1) / 2))); do
        echo "$(seconds gzip -dc "$log.gz") $(seconds "$analyze" facts "$log.gz")" >>"$scratch/times"
    done
    gzip_s=$(column 1)
    ourgz_s=$(column 2)
    echo "gzipped: gzip -dc $gzip_s s, oomscene-analyze facts $ourgz_s s"
    bar "time beside gzip -dc" "$(calc "$ourgz_s / $gzip_s")" "<=" 1.3
    bar "peak memory in MiB" "$(peak_mib "$log.gz")" "<=" 64
fi
# A log that is nothing but kills: what is kept of it is bounded, and a gap says what was not.
storm=$scratch/storm
awk 'BEGIN { for (n = 0; n < 90000; n++) printf "[%7d.000000] Memory cgroup out of memory: Killed process %d (worker-%d) total-vm:8000kB, anon-rss:4000kB, file-rss:0kB\n", 2 * n, 1000 + n, n % 50 }' >"$storm"
echo "90000 kills in $(($(stat -c %s "$storm") >> 20)) MiB: $(seconds "$analyze" facts "$storm") s"
bar "peak memory in MiB" "$(peak_mib "$storm")" "<=" 256
told=$("$analyze" facts "$storm" | grep -c 'too many OOM events to keep: 84000 of them') || true
bar "gaps that say what was only counted" "$told" "==" 1
exit $failed
