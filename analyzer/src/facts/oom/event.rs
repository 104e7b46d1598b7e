//! One OOM event: what its lines say, each part with the lines that say it.

use std::collections::BTreeMap;

use super::{
    invocation::{Cpu, Cpuset, Invocation},
    kill::{Kill, Killed, Reaped},
    memcg::{Counter, LimitPaths},
    memory::{Buddy, HugePages, Zone},
    stats::Stats,
    summary::Summary,
    tasks::{Columns, Task},
    trace,
};
use crate::facts::{Evidence, log::stamp::Stamp};

/// Something that was read, with the lines that say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<T> {
    /// What was read.
    pub value: T,
    /// Where.
    pub evidence: Vec<Evidence>,
}

impl<T> Seen<T> {
    /// Something read from one line.
    pub fn new(value: T, evidence: Evidence) -> Self {
        Self {
            value,
            evidence: vec![evidence],
        }
    }
}

/// Memory of the machine as the report lists it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryDump {
    /// Mem-Info block, in pages, by the kernel's keys.
    pub counts_pages: BTreeMap<String, Seen<u64>>,
    /// Zones with their watermarks.
    pub zones: Vec<Seen<Zone>>,
    /// Free lists.
    pub buddies: Vec<Seen<Buddy>>,
    /// Pools of huge pages, per node and size.
    pub huge: Vec<Seen<HugePages>>,
    /// `N pages RAM` and the like, in pages, by what they count.
    pub totals_pages: BTreeMap<String, Seen<u64>>,
    /// `Total swap`, bytes.
    pub swap_total_bytes: Option<Seen<u64>>,
    /// `Free swap`, bytes.
    pub swap_free_bytes: Option<Seen<u64>>,
}

impl MemoryDump {
    /// A line of it; `None` when there is none.
    #[must_use]
    pub fn evidence(&self) -> Option<&[Evidence]> {
        let zone = self.zones.first().map(|z| &z.evidence);
        zone.or_else(|| self.counts_pages.values().next().map(|c| &c.evidence))
            .or_else(|| self.buddies.first().map(|b| &b.evidence))
            .or_else(|| self.totals_pages.values().next().map(|t| &t.evidence))
            .or_else(|| self.swap_total_bytes.as_ref().map(|s| &s.evidence))
            .or_else(|| self.swap_free_bytes.as_ref().map(|s| &s.evidence))
            .map(Vec::as_slice)
    }
}

/// One OOM event. Every part is optional: any of them can be lost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OomEvent {
    /// Its first line in each log that shows it; the first one leads.
    pub places: Vec<Evidence>,
    /// When, from its first line.
    pub stamp: Option<Seen<Stamp>>,
    /// Stamp of its last line, for the distance to what follows.
    pub last_stamp: Option<Stamp>,
    /// Whether the stamps are those of `/dev/kmsg` of the boot that the header describes.
    pub this_boot: bool,
    /// Boot that it belongs to, counted from 1 among those of the case.
    pub boot: Option<u64>,
    /// Whether its wall time was computed by `dmesg -T`, which drifts.
    pub time_computed: bool,
    /// Host of the prefix.
    pub host: Option<Seen<String>>,
    /// Who asked for memory.
    pub invocation: Option<Seen<Invocation>>,
    /// Its cpuset.
    pub cpuset: Option<Seen<Cpuset>>,
    /// `CPU: … PID: … Comm: …` line.
    pub cpu: Option<Seen<Cpu>>,
    /// `Hardware name` line.
    pub hardware: Option<Seen<String>>,
    /// Functions of the call trace, innermost first.
    pub frames: Vec<Seen<String>>,
    /// The first functions of a trace whose frames are all unsure, as kernels without frame pointers
    /// (2.6.32 of EL6) print them: which of them called which is still in their order.
    pub unsure_frames: Vec<Seen<String>>,
    /// `Task in A killed as a result of limit of B`.
    pub limit_paths: Option<Seen<LimitPaths>>,
    /// Counters of the cgroup whose limit fired.
    pub counters: Vec<Seen<Counter>>,
    /// Statistics of cgroups.
    pub stats: Vec<Seen<Stats>>,
    /// Memory of the machine.
    pub memory: MemoryDump,
    /// Header of the task table.
    pub columns: Option<Seen<Columns>>,
    /// The header is lost; the columns are known from elsewhere and rows may be lost too.
    pub headless_table: bool,
    /// Rows of the task table.
    pub tasks: Vec<Seen<Task>>,
    /// `oom-kill:` line.
    pub summary: Option<Seen<Summary>>,
    /// `Kill process` lines (before Linux 5.1).
    pub kills: Vec<Seen<Kill>>,
    /// `Killed process` lines.
    pub killed: Vec<Seen<Killed>>,
    /// `oom_reaper` lines.
    pub reaped: Vec<Seen<Reaped>>,
    /// cgroup killed as a whole.
    pub group_kill: Option<Seen<String>>,
    /// What the panic line says.
    pub panic: Option<Seen<String>>,
    /// Nobody was left to kill.
    pub no_victim: Option<Seen<String>>,
    /// Asked for by an operator.
    pub sysrq: Option<Seen<String>>,
    /// `oom_kill_process: N callbacks suppressed`.
    pub suppressed: Option<Seen<u64>>,
    /// The log ends or breaks inside this report.
    pub cut_end: bool,
    /// Its lines are mixed with those of so many reports in all, and only those that name its victim
    /// are known to be its own.
    pub interleaved: Option<usize>,
    /// Lines inside the report that nothing understood.
    pub drift: Vec<Evidence>,
    /// How many of them there were.
    pub drift_count: u64,
}

