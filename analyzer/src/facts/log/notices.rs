//! Lines of the kernel that are no report and tell about memory all the same: failed kernel
//! allocations, hung tasks, lockups, limits of processes and pids, and where a kernel started.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{
    line::Line,
    pattern::{number, pattern, text},
    said::Said,
};
use crate::facts::Record;

/// One such line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notice {
    pub(super) kind: &'static str,
    comm: Option<String>,
    pid: Option<u64>,
    seconds: Option<u64>,
    bytes: Option<u64>,
    limit_bytes: Option<u64>,
    path: Option<String>,
    /// Lines that say the same, where they are counted.
    times: Option<u64>,
}

/// What the line after a failed allocation has, which names its cache.
pub(super) const CACHE_MARKERS: &[&str] = &[", object size: "];

/// Words that every form below has.
pub(super) const MARKERS: &[&str] = &[
    "Linux version ",
    "Unable to allocate memory",
    "vmalloc",
    "vmap allocation",
    "percpu: allocation",
    "for more than",
    "soft lockup",
    "fork rejected",
    "VmData",
    "enough memory for",
    "enough memory",
    "detected stall",
    "self-detected",
    "out of memory -- consider",
    "page allocation stalls",
    "VM_FAULT_OOM leaked",
    "mm pinned by",
    "callbacks suppressed",
    "on swap-device (",
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(MARKERS).ok());

pattern!(BOOT, r"^Linux version (?P<path>\S+) ");
pattern!(SLAB, r"^SL[AU]B: Unable to allocate memory on ");
pattern!(
    CACHE,
    r"^cache: (?P<path>\S+), object size: (?P<bytes>\d+),"
);
pattern!(
    VMALLOC,
    r"^(?:(?P<comm>.{1,16}): )?(?:vmalloc: allocation failure|vmalloc error: size|vmap allocation for size|vmalloc_node_range for size)[:,]? (?:allocated \d+ of )?(?P<bytes>\d+)"
);
pattern!(
    PERCPU,
    r"^(?:percpu|PERCPU): allocation failed, size=(?P<bytes>\d+) "
);
pattern!(
    HUNG,
    r"^INFO: task (?P<comm>.*):(?P<pid>\d+) blocked (?:in I/O wait )?for more than (?P<seconds>\d+) seconds"
);
pattern!(
    LOCKUP,
    r"^(?:watchdog: |NMI watchdog: )?BUG: soft lockup (?:- CPU#\d+ stuck for (?P<seconds>\d+)s! \[(?P<comm>.*):(?P<pid>\d+)\]|detected on CPU#\d+!)"
);
pattern!(
    PIDS,
    r"^cgroup: fork rejected by pids controller in (?P<path>.*)$"
);
pattern!(
    VM_DATA,
    r"^mmap: (?P<comm>.*) \((?P<pid>\d+)\): VmData (?P<bytes>\d+) exceed data ulimit (?P<limit>\d+)\."
);
pattern!(
    OVERCOMMIT,
    r"^__vm_enough_memory: pid: (?P<pid>\d+), comm: (?P<comm>.*?),(?: bytes: (?P<bytes>\d+))? (?:no|not) enough memory"
);
pattern!(
    RCU,
    r"^(?:rcu: )?INFO: \S+ (?:detected stalls|self-detected stall)"
);
pattern!(TCP, r"^TCP: out of memory -- consider tuning tcp_mem");
pattern!(
    STALL,
    r"^(?P<comm>.*): page allocation stalls for (?P<seconds>\d+)\d{3}ms,"
);
pattern!(FAULT, r"^Huh VM_FAULT_OOM leaked out to the #PF handler");
pattern!(
    PINNED,
    r"^oom killer (?P<pid>\d+) \((?P<comm>.*)\) has mm pinned by "
);
pattern!(
    SUPPRESSED,
    r"^(?P<path>[A-Za-z0-9_.]+): \d+ callbacks suppressed$"
);

pattern!(
    SWAP_WRITE,
    r"^Write-error on swap-device \((?P<path>\d+:\d+):\d+\)"
);
pattern!(
    SWAP_READ,
    r"^Read-error on swap-device \((?P<path>\d+:\d+):\d+\)"
);

