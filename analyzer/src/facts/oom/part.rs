//! Which part of a report a line is. One line, one part: order and neighbours are the joiner's.

use super::{
    allocation::{self, AllocationFailure},
    endings::{self, Ending},
    invocation::{self, Cpu, Cpuset, Invocation},
    kill::{self, KillLine, Reaped},
    memcg::{self, Counter, LimitPaths},
    memory::{self, Buddy, HugePages, Zone},
    stats::{self, Stats},
    summary::{self, Summary},
    tasks::{self, Columns, Task},
    trace,
};
use crate::facts::log::pattern::pattern;

/// A part of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// `invoked oom-killer`.
    Invocation(Invocation),
    /// cpuset of the one that asked.
    Cpuset(Cpuset),
    /// CPU, pid, name, kernel release.
    Cpu(Cpu),
    /// Hardware name.
    Hardware(String),
    /// Function of a frame; empty for an unsure one.
    Frame(String),
    /// cgroup paths.
    LimitPaths(LimitPaths),
    /// cgroup counter.
    Counter(Counter),
    /// Head of cgroup statistics.
    Stats(Stats),
    /// Line of their body.
    StatsBody(String, u64),
    /// Torn line of their body.
    StatsTorn,
    /// Mem-Info counters, in pages.
    Counts(Vec<(String, u64)>),
    /// Zone.
    Zone(Zone),
    /// Free lists.
    Buddy(Buddy),
    /// Huge pages.
    Huge(HugePages),
    /// `N pages RAM` and its kin.
    Total(String, u64),
    /// Swap: whether it is the total, bytes.
    Swap(bool, u64),
    /// Header of the task table.
    Columns(Columns),
    /// Row of the task table.
    Task(Task),
    /// `Tasks state`, which stands before the header from 4.19 on.
    TableTitle,
    /// Row of a task table without a header, and what its columns must be.
    LoneTask(Columns, Task),
    /// `lowmem_reserve[]:` of the zone before, in pages by zone index.
    Reserve(Vec<u64>),
    /// `oom-kill:` line.
    Summary(Summary),
    /// Kill lines.
    Kill(KillLine),
    /// `oom_reaper` line.
    Reaped(Reaped),
    /// Panic, sysrq, group, nobody to kill.
    Ending(Ending),
    /// Suppressed callbacks: function and how many.
    Suppressed(String, u64),
    /// Page allocation failure.
    Failure(AllocationFailure),
    /// Belongs to a report and says nothing that is used: registers, stack words, headings.
    Noise,
}

impl Part {
    /// Whether the end of another line reads like this part: `active_anon:` is the end of
    /// `inactive_anon:`, a number that of a longer one.
    #[must_use]
    pub fn may_lack_head(&self) -> bool {
        matches!(
            self,
            Self::Counts(_) | Self::Counter(_) | Self::Total(..) | Self::StatsBody(..)
        )
    }
}

/// What the lines before make of this one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Header of the task table that is open.
    pub columns: Option<&'a Columns>,
    /// Header of an earlier table of the same log, for a table that lost its own.
    pub known_columns: Option<&'a Columns>,
    /// Whether a multi-line statistics body is open.
    pub body: bool,
    /// Whether a report is open: only then are bare counters and frames its parts.
    pub open: bool,
}

/// Reads one line, without its prefix and indentation. `None` when it is no part of a report.
#[must_use]
pub fn part(line: &str, context: Context<'_>) -> Option<Part> {
    if context.body {
        if let Some((key, value)) = stats::body(line) {
            return Some(Part::StatsBody(key.to_owned(), value));
        }
        if torn_body(line) {
            return Some(Part::StatsTorn);
        }
    }
    if line.starts_with('[')
        && let Some(part) = table(line, context)
    {
        return Some(part);
    }
    let line = line.trim_end();
    if let Some(function) = trace::whole_frame(line) {
        let opens = context.open || trace::is_oom(function) || trace::is_failure(function);
        return opens.then(|| Part::Frame(function.to_owned()));
    }
    anchored(line).or_else(|| {
        if context.open {
            inside(line)
        } else {
            oom_frame(line)
        }
    })
}

fn torn_body(line: &str) -> bool {
    pattern!(TORN, r"^[a-z][a-z0-9_]*(?: \d*)?$");
    TORN.is_match(line)
}

fn table(line: &str, context: Context<'_>) -> Option<Part> {
    if let Some(columns) = tasks::columns(line) {
        return Some(Part::Columns(columns));
    }
    if let Some(columns) = context.columns {
        return tasks::row(line, columns).map(Part::Task);
    }
    let of_row = tasks::columns_of_row(line)?;
    let columns = match context.known_columns {
        Some(known) if known.0.len() == of_row.0.len() => known.clone(),
        _ => of_row,
    };
    let task = tasks::row(line, &columns)?;
    Some(Part::LoneTask(columns, task))
}

/// Parts that are known by their words, wherever they stand.
fn anchored(line: &str) -> Option<Part> {
    if line.starts_with("Tasks state (") {
        return Some(Part::TableTitle);
    }
    invocation::invocation(line)
        .map(Part::Invocation)
        .or_else(|| summary::summary(line).map(Part::Summary))
        .or_else(|| kill::kill(line).map(Part::Kill))
        .or_else(|| kill::reaped(line).map(Part::Reaped))
        .or_else(|| invocation::cpuset(line).map(Part::Cpuset))
        .or_else(|| memcg::limit_paths(line).map(Part::LimitPaths))
        .or_else(|| memcg::counter(line).map(Part::Counter))
        .or_else(|| stats::head(line).map(Part::Stats))
        .or_else(|| endings::ending(line).map(Part::Ending))
        .or_else(|| endings::suppressed(line).map(|(function, n)| Part::Suppressed(function, n)))
        .or_else(|| allocation::failure(line).map(Part::Failure))
        .or_else(|| memory::zone(line).map(Part::Zone))
        .or_else(|| memory::buddy(line).map(Part::Buddy))
        .or_else(|| memory::counts(line).map(owned_counts))
        .or_else(|| memory::total(line).map(|(what, n)| Part::Total(what.to_owned(), n)))
        .or_else(|| memory::swap(line).map(|(total, bytes)| Part::Swap(total, bytes)))
}

