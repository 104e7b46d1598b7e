//! Counters of the cgroup whose limit fired, and the statistics of the memory below it.

use crate::facts::{
    Evidence, Record,
    oom::{
        event::{OomEvent, Seen},
        facts::View,
        memcg::{Counted, Counter},
        stats::Stats,
    },
};

/// The counter line of one kind.
pub(super) fn counter(event: &OomEvent, counted: Counted) -> Option<&Seen<Counter>> {
    event.counters.iter().find(|c| c.value.counted == counted)
}

/// Puts usage, limits and how often the limit was met.
pub(super) fn counters(event: &OomEvent, record: &mut Record) {
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

const SHMEM: &str = "memcg.shmem_bytes";

/// Facts from the statistics: fact, keys of the multi-line form of cgroup v2 and of v1 (since 6.5;
/// without `total_` it is the group's own value, not that of the subtree), key of the one-line form.
const STATISTICS: &[(&str, &[&str], Option<&str>)] = &[
    ("memcg.anon_bytes", &["anon", "total_rss"], Some("rss")),
    ("memcg.file_bytes", &["file", "total_cache"], Some("cache")),
    // Both versions have a key of this name; v1 means the group alone by it.
    (SHMEM, &["total_shmem", "shmem"], Some("shmem")),
    ("memcg.sock_bytes", &["sock"], None),
    ("memcg.kernel_bytes", &["kernel"], None),
    ("memcg.slab_bytes", &["slab"], None),
    ("memcg.page_tables_bytes", &["pagetables"], None),
    ("memcg.kernel_stack_bytes", &["kernel_stack"], None),
];

/// Puts what the memory is.
pub(super) fn statistics(view: &View<'_>, record: &mut Record) {
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
        } else if let Some(key) = keys.iter().find(|k| first.value.values.contains_key(**k))
            && (*key != "shmem" || first.value.values.contains_key("anon"))
        {
            record.put_some(
                fact,
                first.value.values.get(*key).copied(),
                &line_of(first, key),
            );
        }
    }
    if let Some(bytes) = accounted(&first.value) {
        record.put("memcg.accounted_bytes", bytes, first.evidence.clone());
    } else if !first.value.values.contains_key("anon")
        && let (Some(anon), Some(file)) = (
            record.int("memcg.anon_bytes"),
            record.int("memcg.file_bytes"),
        )
    {
        // The statistics of cgroup v1 itemise no kernel memory and no sockets.
        record.put("memcg.accounted_bytes", anon + file, first.evidence.clone());
    }
    refaults(view, first, record);
}

/// Whether the statistics of the cgroups came to their end: the next part of the report is there.
pub(super) fn all_listed(event: &OomEvent) -> bool {
    event.columns.is_some() || event.ended()
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
    if !all_listed(event) {
        return None;
    }
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
    let part = |key| stats.values.get(key).copied();
    // The kernel prints these keys behind all that are added up here.
    if stats.local || (stats.cut && part("inactive_anon").is_none()) {
        return None;
    }
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
