//! Logs: reads every log of a case once, record by record, and puts what they say about memory.
//!
//! [`read`] is the only door. [`prefix`] strips what carriers put before a record, [`reader`]
//! streams records, [`super::oom`] joins the kernel's reports, the other files read what programs
//! say about the same moments.

use super::{Evidence, Facts, List, Record, oom};
use crate::intake::Condensed;
use crate::words::{Bilingual, Lang};
use std::sync::Arc;

pub mod around;
mod audit;
pub mod bounded;
pub mod clock;
mod containers;
mod coverage;
mod describe;
mod ends;
mod journal;
mod killers;
pub mod line;
mod losses;
mod mail;
mod notices;
mod order;
mod outer;
pub(crate) mod pattern;
mod physical;
mod prefix;
mod programs;
mod reader;
mod refused;
mod said;
pub mod search;
mod settle;
mod spans;
pub mod stamp;
mod strace;
mod stream;
mod systemd;
#[cfg(test)]
mod tests;
mod timeline;
mod wrap;

use coverage::Coverage;
use oom::{allocation::Failure, event::Seen, join::Joiner};
use programs::Programs;

/// What a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Raw records of `/dev/kmsg`.
    Kmsg,
    /// Any text log; its prefix is recognised.
    Text,
}

/// What is known about the machine that wrote the logs.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// Page size in bytes.
    pub page_size_bytes: Option<u64>,
    /// The clocks at the time of collection.
    pub clocks: Option<oomscene_bundle::header::Clocks>,
    /// Offset of local time from UTC in seconds, east positive.
    pub utc_offset_seconds: Option<i32>,
    /// Host name.
    pub hostname: Option<String>,
    /// Release of the running kernel.
    pub kernel_release: Option<String>,
    /// Architecture as `uname -m` prints it.
    pub machine: Option<String>,
}

/// One log.
#[derive(Debug, Clone)]
pub struct Log<'a> {
    /// Entry or file name.
    pub entry: &'a str,
    /// What it is.
    pub source: Source,
    /// The bytes.
    pub content: &'a [u8],
    /// Number of the first line in the entry, counted from 1.
    pub first_line: u32,
    /// What was left out of them, when the log was too long to hold.
    pub condensed: Option<&'a Condensed>,
    /// Why only a part of the file is here; `None` when the file is whole.
    pub cut: Option<String>,
    /// A bare log: nobody knows what was before and after.
    pub excerpt: bool,
}

/// What one log gave.
struct Told {
    coverage: Coverage,
    joiner: Joiner,
    programs: Programs,
    timeline: timeline::Timeline,
}

