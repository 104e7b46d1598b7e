//! What the report lacks, how it ended, and who else noticed.

use super::View;
use crate::facts::{
    Evidence, Facts, Record,
    log::around::Around,
    oom::{allocation::Failure, event::OomEvent, kill::Scope, memcg::Counted, trace},
};
use crate::words::Bilingual;

/// Kills that the lines of an event show: a lower bound.
pub(in crate::facts::oom) fn killed_count(event: &OomEvent) -> u64 {
    let mut pids: Vec<u64> = event.killed.iter().filter_map(|k| k.value.pid).collect();
    pids.sort_unstable();
    pids.dedup();
    let shown = pids.len() as u64;
    shown.max(u64::from(event.names_victim()))
}

/// Puts endings and losses.
pub(super) fn put(view: &View<'_>, around: &Around, record: &mut Record) {
    let event = view.event;
    let here = || event.places.clone();
    endings(event, record);
    let kill_lines = event.kills.len() + event.killed.len() > 0;
    record.put("missing_text", missing(view, kill_lines).join(", "), here());
    record.put("missing_head", event.invocation.is_none(), here());
    record.put("missing_table", event.columns.is_none(), here());
    record.put("missing_kill_line", !kill_lines, here());
    record.put("cut_end", event.cut_end, here());
    if !event.frames.is_empty() {
        let vendor = event
            .frames
            .iter()
            .find(|f| trace::hides_kill_lines(&f.value));
        let places = vendor.map(|f| f.evidence.clone()).unwrap_or_default();
        record.put("vendor_hides_kill_lines", vendor.is_some(), places);
    }
    if let Some((unit, evidence)) = around.failed_unit(event) {
        record.put("failed_unit", unit, evidence);
    }
    if let Some(container) = view.container()
        && let Some(evidence) = around.container_notice(&container.value, event)
    {
        record.put("container_notice", true, evidence);
    }
}

fn endings(event: &OomEvent, record: &mut Record) {
    record.put("killed_count", killed_count(event), event.places.clone());
    let allocating = event
        .killed
        .iter()
        .map(|k| (k.value.scope, &k.evidence))
        .chain(event.kills.iter().map(|k| (k.value.scope, &k.evidence)))
        .find(|(scope, _)| *scope == Scope::AllocatingTask);
    if let Some((_, evidence)) = allocating {
        record.put("allocating_task_killed", true, evidence.clone());
    } else if !event.killed.is_empty() || !event.kills.is_empty() {
        record.put("allocating_task_killed", false, event.places.clone());
    }
    record.put("panicked", event.panic.is_some(), event.places.clone());
    super::seen(record, "panic_reason", event.panic.as_ref());
    match &event.group_kill {
        Some(line) => record.put("group_killed", true, line.evidence.clone()),
        None => record.put("group_killed", false, event.places.clone()),
    }
    let by_operator = event
        .sysrq
        .as_ref()
        .map(|s| s.evidence.clone())
        .or_else(|| {
            let line = event.invocation.as_ref()?;
            (line.value.order == Some(-1)).then(|| line.evidence.clone())
        });
    let by_trace = || {
        let frame = event.frames.iter().find(|f| f.value == "moom_callback")?;
        Some(frame.evidence.clone())
    };
    match by_operator.or_else(by_trace) {
        Some(evidence) => record.put("sysrq", true, evidence),
        None if event.invocation.is_some() => record.put("sysrq", false, event.places.clone()),
        None => {}
    }
    super::seen(record, "suppressed_before_count", event.suppressed.as_ref());
}

fn missing(view: &View<'_>, kill_lines: bool) -> Vec<&'static str> {
    let event = view.event;
    let memcg = view.constraint.is_memcg();
    let counted = event
        .counters
        .iter()
        .any(|c| c.value.counted == Counted::Memory);
    let machine = !view.event.memory.zones.is_empty() || !event.memory.counts_pages.is_empty();
    [
        (event.invocation.is_none(), "head"),
        (event.frames.is_empty(), "trace"),
        (memcg && !counted, "limit lines"),
        (memcg && event.stats.is_empty(), "statistics"),
        (!memcg && !machine, "memory of the machine"),
        (event.columns.is_none(), "task table"),
        (event.headless_table, "head of the task table"),
        (!kill_lines, "kill line"),
    ]
    .into_iter()
    .filter(|(lacks, _)| *lacks)
    .map(|(_, what)| what)
    .collect()
}

/// Notes lines inside a report that nothing understood, and lines that nobody can attribute.
pub(super) fn gaps(event: &OomEvent, facts: &mut Facts) {
    if let (Some(reports), Some(place)) = (event.interleaved, event.places.first()) {
        let entry = place.entry.clone();
        facts.gap(
            &entry,
            place.line,
            Bilingual::new(
                format!(
                    "the lines of {reports} OOM reports are mixed here: only those that name the victim are used"
                ),
                format!("此处 {reports} 份 OOM 报告的行相互交错，仅采用写明被杀进程的行"),
            ),
        );
    }
    drift(
        &event.drift,
        event.drift_count,
        &Bilingual::new("an OOM report", "OOM 报告"),
        facts,
    );
}

/// Notes lines inside the dumps of allocation failures that nothing understood.
pub(in crate::facts) fn failure_gaps(failures: &[Failure], facts: &mut Facts) {
    let what = Bilingual::new("an allocation failure", "内存分配失败的记录");
    for failure in failures {
        drift(&failure.drift, failure.drift_count, &what, facts);
    }
}

fn drift(lines: &[Evidence], count: u64, what: &Bilingual, facts: &mut Facts) {
    let Some(first) = lines.first() else {
        return;
    };
    let shown: Vec<String> = lines
        .iter()
        .map(|e| {
            let text: String = e.text.chars().take(120).collect();
            format!("{}: {text}", e.line)
        })
        .collect();
    let shown = shown.join(" | ");
    let entry = first.entry.clone();
    let (en, zh) = (&what.en, &what.zh);
    facts.gap(
        &entry,
        first.line,
        Bilingual::new(
            format!("format drift: {count} lines inside {en} were not understood: {shown}"),
            format!("日志格式有变：{zh}中有 {count} 行未能识别：{shown}"),
        ),
    );
}
