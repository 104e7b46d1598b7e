//! One cheap pass tells whether a line can open a report: most lines of a log have nothing to do
//! with memory, and the patterns of [`super::part`] are many.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Every line that opens something has one of these, or begins with a bracket.
const MARKERS: &[&str] = &[
    "oom-kill",
    "oom_",
    "OOM",
    "ut of memory",
    "ill process",
    "illed process",
    "page allocation",
    "llocation failure",
    "allocation failed",
    "Mem-Info",
    "_anon:",
    "_file:",
    "slab",
    "free:",
    "active:",
    "kB",
    "KB",
    "pages",
    "pagetables",
    "usage ",
    "failcnt",
    "emory cgroup",
    "cgroup",
    "mems_allowed",
    "Task",
    "+0x",
    "CPU:",
    "Pid:",
    "suppressed",
    "emory limit",
    "memory",
    "shmem",
    "mapped:",
    "dirty:",
    "Hardware name",
    "Call ",
    "panic",
    "vmalloc",
    "killing process",
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(MARKERS).ok());

/// Whether the line may open a report. An empty one may be a prefix whose text was wrapped.
pub(super) fn may_open(text: &str) -> bool {
    text.is_empty()
        || text.starts_with('[')
        || FINDER.as_ref().is_none_or(|finder| finder.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::may_open;
    use crate::facts::oom::part::{Context, part};

    #[test]
    fn no_line_that_opens_is_passed_over() {
        for line in [
            "a invoked oom-killer",
            "VM: killing process a",
            "out_of_memory from __alloc_pages+0xa98/0x1044",
            "Killed process 12 (a)",
            "Out of memory: Kill process 12 (a) score 1 or sacrifice child",
            "Task in /a killed as a result of limit of /b",
            "Memory limit reached of cgroup /a",
            "memory: usage 1kB, limit 1kB, failcnt 0",
            "Memory cgroup stats for /a:",
            "oom_reaper: unable to reap pid:12 (a)",
            "a cpuset=/ mems_allowed=0",
            "oom_kill_process: 12 callbacks suppressed",
            "a: page allocation failure. order:0, mode:0x20",
            "__alloc_pages: 0-order allocation failed (gfp=0x20/0)",
            "oom-killer: gfp_mask=0xd0",
            "Free swap  = 0kB",
            "[ pid ]   uid  tgid total_vm      rss cpu oom_adj name",
            "Tasks state (memory values in pages):",
            "free:20227 free_pcp:120 free_cma:0",
            "Active:12 inactive:3 dirty:0 writeback:0 unstable:0",
            "mapped:4 shmem:0 pagetables:5 bounce:0",
            "unevictable:0 dirty:12 writeback:0 unstable:0",
            "2000000 pages RAM",
            "DMA: 1*4kB 0*8kB = 4kB",
            "out_of_memory+0x2d1/0x4f0",
            "Kernel panic - not syncing: System is deadlocked on memory",
            "Out of memory: system-wide panic_on_oom is enabled",
            "OOM request ignored. No task eligible",
            "sysrq: Manual OOM execution",
            "Tasks in /a are going to be killed due to memory.oom.group set",
        ] {
            assert!(part(line, Context::default()).is_some(), "{line}");
            assert!(may_open(line), "{line}");
        }
        assert!(!may_open("usb 1-1: new high-speed device"));
    }

    /// Lines that may be all that is left of a report, or all that there is.
    #[test]
    fn a_lone_line_of_a_long_log_is_kept() {
        for line in [
            "a invoked oom-killer",
            "VM: killing process a",
            "Killed process 12 (a)",
            "Task in /a killed as a result of limit of /b",
            "Memory limit reached of cgroup /a",
            "oom_reaper: unable to reap pid:12 (a)",
            "oom_kill_process: 12 callbacks suppressed",
            "a: page allocation failure. order:0, mode:0x20",
            "__alloc_pages: 0-order allocation failed (gfp=0x20/0)",
            "Kernel panic - not syncing: System is deadlocked on memory",
            "OOM request ignored. No task eligible",
            "sysrq: Manual OOM execution",
            "Tasks in /a are going to be killed due to memory.oom.group set",
        ] {
            assert!(crate::intake::is_kept(line), "{line}");
        }
    }
}
