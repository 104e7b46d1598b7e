//! Words of lines about memory, and the fast search for them.
//!
//! Which words those are is known here and not with the log parsers, because what is not kept never
//! reaches them. A word too many costs time, a word too few costs a report: the list is generous, and
//! the parsers' own tests ask whether the lines that they know are kept.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::parts::{self, Parts};

/// Records kept before and after one with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) before: usize,
    pub(super) after: usize,
}

/// Registers and stack words have up to 60 lines without a word of a report, the statistics of a
/// control group up to 80.
pub(super) const REPORT: Around = Around {
    before: 32,
    after: 96,
};
/// The same for a line that stands for itself; the lines of one audit event are neighbours.
const SINGLE: Around = Around {
    before: 2,
    after: 2,
};

/// Words of lines that stand for themselves, and that some machines log all the time.
const SINGLE_WORDS: &[&str] = &[
    // Killers in user space.
    "OOM",
    "oomd",
    "earlyoom",
    "nohang",
    "lmkd",
    "lowmemorykiller",
    "sigkill to ",
    "SIGKILL",
    "SIGTERM to ",
    "illing process",
    // What was lost before it was logged.
    " suppressed",
    "Suppressed ",
    "messages dropped",
    "kernel message",
    "syslog missed",
    "buffer overrun",
    "rate-limiting",
    "audit_lost",
    "backlog limit exceeded",
    "Log statistics",
    // systemd, the kubelet, container runtimes.
    "illed, status=9",
    "result 'signal'",
    "result 'core-dump'",
    "result 'watchdog'",
    "timed out. Killing",
    "atchdog timeout",
    "memory peak",
    "viction manager",
    "EvictionThresholdMet",
    "nsufficient memory",
    "InsufficientMemory",
    "low on resource: memory",
    "/tasks/oom",
    "container oom ",
    // Refused memory, threads and processes.
    "llocate memory",
    "annot allocate",
    "Unable to allocate",
    "emory allocation",
    "_memory(0x",
    "object heap",
    "address space",
    "memory exhausted",
    "Allowed memory size",
    "Out Of Memory",
    "OUT OF MEMORY",
    "OutOfMemory",
    "MemoryError",
    "bad_alloc",
    "heap_alloc",
    "malloc",
    "realloc",
    "free(): ",
    "corrupted size",
    "corrupted double",
    "double free or",
    "Data too large",
    "0x8007000E",
    "tart thread",
    "start new thread",
    "new OS thread",
    "pthread_create",
    "esource temporarily",
    "while spawning",
    "fork: ",
    "= -1 ENOMEM",
    "= -1 EAGAIN (Resource",
    // Processes that ended by a signal.
    "+++ killed by",
    " signal 9",
    " Killed",
    "Killed: 9",
    "dumped core",
    "ANOM_ABEND",
    "type=1701",
    "exit_status:137",
    "exitCode=137",
    "EXECVE",
    "type=1309",
    // Single lines of the kernel.
    "Linux version ",
    "fork rejected",
    "VmData",
    "enough memory",
    "percpu: allocation",
    "PERCPU: allocation",
    "vmap allocation",
    "detected stall",
    "mm pinned by",
    "-error on swap-device",
];

/// Words of reports of several lines.
const REPORT_WORDS: &[&str] = &[
    "oom-kill",
    "oom_reaper",
    "oom_kill",
    "oom killer",
    "ill process",
    "illed process",
    "VM: killing ",
    "order allocation failed",
    "deadlocked on memory",
    "memory.oom.group",
    "ut of memory",
    "out_of_memory",
    "memory: usage",
    "emory limit",
    "Memory cgroup",
    "page allocation ",
    "active_anon",
    "total_vm",
    " pages RAM",
    "vmalloc",
    " for more than ",
    "soft lockup",
    "dump_header",
    "killed as a result",
];

/// More than the bytes of any word.
pub(super) const REACH_BYTES: usize = 32;

static PARTS: LazyLock<Parts> = LazyLock::new(Parts::new);

static WORDS: LazyLock<AhoCorasick> =
    LazyLock::new(|| parts::search(REPORT_WORDS.iter().chain(SINGLE_WORDS)));

