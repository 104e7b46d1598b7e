//! The part of the view about OOM events and about what memory consisted of.

use serde::Serialize;

use super::EvidenceLine;
use crate::report::shown::Shown;

/// One OOM event.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Event {
    /// Stamp as written in the log.
    pub time_text: Option<Shown>,
    /// The same in UTC (ISO 8601), when zone or clocks are known.
    pub time_utc: Option<String>,
    /// `memcg`, `none` (the whole machine), `cpuset`, `memory_policy` or `unknown`.
    pub constraint: Option<Shown>,
    /// Who asked for memory.
    pub asked: Asked,
    /// Who was killed.
    pub killed: Killed,
    /// What ran out.
    pub ran_out: RanOut,
    /// Parts of the kernel's report that are not in the log.
    pub missing: Option<Shown>,
}

/// Who asked for memory and met the end of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Asked {
    /// Name.
    pub comm: Option<Shown>,
    /// Thread that asked.
    pub pid: Option<i128>,
    /// Whether it is of the victim's program.
    pub same_program: Option<bool>,
    /// What it was doing.
    pub allocation_path: Option<Shown>,
    /// Size exponent of the request.
    pub order: Option<f64>,
    /// Size of the request.
    pub request_bytes: Option<i128>,
    /// Allocation flags.
    pub gfp_flags: Option<Shown>,
}

/// Who was killed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Killed {
    /// Name.
    pub comm: Option<Shown>,
    /// Process.
    pub pid: Option<i128>,
    /// Pids on which the lines disagree.
    pub pids_text: Option<Shown>,
    /// Program behind a runtime.
    pub program: Option<Shown>,
    /// Resident memory.
    pub rss_bytes: Option<i128>,
    /// The same in pages, as the task table prints it.
    pub rss_pages: Option<i128>,
    /// Size of such a page.
    pub page_size_bytes: Option<i128>,
    /// Anonymous part of it.
    pub anon_bytes: Option<i128>,
    /// Swapped memory.
    pub swap_bytes: Option<i128>,
    /// Adjustment.
    pub oom_score_adj: Option<f64>,
    /// Line that names it.
    pub source: Option<Shown>,
    /// No kill line survives.
    pub inferred: Option<bool>,
    /// Kill lines of this event.
    pub killed_count: Option<i128>,
}

/// The limit or the machine that ran out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RanOut {
    /// Cgroup whose limit fired.
    pub cgroup: Option<Shown>,
    /// Cgroup of the victim, when it is another one.
    pub victim_cgroup: Option<Shown>,
    /// The limit.
    pub limit_bytes: Option<i128>,
    /// What was in use.
    pub usage_bytes: Option<i128>,
    /// Charges that met the limit; not kills.
    pub failcnt_count: Option<i128>,
    /// Kubernetes pod.
    pub pod_uid: Option<Shown>,
    /// Container.
    pub container_id: Option<Shown>,
    /// Kubernetes pod by its name, with its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_name: Option<Shown>,
    /// Container by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_name: Option<Shown>,
    /// Image of the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Shown>,
    /// Kubernetes class.
    pub qos: Option<Shown>,
    /// RAM of the machine.
    pub ram_bytes: Option<i128>,
    /// Free memory of the machine.
    pub free_bytes: Option<i128>,
    /// Swap space.
    pub swap_total_bytes: Option<i128>,
    /// Free swap space.
    pub swap_free_bytes: Option<i128>,
}

/// The OOM events.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Events {
    /// Events found.
    pub total_count: usize,
    /// Events that are not in `rows`.
    pub not_shown_count: usize,
    /// Why there may be more than these.
    pub partial: Option<Shown>,
    /// Events in their order.
    pub rows: Vec<Event>,
    /// Events that belong together.
    pub groups: Vec<Group>,
    /// What container runtimes, systemd and user-space killers logged about them.
    pub notices: Vec<EvidenceLine>,
}

/// Events that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// What they share.
    pub key: Shown,
    /// Name of the victims.
    pub comm: Option<Shown>,
    /// Events.
    pub events_count: Option<i128>,
    /// Different containers.
    pub containers_count: Option<i128>,
    /// Their ids, shortened.
    pub containers_text: Option<Shown>,
    /// Pids of the victims.
    pub victims_text: Option<Shown>,
    /// First stamp.
    pub first_text: Option<Shown>,
    /// Last stamp.
    pub last_text: Option<Shown>,
    /// From first to last.
    pub span_seconds: Option<f64>,
    /// Limit that fired.
    pub limit_bytes: Option<i128>,
}

/// What one pool of memory consisted of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Memory {
    /// `cgroup_at_event`, `machine_at_event` or `machine_at_collection`.
    pub of: &'static str,
    /// Path of the cgroup.
    pub name: Option<Shown>,
    /// Full width of the bar: the limit or the RAM, or what is in use when that is more.
    pub whole_bytes: i128,
    /// The limit, for a cgroup.
    pub limit_bytes: Option<i128>,
    /// What is in use, for a cgroup.
    pub usage_bytes: Option<i128>,
    /// Its parts, none counted twice.
    pub parts: Vec<MemoryPart>,
    /// Figures beside the parts: swap, what can still be used.
    pub beside: Vec<MemoryPart>,
}

/// One part of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemoryPart {
    /// Key of the part, for example `anon`.
    pub key: &'static str,
    /// Its size.
    pub bytes: i128,
    /// Share of the whole.
    pub percent: f64,
}
