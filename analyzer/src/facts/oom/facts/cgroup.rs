//! The cgroup whose limit fired, the victim's own, and what the memory below the limit is.

use super::{View, head::Constraint, seen};
use crate::facts::{
    Evidence, Record,
    oom::{
        event::{OomEvent, Seen},
        memcg::{self, Counted, Counter},
        page_size::PageSize,
        stats::Stats,
        victim::Victim,
    },
};

/// cgroups of an event.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::facts::oom) struct Paths {
    /// Whose limit fired.
    pub(in crate::facts::oom) limit: Option<Seen<String>>,
    /// Where the victim lived.
    pub(in crate::facts::oom) task: Option<Seen<String>>,
}

/// A cgroup whose memory is this near to the victim's own is the victim's.
const SAME_MEMORY_PERCENT: u64 = 90;

/// A cgroup with this share of the memory shares the blame with nobody.
const ALONE_PERCENT: u64 = 98;

/// Finds both paths.
pub(super) fn paths(event: &OomEvent, victim: Option<&Victim>, page: Option<&PageSize>) -> Paths {
    let of = |value: Option<&String>, evidence: &[Evidence]| {
        value.map(|v| Seen {
            value: v.clone(),
            evidence: evidence.to_vec(),
        })
    };
    let summary = event.summary.as_ref();
    let words = event.limit_paths.as_ref();
    let limit = summary
        .and_then(|s| of(s.value.oom_memcg.as_ref(), &s.evidence))
        .or_else(|| words.and_then(|w| of(w.value.limit.as_ref(), &w.evidence)))
        .or_else(|| {
            // The statistics begin with the cgroup whose limit fired; the counters before them
            // prove that this beginning is there.
            let first = event.stats.first()?;
            let begins = !first.value.local || !event.counters.is_empty();
            of(
                Some(&first.value.path).filter(|p| begins && !p.is_empty()),
                &first.evidence,
            )
        });
    let task = summary
        .and_then(|s| of(s.value.task_memcg.as_ref(), &s.evidence))
        .or_else(|| words.and_then(|w| of(w.value.task.as_ref(), &w.evidence)))
        .or_else(|| home(event, victim?, page?));
    Paths { limit, task }
}

/// The cgroup whose anonymous memory is the victim's resident memory.
fn home(event: &OomEvent, victim: &Victim, page: &PageSize) -> Option<Seen<String>> {
    let rss_bytes = victim
        .row
        .as_ref()?
        .value
        .rss_pages?
        .checked_mul(page.bytes)?;
    let largest = largest_child(event)?;
    let bytes = own_bytes(&largest.value);
    let near = bytes.min(rss_bytes).saturating_mul(100)
        >= bytes.max(rss_bytes).saturating_mul(SAME_MEMORY_PERCENT);
    near.then(|| Seen {
        value: largest.value.path.clone(),
        evidence: largest.evidence.clone(),
    })
}

fn largest_child(event: &OomEvent) -> Option<&Seen<Stats>> {
    event
        .stats
        .iter()
        .filter(|s| s.value.local)
        .max_by_key(|s| own_bytes(&s.value))
}

/// Anonymous memory and page cache of one cgroup.
fn own_bytes(stats: &Stats) -> u64 {
    let part = |key| stats.values.get(key).copied().unwrap_or(0);
    part("rss").saturating_add(part("cache"))
}

impl Paths {
    /// Container of the victim.
    pub(super) fn container(
        &self,
        event: &OomEvent,
        constraint: &Constraint,
    ) -> Option<Seen<String>> {
        let from = |path: &Seen<String>| {
            Some(Seen {
                value: memcg::container_id(&path.value)?,
                evidence: path.evidence.clone(),
            })
        };
        if let Some(found) = self.task.as_ref().and_then(from) {
            return Some(found);
        }
        let own = self.task.is_none() && matches!(constraint.value, "memcg" | "unknown");
        let cpuset = event.cpuset.as_ref().filter(|_| own)?;
        from(&Seen {
            value: cpuset.value.name.clone(),
            evidence: cpuset.evidence.clone(),
        })
    }
}

/// Puts everything about cgroups.
pub(super) fn put(view: &View<'_>, record: &mut Record) {
    owner(view, record);
    if !view.constraint.is_memcg() {
        return;
    }
    let event = view.event;
    seen(record, "memcg.path", view.paths.limit.as_ref());
    let lost = counter(event, Counted::Memory).is_none();
    record.put("memcg.limit_lost", lost, event.places.clone());
    if let (Some(limit), Some(task)) = (&view.paths.limit, &view.paths.task) {
        let places = [limit.evidence.clone(), task.evidence.clone()].concat();
        record.put("memcg.own_limit", limit.value == task.value, places);
    }
    counters(event, record);
    statistics(view, record);
    children(view, record);
}

