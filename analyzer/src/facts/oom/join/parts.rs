//! Where each part of a report goes, and which parts open the next event.

use super::{Joiner, Open};
use crate::facts::{
    Evidence,
    log::{line::Line, stamp::Stamp},
    oom::{
        allocation::Failure,
        event::{MemoryDump, OomEvent, Seen},
        part::Part,
        trace,
    },
};

impl Joiner {
    /// Puts one part where it belongs.
    pub(super) fn take(&mut self, part: Part, line: &Line<'_>) {
        if self.printed_already(&part, line) {
            return;
        }
        let evidence = line.evidence();
        match part {
            Part::Invocation(read) => {
                self.invocation(line).invocation = Some(Seen::new(read, evidence));
            }
            Part::Failure(read) => {
                self.end_open();
                let mut failure = Failure::new(Seen::new(read, evidence), line.stamp.cloned());
                failure.this_boot = self.this_boot;
                self.lane.open = Open::Failure(Box::new(failure));
            }
            Part::Suppressed(function, count) => self.suppressed(&function, count, line),
            Part::Kill(kill) => self.kill_line(kill, line),
            Part::Reaped(read) => self.reaped(read, line),
            Part::Ending(read) => self.ending(read, line),
            Part::Summary(read) => self.summary(read, line),
            Part::LimitPaths(_)
            | Part::Counter(_)
            | Part::Stats(_)
            | Part::StatsBody(..)
            | Part::StatsTorn => self.cgroup(part, line),
            Part::TableTitle => {
                self.event(line, |e| e.columns.is_some() || e.ended());
            }
            Part::Columns(read) => {
                self.known_columns = Some(read.clone());
                let event = self.event(line, |e| e.columns.is_some() || e.ended());
                event.columns = Some(Seen::new(read, evidence));
            }
            Part::LoneTask(columns, task) => {
                let event = self.event(line, OomEvent::ended);
                event.columns = Some(Seen::new(columns, evidence.clone()));
                event.headless_table = true;
                event.tasks.push(Seen::new(task, evidence));
            }
            Part::Task(read) => {
                if let Open::Event(event) = &mut self.lane.open {
                    Stamp::keep(&mut event.last_stamp, line.stamp);
                    event.tasks.push(Seen::new(read, evidence));
                }
            }
            Part::Counts(_)
            | Part::Zone(_)
            | Part::Buddy(_)
            | Part::Huge(_)
            | Part::Total(..)
            | Part::Reserve(_)
            | Part::Swap(..) => self.memory(part, line),
            Part::Cpuset(_) | Part::Cpu(_) | Part::Hardware(_) | Part::Frame(_) | Part::Noise => {
                self.head(part, line);
            }
        }
    }

    /// Whether the open report has this very line, stamp and all: somebody pasted it twice.
    fn printed_already(&self, part: &Part, line: &Line<'_>) -> bool {
        let Open::Event(event) = &self.lane.open else {
            return false;
        };
        if line.stamp.is_none_or(|s| s.uptime_us.is_none()) || !line.stamped {
            return false;
        }
        let is = |evidence: &[Evidence]| evidence.iter().any(|e| *e.text == *line.raw.trim());
        match part {
            Part::Invocation(_) => event.invocation.as_ref().is_some_and(|s| is(&s.evidence)),
            Part::LimitPaths(_) => event.limit_paths.as_ref().is_some_and(|s| is(&s.evidence)),
            Part::Columns(_) => event.columns.as_ref().is_some_and(|s| is(&s.evidence)),
            Part::Counter(_) => event.counters.iter().any(|s| is(&s.evidence)),
            Part::Stats(_) => event.stats.iter().any(|s| is(&s.evidence)),
            _ => false,
        }
    }

    /// Parts of the cgroup block.
    fn cgroup(&mut self, part: Part, line: &Line<'_>) {
        let evidence = line.evidence();
        match part {
            Part::LimitPaths(read) => {
                let event = self.event(line, |e| e.limit_paths.is_some() || e.ended());
                event.limit_paths = Some(Seen::new(read, evidence));
            }
            Part::Counter(read) => {
                let counted = read.counted;
                let event = self.event(line, |e| {
                    e.ended() || e.counters.iter().any(|c| c.value.counted == counted)
                });
                event.counters.push(Seen::new(read, evidence));
            }
            Part::Stats(read) => {
                self.lane.body = !read.local;
                let event = self.event(line, |e| {
                    e.ended() || e.stats.iter().any(|s| s.value.path == read.path)
                });
                event.stats.push(Seen::new(read, evidence));
            }
            _ => {
                let Open::Event(event) = &mut self.lane.open else {
                    return;
                };
                let Some(stats) = event.stats.last_mut() else {
                    return;
                };
                if let Part::StatsBody(key, value) = part {
                    stats.value.add(&key, value);
                    stats.value.lines.insert(key, evidence);
                } else {
                    stats.value.broken();
                }
            }
        }
    }

