//! Puts the lines of one log together into events. A report may lack any of its parts, so any line
//! of it opens an event; a line that the open event already has, or that comes too late, opens the
//! next one.

use std::collections::BTreeMap;

use super::{
    allocation::Failure,
    event::{OomEvent, Seen},
    markers,
    part::{self, Context, Part, part},
    storm::Passed,
    wrapped::Held,
};
use crate::facts::log::{bounded, line::Line, stamp::Stamp};

mod drift;
mod lanes;
mod mixed;
mod parts;
mod prelude;
mod victims;

use lanes::Key;
use mixed::Mixed;
use prelude::Prelude;

/// Longest pause inside one report: slow consoles need seconds for a long dump.
const PAUSE_SECONDS_MAX: f64 = 10.0;

/// Longest pause inside one report whose lines follow each other, in the order of a report.
const SLOW_SECONDS_MAX: f64 = 60.0;

/// How far behind the line of a kill its task table begins, if it stands there.
const TABLE_LINES_MAX: u32 = 8;

/// Unknown lines kept for each event; the rest are only counted.
const DRIFT_LINES_MAX: usize = 20;

/// Reports that are kept because one of them broke off: more do not print at one moment.
const BROKEN_MAX: usize = 8;

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

/// What is being read from one printer: one machine, and one task where the kernel tells it apart.
#[derive(Debug, Default)]
struct Lane {
    open: Open,
    /// A record that may go on in the next physical line.
    held: Option<Held>,
    /// Whether a statistics body is open in the event.
    body: bool,
    /// Stamp of the last line that was part of something.
    last: Option<Stamp>,
    /// Kernel lines since then.
    lines_since: u64,
    /// The log ends inside a line.
    torn: bool,
    /// `CPU:` line of a trace that may turn out to be one of the OOM killer.
    waiting_cpu: Option<Prelude>,
    /// The first line of the log: a part of a report whose number may lack its first digits.
    torn_head: Option<crate::facts::Evidence>,
    /// `Call Trace:` of a trace whose head is lost.
    trace_head: Option<(crate::facts::Evidence, Option<Stamp>)>,
    /// The last line was a warning with a trace that is no allocation failure.
    other_warning: bool,
    waiting_suppressed: Option<(Seen<u64>, Option<Stamp>)>,
    waiting_sysrq: Option<(Seen<String>, Option<Stamp>)>,
    /// Unknown lines since the last known one, and how many: they lie inside the report only if it
    /// goes on after them.
    waiting_drift: (Vec<crate::facts::Evidence>, u64),
    /// Reports whose successor began before their end, and those after them.
    broken: Vec<OomEvent>,
    /// Reports whose lines are mixed with each other.
    mixed: Option<Mixed>,
}