fn owner(view: &View<'_>, record: &mut Record) {
    seen(record, "memcg.task_path", view.paths.task.as_ref());
    let path = view.paths.task.as_ref().or(view.paths.limit.as_ref());
    let container = view.container();
    seen(record, "memcg.container_id", container.as_ref());
    if let Some(path) = path {
        let owner = memcg::owner(&path.value);
        record.put_some("memcg.pod_uid", owner.pod_uid, &path.evidence);
        record.put_some("memcg.unit", owner.unit, &path.evidence);
        if let Some(qos) = owner.qos {
            record.put("memcg.qos", qos, path.evidence.clone());
            return;
        }
    }
    if let Some((adj, evidence)) = adjustment(view)
        && container.is_some()
    {
        record.put_some("memcg.qos", qos(adj), &evidence);
    }
}

/// Adjustment of the victim, or of the invoker when the victim is unknown: same container.
fn adjustment(view: &View<'_>) -> Option<(i64, Vec<Evidence>)> {
    let row = view.victim.as_ref().and_then(|v| v.row.as_ref());
    match row {
        Some(row) => Some((row.value.oom_score_adj?, row.evidence.clone())),
        None => {
            let line = view.event.invocation.as_ref()?;
            Some((line.value.oom_score_adj?, line.evidence.clone()))
        }
    }
}

/// Class that the kubelet gives this adjustment to (its `policy.go`).
fn qos(adj: i64) -> Option<&'static str> {
    match adj {
        -998 | -997 => Some("guaranteed"),
        2..=999 => Some("burstable"),
        1000 => Some("besteffort"),
        _ => None,
    }
}

fn counter(event: &OomEvent, counted: Counted) -> Option<&Seen<Counter>> {
    event.counters.iter().find(|c| c.value.counted == counted)
}

fn counters(event: &OomEvent, record: &mut Record) {
    let mut put = |counted, usage: &str, limit: Option<&str>| {
        let Some(line) = counter(event, counted) else {
            return;
        };
        record.put_some(usage, line.value.usage_bytes, &line.evidence);
        if let Some(limit) = limit {
            record.put_some(limit, line.value.limit(), &line.evidence);
        }
    };
    put(
        Counted::Memory,
        "memcg.usage_bytes",
        Some("memcg.limit_bytes"),
    );
    put(
        Counted::MemoryAndSwap,
        "memcg.memsw_usage_bytes",
        Some("memcg.memsw_limit_bytes"),
    );
    put(Counted::KernelMemory, "memcg.kmem_usage_bytes", None);
    put(
        Counted::Swap,
        "memcg.swap_usage_bytes",
        Some("memcg.swap_limit_bytes"),
    );
    if let Some(line) = counter(event, Counted::Memory) {
        record.put_some("memcg.failcnt_count", line.value.failcnt, &line.evidence);
    }
}

/// Facts from the statistics: fact, keys of the multi-line form (the total of a v1 hierarchy
/// first), key of the one-line form.
const STATISTICS: &[(&str, &[&str], Option<&str>)] = &[
    (
        "memcg.anon_bytes",
        &["anon", "total_rss", "rss"],
        Some("rss"),
    ),
    (
        "memcg.file_bytes",
        &["file", "total_cache", "cache"],
        Some("cache"),
    ),
    (
        "memcg.shmem_bytes",
        &["shmem", "total_shmem"],
        Some("shmem"),
    ),
    ("memcg.sock_bytes", &["sock"], None),
    ("memcg.kernel_bytes", &["kernel"], None),
    ("memcg.slab_bytes", &["slab"], None),
    ("memcg.page_tables_bytes", &["pagetables"], None),
    ("memcg.kernel_stack_bytes", &["kernel_stack"], None),
];

fn statistics(view: &View<'_>, record: &mut Record) {
    let event = view.event;
    let Some(first) = event.stats.first() else {
        return;
    };
    record.put(
        "memcg.stats_cut",
        event.stats.iter().any(|s| s.value.cut),
        first.evidence.clone(),
    );
    for (fact, keys, local_key) in STATISTICS {
        if first.value.local {
            if let Some((bytes, evidence)) = local_key.and_then(|key| sum(event, key)) {
                record.put(fact, bytes, evidence);
            }
        } else if let Some(key) = keys.iter().find(|k| first.value.values.contains_key(**k)) {
            record.put_some(
                fact,
                first.value.values.get(*key).copied(),
                &line_of(first, key),
            );
        }
    }
    if let Some(bytes) = accounted(&first.value) {
        record.put("memcg.accounted_bytes", bytes, first.evidence.clone());
    } else if let (Some(anon), Some(file)) =
        (record.int("memcg.anon_bytes"), record.int("memcg.file_bytes"))
    {
        // The statistics of cgroup v1 itemise no kernel memory and no sockets.
        record.put("memcg.accounted_bytes", anon + file, first.evidence.clone());
    }
    refaults(view, first, record);
}