/// Offset of the first word that begins in `from..to`; it may end behind.
pub(super) fn find(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    find_by(&PARTS, bytes, from, to)
}

fn find_by(parts: &Parts, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        let part = parts.first(bytes, at, bytes.len().min(to + REACH_BYTES))?;
        let low = part.saturating_sub(REACH_BYTES).max(at);
        let high = bytes.len().min(part + REACH_BYTES);
        if let Some(word) = WORDS.find(bytes.get(low..high)?) {
            let start = low + word.start();
            return (start < to).then_some(start);
        }
        // A word that began here or earlier would have been seen whole.
        at = part + 1;
    }
    None
}

/// What a record asks for by its words; a word of a report counts for more than one that stands for
/// itself.
pub(super) fn around(record: &[u8]) -> Option<Around> {
    let mut from = find(record, 0, record.len())?;
    let mut single = false;
    while let Some(word) = WORDS.find(record.get(from..).unwrap_or_default()) {
        if word.pattern().as_usize() < REPORT_WORDS.len() {
            return Some(REPORT);
        }
        single = true;
        // The word of a report may begin inside of one that stands for itself.
        from += word.start() + 1;
    }
    single.then_some(SINGLE)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn each_word_is_found_wherever_it_stands() {
        let ways = [Parts::new(), Parts::sets()];
        for word in SINGLE_WORDS.iter().chain(REPORT_WORDS) {
            assert!(word.len() < REACH_BYTES, "{word}");
            for at in [0, 1, 61, 64, 8189, 8192, 3 * 8192 - 9] {
                for filler in ["-", "alloc ", "内存"] {
                    let mut text = filler.repeat(at / filler.len());
                    text.push_str(&"-".repeat(at - text.len()));
                    text.push_str(word);
                    for parts in &ways {
                        let find = |to| find_by(parts, text.as_bytes(), 0, to);
                        let found = find(text.len());
                        assert_eq!(found, Some(at), "{word} after {at} bytes of {filler}");
                        assert_eq!(find(at), None, "{word} behind {at}");
                    }
                }
            }
        }
    }

    /// Words, their beginnings and noise in any order: both searches see the same.
    #[test]
    fn both_searches_find_the_same() {
        let (wide, sets) = (Parts::new(), Parts::sets());
        if matches!(wide, Parts::Sets(_)) {
            // Not captured: whoever runs the tests must see it.
            let said = "NOT TESTED: the wide search needs a processor with AVX-512 VBMI";
            writeln!(std::io::stderr(), "{said}").unwrap();
        }
        let mut text = Vec::new();
        let mut random = 7_u32;
        let words: Vec<&str> = SINGLE_WORDS.iter().chain(REPORT_WORDS).copied().collect();
        while text.len() < 1 << 18 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let pick = (random >> 8) as usize;
            let word = words[pick % words.len()].as_bytes();
            let cut = pick / 256 % 40;
            text.extend_from_slice(&word[..word.len().min(cut)]);
            text.extend(std::iter::repeat_n(random as u8, pick % 3));
        }
        let (mut from, mut found) = (0, 0);
        while from < text.len() {
            let to = text.len().min(from + 300);
            let at = find_by(&wide, &text, from, to);
            assert_eq!(at, find_by(&sets, &text, from, to), "{from}..{to}");
            from = at.map_or(to, |at| at + 1);
            found += usize::from(at.is_some());
        }
        assert!(found > 1000, "{found}");
    }

    #[test]
    fn a_report_counts_for_more_than_a_single_word() {
        assert_eq!(around(b"TaskOOM: a invoked oom-killer"), Some(REPORT));
        assert_eq!(around(b"kubelet: OOM, OOM"), Some(SINGLE));
        // One word inside of the other.
        assert_eq!(around(b"kernel: Killed process 7 (a)"), Some(REPORT));
        assert_eq!(
            around(b"postgres: (PID 7) was terminated by signal 9: Killed"),
            Some(SINGLE)
        );
        assert_eq!(around(b"request for room 12, zoom level 3, blocks 4"), None);
    }
}