/// Reads the line into the list of its log.
pub(super) fn read(line: &Line<'_>, index: u64, all: &mut Vec<Said<Notice>>) {
    if let Some(notice) = notice(line) {
        if notice.times.is_some() {
            repeated(notice, line, index, all);
        } else {
            all.push(Said::at(notice, line, index));
        }
        return;
    }
    // The line after `SLUB: Unable to allocate memory` names the cache.
    if let Some(last) = all.last_mut()
        && last.value.kind == "slab allocation failure"
        && last.value.path.is_none()
        && line.kernel()
        && last.is_near(line, index, SLAB_LINES_MAX, 1.0)
        && let Some(groups) = CACHE.captures(line.bare())
    {
        last.value.path = text(&groups, "path").map(str::to_owned);
        last.value.bytes = number(&groups, "bytes");
        last.evidence.push(line.evidence());
    }
}

/// How many notices back the same one is looked for.
const REPEATED_WITHIN: usize = 16;

/// A line for each page that swap lost: tens of thousands in a second are one notice with a count, which keeps
/// its first line and its last.
fn repeated(notice: Notice, line: &Line<'_>, index: u64, all: &mut Vec<Said<Notice>>) {
    let same = all
        .iter_mut()
        .rev()
        .take(REPEATED_WITHIN)
        .find(|said| said.value.kind == notice.kind && said.value.path == notice.path);
    let Some(said) = same else {
        all.push(Said::at(notice, line, index));
        return;
    };
    said.value.times = said.value.times.map(|times| times.saturating_add(1));
    said.evidence.truncate(1);
    said.evidence.push(line.evidence());
}

/// How soon the name of the cache follows.
const SLAB_LINES_MAX: u64 = 4;

