//! The cgroup whose limit fired, the victim's own, and who holds the memory below the limit.

use super::{View, head::Constraint, seen};
use crate::facts::{
    Evidence, Record, cgroup_path,
    oom::{
        event::{OomEvent, Seen},
        memcg::Counted,
        page_size::PageSize,
        stats::Stats,
        victim::Victim,
    },
};

mod numbers;

use numbers::{all_listed, counter, counters, statistics};

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
        .filter(|s| s.value.local && all_listed(event))
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
                value: cgroup_path::decode(&path.value).container_id?,
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
        let owner = cgroup_path::decode(&path.value);
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
    let alone = by_own_limit(view)
        .or_else(|| by_children(view, largest))
        .or_else(|| by_table(view));
    if let Some((alone, evidence)) = alone {
        record.put("memcg.victim_only", alone, evidence);
    }
}

/// The victim's own cgroup fired: nobody outside it can share the blame.
fn by_own_limit(view: &View<'_>) -> Option<(bool, Vec<Evidence>)> {
    let (limit, task) = (view.paths.limit.as_ref()?, view.paths.task.as_ref()?);
    let places = [limit.evidence.clone(), task.evidence.clone()].concat();
    (limit.value == task.value).then_some((true, places))
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
    // What no task maps (files in tmpfs, sockets, kernel memory) is somebody's too: the table alone
    // does not show whose.
    let most_of_usage = counter(view.event, Counted::Memory)
        .and_then(|memory| memory.value.usage_bytes)
        .zip(view.bytes(Some(own)))
        .is_none_or(|(usage, own)| {
            own.saturating_mul(100) >= usage.saturating_mul(SAME_MEMORY_PERCENT)
        });
    let alone = own.saturating_mul(100) >= all.saturating_mul(ALONE_PERCENT) && most_of_usage;
    Some((alone, row.evidence.clone()))
}