fn owned_counts(counts: Vec<(&str, u64)>) -> Part {
    Part::Counts(
        counts
            .into_iter()
            .map(|(key, pages)| (key.to_owned(), pages))
            .collect(),
    )
}

/// Parts that other reports have too: they count only inside an open one.
fn inside(line: &str) -> Option<Part> {
    invocation::cpu(line)
        .map(Part::Cpu)
        .or_else(|| invocation::hardware(line).map(|h| Part::Hardware(h.to_owned())))
        .or_else(|| trace::frame(line).map(|f| Part::Frame(f.to_owned())))
        .or_else(|| memory::reserve(line).map(Part::Reserve))
        .or_else(|| memory::huge_pages(line).map(Part::Huge))
        .or_else(|| noise(line).then_some(Part::Noise))
}

/// A frame of the OOM path itself opens a report whose head is lost, one of the warning an
/// allocation failure.
fn oom_frame(line: &str) -> Option<Part> {
    let function = trace::frame(line)?;
    let opens = trace::is_oom(function) || trace::is_failure(function);
    opens.then(|| Part::Frame(function.to_owned()))
}

pattern!(
    NOISE,
    r"(?x)^(?:
      Call\ [Tt]race: | Backtrace: | </?(?:TASK|IRQ|NMI|EOI|SOFTIRQ)> | Stack\ ?: | \.\.\.$
    | (?:[0-9a-f]{8,16}(?:\ |$))+$ | (?:R[A-Z0-9]{2}|E[A-Z]{2}|[CD]R\d|[CDEFG]S|PKRU|EFLAGS|CPSR|NIP|GPR\d\d|CFAR|CTR|LR|XER|MSR|REGS|TRAP)\b
    | (?:pc|lr|sp|x\d\d?|r\d\d?|pstate|ra|tp|gp|epc|status|badaddr|cause|s\d+|t\d+|a\d+)\ ?: | Code: | Workqueue: | Modules\ linked\ in: | Tainted:\ \[ | Exception\ stack | ---\[ | ==
    | Mem-Info: | (?:Node\ \d+\ )?\w+\ per-cpu: | CPU\ +\d+:\ (?:hi|Hot): | lowmem_reserve\[\]: | (?:\d+\ )+\d+$ | Node\ \d+\ (?:active|inactive)\w*: | Swap\ cache | Tasks\ state
    | (?:(?:\d+,\ )?find\ )?\d+/\d+$ | writeback_tmp:\d+kB\ | Unreclaimable\ slab\ info | Name\ +Used\ +Total | \S+\ +\d+KB\ +\d+KB$ | excessive\ unreclaimable | \d+\ +\d+\ \S+:\d+\ | \d+\ total\ pagecache | Memory\ allocations | Memory\ cgroup\ (?:min|low|out)
    | [0-9a-f]{3,4}:\ +(?:[0-9a-f]{8}\b\ *)+$ | ORIG_RAX | SL[AU]B:\ | cache:\ \S+,\ object\ size | node\ \d+:\ slabs | Rebooting\ in
    | PREEMPT | Sending\ NMI | NMI\ backtrace | Kernel\ Offset | Unable\ to\ access | Flags: | SMP | Hardware | Interrupt:? | Entry | entry | handle | ret_from | el\d
    | \[<[0-9a-fA-F]+>\] | \(?[A-Za-z_][\w.]*\)?\ from\ | \?\ | oom_reaper: | [\w.-]+\ login:$ | memory:\ usage | swap:\ usage | kmem:\ usage | memory\+swap:\ usage | .*\ blocked\ for\ more\ than
    )"
);

/// Whether a line of a report is one that carries nothing we use.
pub(super) fn noise(line: &str) -> bool {
    line.is_empty() || NOISE.is_match(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_open_only_reports_of_the_oom_path() {
        let closed = Context::default();
        assert!(
            part(
                "[<9000000000475aa4>] mem_cgroup_out_of_memory+0x114/0x160",
                closed
            )
            .is_some()
        );
        assert_eq!(
            part("[<9000000000475aa4>] schedule+0x114/0x160", closed),
            None
        );
        assert_eq!(part("Hardware name: x", closed), None);
    }

    #[test]
    fn noise_is_known() {
        for line in [
            "Stack : 9000101f4607fa88 90000000012a36c0",
            "0000000000000000 0000000000000000 0000000000000000 900000000232a451",
            "...",
            "<TASK>",
            "RIP: 0033:0x46ea1d",
            "RAX: 0000000000000000 RBX: 0000000000002710 RCX: 000000000046ea1d",
            "R10: 0000000000000000 R11: 0000000000000202 R12: 0000000000000011",
            "Code: Unable to access opcode bytes at RIP 0x46e9f3.",
            "lowmem_reserve[]: 0 2800 7800 7800",
            "Tasks state (memory values in pages):",
            "Swap cache stats: add 250000, delete 244700, find 96000/110000",
        ] {
            assert!(noise(line), "{line}");
        }
        assert!(!noise("something new: 12 of 14"));
    }
}