/// What the line says.
fn notice(line: &Line<'_>) -> Option<Notice> {
    if !line.kernel() || FINDER.as_ref().is_some_and(|f| !f.is_match(line.text)) {
        return None;
    }
    let forms: [(&'static str, &regex::Regex); 17] = [
        ("boot", &BOOT),
        ("slab allocation failure", &SLAB),
        ("vmalloc failure", &VMALLOC),
        ("percpu failure", &PERCPU),
        ("hung task", &HUNG),
        ("soft lockup", &LOCKUP),
        ("fork rejected by pids limit", &PIDS),
        ("data limit exceeded", &VM_DATA),
        ("overcommit refused", &OVERCOMMIT),
        ("rcu stall", &RCU),
        ("tcp memory limit", &TCP),
        ("allocation stall", &STALL),
        ("page fault without memory", &FAULT),
        ("memory pinned by a protected task", &PINNED),
        ("suppressed messages", &SUPPRESSED),
        ("swap write failed", &SWAP_WRITE),
        ("swap read failed", &SWAP_READ),
    ];
    let bare = line.bare().trim_end();
    let (kind, groups) = forms
        .iter()
        .find_map(|(kind, form)| Some((*kind, form.captures(bare)?)))?;
    let owned = |name| text(&groups, name).map(str::to_owned);
    Some(Notice {
        kind,
        comm: owned("comm"),
        pid: number(&groups, "pid"),
        seconds: number(&groups, "seconds"),
        bytes: number(&groups, "bytes"),
        limit_bytes: number(&groups, "limit"),
        path: owned("path"),
        times: kind.starts_with("swap ").then_some(1),
    })
}

impl Said<Notice> {
    /// The record of this line.
    pub(super) fn record(&self) -> Record {
        let (notice, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("kind", notice.kind, place.clone());
        record.put_some("comm", notice.comm.clone(), place);
        record.put_some("pid", notice.pid, place);
        record.put_some("blocked_seconds", notice.seconds, place);
        record.put_some("asked_bytes", notice.bytes, place);
        record.put_some("limit_bytes", notice.limit_bytes, place);
        record.put_some("about", notice.path.clone(), place);
        record.put_some("times_count", notice.times, place);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::said::testing::{kept, line},
        *,
    };

    #[test]
    fn each_form_is_known() {
        for (text, kind) in [
            ("Linux version 6.12.9-1-amd64 (gcc) #1", "boot"),
            (
                "SLUB: Unable to allocate memory on node -1 (gfp=0x20)",
                "slab allocation failure",
            ),
            (
                "SLUB: Unable to allocate memory on CPU 1 (of node 0) on node 0, gfp=0x820(GFP_ATOMIC)",
                "slab allocation failure",
            ),
            ("vmalloc: allocation failure: 4096 bytes", "vmalloc failure"),
            (
                "a b: vmalloc error: size 4096, failed to allocate pages, mode:0xcc0",
                "vmalloc failure",
            ),
            (
                "vmap allocation for size 4096 failed: use vmalloc=<size> to increase size",
                "vmalloc failure",
            ),
            (
                "INFO: task a:b:12 blocked for more than 120 seconds.",
                "hung task",
            ),
            (
                "INFO: task a:12 blocked in I/O wait for more than 120 seconds.",
                "hung task",
            ),
            ("BUG: soft lockup detected on CPU#0!", "soft lockup"),
            (
                "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [kswapd0:12]",
                "soft lockup",
            ),
            (
                "cgroup: fork rejected by pids controller in /a b",
                "fork rejected by pids limit",
            ),
            (
                "mmap: a (12): VmData 4096 exceed data ulimit 1024. Update limits or use boot option ignore_rlimit_data.",
                "data limit exceeded",
            ),
            (
                "__vm_enough_memory: pid: 12, comm: a, bytes: 4096 not enough memory for the allocation",
                "overcommit refused",
            ),
            (
                "rcu: INFO: rcu_sched self-detected stall on CPU",
                "rcu stall",
            ),
            (
                "TCP: out of memory -- consider tuning tcp_mem",
                "tcp memory limit",
            ),
            (
                "a: page allocation stalls for 10010ms, order:0, mode:0x1",
                "allocation stall",
            ),
            ("warn_alloc: 25 callbacks suppressed", "suppressed messages"),
            (
                "Write-error on swap-device (253:0:705368)",
                "swap write failed",
            ),
            ("Read-error on swap-device (8:2:705368)", "swap read failed"),
        ] {
            assert!(kept("kernel", text), "{text}");
            let line = line("kernel", text);
            assert_eq!(notice(&line).map(|n| n.kind), Some(kind), "{text}");
        }
    }

    #[test]
    fn a_storm_of_swap_errors_is_one_notice() {
        let mut all = Vec::new();
        let lines = [
            "Write-error on swap-device (253:0:157448)",
            "Write-error on swap-device (8:2:4)",
            "SLUB: Unable to allocate memory on node -1, gfp=0xc00(GFP_NOIO)",
            "Write-error on swap-device (253:0:705368)",
            "Write-error on swap-device (253:0:704824)",
        ];
        for (index, text) in (0..).zip(lines) {
            read(&line("kernel", text), index, &mut all);
        }
        let told: Vec<_> = all
            .iter()
            .map(|n| (n.value.kind, n.value.times, n.evidence.len()))
            .collect();
        assert_eq!(
            told,
            [
                ("swap write failed", Some(3), 2),
                ("swap write failed", Some(1), 1),
                ("slab allocation failure", None, 1)
            ]
        );
    }

    #[test]
    fn the_cache_of_a_slab_failure_is_named_in_the_next_line() {
        let mut all = Vec::new();
        let lines = [
            "SLUB: Unable to allocate memory on node -1 (gfp=0x20)",
            "  cache: kmalloc-512, object size: 512, buffer size: 512, default order: 3, min order: 0",
            "  node 0: slabs: 9, objs: 90, free: 0",
        ];
        for (index, text) in (0..).zip(lines) {
            read(&line("kernel", text), index, &mut all);
        }
        let [one] = <[_; 1]>::try_from(all).unwrap();
        assert_eq!(one.value.path.as_deref(), Some("kmalloc-512"));
        assert_eq!(one.evidence.len(), 2);
    }
}
