//! Lines about a kill that somebody changed: put into other words, or without the pid.

use super::{Kill, KillLine, Killed, Scope, deed};
use crate::facts::log::pattern::{number, owned, pattern, text};

/// Reads a deed whose verb a translator put into other words; the sizes show what it is.
pub(super) fn translated(line: &str) -> Option<Killed> {
    pattern!(
        TRANSLATED,
        r"^(?P<scope>Out of memory|Memory cgroup out of memory): \pL[\pL ]{0,30} (?P<pid>\d+) \((?P<comm>.{0,40}?)\),? (?P<tail>total-vm: ?\d+kB.*)$"
    );
    let groups = TRANSLATED.captures(line)?;
    let scope = match text(&groups, "scope") {
        Some("Out of memory") => Scope::Machine,
        _ => Scope::Cgroup,
    };
    let tail = text(&groups, "tail").unwrap_or_default();
    let pid = number(&groups, "pid")?;
    Some(deed(scope, Some(pid), Some(owned(&groups, "comm")), tail))
}

/// Reads a line whose pid somebody took out; the sizes of a deed show that it is no sentence, and
/// three dots that a choice is none.
pub(super) fn without_pid(line: &str) -> Option<KillLine> {
    pattern!(
        DEED,
        r"^(?:(?P<scope>Out of memory|Memory cgroup out of memory): )?Killed process (?:\S{1,5} )?(?:\((?P<comm>[^()]*)\),? )?(?P<tail>(?:total-vm|anon-rss|UID): ?-?\d.*)$"
    );
    pattern!(
        CHOICE,
        r"^(?P<scope>Out of memory|Memory cgroup out of memory): Kill process (?:\.\.\.|…) \((?P<comm>[^()<>%$]+)\)(?: score (?P<score>\d+) or .*)?$"
    );
    let scope = |groups: &regex::Captures<'_>| match text(groups, "scope") {
        Some("Out of memory") => Scope::Machine,
        Some(_) => Scope::Cgroup,
        None => Scope::Unsaid,
    };
    if let Some(groups) = CHOICE.captures(line) {
        return Some(KillLine::Kill(Kill {
            scope: scope(&groups),
            pid: None,
            comm: Some(owned(&groups, "comm")),
            score: number(&groups, "score"),
        }));
    }
    let groups = DEED.captures(line)?;
    let comm = text(&groups, "comm").map(str::to_owned);
    let tail = text(&groups, "tail").unwrap_or_default();
    Some(KillLine::Killed(deed(scope(&groups), None, comm, tail)))
}
