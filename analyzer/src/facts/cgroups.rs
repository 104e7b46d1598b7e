//! Memory cgroups: limits, use, peaks and kills, of both versions, and the limit that holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cgroup_tree::{self, Hierarchy};
use super::source::Source;
use super::{Evidence, Facts, Record, cgroup_path, pressure, view};

/// Where a second reading lies.
const SECOND: &str = "scene/second/";
/// "No limit" of version 1: the largest page-aligned number, for any page size, and the plain
/// largest number of kernels up to 3.18.
const UNLIMITED_FROM: u64 = 0x7FFF_FFFF_FFF0_0000;

/// Figures of the `full` line of `memory.pressure`.
const PRESSURE: [(&str, &str); 2] = [
    ("avg10", "pressure_full_avg10_percent"),
    ("avg60", "pressure_full_avg60_percent"),
];

/// The list of mounts.
const MOUNTS: &str = "proc/self/mountinfo";

/// How a file's number is meant.
#[derive(Clone, Copy)]
enum As {
    Number,
    /// `max` or a huge number means none; the flag says so.
    Limit(Option<&'static str>),
    Flag,
}

/// Files of one number.
const FILES: &[(&str, &str, As)] = &[
    ("memory.current", "usage_bytes", As::Number),
    ("memory.usage_in_bytes", "usage_bytes", As::Number),
    ("memory.max", "limit_bytes", As::Limit(Some("limited"))),
    (
        "memory.limit_in_bytes",
        "limit_bytes",
        As::Limit(Some("limited")),
    ),
    ("memory.high", "high_bytes", As::Limit(None)),
    ("memory.peak", "peak_bytes", As::Number),
    ("memory.max_usage_in_bytes", "peak_bytes", As::Number),
    ("memory.swap.current", "swap_bytes", As::Number),
    ("memory.swap.max", "swap_limit_bytes", As::Limit(None)),
    (
        "memory.memsw.limit_in_bytes",
        "swap_limit_bytes",
        As::Limit(None),
    ),
    ("memory.failcnt", "hit_limit_count", As::Number),
    ("memory.kmem.usage_in_bytes", "kernel_bytes", As::Number),
    ("memory.oom.group", "oom_group", As::Flag),
    ("pids.current", "pids_count", As::Number),
    (
        "pids.max",
        "pids_limit_count",
        As::Limit(Some("pids_limited")),
    ),
];

/// Files of lines `key number`. On version 1 only the `total_` keys count the children too, as the
/// use does.
const KEYS: &[(&str, &str, &str, As)] = &[
    ("memory.events", "max", "hit_limit_count", As::Number),
    ("memory.events", "oom", "oom_count", As::Number),
    ("memory.events", "oom_kill", "oom_kill_count", As::Number),
    ("memory.events", "high", "hit_high_count", As::Number),
    ("pids.events", "max", "pids_refused_count", As::Number),
    (
        "memory.oom_control",
        "oom_kill_disable",
        "oom_kill_disabled",
        As::Flag,
    ),
    ("memory.oom_control", "under_oom", "under_oom", As::Flag),
    (
        "memory.oom_control",
        "oom_kill",
        "oom_kill_count",
        As::Number,
    ),
    ("memory.stat", "anon", "anon_bytes", As::Number),
    ("memory.stat", "file", "file_bytes", As::Number),
    ("memory.stat", "shmem", "shmem_bytes", As::Number),
    ("memory.stat", "sock", "sock_bytes", As::Number),
    ("memory.stat", "kernel", "kernel_bytes", As::Number),
    ("memory.stat", "slab", "slab_bytes", As::Number),
    ("memory.stat", "pagetables", "page_tables_bytes", As::Number),
    (
        "memory.stat",
        "workingset_refault_file",
        "refault_file_pages",
        As::Number,
    ),
    ("memory.stat", "total_rss", "anon_bytes", As::Number),
    ("memory.stat", "total_cache", "file_bytes", As::Number),
    ("memory.stat", "total_shmem", "shmem_bytes", As::Number),
    ("memory.stat", "total_swap", "swap_bytes", As::Number),
];

#[derive(Default)]
struct Group {
    record: Record,
    /// Version 1 `hierarchical_memory_limit`.
    hierarchical: Option<(u64, Vec<Evidence>)>,
    kills_later: Option<(u64, Vec<Evidence>)>,
}

type Groups = BTreeMap<String, Group>;

/// Reads `proc/self/mountinfo`, the hierarchy and its second reading.
pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    let Some(tree) = cgroup_tree::find(sources, facts) else {
        // The list of mounts was taken and shows no memory hierarchy: nothing limits anybody.
        let mounts_seen = sources
            .iter()
            .any(|s| s.path == MOUNTS && !s.content.is_empty());
        if mounts_seen {
            let hidden = view::hidden_cgroups(sources, facts);
            facts.root.list("cgroups").partial = hidden.map(Arc::new);
        }
        return;
    };
    let mut groups = Groups::new();
    for source in sources {
        place(source, &tree, &mut groups, facts);
    }
    if groups.is_empty() {
        return;
    }
    let limits = effective_limits(&groups);
    let hidden = view::hidden_cgroups(sources, facts);
    facts.root.list("cgroups").partial = hidden.map(Arc::new);
    for (path, mut group) in groups {
        finish(&path, &mut group, limits.get(&path));
        facts.push("cgroups", group.record);
    }
}