/// The line that has `key`.
fn line_of(stats: &Seen<Stats>, key: &str) -> Vec<Evidence> {
    match stats.value.lines.get(key) {
        Some(line) => vec![line.clone()],
        None => stats.evidence.clone(),
    }
}

/// Sum over the subtree of one key of the one-line form, with the lines that are not zero.
fn sum(event: &OomEvent, key: &str) -> Option<(u64, Vec<Evidence>)> {
    let with: Vec<(u64, &Vec<Evidence>)> = event
        .stats
        .iter()
        .filter_map(|s| Some((*s.value.values.get(key)?, &s.evidence)))
        .collect();
    let total = with
        .iter()
        .try_fold(0u64, |sum, (bytes, _)| sum.checked_add(*bytes))?;
    let places = with.iter().filter(|(bytes, _)| *bytes > 0 || total == 0);
    (!with.is_empty()).then(|| (total, places.flat_map(|(_, e)| (*e).clone()).collect()))
}

/// What the statistics add up to; the parts do not overlap.
fn accounted(stats: &Stats) -> Option<u64> {
    if stats.local {
        return None;
    }
    let part = |key| stats.values.get(key).copied();
    let kernel = part("kernel").or_else(|| {
        let slab = part("slab")
            .or_else(|| Some(part("slab_reclaimable")? + part("slab_unreclaimable")?))?;
        let rest = ["kernel_stack", "pagetables", "percpu", "vmalloc"];
        Some(slab + rest.into_iter().filter_map(part).sum::<u64>())
    })?;
    Some(part("anon")? + part("file")? + kernel + part("sock").unwrap_or(0))
}

/// File pages that were read again after eviction. Vendor 4.19 kernels print the count of the
/// one-line form multiplied by the page size, later ones the plain count.
fn refaults(view: &View<'_>, first: &Seen<Stats>, record: &mut Record) {
    const KEY: &str = "workingset_refault_file";
    if first.value.local {
        if let Some((bytes, evidence)) = sum(view.event, KEY) {
            record.put("memcg.refault_file_bytes", bytes, evidence);
        }
    } else {
        let bytes = view.bytes(first.value.values.get(KEY).copied());
        record.put_some("memcg.refault_file_bytes", bytes, &line_of(first, KEY));
    }
}

/// Who below the limit holds the memory.
fn children(view: &View<'_>, record: &mut Record) {
    let event = view.event;
    let largest = largest_child(event);
    if let Some(largest) = largest {
        record.put(
            "memcg.largest_child_path",
            largest.value.path.as_str(),
            largest.evidence.clone(),
        );
        record.put(
            "memcg.largest_child_bytes",
            own_bytes(&largest.value),
            largest.evidence.clone(),
        );
    }
    if let Some((alone, evidence)) = by_children(view, largest).or_else(|| by_table(view)) {
        record.put("memcg.victim_only", alone, evidence);
    }
}

/// By the statistics of all cgroups below the limit, when their beginning is there.
fn by_children(view: &View<'_>, largest: Option<&Seen<Stats>>) -> Option<(bool, Vec<Evidence>)> {
    let memory = counter(view.event, Counted::Memory)?;
    let largest = largest?;
    let task = view.paths.task.as_ref()?;
    let all: u64 = view.event.stats.iter().map(|s| own_bytes(&s.value)).sum();
    let own = own_bytes(&largest.value);
    let usage = memory.value.usage_bytes?;
    // The counter runs ahead of the statistics by what each CPU has reserved, so nine tenths of it
    // are enough, if nobody else has any.
    let alone = largest.value.path == task.value
        && own.saturating_mul(100) >= all.saturating_mul(ALONE_PERCENT)
        && own.saturating_mul(100) >= usage.saturating_mul(SAME_MEMORY_PERCENT);
    Some((
        alone,
        [memory.evidence.clone(), largest.evidence.clone()].concat(),
    ))
}

/// By the task table, which lists the tasks below the limit: one process holds all there is.
fn by_table(view: &View<'_>) -> Option<(bool, Vec<Evidence>)> {
    if view.event.cut_end || view.event.columns.is_none() {
        return None;
    }
    let row = view.victim.as_ref()?.row.as_ref()?;
    let own = row.value.total_pages()?;
    let all: u64 = view
        .event
        .tasks
        .iter()
        .filter_map(|t| t.value.total_pages())
        .sum();
    let alone = own.saturating_mul(100) >= all.saturating_mul(ALONE_PERCENT);
    Some((alone, row.evidence.clone()))
}
