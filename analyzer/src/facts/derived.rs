//! Facts that follow from other facts: tasks in sum, the time between two readings.

use crate::words::Bilingual;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::source::Source;
use super::{Evidence, Facts, List, Record, Value};

/// Rows of a ranking.
const RANKED: usize = 10;
/// `OOM_SCORE_ADJ_MIN` of `include/uapi/linux/oom.h`: never killed.
const EXEMPT: i128 = -1000;

/// Time between the two readings of vmstat: the collector's stamps, or two readings of uptime.
pub(super) fn interval(sources: &[&Source<'_>], facts: &mut Facts) {
    let mut uptimes = Vec::new();
    for source in sources {
        if source.path.ends_with(".json") {
            let stamps: serde_json::Value =
                serde_json::from_slice(&source.content).unwrap_or_default();
            let at = |reading: &str| stamps.get(reading)?.get("proc/vmstat")?.as_u64();
            let passed = at("second_ns")
                .zip(at("first_ns"))
                .and_then(|(b, a)| b.checked_sub(a));
            let seconds = passed.map(|ns| Duration::from_nanos(ns).as_secs_f64());
            facts
                .root
                .put_some("vmstat.interval_seconds", seconds, &source.first());
        } else if let Some(seconds) = first_number(source) {
            uptimes.push((seconds, source.first()));
        }
    }
    if let [(before, first), (after, second)] = uptimes.as_slice()
        && facts.get("vmstat.interval_seconds").is_none()
    {
        let evidence = first.iter().chain(second).cloned().collect();
        facts.put("vmstat.interval_seconds", after - before, evidence);
    }
}

fn first_number(source: &Source<'_>) -> Option<f64> {
    source.text().split_whitespace().next()?.parse().ok()
}

/// Puts what follows from the lists.
pub(super) fn put(facts: &mut Facts) {
    if !matches!(
        facts.get("processes").map(|f| &f.value),
        Some(Value::List(_))
    ) {
        return;
    }
    // Taken out while the rest is written: there may be tens of thousands, too many to copy.
    let list = std::mem::take(facts.root.list("processes"));
    let whole = list.partial.is_none();
    let processes: Vec<&Record> = list.items.iter().filter_map(record).collect();
    counts(&processes, facts);
    zombie_parents(&processes, facts);
    wait_channels(&processes, facts);
    top_scores(&processes, facts);
    exempt(&processes, whole, facts);
    if whole {
        members(&processes, facts);
    }
    *facts.root.list("processes") = list;
}

fn record(fact: &super::Fact) -> Option<&Record> {
    match &fact.value {
        Value::Record(record) => Some(record),
        _ => None,
    }
}

fn evidence(record: &Record, name: &str) -> Vec<Evidence> {
    record
        .get(name)
        .map(|f| f.evidence.clone())
        .unwrap_or_default()
}

fn counts(processes: &[&Record], facts: &mut Facts) {
    facts.put("tasks.processes_count", processes.len(), Vec::new());
    for (state, path) in [
        ("Z", "tasks.zombies_count"),
        ("D", "tasks.uninterruptible_count"),
    ] {
        let of: Vec<&Record> = processes
            .iter()
            .filter(|p| p.text("state") == Some(state))
            .copied()
            .collect();
        let lines = of
            .iter()
            .take(RANKED)
            .flat_map(|p| evidence(p, "state"))
            .collect();
        facts.put(path, of.len(), lines);
    }
}

fn zombie_parents(processes: &[&Record], facts: &mut Facts) {
    let mut parents: BTreeMap<i128, (usize, Vec<Evidence>)> = BTreeMap::new();
    for zombie in processes.iter().filter(|p| p.text("state") == Some("Z")) {
        if let Some(parent) = zombie.int("parent_pid") {
            let entry = parents.entry(parent).or_default();
            entry.0 += 1;
            if entry.1.is_empty() {
                entry.1 = evidence(zombie, "parent_pid");
            }
        }
    }
    let mut ranked: Vec<_> = parents.into_iter().collect();
    ranked.sort_by_key(|(pid, (count, _))| (Reverse(*count), *pid));
    facts.root.list("tasks.zombie_parents");
    for (pid, (count, lines)) in ranked.into_iter().take(RANKED) {
        let mut row = Record::new();
        let parent = processes.iter().find(|p| p.int("pid") == Some(pid));
        copy(
            parent.copied().unwrap_or(&Record::new()),
            &["comm"],
            &mut row,
        );
        row.put("pid", pid, lines.clone());
        row.put("zombies_count", count, lines);
        facts.push("tasks.zombie_parents", row);
    }
}

fn wait_channels(processes: &[&Record], facts: &mut Facts) {
    let stuck: Vec<&Record> = processes
        .iter()
        .filter(|p| p.text("state") == Some("D"))
        .copied()
        .collect();
    let mut channels: BTreeMap<&str, (usize, Vec<Evidence>)> = BTreeMap::new();
    for task in &stuck {
        if let Some(name) = task.text("wait_channel") {
            let entry = channels.entry(name).or_default();
            entry.0 += 1;
            entry.1.extend(evidence(task, "wait_channel"));
        }
    }
    let known: usize = channels.values().map(|(count, _)| count).sum();
    let mut ranked: Vec<_> = channels.into_iter().collect();
    ranked.sort_by_key(|(_, (count, _))| Reverse(*count));
    let mut list = List::default();
    if known < stuck.len() {
        let blind = stuck.len() - known;
        list.partial = Some(Arc::new(Bilingual::new(
            format!("{blind} tasks in state D have no readable wchan"),
            format!("{blind} 个 D 状态的任务读不到 wchan"),
        )));
    }
    facts.put("tasks.wait_channels", list, Vec::new());
    for (name, (count, lines)) in ranked {
        let mut row = Record::new();
        row.put("name", name, lines.clone());
        row.put("tasks_count", count, lines);
        facts.push("tasks.wait_channels", row);
    }
}

fn top_scores(processes: &[&Record], facts: &mut Facts) {
    let mut scored: Vec<&Record> = processes
        .iter()
        .filter(|p| p.get("oom_score").is_some())
        .copied()
        .collect();
    if scored.is_empty() {
        return;
    }
    scored.sort_by_key(|p| (Reverse(p.int("oom_score")), p.int("pid")));
    for process in scored.into_iter().take(RANKED) {
        let mut row = Record::new();
        copy(
            process,
            &["pid", "comm", "oom_score", "oom_score_adj", "rss_bytes"],
            &mut row,
        );
        facts.push("tasks.top_oom_scores", row);
    }
}

fn exempt(processes: &[&Record], whole: bool, facts: &mut Facts) {
    if processes.iter().all(|p| p.get("oom_score_adj").is_none()) {
        return;
    }
    let size = |p: &Record| p.int("rss_bytes").unwrap_or(0) + p.int("swap_bytes").unwrap_or(0);
    let mut of: Vec<&Record> = processes
        .iter()
        .filter(|p| p.int("oom_score_adj") == Some(EXEMPT))
        .copied()
        .collect();
    of.sort_by_key(|p| (Reverse(size(p)), p.int("pid")));
    let list = facts.root.list("tasks.exempt");
    if !whole {
        list.partial = Some(Arc::new(Bilingual::new(
            "not all processes were seen",
            "未能看到全部进程",
        )));
    }
    match of.first() {
        Some(largest) => {
            let lines = ["oom_score_adj", "rss_bytes", "swap_bytes"]
                .iter()
                .flat_map(|n| evidence(largest, n))
                .collect();
            facts.put("tasks.exempt_largest_bytes", size(largest), lines);
        }
        // None among some is not none.
        None if whole => facts.put("tasks.exempt_largest_bytes", 0, Vec::new()),
        None => {}
    }
    for process in of.into_iter().take(RANKED) {
        let mut row = Record::new();
        copy(
            process,
            &["pid", "comm", "rss_bytes", "swap_bytes"],
            &mut row,
        );
        facts.push("tasks.exempt", row);
    }
}

/// How many processes each cgroup has.
fn members(processes: &[&Record], facts: &mut Facts) {
    let mut by_group: BTreeMap<&str, (usize, Vec<Evidence>)> = BTreeMap::new();
    for process in processes {
        if let Some(path) = process.text("cgroup") {
            let entry = by_group.entry(path).or_default();
            entry.0 += 1;
            if entry.1.len() < RANKED {
                entry.1.extend(evidence(process, "cgroup"));
            }
        }
    }
    if by_group.is_empty() || facts.get("cgroups").is_none() {
        return;
    }
    for item in &mut facts.root.list("cgroups").items {
        let Value::Record(group) = &mut item.value else {
            continue;
        };
        let path = group.text("path").unwrap_or_default().to_owned();
        let (count, lines) = by_group.get(path.as_str()).cloned().unwrap_or_default();
        group.put("processes_count", count, lines);
    }
}

fn copy(from: &Record, names: &[&str], to: &mut Record) {
    for name in names {
        if let Some(fact) = from.get(name) {
            to.put(name, fact.value.clone(), fact.evidence.clone());
        }
    }
}
