//! Lines around a kill: panics, nobody to kill, sysrq, whole groups, suppressed reports.

use crate::facts::log::pattern::{number, owned, pattern};

/// One of these lines.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The kernel panicked, and what it said.
    Panic(String),
    /// Nothing was left to kill.
    NoVictim(String),
    /// An operator asked for a kill.
    Sysrq(String),
    /// `memory.oom.group`: every task of this cgroup dies.
    Group(String),
}

/// How these lines begin; a torn one may lack its first word.
const BEGINNINGS: &[&str] = &[
    "kernel panic",
    "panic - not",
    "out of memory",
    "oom request",
    "system is deadlocked",
];

/// Reads such a line.
#[must_use]
pub fn ending(line: &str) -> Option<Ending> {
    let whole = || line.trim_end().to_owned();
    if let Some(rest) = line.strip_prefix("Tasks in ") {
        let path = rest
            .split_once(" are going to be killed due to memory.oom.group")?
            .0;
        return Some(Ending::Group(path.to_owned()));
    }
    if line.contains("Manual OOM execution") {
        return Some(Ending::Sysrq(whole()));
    }
    // The last line of a panic repeats its reason.
    if line.starts_with("---[") {
        return None;
    }
    // A sentence that quotes the words has others before or after them.
    let begins = BEGINNINGS.iter().any(|words| {
        line.get(..words.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(words))
    });
    if !begins || line.contains(['"', '`', '“']) {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    if lower.contains("panic_on_oom is") || lower.contains("system is deadlocked on memory") {
        return Some(Ending::Panic(whole()));
    }
    let nobody = lower.split_once("out of memory and no killable processes");
    if nobody.is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with('.')) {
        return Some(if lower.contains("kernel panic") {
            Ending::Panic(whole())
        } else {
            Ending::NoVictim(whole())
        });
    }
    line.starts_with("OOM request ignored")
        .then(|| Ending::NoVictim(whole()))
}

/// `FUNCTION: N callbacks suppressed`: how many calls of a rate-limited printk were not printed.
#[must_use]
pub fn suppressed(line: &str) -> Option<(String, u64)> {
    if !line.ends_with(" suppressed") {
        return None;
    }
    pattern!(
        SUPPRESSED,
        r"^(?P<function>[A-Za-z0-9_.]+): (?P<count>\d+) (?:callbacks|output lines|messages) suppressed$"
    );
    let groups = SUPPRESSED.captures(line)?;
    Some((owned(&groups, "function"), number(&groups, "count")?))
}

/// `** N printk messages dropped **`: lines that the ring buffer lost before a reader came.
#[must_use]
pub fn dropped(line: &str) -> Option<u64> {
    if !line.contains("messages dropped") {
        return None;
    }
    pattern!(DROPPED, r"\*\* (?P<count>\d+) printk messages dropped");
    DROPPED.captures(line).and_then(|g| number(&g, "count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_all_eras() {
        let panic =
            "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled";
        assert!(matches!(ending(panic), Some(Ending::Panic(_))));
        let old = "Kernel panic - not syncing: out of memory. Compulsory panic_on_oom is selected.";
        assert!(matches!(ending(old), Some(Ending::Panic(_))));
        let none = "Out of memory and no killable processes...";
        assert!(matches!(ending(none), Some(Ending::NoVictim(_))));
        assert!(matches!(
            ending("sysrq: Manual OOM execution"),
            Some(Ending::Sysrq(_))
        ));
        let group = "Tasks in /a are going to be killed due to memory.oom.group set";
        assert_eq!(ending(group), Some(Ending::Group("/a".into())));
        assert_eq!(ending("Kernel panic - not syncing: Fatal exception"), None);
        for line in [
            "at boot I get \"kernel panic - not syncing: out of memory and no killable processes\"",
            "Out of memory and no killable processes means that nothing is left",
            "check whether vm.panic_on_oom is set",
        ] {
            assert_eq!(ending(line), None, "{line}");
        }
        assert_eq!(
            suppressed("oom_kill_process: 1520 callbacks suppressed"),
            Some(("oom_kill_process".into(), 1520))
        );
        assert_eq!(dropped("** 12 printk messages dropped **"), Some(12));
    }
}
