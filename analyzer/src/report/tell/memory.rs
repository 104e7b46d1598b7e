//! What memory consisted of: parts that add up, none counted twice.

use super::text;
use crate::{
    facts::{Facts, Record},
    report::view,
};

/// Figures beside the parts: what could still be used, what is not RAM, what is only promised.
const BESIDE_MACHINE: &[&str] = &[
    "available",
    "swap_total",
    "swap_free",
    "committed",
    "commit_limit",
];

/// The pools that are known: the cgroup and the machine at the event, the machine when collected.
pub(super) fn of(leading: Option<&Record>, facts: &Facts) -> Vec<view::Memory> {
    [
        leading.and_then(cgroup),
        leading.and_then(machine_at_event),
        machine_at_collection(facts),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A cgroup as its own statistics tell it (Documentation/admin-guide/cgroup-v2.rst, memory.stat).
fn cgroup(event: &Record) -> Option<view::Memory> {
    let at = |name: &str| event.int(&format!("memcg.{name}_bytes"));
    let mut parts = Parts::default();
    parts.add("anon", at("anon"));
    // Both versions count tmpfs in their page cache.
    parts.add_cache(at("file"), at("shmem"));
    parts.add("sock", at("sock"));
    // `kernel` holds slab, page tables and stacks; older kernels have only these.
    match at("kernel").or_else(|| at("kmem_usage")) {
        Some(kernel) => parts.add("kernel", Some(kernel)),
        None => {
            parts.add("slab", at("slab"));
            parts.add("page_tables", at("page_tables"));
            parts.add("kernel_stack", at("kernel_stack"));
        }
    }
    if parts.0.is_empty() {
        return None;
    }
    let (usage, limit) = (at("usage"), at("limit"));
    parts.add_rest("unaccounted", usage);
    let whole = usage.max(limit).max(Some(parts.sum()))?;
    let mut beside = Parts::default();
    beside.add("swap_usage", at("swap_usage"));
    beside.add("refault_file", at("refault_file"));
    Some(view::Memory {
        of: "cgroup_at_event",
        name: text(event, "memcg.path"),
        limit_bytes: limit,
        usage_bytes: usage,
        parts: parts.shares(whole),
        beside: beside.shares(whole),
        whole_bytes: whole,
    })
}

/// The machine as the memory table of an OOM report tells it.
fn machine_at_event(event: &Record) -> Option<view::Memory> {
    let at = |name: &str| event.int(&format!("memory.{name}_bytes"));
    let ram = at("ram").filter(|n| *n > 0)?;
    let mut parts = Parts::default();
    parts.add("free", at("free"));
    // On these lists tmpfs counts as anonymous memory, so it is no part of its own.
    parts.add("anon_with_shmem", at("anon"));
    parts.add("cache", at("file"));
    parts.add("slab_unreclaimable", at("slab_unreclaimable"));
    parts.add("slab_reclaimable", at("slab_reclaimable"));
    parts.add("page_tables", at("page_tables"));
    parts.add("hugepages", at("hugepages"));
    // Without the lists the rest would be most of the machine and say nothing.
    if at("anon").is_some() && at("free").is_some() {
        parts.add_rest("unaccounted", Some(ram));
    }
    let mut beside = Parts::default();
    beside.add("shmem", at("shmem"));
    beside.add("swap_total", at("swap_total"));
    beside.add("swap_free", at("swap_free"));
    let whole = ram.max(parts.sum());
    Some(view::Memory {
        of: "machine_at_event",
        name: None,
        limit_bytes: None,
        usage_bytes: None,
        parts: parts.shares(whole),
        beside: beside.shares(whole),
        whole_bytes: whole,
    })
    .filter(|m| !m.parts.is_empty())
}

/// The machine as /proc/meminfo told it when the bundle was made.
fn machine_at_collection(facts: &Facts) -> Option<view::Memory> {
    let at = |name: &str| facts.root.int(&format!("memory.{name}_bytes"));
    let total = at("total").filter(|n| *n > 0)?;
    let mut parts = Parts::default();
    parts.add("free", at("free"));
    parts.add("anon", at("anon"));
    parts.add_cache(at("cached"), at("shmem"));
    parts.add("buffers", at("buffers"));
    match at("slab_unreclaimable").zip(at("slab_reclaimable")) {
        Some((unreclaimable, reclaimable)) => {
            parts.add("slab_unreclaimable", Some(unreclaimable));
            parts.add("slab_reclaimable", Some(reclaimable));
        }
        None => parts.add("slab", at("slab")),
    }
    parts.add("kernel_stack", at("kernel_stack"));
    parts.add("page_tables", at("page_tables"));
    parts.add("percpu", at("percpu"));
    parts.add("hugepages", at("hugepages"));
    parts.add("unaccounted", at("unaccounted").filter(|n| *n > 0));
    let mut beside = Parts::default();
    for key in BESIDE_MACHINE {
        beside.add(key, at(key));
    }
    let whole = total.max(parts.sum());
    Some(view::Memory {
        of: "machine_at_collection",
        name: None,
        limit_bytes: None,
        usage_bytes: None,
        parts: parts.shares(whole),
        beside: beside.shares(whole),
        whole_bytes: whole,
    })
    .filter(|m| !m.parts.is_empty())
}

/// Parts in the order of the bar.
#[derive(Default)]
struct Parts(Vec<(&'static str, i128)>);

impl Parts {
    fn add(&mut self, key: &'static str, bytes: Option<i128>) {
        if let Some(bytes) = bytes.filter(|n| *n >= 0) {
            self.0.push((key, bytes));
        }
    }

    /// Page cache without the tmpfs that is counted in it; the two together when only one is known.
    fn add_cache(&mut self, file: Option<i128>, shmem: Option<i128>) {
        match (file, shmem) {
            (Some(file), Some(shmem)) if file >= shmem => {
                self.add("cache", Some(file - shmem));
                self.add("shmem", Some(shmem));
            }
            (Some(file), _) => self.add("cache_with_shmem", Some(file)),
            (None, shmem) => self.add("shmem", shmem),
        }
    }

    /// What is in use and no part names.
    fn add_rest(&mut self, key: &'static str, used: Option<i128>) {
        self.add(key, used.map(|u| u - self.sum()).filter(|rest| *rest > 0));
    }

    fn sum(&self) -> i128 {
        self.0.iter().map(|(_, bytes)| bytes).sum()
    }

    fn shares(&self, whole: i128) -> Vec<view::MemoryPart> {
        self.0
            .iter()
            .map(|(key, bytes)| view::MemoryPart {
                key,
                bytes: *bytes,
                percent: percent(*bytes, whole),
            })
            .collect()
    }
}

/// Share in percent with one decimal, cut; 0 when there is no whole.
fn percent(part: i128, whole: i128) -> f64 {
    let permille = part
        .saturating_mul(1000)
        .checked_div(whole)
        .and_then(|p| i32::try_from(p).ok())
        .unwrap_or(0);
    f64::from(permille) / 10.0
}