impl OomEvent {
    /// Whether it has a line that only the OOM killer writes: memory alone is no report.
    #[must_use]
    pub fn is_report(&self) -> bool {
        self.ended()
            || self.invocation.is_some()
            || self.limit_paths.is_some()
            || !self.counters.is_empty()
            || !self.stats.is_empty()
            // The header of a table alone says nothing of a report.
            || (self.columns.is_some() && !self.headless_table && !self.tasks.is_empty())
            || self.group_kill.is_some()
            || self.frames.iter().any(|f| trace::is_oom(&f.value))
    }

    /// Whether a task table is all that there is of it.
    #[must_use]
    pub fn only_table(&self) -> bool {
        !self.tasks.is_empty()
            && !self.ended()
            && self.invocation.is_none()
            && self.cpuset.is_none()
            && self.cpu.is_none()
            && self.frames.is_empty()
            && self.limit_paths.is_none()
            && self.counters.is_empty()
            && self.stats.is_empty()
            && self.memory.evidence().is_none()
            && self.group_kill.is_none()
    }

    /// Number of its first line in the log that leads.
    #[must_use]
    pub fn first_line(&self) -> u32 {
        self.places.first().map_or(0, |place| place.line)
    }

    /// Whether some line says who was killed.
    #[must_use]
    pub fn names_victim(&self) -> bool {
        self.summary.is_some()
            || !self.kills.is_empty()
            || !self.killed.is_empty()
            || !self.reaped.is_empty()
    }

    /// Whether the report reached its end: a kill, a panic, or nobody to kill.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.names_victim() || self.panic.is_some() || self.no_victim.is_some()
    }

    /// The process that `pid` of a line about a kill means. Those lines name the thread that holds the memory, which
    /// is not the process's own number when its first thread has ended (mm/oom_kill.c, `find_lock_task_mm`).
    #[must_use]
    pub fn process_of(&self, pid: u64) -> u64 {
        let row = self.tasks.iter().find(|t| t.value.thread_pid == Some(pid));
        row.map_or(pid, |row| row.value.pid)
    }

    /// Whether a kill of `pid` right after the one of this event is of the same group: since 5.1
    /// each choice has an `oom-kill` line, and only `memory.oom.group` kills without another one.
    #[must_use]
    pub fn dies_with(&self, pid: Option<u64>) -> bool {
        let of_cgroup = |s: &Seen<Summary>| s.value.constraint == Some("memcg");
        self.summary.as_ref().is_some_and(of_cgroup)
            && self.killed.first().is_some_and(|k| k.value.pid != pid)
    }

    /// Pids that lines about the kill name, with the kind of line, in order of trust.
    #[must_use]
    pub fn victim_pids(&self) -> Vec<(&'static str, u64)> {
        let summary = self.summary.iter().filter_map(|s| s.value.pid);
        let mut pids: Vec<(&'static str, u64)> = Vec::new();
        let kills = self.kills.iter().filter_map(|k| k.value.pid);
        pids.extend(kills.map(|pid| ("Kill", pid)));
        pids.extend(summary.map(|pid| ("oom-kill", pid)));
        let killed = self.killed.iter().filter_map(|k| k.value.pid);
        pids.extend(killed.map(|pid| ("Killed", pid)));
        pids.extend(self.reaped.iter().map(|r| ("oom_reaper", r.value.pid)));
        pids
    }
}
