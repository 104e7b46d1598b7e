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
mod coverage;
mod journal;
pub mod line;
mod notices;
mod outer;
pub(crate) mod pattern;
mod prefix;
mod reader;
mod runtime;
pub mod stamp;
mod strace;
mod systemd;
#[cfg(test)]
mod tests;
mod wrap;

use around::Around;
use coverage::Coverage;
use oom::{allocation::Failure, event::Seen, join::Joiner};

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
    notices: Vec<notices::Notice>,
}

/// Reads all logs of a case and puts what they say.
///
/// Put before it is called: `kernel_log.whole_boot`, which decides whether the lists are whole.
pub fn read(logs: &[Log<'_>], machine: &Machine, facts: &mut Facts) {
    let mut around = Around::default();
    let mut calls = Vec::new();
    let mut index = 0;
    let offset = machine.utc_offset_seconds.unwrap_or(0);
    let clock = machine
        .clocks
        .as_ref()
        .and_then(|clocks| stamp::BootClock::new(clocks, offset));
    let mut told = Vec::new();
    for log in logs {
        told.push(one(log, clock, &mut around, &mut calls, &mut index));
    }
    let kernel = told.iter().any(|t| {
        t.coverage.kernel_lines > 0 || !t.joiner.events.is_empty() || !t.joiner.failures.is_empty()
    });
    let partial = partial(logs, &told, facts);
    kernel_log(logs, &told, kernel, facts);
    for (log, told) in logs.iter().zip(&told) {
        facts.push("logs", told.coverage.record(log));
    }
    if kernel {
        let failures: Vec<&Failure> = told.iter().flat_map(|t| &t.joiner.failures).collect();
        put_list(
            "allocation_failures",
            failures
                .into_iter()
                .map(|f| oom::facts::failure_record(f, machine)),
            partial.as_ref(),
            facts,
        );
        let notices = || told.iter().flat_map(|t| &t.notices);
        put_list(
            "kernel_notices",
            notices().map(notices::Notice::record),
            partial.as_ref(),
            facts,
        );
        let boots = notices().filter(|n| n.kind == "boot").count();
        facts.put("kernel_log.boots_count", boots, Vec::new());
        let events = oom::merge::merge(told.into_iter().map(|t| t.joiner.events).collect());
        oom::facts::put(&events, machine, &around, partial.as_ref(), facts);
    }
    programs(&around, &calls, partial.as_ref(), facts);
}

/// Streams one log.
fn one(
    log: &Log<'_>,
    clock: Option<stamp::BootClock>,
    around: &mut Around,
    calls: &mut Vec<strace::Call>,
    index: &mut u64,
) -> Told {
    let mut reader = reader::Reader::new(log.entry, log.source, clock);
    reader.wrapped(wrap::Wrap::of(log.content));
    let mut told = Told {
        coverage: Coverage::default(),
        joiner: Joiner::new(log.source == Source::Kmsg),
        notices: Vec::new(),
    };
    let mut audit = audit::Audit::default();
    let mut jumps = log
        .condensed
        .map_or(&[][..], |c| &c.jumps)
        .iter()
        .peekable();
    let mut rest = log.content;
    while !rest.is_empty() {
        let offset = log.content.len() - rest.len();
        if let Some(jump) = jumps.next_if(|jump| jump.offset <= offset) {
            // Nothing of a report lies in what was left out.
            reader.finish(&mut |line, found| {
                hear(line, found, &mut told, &mut audit, around, calls, index);
            });
            told.joiner.finish();
            reader.jump(jump.line);
        }
        let end = memchr::memchr(b'\n', rest);
        let (physical, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.get(1..).unwrap_or_default();
        told.coverage.lines += 1;
        reader.feed(physical, end.is_none(), &mut |line, found| {
            hear(line, found, &mut told, &mut audit, around, calls, index);
        });
        if end.is_none() {
            told.joiner.tear();
        }
    }
    reader.finish(&mut |line, found| {
        hear(line, found, &mut told, &mut audit, around, calls, index);
    });
    if let Some(condensed) = log.condensed {
        told.coverage.lines = condensed.lines;
    }
    told.joiner.finish();
    around.execs.extend(audit.finish());
    told
}

/// Gives one record to everybody who listens.
fn hear(
    line: &line::Line<'_>,
    found: reader::Recognised,
    told: &mut Told,
    audit: &mut audit::Audit,
    around: &mut Around,
    calls: &mut Vec<strace::Call>,
    index: &mut u64,
) {
    *index += 1;
    told.coverage.feed(line, found);
    told.joiner.feed(line);
    told.notices.extend(notices::notice(line));
    audit.feed(line);
    systemd::read(line, *index, &mut around.exits);
    around.notices.extend(runtime::container_oom(line));
    around.kills.extend(runtime::user_kill(line));
    calls.extend(strace::call(line));
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

/// Lists of what programs logged. A list is put when some log of a kind that could hold its lines
/// was read: without one they are unknown.
fn programs(
    around: &Around,
    calls: &[strace::Call],
    partial: Option<&Arc<Bilingual>>,
    facts: &mut Facts,
) {
    // Program lines come from logs of their own, which a whole ring buffer does not make whole.
    let other = Arc::new(Bilingual::new(
        "only the kernel's ring buffer is known to be whole",
        "只能确定内核环形缓冲区是完整的",
    ));
    let partial = Some(partial.unwrap_or(&other));
    put_list(
        "unit_exits",
        around.exits.iter().map(systemd::UnitExit::record),
        partial,
        facts,
    );
    put_list(
        "container_ooms",
        around.notices.iter().map(runtime::ContainerOom::record),
        partial,
        facts,
    );
    put_list(
        "user_kills",
        around.kills.iter().map(runtime::UserKill::record),
        partial,
        facts,
    );
    put_list(
        "execs",
        around.execs.iter().map(audit::Exec::record),
        partial,
        facts,
    );
    if !calls.is_empty() {
        put_list(
            "syscalls",
            calls.iter().map(strace::Call::record),
            partial,
            facts,
        );
    }
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

/// Adds the lines that printk dropped to the records that the collector lost.
fn lost(told: &[Told], facts: &mut Facts) {
    let dropped: u64 = told.iter().map(|t| t.coverage.dropped).sum();
    if dropped == 0 {
        return;
    }
    let lines: Vec<Evidence> = told
        .iter()
        .flat_map(|t| t.coverage.dropped_evidence.clone())
        .collect();
    let before = facts.root.int("kernel_log.lost_records_count").unwrap_or(0);
    facts.put(
        "kernel_log.lost_records_count",
        before + i128::from(dropped),
        lines,
    );
}