/// Reads all logs of a case and puts what they say.
///
/// Put before it is called: `kernel_log.whole_boot`, which decides whether the lists are whole.
pub fn read(logs: &[Log<'_>], machine: &Machine, facts: &mut Facts) {
    let mut index = 0;
    let offset = machine.utc_offset_seconds.unwrap_or(0);
    let clock = machine
        .clocks
        .as_ref()
        .and_then(|clocks| stamp::BootClock::new(clocks, offset));
    let mut told = Vec::new();
    for log in logs {
        told.push(stream::one(log, clock, &mut index));
    }
    let shown = told.iter().find_map(|t| t.programs.utc_offset_seconds());
    let machine = &Machine {
        utc_offset_seconds: machine.utc_offset_seconds.or(shown),
        ..machine.clone()
    };
    settle::settle(logs, &mut told, machine);
    let zone = machine.utc_offset_seconds;
    let kernel = told.iter().any(|t| {
        t.coverage.kernel_lines > 0 || !t.joiner.events.is_empty() || !t.joiner.failures.is_empty()
    });
    let partial = partial(logs, &told, facts);
    kernel_log(logs, &told, kernel, facts);
    for (log, told) in logs.iter().zip(&told) {
        let record = told.coverage.record(log, &told.timeline, zone);
        facts.push("logs", record);
    }
    settle::put(logs, &told, machine, facts);
    spans::put(logs, &told, zone, facts);
    let mut joiners = Vec::new();
    let mut said = Vec::new();
    for told in told {
        joiners.push(told.joiner);
        said.push(told.programs);
    }
    let said = programs::join(said);
    if kernel {
        let failures = joiners.iter_mut().map(|j| std::mem::take(&mut j.failures));
        let failures: Vec<Failure> = oom::merge::failures(failures.collect());
        let passed = joiners.iter().filter_map(|j| j.failures_passed.as_ref());
        let of_failures = bounded::tell("allocation_failures", passed, partial.as_ref(), facts);
        put_list(
            "allocation_failures",
            failures
                .iter()
                .map(|f| oom::facts::failure_record(f, machine)),
            of_failures.as_ref(),
            facts,
        );
        programs::put_kernel(&said, zone, partial.as_ref(), facts);
        oom::facts::failure_gaps(&failures, facts);
        let passed = joiners
            .iter_mut()
            .map(|j| (j.events.len(), std::mem::take(&mut j.passed)));
        let storm = oom::storm::Storm::of(passed.collect());
        let mut events = oom::merge::merge(joiners.into_iter().map(|j| j.events).collect());
        settle::in_order_of_boots(&mut events);
        oom::facts::put(
            &events,
            &storm,
            machine,
            &said.around,
            partial.as_ref(),
            facts,
        );
    }
    programs::put(&said, zone, partial.as_ref(), facts);
}

/// Why the logs may lack events; `None` when the ring buffer still held its first record.
fn partial(logs: &[Log<'_>], told: &[Told], facts: &Facts) -> Option<Arc<Bilingual>> {
    if facts.root.flag("kernel_log.whole_boot") == Some(true) {
        return None;
    }
    let with_kernel: Vec<Bilingual> = logs
        .iter()
        .zip(told)
        .filter(|(_, t)| t.coverage.kernel_lines > 0 || !t.joiner.events.is_empty())
        .map(|(log, told)| told.coverage.partial(log))
        .collect();
    let joined = |lang, between: &str| {
        let all: Vec<&str> = with_kernel.iter().map(|w| w.get(lang)).collect();
        all.join(between)
    };
    Some(Arc::new(if with_kernel.is_empty() {
        Bilingual::new("no kernel log was read", "没有读到内核日志")
    } else {
        Bilingual::new(joined(Lang::En, "; "), joined(Lang::Zh, "；"))
    }))
}

fn put_list(
    path: &str,
    records: impl Iterator<Item = Record>,
    partial: Option<&Arc<Bilingual>>,
    facts: &mut Facts,
) {
    let list = List {
        items: records
            .map(|record| super::Fact {
                value: record.into(),
                evidence: Vec::new(),
            })
            .collect(),
        partial: partial.cloned(),
    };
    facts.put(path, list, Vec::new());
}

fn kernel_log(logs: &[Log<'_>], told: &[Told], kernel: bool, facts: &mut Facts) {
    facts.put("kernel_log.present", kernel, Vec::new());
    let suppressed: Vec<&Seen<u64>> = told.iter().flat_map(|t| &t.joiner.suppressed).collect();
    let lines: Vec<Evidence> = suppressed.iter().flat_map(|s| s.evidence.clone()).collect();
    if kernel {
        let count: u64 = suppressed.iter().map(|s| s.value).sum();
        facts.put("kernel_log.suppressed_count", count, lines.clone());
        facts.put("kernel_log.suppressions_count", suppressed.len(), lines);
    }
    lost(told, facts);
    longest(logs, told, facts);
}

/// Source and span of the log that reaches furthest: it stands for the kernel log of the case.
fn longest(logs: &[Log<'_>], told: &[Told], facts: &mut Facts) {
    let with_kernel: Vec<(&Log<'_>, &Told)> = logs
        .iter()
        .zip(told)
        .filter(|(_, t)| t.coverage.kernel_lines > 0 || !t.joiner.events.is_empty())
        .collect();
    let span = |t: &Told| t.coverage.seconds().unwrap_or(0.0);
    let Some((log, longest)) = with_kernel
        .into_iter()
        .reduce(|a, b| if span(b.1) > span(a.1) { b } else { a })
    else {
        return;
    };
    let source = match (log.source, log.excerpt) {
        (Source::Kmsg, _) => "/dev/kmsg",
        (Source::Text, true) => "an excerpt",
        (Source::Text, false) => "a log file",
    };
    if facts.get("kernel_log.source").is_none() {
        facts.put(
            "kernel_log.source",
            source,
            vec![Evidence::new(log.entry, 0, "")],
        );
    }
    if let (Some((first, at)), Some((last, end))) =
        (&longest.coverage.first, &longest.coverage.last)
    {
        facts.put(
            "kernel_log.first_text",
            first.text.as_str(),
            vec![at.clone()],
        );
        facts.put(
            "kernel_log.last_text",
            last.text.as_str(),
            vec![end.clone()],
        );
        let places = [at.clone(), end.clone()];
        facts.root.put_some(
            "kernel_log.covers_seconds",
            longest.coverage.seconds(),
            &places,
        );
    }
}

/// Adds the lines that printk dropped and that journald missed to the records that the collector
/// lost.
fn lost(told: &[Told], facts: &mut Facts) {
    let losses = || {
        let all = told.iter().flat_map(|t| &t.programs.losses);
        all.filter(|l| losses::KERNEL_LINES.contains(&l.value.kind))
    };
    // The same loss may stand in several logs: the log with the most of them counts.
    let most = told
        .iter()
        .map(|t| {
            let own = t.programs.losses.iter();
            own.filter(|l| losses::KERNEL_LINES.contains(&l.value.kind))
                .filter_map(|l| l.value.count)
                .sum::<u64>()
                + t.programs.lost_lines_passed
        })
        .max();
    let Some(count) = most.filter(|count| *count > 0) else {
        return;
    };
    let lines: Vec<Evidence> = losses().flat_map(|l| l.evidence.clone()).collect();
    let before = facts.root.int("kernel_log.lost_records_count").unwrap_or(0);
    facts.put(
        "kernel_log.lost_records_count",
        before + i128::from(count),
        lines,
    );
}
