//! Badness of every row, as the kernel counts it (mm/oom_kill.c of each era): who was first in line,
//! and whether the victim was.

use super::View;
use crate::facts::{
    Evidence, Facts, Record,
    oom::{event::Seen, kill::Scope, memcg::Counted, tasks::Task},
};
use crate::words::Bilingual;

/// What 1000 points are, and how the era counts.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    /// Pages of the memory in question, swap included.
    total_pages: u64,
    page_bytes: u64,
    /// Processes of root were spared three percent of their own size up to 4.16.
    root_spared: bool,
    evidence: Vec<Evidence>,
}

/// The scale of an event; `None` when the log does not tell how much memory was in question, or
/// when the kernel is older than this way of counting.
pub(super) fn scale(view: &View<'_>) -> Option<Scale> {
    let columns = &view.event.columns.as_ref()?.value.0;
    // The line that names the constraint comes last. Without it (`oom-kill:`; before 5.0, which
    // still prints a cpuset line of its own, `Kill process`) the memory in question may have been
    // that of some nodes only.
    let event = view.event;
    let told = event.summary.as_ref().map(|s| s.value.constraint.is_some());
    let old = event.cpuset.is_some() && !event.kills.is_empty();
    if event.cut_end || !told.unwrap_or(old) {
        return None;
    }
    let scale = counted(view, columns)?;
    contradiction(view, &scale).is_none().then_some(scale)
}

/// How far the printed score may lie from the one that is counted again: the pages were read at two
/// moments.
const SCORES_APART_MAX: u64 = 5;

/// The score that the kernel printed and the one that its table gives, when they disagree: then the
/// memory in question was another, or this kernel counts in another way.
pub(super) fn contradiction(view: &View<'_>, scale: &Scale) -> Option<(i64, i128, Evidence)> {
    let kill = view.event.kills.first()?;
    // Who asked is killed without being counted.
    let chosen = kill.value.scope != Scope::AllocatingTask;
    let printed = kill.value.score.filter(|_| chosen)?;
    let mut rows = view.event.tasks.iter();
    let row = rows.find(|row| Some(row.value.pid) == kill.value.pid)?;
    let counted = scale.score(&row.value)?;
    let apart = i128::from(printed).abs_diff(counted) > u128::from(SCORES_APART_MAX);
    let place = kill.evidence.first()?;
    apart.then(|| (printed, counted, place.clone()))
}

/// Notes a score that is not the one that the kernel printed.
pub(super) fn gaps(view: &View<'_>, facts: &mut Facts) {
    let columns = view.event.columns.as_ref().map(|c| &c.value.0);
    let Some((printed, counted, place)) = columns
        .and_then(|columns| counted(view, columns))
        .and_then(|scale| contradiction(view, &scale))
    else {
        return;
    };
    let entry = place.entry.clone();
    facts.gap(
        &entry,
        place.line,
        Bilingual::new(
            format!(
                "the kernel printed score {printed}, its task table gives {counted}: who was first in line is not told"
            ),
            format!("内核打印的 score 为 {printed}，按任务表计算得 {counted}：不判断哪个进程应被优先选中"),
        ),
    );
}

fn counted(view: &View<'_>, columns: &[String]) -> Option<Scale> {
    // Before 3.9 the table has no swap entries, and before 2.6.36 badness was of another kind.
    if !columns.iter().any(|c| c == "swapents") {
        return None;
    }
    let page_bytes = view.page?.bytes;
    let (bytes, evidence) = match view.constraint.value {
        "memcg" => of_cgroup(view)?,
        "none" => of_machine(view)?,
        _ => return None,
    };
    Some(Scale {
        total_pages: bytes / page_bytes.max(1),
        page_bytes,
        // pgtables_bytes came with 4.15; the release decides between that and 4.17.
        root_spared: columns.iter().any(|c| c == "nr_ptes"),
        evidence,
    })
}

fn of_cgroup(view: &View<'_>) -> Option<(u64, Vec<Evidence>)> {
    let counter = |kind| view.event.counters.iter().find(|c| c.value.counted == kind);
    let memory = counter(Counted::Memory)?;
    let limit = memory.value.limit()?;
    let mut evidence = memory.evidence.clone();
    let swap = counter(Counted::Swap);
    evidence.extend(swap.map(|s| s.evidence.clone()).unwrap_or_default());
    // v1 counts memory plus swap. Without a limit on that it is the machine's swap, which the
    // report of a cgroup does not print.
    if let Some(both) = counter(Counted::MemoryAndSwap) {
        evidence.extend(both.evidence.clone());
        return Some((both.value.limit()?.max(limit), evidence));
    }
    // Neither line: with v1 the kernel counts no swap, or the line is lost. Which one is not told.
    Some((limit.checked_add(swap?.value.limit()?)?, evidence))
}

fn of_machine(view: &View<'_>) -> Option<(u64, Vec<Evidence>)> {
    let memory = &view.event.memory;
    let ram = memory.totals_pages.get("pages RAM")?;
    let reserved = memory.totals_pages.get("pages reserved")?;
    let swap = memory.swap_total_bytes.as_ref()?;
    let bytes = ram
        .value
        .checked_sub(reserved.value)?
        .checked_mul(view.page?.bytes)?
        .checked_add(swap.value)?;
    let lines = [&ram.evidence, &reserved.evidence, &swap.evidence];
    Some((bytes, lines.into_iter().flatten().cloned().collect()))
}

impl Scale {
    /// Badness in pages; `None` for a task that may not be killed.
    fn pages(&self, task: &Task) -> Option<i128> {
        let adj = i128::from(task.oom_score_adj?);
        let share = adj * i128::from(self.total_pages / 1000);
        let points = task.badness_pages(self.page_bytes, 0)?;
        let spared = if self.root_spared && task.uid == Some(0) {
            points * 3 / 100
        } else {
            0
        };
        Some((points - spared + share).max(1))
    }

    /// Score as the kernel prints it.
    pub(super) fn score(&self, task: &Task) -> Option<i128> {
        let total = i128::from(self.total_pages.max(1));
        self.pages(task).map(|pages| pages * 1000 / total)
    }
}

/// Puts who was first in line.
pub(super) fn put(view: &View<'_>, scale: &Scale, record: &mut Record) {
    let first = view
        .event
        .tasks
        .iter()
        .filter_map(|row| Some((scale.pages(&row.value)?, row)))
        .max_by_key(|(pages, row)| (*pages, std::cmp::Reverse(row.value.pid)));
    let exempt = view
        .event
        .tasks
        .iter()
        .filter(|r| r.value.oom_score_adj == Some(-1000));
    record.put("exempt_count", exempt.count(), scale.evidence.clone());
    let Some((pages, row)) = first else { return };
    let place = [row.evidence.clone(), scale.evidence.clone()].concat();
    record.put("first_in_line.pid", row.value.pid, place.clone());
    record.put("first_in_line.comm", row.value.comm.as_str(), place.clone());
    record.put_some("first_in_line.score", scale.score(&row.value), &place);
    if let Some(own) = victim_row(view).and_then(|own| scale.pages(&own.value)) {
        record.put("victim.first_in_line", own >= pages, place);
    }
}

fn victim_row<'a>(view: &'a View<'_>) -> Option<&'a Seen<Task>> {
    let victim = view.victim.as_ref().filter(|v| !v.inferred)?;
    victim.row.as_ref()
}
