//! When, which kind of shortage, on which kernel.

use super::{View, seen};
use crate::facts::{
    Evidence, Record,
    log::{
        Machine,
        clock::{self, When},
    },
    oom::{
        event::{OomEvent, Seen},
        invocation,
        kill::Scope,
        page_size::same_kernel,
        trace,
    },
};

/// Which memory ran out, and what says so.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::facts::oom) struct Constraint {
    /// `memcg`, `none`, `cpuset`, `memory_policy` or `unknown`.
    pub(in crate::facts::oom) value: &'static str,
    /// In words.
    pub(in crate::facts::oom) reason: String,
    /// The line.
    pub(in crate::facts::oom) evidence: Vec<Evidence>,
}

impl Constraint {
    /// Whether a cgroup's limit fired.
    pub(in crate::facts::oom) fn is_memcg(&self) -> bool {
        self.value == "memcg"
    }
}

fn because(value: &'static str, reason: &str, evidence: &[Evidence]) -> Constraint {
    Constraint {
        value,
        reason: reason.to_owned(),
        evidence: evidence.to_vec(),
    }
}

/// Reads the kind of shortage off whichever line tells it; the more direct ones first.
pub(super) fn constraint(event: &OomEvent) -> Constraint {
    if let Some(line) = &event.summary
        && let Some(value) = line.value.constraint
    {
        // Kernels between 5.0 and 5.1 print NONE for a limit; the line names its cgroup all the same.
        if value == "none" && line.value.oom_memcg.is_some() {
            return because(
                "memcg",
                "the oom-kill line names the cgroup",
                &line.evidence,
            );
        }
        return because(value, "the oom-kill line says so", &line.evidence);
    }
    memcg_by_words(event)
        .or_else(|| machine_by_words(event))
        .unwrap_or_else(|| because("unknown", "no line that tells it is in the log", &[]))
}

fn memcg_by_words(event: &OomEvent) -> Option<Constraint> {
    let memcg = |reason: &str, evidence: &[Evidence]| Some(because("memcg", reason, evidence));
    let cgroup_kill = "the kill line says `Memory cgroup out of memory`";
    if let Some(kill) = event.kills.iter().find(|k| k.value.scope == Scope::Cgroup) {
        return memcg(cgroup_kill, &kill.evidence);
    }
    if let Some(kill) = event.killed.iter().find(|k| k.value.scope == Scope::Cgroup) {
        return memcg(cgroup_kill, &kill.evidence);
    }
    if let Some(paths) = &event.limit_paths {
        return memcg(
            "the report names the cgroup whose limit was met",
            &paths.evidence,
        );
    }
    if let Some(counter) = event.counters.first() {
        return memcg("the report has the counters of a cgroup", &counter.evidence);
    }
    if let Some(stats) = event.stats.first() {
        return memcg("the report has the statistics of a cgroup", &stats.evidence);
    }
    let frames = frames(event);
    let frame = frames
        .iter()
        .find(|f| trace::is_memcg(&f.value))
        .or_else(|| caller(frames, 1, trace::charges))?;
    memcg(
        &format!("the call trace goes through {}", frame.value),
        &frame.evidence,
    )
}

fn machine_by_words(event: &OomEvent) -> Option<Constraint> {
    let machine = |reason: &str, evidence: &[Evidence]| Some(because("none", reason, evidence));
    let words = "the kill line says `Out of memory`, not `Memory cgroup out of memory`";
    let of_machine = |scope| matches!(scope, Scope::Machine | Scope::AllocatingTask);
    if let Some(kill) = event.kills.iter().find(|k| of_machine(k.value.scope)) {
        return machine(words, &kill.evidence);
    }
    if let Some(kill) = event.killed.iter().find(|k| of_machine(k.value.scope)) {
        return machine(words, &kill.evidence);
    }
    let mut faults = event.killed.iter();
    if let Some(kill) = faults.find(|k| k.value.scope == Scope::PageFault) {
        let reason = "the kernel killed in a page fault, before there were limits of cgroups";
        return machine(reason, &kill.evidence);
    }
    if let Some(evidence) = event.memory.evidence() {
        return machine("the report lists the memory of the whole machine", evidence);
    }
    if let Some(panic) = &event.panic {
        return machine("the panic line is about the whole machine", &panic.evidence);
    }
    // The killer was called by the page allocator, not by the charge to a cgroup.
    let frames = frames(event);
    let called = caller(frames, BETWEEN_FRAMES_MAX, |function| {
        trace::base(function).starts_with("__alloc_pages")
    });
    let frame = called.or_else(|| {
        frames.iter().find(|f| {
            matches!(
                trace::base(&f.value),
                "__alloc_pages_may_oom"
                    | "__alloc_pages_slowpath"
                    | "__out_of_memory"
                    | "pagefault_out_of_memory"
            )
        })
    })?;
    machine(
        &format!("the call trace goes through {}", frame.value),
        &frame.evidence,
    )
}

/// The trace of a report. Where the kernel marks all of its frames as unsure, the mark says nothing.
fn frames(event: &OomEvent) -> &[Seen<String>] {
    if event.frames.is_empty() {
        &event.unsure_frames
    } else {
        &event.frames
    }
}

/// What is left on the stack between the frames of 2.6.18, which prints all that looks like one.
const BETWEEN_FRAMES_MAX: usize = 4;