/// `/proc/cgroups`.
pub(super) fn controllers(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        for line in source.lines() {
            let words: Vec<&str> = line.text.split_whitespace().collect();
            if let ["memory", _, count, ..] = words.as_slice() {
                facts.root.put_some(
                    "cgroup.memory_groups_count",
                    count.parse::<u64>().ok(),
                    &source.at(&line),
                );
            }
        }
    }
}

fn place(source: &Source<'_>, tree: &Hierarchy, groups: &mut Groups, facts: &mut Facts) {
    let (second, path) = match source.path.strip_prefix(SECOND) {
        Some(path) => (true, path),
        None => (false, source.path.as_str()),
    };
    let Some((folder, file)) = path.rsplit_once('/') else {
        return;
    };
    let root = if file.starts_with("pids.") {
        &tree.pids
    } else {
        &tree.memory
    };
    let Some(name) = folder
        .strip_prefix(root.as_str())
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    else {
        return;
    };
    let name = if name.is_empty() { "/" } else { name };
    if name == "/" && file == "cgroup.stat" && tree.version == 2 {
        return dying(source, facts);
    }
    if !(file.starts_with("memory.") || file.starts_with("pids.")) {
        return;
    }
    // A second reading or a number of processes alone is no memory cgroup.
    if second || file.starts_with("pids.") {
        if let Some(group) = groups.get_mut(name) {
            if second {
                later(source, group)
            } else {
                read(source, file, group)
            }
        }
        return;
    }
    read(source, file, groups.entry(name.to_owned()).or_default());
}

fn dying(source: &Source<'_>, facts: &mut Facts) {
    for line in source.lines() {
        if let Some(count) = line.text.strip_prefix("nr_dying_descendants ") {
            facts.root.put_some(
                "cgroup.dying_count",
                count.trim().parse::<u64>().ok(),
                &source.at(&line),
            );
        }
    }
}

fn read(source: &Source<'_>, file: &str, group: &mut Group) {
    if group.record.get("path").is_none() {
        group.record.put("path", "", source.first());
    }
    if let Some((_, name, meant)) = FILES.iter().find(|(f, ..)| *f == file) {
        put(
            &mut group.record,
            name,
            *meant,
            source.text().trim(),
            source.first(),
        );
        return;
    }
    for line in source.lines() {
        let Some((key, value)) = line.text.split_once(' ') else {
            continue;
        };
        if file == "memory.pressure" && key == "full" {
            for (key, name) in PRESSURE {
                let lost = pressure::field(value, key);
                group.record.put_some(name, lost, &source.at(&line));
            }
        }
        if file == "memory.stat" && key == "hierarchical_memory_limit" {
            group.hierarchical = value.trim().parse().ok().map(|n| (n, source.at(&line)));
        }
        if let Some((.., name, meant)) = KEYS.iter().find(|(f, k, ..)| *f == file && *k == key) {
            put(
                &mut group.record,
                name,
                *meant,
                value.trim(),
                source.at(&line),
            );
        }
    }
}

fn later(source: &Source<'_>, group: &mut Group) {
    if !matches!(source.file_name(), "memory.events" | "memory.oom_control") {
        return;
    }
    for line in source.lines() {
        if let Some(count) = line.text.strip_prefix("oom_kill ") {
            group.kills_later = count.trim().parse().ok().map(|n| (n, source.at(&line)));
        }
    }
}