    /// Memory of the machine. It may open an event whose head is lost; one that never gets a line
    /// of the OOM killer is dropped when it closes.
    fn memory(&mut self, part: Part, line: &Line<'_>) {
        if let Open::Failure(failure) = &mut self.lane.open {
            failure.last_stamp = line.stamp.cloned();
            put_memory(&mut failure.memory, part, line);
            return;
        }
        let event = self.event(line, OomEvent::ended);
        put_memory(&mut event.memory, part, line);
    }

    /// Parts that mean something only in an open report.
    fn head(&mut self, part: Part, line: &Line<'_>) {
        let evidence = line.evidence();
        let opens = match &part {
            Part::Frame(function) => trace::is_oom(function),
            Part::Cpuset(_) => true,
            _ => false,
        };
        if matches!(self.lane.open, Open::Nothing) && self.headless_failure(&part, line) {
            return;
        }
        if opens && matches!(self.lane.open, Open::Nothing) {
            let waiting = self.lane.waiting_cpu.take();
            let trace_head = self.lane.trace_head.take();
            let event = self.event(line, |_| true);
            if let Some(head) = waiting {
                event.places = vec![head.place];
                event.stamp = head
                    .stamp
                    .map(|s| Seen {
                        value: s,
                        evidence: event.places.clone(),
                    })
                    .or(event.stamp.take());
                event.cpu = Some(head.cpu);
                event.hardware = head.hardware;
                event.frames = head
                    .frames
                    .into_iter()
                    .filter(|f| !f.value.is_empty())
                    .collect();
            } else if let Some((place, stamp)) = trace_head {
                event.stamp = stamp.map(|s| Seen::new(s, place.clone()));
                event.places = vec![place];
            }
        }
        if let Open::Failure(failure) = &mut self.lane.open {
            failure_head(failure, part, line);
            return;
        }
        let Open::Event(event) = &mut self.lane.open else {
            return;
        };
        if event.ended() || event.columns.is_some() {
            return;
        }
        Stamp::keep(&mut event.last_stamp, line.stamp);
        match part {
            Part::Cpuset(read) if event.cpuset.is_none() => {
                event.cpuset = Some(Seen::new(read, evidence));
            }
            Part::Cpu(read) if event.cpu.is_none() => event.cpu = Some(Seen::new(read, evidence)),
            Part::Hardware(read) if event.hardware.is_none() => {
                event.hardware = Some(Seen::new(read, evidence));
            }
            Part::Frame(function) if !function.is_empty() => {
                event.frames.push(Seen::new(function, evidence));
            }
            Part::Frame(_)
                if event.frames.is_empty() && event.unsure_frames.len() < UNSURE_FRAMES_MAX =>
            {
                if let Some(function) = trace::unsure(line.bare()) {
                    let seen = Seen::new(function.to_owned(), evidence);
                    event.unsure_frames.push(seen);
                }
            }
            _ => {}
        }
    }
}

/// Unsure frames that are kept: those from the printing of the report to who called the OOM killer.
const UNSURE_FRAMES_MAX: usize = 24;

fn failure_head(failure: &mut Failure, part: Part, line: &Line<'_>) {
    let evidence = line.evidence();
    Stamp::keep(&mut failure.last_stamp, line.stamp);
    match part {
        Part::Cpu(read) if failure.cpu.is_none() => failure.cpu = Some(Seen::new(read, evidence)),
        Part::Hardware(read) if failure.hardware.is_none() => {
            failure.hardware = Some(Seen::new(read, evidence));
        }
        Part::Frame(function) if !function.is_empty() && failure.memory.counts_pages.is_empty() => {
            failure.frames.push(Seen::new(function, evidence));
        }
        _ => {}
    }
}

fn put_memory(memory: &mut MemoryDump, part: Part, line: &Line<'_>) {
    let evidence = line.evidence();
    match part {
        Part::Counts(counts) => {
            for (key, pages) in counts {
                memory
                    .counts_pages
                    .entry(key)
                    .or_insert_with(|| Seen::new(pages, evidence.clone()));
            }
        }
        Part::Reserve(pages) => {
            if let Some(zone) = memory
                .zones
                .last_mut()
                .filter(|z| z.value.reserve_pages.is_empty())
            {
                zone.value.reserve_pages = pages;
                zone.evidence.push(evidence);
            }
        }
        Part::Zone(read) => memory.zones.push(Seen::new(read, evidence)),
        Part::Buddy(read) => memory.buddies.push(Seen::new(read, evidence)),
        Part::Huge(read) => memory.huge.push(Seen::new(read, evidence)),
        Part::Total(what, pages) => {
            memory
                .totals_pages
                .entry(what)
                .or_insert_with(|| Seen::new(pages, evidence));
        }
        Part::Swap(true, bytes) => memory.swap_total_bytes = Some(Seen::new(bytes, evidence)),
        Part::Swap(false, bytes) => memory.swap_free_bytes = Some(Seen::new(bytes, evidence)),
        _ => {}
    }
}
