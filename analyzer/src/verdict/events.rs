//! The OOM events among the facts, and which of them a finding is about.

use super::tree;
use crate::{
    facts::{Facts, Record, Value},
    finding::Finding,
};

/// Name of the list of OOM events.
pub const LIST: &str = "oom_events";

/// All OOM events in their order.
#[must_use]
pub fn all(facts: &Facts) -> Vec<&Record> {
    records(&facts.root, LIST)
}

/// The records of the list at `path`.
#[must_use]
pub fn records<'a>(root: &'a Record, path: &str) -> Vec<&'a Record> {
    root.items(path)
        .iter()
        .filter_map(|fact| match &fact.value {
            Value::Record(record) => Some(record),
            _ => None,
        })
        .collect()
}

/// The events that `finding` is about; all of them when it is not about single events.
#[must_use]
pub fn of<'a>(finding: Option<&Finding>, facts: &'a Facts) -> Vec<&'a Record> {
    let all = all(facts);
    match finding {
        Some(finding) if tree::list_of(finding) == Some(LIST) => finding
            .items
            .iter()
            .filter_map(|i| all.get(*i).copied())
            .collect(),
        _ => all,
    }
}

/// The event that the message of `finding` is about, when it is about single events.
#[must_use]
pub fn shown<'a>(finding: &Finding, facts: &'a Facts) -> Option<&'a Record> {
    let at = finding
        .shown
        .filter(|_| tree::list_of(finding) == Some(LIST))?;
    all(facts).get(at).copied()
}

/// The event that shows the most: the latest one of those with the most of victim, invoker and
/// what ran out.
#[must_use]
pub fn most_telling<'a>(events: &[&'a Record]) -> Option<&'a Record> {
    const TELLING: &[&str] = &[
        "victim.comm",
        "victim.pid",
        "victim.rss_bytes",
        "invoker.comm",
        "memcg.limit_bytes",
        "memcg.usage_bytes",
        "memory.ram_bytes",
    ];
    let known = |event: &Record| {
        TELLING
            .iter()
            .filter(|path| event.get(path).is_some())
            .count()
    };
    // `max_by_key` gives the last of equals: the latest event.
    events.iter().copied().max_by_key(|event| known(event))
}
