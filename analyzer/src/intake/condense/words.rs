//! Words of lines about memory, and the fast search for them.
//!
//! Which words those are is known here and not with the log parsers, because what is not kept never
//! reaches them. A word too many costs time, a word too few costs a report: the list is generous, and
//! the parsers' own tests ask whether the lines that they know are kept.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr_iter, memmem};

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

/// Each word above holds one of these parts. They are chosen and ordered for the vector search, which
/// looks at the first four bytes of all of them at once and has eight buckets, filled in turn: parts
/// of one bucket are alike in their bytes, and no part begins like common words, so that the search
/// seldom stops for nothing. With other parts it is up to four times slower: see `benches/log.sh`.
/// Of more than 32 parts it would look at half as many bytes at once, so there are two sets.
/// The lone word of three letters has a search of its own, or three bytes would be looked at.
const PARTS: [&[&str]; 3] = [
    &[
        "lmkd",
        "_kill",
        "XECVE",
        "ille",
        "pe=1",
        "e_anon",
        "al_vm",
        "ages RAM",
        "nux version ",
        "detected stall",
        "ump_header",
        "illin",
        "= -1 E",
        "fork",
        "yoom",
        "m_reaper",
        "nohan",
        "IGKILL",
        "ressed",
        "ill process",
        "emory",
        "VmData",
        " lockup",
        "oom-kill",
        "lloc",
        "oomd",
        "result '",
        "IGTERM to ",
        " more than",
        "ages dropped",
        "viction",
        "igkill",
    ],
    &[
        "ree(): ",
        "ata too larg",
        "it_status:13",
        "cklog limit ",
        "le free or",
        "wning",
        " OS thread",
        "rt thread",
        "t heap",
        "dumped core",
        "EMORY",
        "x8007000E",
        " oom ",
        "ffer overrun",
        "hdog timeout",
        "ew thread",
        "pthread_crea",
        "tCode=137",
        "corrupted ",
        "yslog missed",
        "l message",
        "t_lost",
        "ss space",
        "te-limiting",
        "Log statisti",
        "NOM_ABEND",
        "emporarily",
        "ignal 9",
        "/oom",
        "nned by",
        "swap-device",
    ],
    &["OOM"],
];

/// More than the bytes of any word.
pub(super) const REACH_BYTES: usize = 32;
/// Bytes that the sets of parts look at in turn: they come from the nearest cache the second time.
const STEP_BYTES: usize = 8 * 1024;
static FINDERS: LazyLock<Vec<AhoCorasick>> =
    LazyLock::new(|| PARTS.iter().map(|parts| search(parts.iter())).collect());

static WORDS: LazyLock<AhoCorasick> =
    LazyLock::new(|| search(REPORT_WORDS.iter().chain(SINGLE_WORDS)));

fn search<'w>(words: impl Iterator<Item = &'w &'w str>) -> AhoCorasick {
    // Leftmost matches let the searcher use vector instructions for them.
    let built = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words);
    match built {
        Ok(searcher) => searcher,
        Err(error) => unreachable!("words: {error}"),
    }
}

/// Offset of the first word that begins in `from..to`; it may end behind.
pub(super) fn find(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        let step = to.min(at + STEP_BYTES);
        let Some(part) = first_part(bytes, at, bytes.len().min(step + REACH_BYTES)) else {
            at = step;
            continue;
        };
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

fn first_part(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut first = None;
    for finder in FINDERS.iter() {
        // What lies behind the first part of one set is no matter for the next; a part may reach
        // over it.
        let end = first.map_or(to, |at: usize| to.min(at + REACH_BYTES));
        let found = finder.find(bytes.get(from..end)?);
        let start = found.map(|part| from + part.start());
        first = first.min(start).or(first).or(start);
    }
    first
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

/// Whether the record is a row of the task table or of the slab table: a machine has thousands, none
/// with a word above.
pub(super) fn is_row(record: &[u8]) -> bool {
    memchr_iter(b'[', record).any(|at| is_task(record.get(at + 1..).unwrap_or_default()))
        || memmem::find_iter(record, b"KB ").any(|at| {
            let (before, after) = record.split_at(at);
            let size = after.get(2..).unwrap_or_default().trim_ascii_start();
            before.last().is_some_and(u8::is_ascii_digit)
                && number(size).is_some_and(|rest| rest.starts_with(b"KB"))
        })
}

/// `  500]     0   500     1000      100 ` and what follows it.
fn is_task(text: &[u8]) -> bool {
    let blanks = |text: &'_ [u8]| -> usize { text.iter().take_while(|b| **b == b' ').count() };
    let Some(mut rest) = text
        .get(blanks(text)..)
        .and_then(number)
        .and_then(|rest| rest.strip_prefix(b"]"))
    else {
        return false;
    };
    for column in 0..4 {
        let gap = blanks(rest);
        let word = rest.get(gap..).unwrap_or_default();
        // The user is printed signed.
        let word = match word.strip_prefix(b"-") {
            Some(word) if column == 0 => word,
            _ => word,
        };
        match number(word).filter(|_| gap > 0) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.starts_with(b" ")
}

/// What follows the digits at the start of `text`; `None` when there are none.
fn number(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    text.get(digits..).filter(|_| digits > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_wherever_it_stands() {
        for word in SINGLE_WORDS.iter().chain(REPORT_WORDS) {
            assert!(word.len() < REACH_BYTES, "{word}");
            let parts = PARTS.concat();
            assert!(parts.iter().any(|part| word.contains(part)), "{word}");
            for at in [0, 1, STEP_BYTES - 3, STEP_BYTES, 3 * STEP_BYTES - 9] {
                for filler in ["-", "alloc "] {
                    let mut text = filler.repeat(at / filler.len());
                    text.push_str(&"-".repeat(at - text.len()));
                    text.push_str(word);
                    let found = find(text.as_bytes(), 0, text.len());
                    assert_eq!(found, Some(at), "{word} after {at} bytes of {filler}");
                    assert_eq!(find(text.as_bytes(), 0, at), None, "{word} behind {at}");
                }
            }
        }
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

    #[test]
    fn rows_are_rows() {
        assert!(is_row(
            b"[  500]     0   500     1000      100   221184        0             0 a"
        ));
        assert!(is_row(b"kmalloc-64   12KB      13KB"));
        assert!(is_row(
            b"Aug 17 03:12:59 h kernel: [12.5] [  500]  -2   500  1000  100  4096  0  0 a b"
        ));
        assert!(is_row(b"[500] 0 500 1000 100 "));
        for other in [
            "sshd[12]: session opened",
            "[500] 0 500 1000 100",
            "[500] 0 -500 1000 100 1",
            "[ pid ]   uid  tgid total_vm      rss",
            "[500]0 500 1000 100 1",
            "12KBit 13KB",
            "12KB free",
            "KB 13KB",
            "12KB 13kB",
        ] {
            assert!(!is_row(other.as_bytes()), "{other}");
        }
    }
}