/// The frame of which the OOM killer was called, if it is one of the next `steps`.
fn caller(
    frames: &[Seen<String>],
    steps: usize,
    fits: impl Fn(&str) -> bool,
) -> Option<&Seen<String>> {
    let killer = |f: &Seen<String>| {
        let base = trace::base(&f.value);
        base.ends_with("out_of_memory") || base == "oom_kill_process"
    };
    let at = frames.iter().rposition(killer)?;
    let mut next = frames.iter().skip(at + 1).take(steps);
    next.find(|f| fits(&f.value))
}

/// Release of the kernel. A report that lost its own line takes that of the other reports of the
/// same log, if they all agree. `named` are the reports that have one.
pub(super) fn release(event: &OomEvent, named: &[&OomEvent]) -> Option<Seen<String>> {
    let own = |event: &OomEvent| {
        let cpu = event.cpu.as_ref()?;
        Some(Seen {
            value: cpu.value.release.clone()?,
            evidence: cpu.evidence.clone(),
        })
    };
    own(event).or_else(|| {
        let near = named.iter().filter(|e| same_kernel(event, e));
        let mut near = near.filter_map(|e| own(e));
        let first = near.next()?;
        near.all(|other| other.value == first.value)
            .then_some(first)
    })
}

/// Puts time, constraint, request and kernel.
pub(super) fn put(view: &View<'_>, machine: &Machine, record: &mut Record) {
    let event = view.event;
    if let Some(stamp) = &event.stamp {
        let place = &stamp.evidence;
        record.put("time_text", stamp.value.text.as_str(), place.clone());
        record.put_some("uptime_seconds", stamp.value.uptime_seconds(), place);
        let when = clock::when(&stamp.value, event.this_boot, event.time_computed, machine);
        put_when(when, event.boot, place, record);
    }
    let constraint = &view.constraint;
    // Unknown is not a kind of shortage: a rule that asks for one must not be told no.
    if constraint.value != "unknown" {
        record.put("constraint", constraint.value, constraint.evidence.clone());
    }
    record.put(
        "constraint_reason",
        constraint.reason.as_str(),
        constraint.evidence.clone(),
    );
    request(view, record);
    kernel(view, machine, record);
    seen(record, "host", event.host.as_ref());
    if let Some(page) = view.page {
        record.put("page_size_bytes", page.bytes, page.evidence.clone());
        record.put(
            "page_size_reason",
            page.reason.as_str(),
            page.evidence.clone(),
        );
    }
}

/// Puts the wall time with its error, and the boot.
pub(super) fn put_when(
    when: Option<When>,
    boot: Option<u64>,
    place: &[Evidence],
    record: &mut Record,
) {
    record.put_some("boot_index", boot, place);
    let Some(when) = when else {
        return;
    };
    record.put("time", when.utc_seconds, place.to_vec());
    record.put_some("time_error_seconds", when.error_seconds, place);
    record.put("time_source", when.source, place.to_vec());
}

fn request(view: &View<'_>, record: &mut Record) {
    if let Some(line) = &view.event.invocation {
        let (read, place) = (&line.value, &line.evidence);
        record.put_some("gfp_mask", read.gfp_mask.clone(), place);
        let release = view.release.as_ref().map(|r| r.value.as_str());
        super::failures::put_flags(
            read.gfp_mask.as_deref(),
            read.gfp_flags.clone(),
            release,
            place,
            record,
        );
        record.put_some("nodemask", read.nodemask.clone(), place);
        record.put_some("order", read.order, place);
        let pages = read
            .order
            .and_then(|order| u32::try_from(order).ok())
            .and_then(|order| 1u64.checked_shl(order));
        record.put_some("request_bytes", view.bytes(pages), place);
    }
    if let Some(line) = &view.event.summary {
        record.put_some("nodemask", line.value.nodemask.clone(), &line.evidence);
        record.put_some(
            "mems_allowed",
            line.value.mems_allowed.clone(),
            &line.evidence,
        );
    } else if let Some(line) = &view.event.cpuset {
        record.put(
            "mems_allowed",
            line.value.nodes.as_str(),
            line.evidence.clone(),
        );
    }
    let frames = &view.event.frames;
    let functions = frames.iter().map(|f| f.value.as_str());
    if let Some((path, function)) = trace::allocation_path(functions) {
        let place = frames.iter().find(|f| f.value == function);
        record.put(
            "allocation_path",
            path,
            place.map(|f| f.evidence.clone()).unwrap_or_default(),
        );
    }
}

fn kernel(view: &View<'_>, machine: &Machine, record: &mut Record) {
    seen(record, "kernel_release", view.release.as_ref());
    seen(record, "hardware", view.event.hardware.as_ref());
    if let Some(cpu) = &view.event.cpu {
        record.put_some("tainted", cpu.value.tainted.clone(), &cpu.evidence);
    }
    let of_header = machine
        .machine
        .as_deref()
        .filter(|_| view.event.this_boot || release_is_header(view, machine));
    let name = view
        .release
        .as_ref()
        .and_then(|r| invocation::machine(&r.value))
        .or(of_header);
    let place = view.release.as_ref().map(|r| r.evidence.clone());
    record.put_some("machine", name, &place.unwrap_or_default());
}

fn release_is_header(view: &View<'_>, machine: &Machine) -> bool {
    view.release
        .as_ref()
        .is_some_and(|r| Some(r.value.as_str()) == machine.kernel_release.as_deref())
}