fn put(record: &mut Record, name: &str, meant: As, text: &str, evidence: Vec<Evidence>) {
    let number = text.parse::<u64>().ok();
    match meant {
        As::Number => record.put_some(name, number, &evidence),
        As::Flag => record.put_some(name, number.map(|n| n != 0), &evidence),
        As::Limit(flag) => {
            let unlimited = text == "max" || number.is_some_and(|n| n >= UNLIMITED_FROM);
            if !unlimited && number.is_none() {
                return;
            }
            if let Some(flag) = flag {
                record.put(flag, !unlimited, evidence.clone());
            }
            if !unlimited {
                record.put_some(name, number, &evidence);
            }
        }
    }
}

/// Smallest limit from a cgroup to the root and who has it; `None` inside when there is no limit.
type Effective = Option<(u64, String, Vec<Evidence>)>;

/// Unknown (not in the map) when some level on the way was not captured: never quote only the leaf.
fn effective_limits(groups: &Groups) -> BTreeMap<String, Effective> {
    let mut out = BTreeMap::new();
    for (path, group) in groups {
        if let Some(found) = effective(path, group, groups) {
            out.insert(path.clone(), found);
        }
    }
    out
}

fn effective(path: &str, group: &Group, groups: &Groups) -> Option<Effective> {
    let mut lowest: Effective = None;
    let mut whole = true;
    for level in levels(path) {
        let Some(at) = groups.get(level) else {
            // The root of version 2 has no limit file.
            whole &= level == "/";
            continue;
        };
        match (at.record.flag("limited"), at.record.int("limit_bytes")) {
            (Some(true), Some(limit)) => {
                let limit = u64::try_from(limit).ok()?;
                if lowest.as_ref().is_none_or(|(least, ..)| limit < *least) {
                    let evidence = at.record.get("limit_bytes").map(|f| f.evidence.clone());
                    lowest = Some((limit, level.to_owned(), evidence.unwrap_or_default()));
                }
            }
            (Some(_), _) => {}
            (None, _) => whole &= level == "/",
        }
    }
    // The kernel's own answer knows whether parents count (memory.use_hierarchy).
    if let Some((limit, evidence)) = &group.hierarchical {
        if *limit >= UNLIMITED_FROM {
            return Some(None);
        }
        let owner = levels(path).into_iter().find(|level| {
            groups.get(*level).and_then(|g| g.record.int("limit_bytes")) == Some(i128::from(*limit))
        });
        return Some(Some((
            *limit,
            owner.unwrap_or_default().to_owned(),
            evidence.clone(),
        )));
    }
    whole.then_some(lowest)
}

/// The path and its ancestors up to the root.
fn levels(path: &str) -> Vec<&str> {
    let mut levels = vec![path];
    let mut rest = path;
    while let Some(at) = rest.rfind('/').filter(|at| *at > 0) {
        rest = rest.get(..at).unwrap_or_default();
        levels.push(rest);
    }
    if path != "/" {
        levels.push("/");
    }
    levels
}

fn finish(path: &str, group: &mut Group, limit: Option<&Effective>) {
    let record = &mut group.record;
    let evidence = record
        .get("path")
        .map(|f| f.evidence.clone())
        .unwrap_or_default();
    record.put("path", path, evidence.clone());
    match limit {
        Some(Some((bytes, owner, lines))) => {
            record.put("effective_limited", true, lines.clone());
            record.put("effective_limit_bytes", *bytes, lines.clone());
            if !owner.is_empty() {
                record.put("effective_limit_path", owner.as_str(), lines.clone());
            }
        }
        Some(None) => record.put("effective_limited", false, evidence.clone()),
        None => {}
    }
    if let (Some((after, lines)), Some(before)) = (&group.kills_later, record.int("oom_kill_count"))
        && let Ok(killed) = u64::try_from(i128::from(*after) - before)
    {
        record.put("oom_kills_between_count", killed, lines.clone());
    }
    let parts = cgroup_path::decode(path);
    record.put_some("pod_uid", parts.pod_uid, &evidence);
    record.put_some("container_id", parts.container_id, &evidence);
    record.put_some("unit", parts.unit, &evidence);
}

#[cfg(test)]
mod tests;
