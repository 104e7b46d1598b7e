//! From events to records with the declared names. What the text does not say is not put.

use super::{
    event::{OomEvent, Seen},
    groups,
    page_size::{self, PageSize},
    storm::{Passed, Storm},
    victim::{Victim, victim},
};
use crate::facts::{
    Evidence, Facts, Record,
    log::{Machine, around::Around},
};
use crate::words::Bilingual;
use std::sync::Arc;

mod badness;
mod cgroup;
mod failures;
mod head;
mod losses;
mod memory;
mod spread;
mod tasks;
mod who;

pub(in crate::facts) use failures::record as failure_record;
pub(in crate::facts) use losses::failure_gaps;
pub(super) use losses::killed_count;

/// One event with what was concluded about it.
pub(super) struct View<'a> {
    pub(super) event: &'a OomEvent,
    pub(super) page: Option<&'a PageSize>,
    pub(super) victim: Option<Victim>,
    pub(super) constraint: head::Constraint,
    pub(super) paths: cgroup::Paths,
    /// Release of the kernel; from a neighbour in the same log when this report lost its own.
    pub(super) release: Option<Seen<String>>,
    /// How many rows of its task table are put.
    pub(super) rows_max: usize,
}

/// Rows of task tables that are put for all events together: a row with its evidence takes some
/// kilobytes, and a machine that kills for weeks logs tens of thousands.
const TASK_ROWS_MAX: usize = 4096;
/// Rows that each event gets however many there are.
const TASK_ROWS_MIN: usize = 16;

impl View<'_> {
    /// Bytes of so many pages, when the page size is known.
    pub(super) fn bytes(&self, pages: Option<u64>) -> Option<u64> {
        pages?.checked_mul(self.page?.bytes)
    }

    /// Container of the victim: by its path; or by the cpuset of the task that asked, when that is
    /// all that is left of a report about a cgroup.
    pub(super) fn container(&self) -> Option<Seen<String>> {
        self.paths.container(self.event, &self.constraint)
    }
}

/// The kind of shortage of an event: see [`head::Constraint`].
pub(super) fn constraint_value(event: &OomEvent) -> &'static str {
    head::constraint(event).value
}

/// Puts `oom_events`, `oom_groups` and `oom_summary`. `storm` counts those that were not kept; `partial` says why the log may hold more
/// events than these; `None` when it is whole.
pub(in crate::facts) fn put(
    events: &[OomEvent],
    storm: &Storm,
    machine: &Machine,
    around: &Around,
    partial: Option<&Arc<Bilingual>>,
    facts: &mut Facts,
) {
    let joined = storm.tell(facts).map(|why| match partial {
        Some(also) => Arc::new(Bilingual::new(
            format!("{}; {}", why.en, also.en),
            format!("{}；{}", why.zh, also.zh),
        )),
        None => Arc::new(why),
    });
    let partial = joined.as_ref().or(partial);
    let sizes = page_size::sizes(events, machine);
    let has_release = |e: &&OomEvent| e.cpu.as_ref().is_some_and(|c| c.value.release.is_some());
    let named: Vec<&OomEvent> = events.iter().filter(has_release).collect();
    let rows_max = (TASK_ROWS_MAX / events.len().max(1)).max(TASK_ROWS_MIN);
    let views: Vec<View<'_>> = events
        .iter()
        .zip(&sizes)
        .map(|(event, page)| view(event, page.as_ref(), &named, rows_max))
        .collect();
    let mut list = crate::facts::List {
        items: Vec::new(),
        partial: partial.cloned(),
    };
    let records = spread::map(&views, |view| record(view, machine, around));
    for (view, record) in views.iter().zip(records) {
        list.items.push(crate::facts::Fact {
            value: record.into(),
            evidence: view.event.places.clone(),
        });
        losses::gaps(view.event, facts);
        badness::gaps(view, facts);
    }
    summary(&views, &storm.counted(), facts);
    let mut grouped = groups::groups(&views, &mut list);
    grouped.partial = partial.cloned();
    facts.put("oom_events", list, Vec::new());
    facts.put("oom_groups", grouped, Vec::new());
}

fn view<'a>(
    event: &'a OomEvent,
    page: Option<&'a PageSize>,
    named: &[&OomEvent],
    rows_max: usize,
) -> View<'a> {
    let victim = victim(event, page.map(|p| p.bytes));
    let paths = cgroup::paths(event, victim.as_ref(), page);
    View {
        event,
        page,
        constraint: head::constraint(event),
        victim,
        paths,
        release: head::release(event, named),
        rows_max,
    }
}

fn record(view: &View<'_>, machine: &Machine, around: &Around) -> Record {
    let mut record = Record::new();
    head::put(view, machine, &mut record);
    who::put(view, around, &mut record);
    cgroup::put(view, &mut record);
    let event = view.event;
    let asked = event.invocation.as_ref().map(|i| &i.value);
    let request = memory::Request {
        memory: &event.memory,
        order: asked.and_then(|i| i.order),
        gfp_mask: asked.and_then(|i| i.gfp_mask.as_deref()),
        page_bytes: view.page.map(|p| p.bytes),
        release: view.release.as_ref().map(|r| r.value.as_str()),
        cut: event.cut_end,
    };
    memory::put(&request, &mut record);
    tasks::put(view, &mut record);
    losses::put(view, around, &mut record);
    record
}

fn summary(views: &[View<'_>], passed: &Passed, facts: &mut Facts) {
    let places = |keep: &dyn Fn(&View<'_>) -> bool| -> Vec<Evidence> {
        views
            .iter()
            .filter(|v| keep(v))
            .filter_map(|v| v.event.places.first().cloned())
            .collect()
    };
    let constraint = |v: &View<'_>| v.constraint.value;
    let kills: u64 = views.iter().map(|v| losses::killed_count(v.event)).sum();
    facts.put(
        "oom_summary.events_count",
        views.len() as u64 + passed.events,
        places(&|_| true),
    );
    facts.put(
        "oom_summary.kills_count",
        kills + passed.kills,
        places(&|v| v.event.names_victim()),
    );
    let count = |value: &str| views.iter().filter(|v| constraint(v) == value).count() as u64;
    facts.put(
        "oom_summary.memcg_count",
        count("memcg") + passed.memcg,
        places(&|v| constraint(v) == "memcg"),
    );
    facts.put(
        "oom_summary.global_count",
        count("none") + passed.global,
        places(&|v| constraint(v) == "none"),
    );
}

/// Puts a value that some line says.
pub(super) fn seen<T: Clone + Into<crate::facts::Value>>(
    record: &mut Record,
    path: &str,
    seen: Option<&Seen<T>>,
) {
    if let Some(seen) = seen {
        record.put(path, seen.value.clone(), seen.evidence.clone());
    }
}
