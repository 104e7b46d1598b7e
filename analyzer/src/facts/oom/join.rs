//! Puts the lines of one log together into events. A report may lack any of its parts, so any line
//! of it opens an event; a line that the open event already has, or that comes too late, opens the
//! next one.

use super::{
    allocation::Failure,
    endings::Ending,
    event::{OomEvent, Seen},
    invocation::{self, Cpu},
    kill::{Kill, KillLine, Killed, Reaped, Scope},
    markers,
    part::{self, Context, Part, part},
    summary::Summary,
    trace,
    wrapped::Held,
};
use crate::facts::{
    Evidence,
    log::{line::Line, stamp::Stamp},
};

mod parts;

/// Longest pause inside one report: slow consoles need seconds for a long dump.
const PAUSE_SECONDS_MAX: f64 = 10.0;

/// How long after a kill the reaper may still report: it waits 2 s since 5.18, and retries.
const REAPER_SECONDS_MAX: f64 = 60.0;

/// How soon the kills of one group follow each other: they are one loop over its tasks.
const GROUP_SECONDS_MAX: f64 = 0.5;

/// How long a line about suppressed callbacks waits for the report that it precedes.
const SUPPRESSED_SECONDS_MAX: f64 = 5.0;

/// Unknown lines kept for each event; the rest are only counted.
const DRIFT_LINES_MAX: usize = 20;

/// What is being read.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    /// An OOM report; boxed, because it is large.
    Event(Box<OomEvent>),
    /// An allocation failure: its memory lines belong to no kill.
    Failure(Box<Failure>),
}

/// The beginning of a call trace, before a frame tells whose it is.
#[derive(Debug)]
struct Prelude {
    place: Evidence,
    stamp: Option<Stamp>,
    cpu: Seen<Cpu>,
    hardware: Option<Seen<String>>,
    frames: Vec<Seen<String>>,
}

/// Frames between the head of a trace and the OOM killer's own: dump_stack, dump_header.
const PRELUDE_FRAMES_MAX: usize = 12;

/// Reads one log's records into events.
#[derive(Debug, Default)]
pub struct Joiner {
    open: Open,
    /// A record that may go on in the next physical line.
    held: Option<Held>,
    /// Header of the last task table of this log.
    known_columns: Option<super::tasks::Columns>,
    /// Whether a statistics body is open in the event.
    body: bool,
    /// Stamp of the last line that was part of something.
    last: Option<Stamp>,
    /// Kernel lines since then.
    lines_since: u64,
    /// `CPU:` line of a trace that may turn out to be one of the OOM killer.
    waiting_cpu: Option<Prelude>,
    waiting_suppressed: Option<(Seen<u64>, Option<Stamp>)>,
    waiting_sysrq: Option<(Seen<String>, Option<Stamp>)>,
    /// Whether stamps are those of the boot that the header describes.
    this_boot: bool,
    /// Finished events.
    pub events: Vec<OomEvent>,
    /// Allocation failures.
    pub failures: Vec<Failure>,
    /// Suppressed callbacks of `oom_kill_process`, and lines that say so.
    pub suppressed: Vec<Seen<u64>>,
}

impl Joiner {
    /// A reader of one log. `this_boot`: its stamps fit the clocks of the header.
    #[must_use]
    pub fn new(this_boot: bool) -> Self {
        Self {
            this_boot,
            ..Self::default()
        }
    }

    /// Reads one record. A line that may be wrapped is held back until the next one tells.
    pub fn feed(&mut self, line: &Line<'_>) {
        if let Some(mut held) = self.held.take() {
            if !line.stamped && line.kernel() && held.takes(line, self.context().columns) {
                if held.settle(self.context().columns) {
                    self.release(&held);
                } else {
                    self.held = Some(held);
                }
                return;
            }
            self.release(&held);
        }
        if !line.kernel() {
            return;
        }
        if matches!(self.open, Open::Nothing) && !markers::may_open(line.bare()) {
            self.lines_since += 1;
            self.waiting_cpu = self
                .waiting_cpu
                .take()
                .filter(|_| part::noise(line.bare().trim_end()));
            return;
        }
        self.held = Held::hold(line, self.context().columns);
        if self.held.is_none() {
            self.read(line);
        }
    }

    /// Reads a record that was put together.
    fn release(&mut self, held: &Held) {
        self.read(&Line {
            entry: &held.evidence.entry,
            number: held.evidence.line,
            raw: &held.evidence.text,
            text: &held.text,
            stamp: held.stamp.as_ref(),
            host: held.host.as_deref(),
            stamped: true,
            origin: crate::facts::log::line::Origin::Kernel,
        });
    }

    fn read(&mut self, line: &Line<'_>) {
        if self.pause(line.stamp) > PAUSE_SECONDS_MAX {
            self.close();
        }
        let Some(part) = part(whole(line.bare()), self.context()) else {
            self.unknown(line);
            return;
        };
        if self.body && !matches!(part, Part::StatsBody(..) | Part::StatsTorn) {
            self.end_body();
        }
        self.take(part, line);
        self.last = line.stamp.cloned();
        self.lines_since = 0;
    }

