//! The cgroup part of a report: whose limit fired, and its counters.

use crate::facts::log::pattern::{number, pattern, text};

/// Paths of `Task in A killed as a result of limit of B` (to 4.20), or of B alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitPaths {
    /// cgroup of the victim.
    pub task: Option<String>,
    /// cgroup whose limit fired.
    pub limit: Option<String>,
}

/// Reads the line that names the cgroups (2.6.32 to 4.20).
#[must_use]
pub fn limit_paths(line: &str) -> Option<LimitPaths> {
    if let Some(rest) = line.strip_prefix("Task in ") {
        let (task, limit) = rest.split_once(" killed as a result of limit of ")?;
        let some = |path: &str| (!path.is_empty()).then(|| path.trim().to_owned());
        return Some(LimitPaths {
            task: some(task),
            limit: some(limit),
        });
    }
    let limit = line.strip_prefix("Memory limit reached of cgroup ")?;
    Some(LimitPaths {
        task: None,
        limit: Some(limit.trim().to_owned()),
    })
}

/// What a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Memory.
    Memory,
    /// Memory plus swap (v1).
    MemoryAndSwap,
    /// Kernel memory (v1).
    KernelMemory,
    /// Swap (v2).
    Swap,
}

/// `memory: usage NkB, limit NkB, failcnt N`.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// Which one.
    pub counted: Counted,
    /// Usage in bytes.
    pub usage_bytes: Option<u64>,
    /// Limit in bytes as printed; see [`Counter::limit`].
    pub printed_limit_bytes: Option<u64>,
    /// Charges that met the limit.
    pub failcnt: Option<u64>,
}

/// Largest limit in kB that anybody sets; more means unlimited. Kernels print the largest number
/// their counter holds, which is 2^53 kB or more on 64-bit (`PAGE_COUNTER_MAX`, `RES_COUNTER_MAX`).
const LIMIT_KB_MAX: u64 = 1 << 52;

/// What 32-bit kernels with 4 KiB pages print for no limit.
const UNLIMITED_32BIT_KB: u64 = 8_589_934_588;

/// Printed limits in kB that mean "none" and tell the page size: `PAGE_COUNTER_MAX` in pages times
/// the page size.
const SENTINELS: &[(u64, u64)] = &[
    (9_007_199_254_740_988, 4096),
    (9_007_199_254_740_984, 8192),
    (9_007_199_254_740_976, 16_384),
    (9_007_199_254_740_928, 65_536),
    (UNLIMITED_32BIT_KB, 4096),
];

impl Counter {
    /// The limit in bytes; `None` when it is unlimited or lost.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        self.printed_limit_bytes
            .filter(|bytes| *bytes / 1024 < LIMIT_KB_MAX && *bytes / 1024 != UNLIMITED_32BIT_KB)
    }

    /// Page size in bytes that an "unlimited" limit gives away.
    #[must_use]
    pub fn page_size_bytes(&self) -> Option<u64> {
        let kb = self.printed_limit_bytes? / 1024;
        SENTINELS
            .iter()
            .find(|(sentinel, _)| *sentinel == kb)
            .map(|(_, size)| *size)
    }
}

pattern!(
    COUNTER,
    r#"^(?P<which>memory|memory\+swap|kmem|swap): usage (?P<usage>\d+)kB(?:, limit (?P<limit>\d+)kB(?:, failcnt (?P<failcnt>\d+)(?:[,\s"]|$))?)?"#
);

/// Reads a counter line.
#[must_use]
pub fn counter(line: &str) -> Option<Counter> {
    if !line.starts_with(['m', 'k', 's']) {
        return None;
    }
    let groups = COUNTER.captures(line)?;
    let kb = |name| number::<u64>(&groups, name).and_then(|kb| kb.checked_mul(1024));
    Some(Counter {
        counted: match text(&groups, "which")? {
            "memory" => Counted::Memory,
            "memory+swap" => Counted::MemoryAndSwap,
            "kmem" => Counted::KernelMemory,
            _ => Counted::Swap,
        },
        usage_bytes: kb("usage"),
        printed_limit_bytes: kb("limit"),
        failcnt: number(&groups, "failcnt"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_sentinels() {
        let read = counter("memory: usage 104857600kB, limit 104857600kB, failcnt 434715").unwrap();
        assert_eq!(read.usage_bytes, Some(107_374_182_400));
        assert_eq!(read.limit(), Some(107_374_182_400));
        assert_eq!(read.failcnt, Some(434_715));
        for (line, page) in [
            (
                "memory+swap: usage 1kB, limit 9007199254740976kB, failcnt 0",
                Some(16_384),
            ),
            (
                "kmem: usage 0kB, limit 9007199254740988kB, failcnt 0",
                Some(4096),
            ),
            (
                "kmem: usage 0kB, limit 9007199254740928kB, failcnt 0",
                Some(65_536),
            ),
            (
                "memory: usage 0kB, limit 9007199254740991kB, failcnt 0",
                None,
            ),
            (
                "memory: usage 0kB, limit 18014398509481983kB, failcnt 0",
                None,
            ),
            (
                "memory: usage 0kB, limit 8589934588kB, failcnt 0",
                Some(4096),
            ),
        ] {
            let read = counter(line).unwrap();
            assert_eq!(
                (read.limit(), read.page_size_bytes()),
                (None, page),
                "{line}"
            );
        }
    }

    #[test]
    fn torn_counters_keep_what_is_whole() {
        let read = counter("memory: usage 104857600kB, limit 1048").unwrap();
        assert_eq!(
            (read.usage_bytes, read.limit()),
            (Some(107_374_182_400), None)
        );
        assert_eq!(counter("memory: usage 1048"), None);
    }
}