/// Reads one log's records into events.
#[derive(Debug, Default)]
pub struct Joiner {
    /// The printer of the line that is read.
    lane: Lane,
    key: Key,
    /// The other printers that something is open of.
    lanes: BTreeMap<Key, Lane>,
    /// Header of the last task table of this log.
    known_columns: Option<super::tasks::Columns>,
    /// Whether stamps are those of the boot that the header describes.
    this_boot: bool,
    /// Finished events; of a storm of them the first and the last ones.
    pub events: Vec<OomEvent>,
    /// Finished events that were only counted.
    pub passed: Passed,
    /// Allocation failures; of a storm of them the first and the last ones.
    pub failures: Vec<Failure>,
    /// Allocation failures that were only counted.
    pub failures_passed: Option<bounded::Passed>,
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
        self.passed.thin(&mut self.events);
        bounded::thin(
            &mut self.failures,
            bounded::REPORTS,
            &mut self.failures_passed,
            |failure| failure.line.evidence.first(),
            |_| {},
        );
        self.switch(line);
        if let Some(mut held) = self.lane.held.take() {
            if !line.stamped && line.kernel() && held.takes(line, self.context().columns) {
                if held.settle(self.context().columns) {
                    self.release(&held);
                } else {
                    self.lane.held = Some(held);
                }
                return;
            }
            self.release(&held);
        }
        if !line.kernel() {
            return;
        }
        if matches!(self.lane.open, Open::Nothing) && !markers::may_open(line.bare()) {
            self.lane.lines_since += 1;
            self.lane.waiting_cpu = self
                .lane
                .waiting_cpu
                .take()
                .filter(|_| part::noise(line.bare().trim_end()));
            return;
        }
        self.lane.held = Held::hold(line, self.context().columns);
        if self.lane.held.is_none() {
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
            stamped: held.stamped,
            caller: None,
            origin: crate::facts::log::line::Origin::Kernel,
        });
    }

    fn read(&mut self, line: &Line<'_>) {
        // The first line of a log that has no stamp may lack its beginning.
        let head = line.number == 1 && !line.stamped;
        let read = |joiner: &Self| part(whole(line.bare()), joiner.context());
        let mut part = read(self);
        let pause = self.pause(line.stamp);
        if pause > PAUSE_SECONDS_MAX {
            let slow = pause <= SLOW_SECONDS_MAX && self.lane.lines_since == 0;
            if !(slow && part.as_ref().is_some_and(|part| self.goes_on(part))) {
                self.close();
                part = read(self);
            }
        }
        let torn_head = head && part.as_ref().is_some_and(Part::may_lack_head);
        let Some(part) = part.filter(|_| !torn_head) else {
            self.unknown(line);
            if torn_head {
                self.lane.torn_head = Some(line.evidence());
            }
            return;
        };
        if self.lane.body && !matches!(part, Part::StatsBody(..) | Part::StatsTorn) {
            self.end_body();
        }
        if self.lane.mixed.is_some() || self.foreign(&part) {
            self.mix(part, line);
        } else {
            let finished = self.events.len() + self.failures.len();
            let goes_on = !matches!(self.lane.open, Open::Nothing) && part != Part::Noise;
            self.take(part, line);
            if goes_on && finished == self.events.len() + self.failures.len() {
                self.keep_drift();
            }
        }
        Stamp::keep(&mut self.lane.last, line.stamp);
        self.lane.lines_since = 0;
    }

    /// The log ends inside its last line: no report that is open is known to have come to its end.
    pub fn tear(&mut self) {
        for lane in std::iter::once(&mut self.lane).chain(self.lanes.values_mut()) {
            lane.torn = true;
        }
    }

    /// Ends the log.
    pub fn finish(&mut self) {
        self.finish_lane();
        while let Some((_, lane)) = self.lanes.pop_first() {
            self.lane = lane;
            self.finish_lane();
        }
        self.key = Key::default();
        // Printers end at different times; events stand in the order in which they began.
        self.events.sort_by_key(OomEvent::first_line);
    }

    fn finish_lane(&mut self) {
        if let Some(held) = self.lane.held.take() {
            self.release(&held);
        }
        // One line more may be the rest of the line that was cut, without its prefix.
        let torn = self.lane.torn || self.lane.lines_since <= 1;
        if let Open::Event(event) = &mut self.lane.open {
            if torn && !event.ended() {
                event.cut_end = true;
            }
            let within = self.lane.body || (!event.ended() && event.columns.is_none());
            if torn
                && within
                && let Some(stats) = event.stats.last_mut()
            {
                stats.value.tear();
            }
        }
        self.close();
        self.lane = Lane::default();
    }

    fn context(&self) -> Context<'_> {
        match &self.lane.open {
            Open::Event(event) => Context {
                columns: event
                    .columns
                    .as_ref()
                    .filter(|_| !event.ended())
                    .map(|c| &c.value),
                known_columns: self.known_columns.as_ref(),
                body: self.lane.body,
                open: true,
            },
            _ if self.lane.mixed.is_some() => Context {
                columns: self.known_columns.as_ref(),
                open: true,
                ..Context::default()
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
        // A syslog daemon that gets no memory stamps late; the kernel's own stamps are exact.
        let uptime = |stamp: Option<&Stamp>| stamp.and_then(Stamp::uptime_seconds);
        let exact = uptime(self.lane.last.as_ref())
            .zip(uptime(stamp))
            .map(|(last, next)| next - last)
            .filter(|seconds| (0.0..=PAUSE_SECONDS_MAX).contains(seconds));
        let seconds = exact.or_else(|| seconds_between(self.lane.last.as_ref(), stamp));
        seconds.map_or(0.0, f64::abs)
    }

    fn unknown(&mut self, line: &Line<'_>) {
        if self.prelude(line) || self.rest_of_name(line) {
            return;
        }
        if crate::facts::oom::endings::dropped(line.text).is_some() {
            // The end of a report went missing here: it does not go on in the next one.
            self.events.append(&mut self.lane.broken);
        }
        self.lane.lines_since += 1;
        if self.lane.body {
            self.end_body();
        }
        self.drift(line);
    }

    fn end_body(&mut self) {
        self.lane.body = false;
        if let Open::Event(event) = &mut self.lane.open
            && let Some(stats) = event.stats.last_mut()
        {
            stats.value.end();
        }
    }

    /// Ends everything that is open: what follows belongs to none of it.
    fn close(&mut self) {
        self.end_open();
        self.events.append(&mut self.lane.broken);
        if let Some(mixed) = self.lane.mixed.take() {
            self.events.extend(mixed.into_events(self.this_boot));
        }
    }

    /// Ends what is open because the next report begins. A report that had not come to its end may
    /// still go on between the lines of the next one.
    fn end_open(&mut self) {
        self.lane.waiting_drift = Default::default();
        if self.lane.body {
            self.end_body();
        }
        match std::mem::take(&mut self.lane.open) {
            Open::Event(event) if self.table_behind_kill(&event) => {
                if let Some(killed) = self.events.last_mut() {
                    killed.columns = event.columns;
                    killed.headless_table = event.headless_table;
                    killed.tasks = event.tasks;
                }
            }
            Open::Event(mut event) if event.is_report() => {
                let unfinished = !event.ended();
                // Neither a table nor a kill: the report broke off, whatever came next.
                event.cut_end |= unfinished && event.columns.is_none();
                if unfinished || !self.lane.broken.is_empty() {
                    self.lane.broken.push(*event);
                } else {
                    self.events.push(*event);
                }
                if self.lane.broken.len() > BROKEN_MAX {
                    self.events.push(self.lane.broken.remove(0));
                }
            }
            Open::Failure(failure) => self.failures.push(*failure),
            Open::Event(_) | Open::Nothing => {}
        }
    }

    /// Whether `event` is nothing but a task table that stands right behind the kill of a task that it
    /// lists: some kernels print the table last, and somebody may have put the lines in another order.
    fn table_behind_kill(&self, event: &OomEvent) -> bool {
        let Some(killed) = self.events.last() else {
            return false;
        };
        let listed = |pid: u64| event.tasks.iter().any(|t| t.value.pid == pid);
        let line = |places: &[crate::facts::Evidence]| places.first().map(|place| place.line);
        let last = killed.killed.last().and_then(|k| line(&k.evidence));
        let behind = last
            .zip(line(&event.places))
            .map(|(kill, table)| table.saturating_sub(kill));
        event.only_table()
            && self.lane.broken.is_empty()
            && killed.tasks.is_empty()
            && killed.columns.is_none()
            && behind.is_some_and(|lines| (1..=TABLE_LINES_MAX).contains(&lines))
            && killed.victim_pids().iter().all(|(_, pid)| listed(*pid))
            && near(
                killed.last_stamp.as_ref(),
                event.stamp.as_ref().map(|s| &s.value),
                PAUSE_SECONDS_MAX,
            )
    }

    /// The event that a part belongs to: the open one unless `starts_next` says otherwise.
    fn event(&mut self, line: &Line<'_>, starts_next: impl Fn(&OomEvent) -> bool) -> &mut OomEvent {
        let next = match &self.lane.open {
            Open::Event(event) => starts_next(event),
            Open::Nothing | Open::Failure(_) => true,
        };
        if next {
            self.end_open();
            let torn = self.lane.torn_head.take();
            let place = torn
                .filter(|_| line.number == 2)
                .unwrap_or_else(|| line.evidence());
            self.lane.open = Open::Event(Box::new(OomEvent {
                places: vec![place],
                stamp: line.stamp.map(|s| Seen::new(s.clone(), line.evidence())),
                this_boot: self.this_boot,
                ..OomEvent::default()
            }));
        }
        match &mut self.lane.open {
            Open::Event(event) => {
                Stamp::keep(&mut event.last_stamp, line.stamp);
                if event.host.is_none() {
                    event.host = line.host.map(|h| Seen::new(h.to_owned(), line.evidence()));
                }
                event
            }
            _ => unreachable!("an event was just opened"),
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