    /// Ends the log.
    pub fn finish(&mut self) {
        if let Some(held) = self.held.take() {
            self.release(&held);
        }
        // One line more may be the rest of the line that was cut, without its prefix.
        let torn = self.lines_since <= 1;
        if let Open::Event(event) = &mut self.open {
            if torn && !event.ended() {
                event.cut_end = true;
            }
            if torn
                && self.body
                && let Some(stats) = event.stats.last_mut()
            {
                stats.value.tear();
            }
        }
        self.close();
    }

    fn context(&self) -> Context<'_> {
        match &self.open {
            Open::Event(event) => Context {
                columns: event
                    .columns
                    .as_ref()
                    .filter(|_| !event.ended())
                    .map(|c| &c.value),
                known_columns: self.known_columns.as_ref(),
                body: self.body,
                open: true,
            },
            Open::Failure(_) => Context {
                open: true,
                ..Context::default()
            },
            Open::Nothing => Context {
                known_columns: self.known_columns.as_ref(),
                ..Context::default()
            },
        }
    }

    fn pause(&self, stamp: Option<&Stamp>) -> f64 {
        seconds_between(self.last.as_ref(), stamp).map_or(0.0, f64::abs)
    }

    /// Keeps the head of a trace, in case that it is the rest of a report without its first line.
    fn prelude(&mut self, line: &Line<'_>) -> bool {
        if !matches!(self.open, Open::Nothing) {
            return false;
        }
        let bare = line.bare().trim_end();
        if let Some(cpu) = invocation::cpu(bare) {
            self.waiting_cpu = Some(Prelude {
                place: line.evidence(),
                stamp: line.stamp.cloned(),
                cpu: Seen::new(cpu, line.evidence()),
                hardware: None,
                frames: Vec::new(),
            });
            return true;
        }
        let Some(waiting) = &mut self.waiting_cpu else {
            return false;
        };
        if let Some(name) = invocation::hardware(bare) {
            waiting.hardware = Some(Seen::new(name.to_owned(), line.evidence()));
        } else if let Some(frame) =
            trace::frame(bare).filter(|_| waiting.frames.len() < PRELUDE_FRAMES_MAX)
        {
            waiting
                .frames
                .push(Seen::new(frame.to_owned(), line.evidence()));
        } else if !part::noise(bare) {
            self.waiting_cpu = None;
        }
        true
    }

    fn unknown(&mut self, line: &Line<'_>) {
        if self.prelude(line) {
            return;
        }
        self.lines_since += 1;
        if self.body {
            self.end_body();
        }
        if let Open::Event(event) = &mut self.open
            && event.invocation.is_some()
            && !event.ended()
        {
            event.drift_count += 1;
            if event.drift.len() < DRIFT_LINES_MAX {
                event.drift.push(line.evidence());
            }
        }
    }

    fn end_body(&mut self) {
        self.body = false;
        if let Open::Event(event) = &mut self.open
            && let Some(stats) = event.stats.last_mut()
        {
            stats.value.end();
        }
    }

    fn close(&mut self) {
        if self.body {
            self.end_body();
        }
        match std::mem::take(&mut self.open) {
            Open::Event(mut event) if event.is_report() => {
                // Neither a table nor a kill: the report broke off, whatever came next.
                event.cut_end |= !event.ended() && event.columns.is_none();
                self.events.push(*event);
            }
            Open::Failure(failure) => self.failures.push(*failure),
            Open::Event(_) | Open::Nothing => {}
        }
    }

    /// The event that a part belongs to: the open one unless `starts_next` says otherwise.
    fn event(&mut self, line: &Line<'_>, starts_next: impl Fn(&OomEvent) -> bool) -> &mut OomEvent {
        let next = match &self.open {
            Open::Event(event) => starts_next(event),
            Open::Nothing | Open::Failure(_) => true,
        };
        if next {
            self.close();
            self.open = Open::Event(Box::new(OomEvent {
                places: vec![line.evidence()],
                stamp: line.stamp.map(|s| Seen::new(s.clone(), line.evidence())),
                this_boot: self.this_boot,
                ..OomEvent::default()
            }));
        }
        match &mut self.open {
            Open::Event(event) => {
                event.last_stamp = line.stamp.cloned();
                if event.host.is_none() {
                    event.host = line.host.map(|h| Seen::new(h.to_owned(), line.evidence()));
                }
                event
            }
            _ => unreachable!("an event was just opened"),
        }
    }

    fn invocation(&mut self, line: &Line<'_>) -> &mut OomEvent {
        let suppressed = self
            .waiting_suppressed
            .take()
            .filter(|(_, stamp)| near(stamp.as_ref(), line.stamp, SUPPRESSED_SECONDS_MAX));
        let sysrq = self
            .waiting_sysrq
            .take()
            .filter(|(_, stamp)| near(stamp.as_ref(), line.stamp, SUPPRESSED_SECONDS_MAX));
        let event = self.event(line, |_| true);
        event.suppressed = suppressed.map(|(seen, _)| seen);
        event.sysrq = sysrq.map(|(seen, _)| seen);
        event
    }

    fn suppressed(&mut self, function: &str, count: u64, line: &Line<'_>) {
        if function != "oom_kill_process" {
            return;
        }
        let seen = Seen::new(count, line.evidence());
        self.suppressed.push(seen.clone());
        match &mut self.open {
            Open::Event(event) if !event.ended() => event.suppressed = Some(seen),
            _ => self.waiting_suppressed = Some((seen, line.stamp.cloned())),
        }
    }

    fn kill(&mut self, kill: Kill, line: &Line<'_>) {
        let pid = kill.pid;
        let event = self.event(line, |e| {
            !e.killed.is_empty()
                || e.panic.is_some()
                || e.kills.iter().any(|k| k.value.pid != pid)
                || e.reaped.iter().any(|r| r.value.pid != pid)
        });
        event.kills.push(Seen::new(kill, line.evidence()));
    }

    fn killed(&mut self, killed: Killed, line: &Line<'_>) {
        let pid = killed.pid;
        let next = self.lines_since == 0 && near(self.last.as_ref(), line.stamp, GROUP_SECONDS_MAX);
        let with_group = |e: &OomEvent| next && killed.scope == Scope::Cgroup && e.dies_with(pid);
        let event = self.event(line, |e| {
            if e.group_kill.is_some() || with_group(e) {
                return false;
            }
            let other_killed = e.killed.iter().any(|k| k.value.pid != pid);
            let other_reaped = e.kills.is_empty() && e.reaped.iter().any(|r| r.value.pid != pid);
            // A victim's child, or a pid copied wrong: the second line of the pair has no words.
            let other_named = killed.scope != Scope::Unsaid
                && e.victim_pids().iter().any(|(_, named)| *named != pid);
            other_killed || other_reaped || other_named
        });
        if event.group_kill.is_none() && with_group(event) {
            let path = event
                .summary
                .as_ref()
                .and_then(|s| s.value.task_memcg.clone());
            event.group_kill = Some(Seen::new(path.unwrap_or_default(), line.evidence()));
        }
        event.killed.push(Seen::new(killed, line.evidence()));
    }

    fn summary(&mut self, summary: Summary, line: &Line<'_>) {
        let pid = summary.pid;
        let event = self.event(line, |e| {
            e.summary.is_some() || e.victim_pids().iter().any(|(_, named)| Some(*named) != pid)
        });
        event.summary = Some(Seen::new(summary, line.evidence()));
    }

    fn reaped(&mut self, reaped: Reaped, line: &Line<'_>) {
        let pid = reaped.pid;
        let names = |event: &OomEvent| event.victim_pids().iter().any(|(_, named)| *named == pid);
        let seen = Seen::new(reaped, line.evidence());
        let open = match &mut self.open {
            Open::Event(event) if names(event) || !event.names_victim() => Some(&mut **event),
            _ => self.events.iter_mut().rev().find(|event| {
                names(event) && near(event.last_stamp.as_ref(), line.stamp, REAPER_SECONDS_MAX)
            }),
        };
        match open {
            Some(event) => event.reaped.push(seen),
            None => self.event(line, |_| true).reaped.push(seen),
        }
    }

    fn ending(&mut self, ending: Ending, line: &Line<'_>) {
        match ending {
            Ending::Sysrq(text) => {
                let seen = Seen::new(text, line.evidence());
                self.waiting_sysrq = Some((seen, line.stamp.cloned()));
            }
            Ending::Panic(text) => {
                let event = self.event(line, |e| e.panic.is_some());
                event.panic = Some(Seen::new(text, line.evidence()));
            }
            Ending::NoVictim(text) => {
                let event = self.event(line, OomEvent::names_victim);
                event.no_victim = Some(Seen::new(text, line.evidence()));
            }
            Ending::Group(path) => {
                let event = self.event(line, |e| e.group_kill.is_some());
                event.group_kill = Some(Seen::new(path, line.evidence()));
            }
        }
    }

    fn kill_line(&mut self, kill: KillLine, line: &Line<'_>) {
        match kill {
            KillLine::Kill(kill) => self.kill(kill, line),
            KillLine::Killed(killed) => self.killed(killed, line),
            KillLine::Sharing => {}
        }
    }
}

/// The line without what a pager put at the end where it cut it: a number before that is torn.
fn whole(text: &str) -> &str {
    match text.trim_end().strip_suffix('>') {
        Some(cut) if !cut.contains('<') && !cut.ends_with('-') => cut
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end_matches(','),
        _ => text,
    }
}

fn seconds_between(a: Option<&Stamp>, b: Option<&Stamp>) -> Option<f64> {
    a?.seconds_until(b?)
}

/// Whether two stamps are close; stamps that cannot be compared are taken as close, because the
/// lines are neighbours in the log.
fn near(a: Option<&Stamp>, b: Option<&Stamp>, seconds: f64) -> bool {
    seconds_between(a, b).is_none_or(|s| s.abs() <= seconds)
}
