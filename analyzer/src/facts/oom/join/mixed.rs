//! Reports that are printed at the same time by a kernel that does not tell its printers apart. The
//! lines that name a victim stay with that victim; of every other line nobody can say whose it is,
//! so it is left out.

use super::{Joiner, Open};
use crate::facts::{
    Evidence,
    log::{line::Line, stamp::Stamp},
    oom::{
        event::{OomEvent, Seen},
        kill::{Kill, KillLine, Killed, Scope},
        part::Part,
        tasks::Task,
        trace,
    },
};

/// Reports whose lines are mixed.
#[derive(Debug, Default)]
pub(super) struct Mixed {
    /// What is known of each victim, in the order in which they are named.
    victims: Vec<OomEvent>,
    /// Rows of all tables.
    rows: Vec<Seen<Task>>,
    /// Reports that began.
    begun: usize,
    /// The choice that the next deed may go with: before 5.1 the kernel could kill a child of it.
    chosen: Option<(u64, u32)>,
}

/// How far into a report a line stands; `None` when it tells nothing about that.
fn stage(part: &Part) -> Option<u8> {
    Some(match part {
        Part::Invocation(_) => 0,
        Part::Cpuset(_) => 1,
        Part::Cpu(_) | Part::Hardware(_) => 2,
        Part::Frame(function) if !function.is_empty() => 2,
        Part::LimitPaths(_) => 3,
        Part::Counter(_) | Part::Stats(_) | Part::StatsBody(..) => 4,
        Part::Counts(_)
        | Part::Zone(_)
        | Part::Buddy(_)
        | Part::Huge(_)
        | Part::Total(..)
        | Part::Swap(..) => 5,
        Part::TableTitle | Part::Columns(_) => 6,
        Part::Task(_) | Part::LoneTask(..) => 7,
        Part::Summary(_) | Part::Kill(_) => 8,
        _ => return None,
    })
}

/// How far `event` has come.
fn reached(event: &OomEvent) -> u8 {
    let memory = &event.memory;
    let stages = [
        (event.ended(), 8),
        (!event.tasks.is_empty(), 7),
        (event.columns.is_some(), 6),
        (
            !memory.zones.is_empty()
                || !memory.counts_pages.is_empty()
                || !memory.buddies.is_empty()
                || !memory.totals_pages.is_empty(),
            5,
        ),
        (!event.counters.is_empty() || !event.stats.is_empty(), 4),
        (event.limit_paths.is_some(), 3),
        (event.cpu.is_some() || !event.frames.is_empty(), 2),
        (event.cpuset.is_some(), 1),
    ];
    let reached = stages.iter().find(|(there, _)| *there);
    reached.map_or(0, |(_, stage)| *stage)
}

/// Whether `event` has a part of the kind of which a report has only one.
fn has(event: &OomEvent, part: &Part) -> bool {
    match part {
        Part::Cpuset(_) => event.cpuset.is_some(),
        Part::Cpu(_) => event.cpu.is_some(),
        Part::Hardware(_) => event.hardware.is_some(),
        Part::LimitPaths(_) => event.limit_paths.is_some(),
        Part::Counter(new) => event
            .counters
            .iter()
            .any(|c| c.value.counted == new.counted),
        Part::Stats(new) => event.stats.iter().any(|s| s.value.path == new.path),
        Part::StatsBody(key, _) => event
            .stats
            .last()
            .is_some_and(|s| s.value.values.contains_key(key)),
        Part::Counts(new) => new
            .iter()
            .any(|(key, _)| event.memory.counts_pages.contains_key(key)),
        Part::Zone(new) => event
            .memory
            .zones
            .iter()
            .any(|z| z.value.name == new.name && z.value.node == new.node),
        Part::Buddy(new) => event
            .memory
            .buddies
            .iter()
            .any(|b| b.value.zone == new.zone && b.value.node == new.node),
        Part::Total(what, _) => event.memory.totals_pages.contains_key(what),
        Part::Swap(true, _) => event.memory.swap_total_bytes.is_some(),
        Part::Swap(false, _) => event.memory.swap_free_bytes.is_some(),
        Part::Columns(_) => event.columns.is_some(),
        Part::LoneTask(..) => true,
        _ => false,
    }
}

/// Whether `event` lacks a section that stands before `stage`, and that `other` has.
fn skips(event: &OomEvent, other: &OomEvent, stage: u8) -> bool {
    (stage > 2 && other.cpu.is_some() && event.cpu.is_none())
        || (stage > 4 && !other.counters.is_empty() && event.counters.is_empty())
        || (stage > 6 && other.columns.is_some() && event.columns.is_none())
}

fn listed(event: &OomEvent, pid: u64) -> bool {
    event.tasks.iter().any(|t| t.value.pid == pid)
}

/// The victim that a part names.
fn pid(part: &Part) -> Option<u64> {
    match part {
        Part::Summary(read) => read.pid,
        Part::Kill(KillLine::Kill(read)) => read.pid,
        Part::Kill(KillLine::Killed(read)) => read.pid,
        _ => None,
    }
}

/// Whether `part` can be the next line of `event`, which has not come to its end.
fn fits(event: &OomEvent, part: &Part) -> bool {
    let in_order = stage(part).is_none_or(|stage| stage >= reached(event));
    let other = pid(part).is_some_and(|pid| !event.tasks.is_empty() && !listed(event, pid));
    in_order && !has(event, part) && !other && !matches!(part, Part::Invocation(_))
}

/// Whether `part` is the line of a report that is further than `event`: sections are missing between,
/// which `whole` has.
fn lacks(event: &OomEvent, whole: &OomEvent, part: &Part) -> bool {
    let Some(stage) = stage(part) else {
        return false;
    };
    let memory = |e: &OomEvent| !e.memory.zones.is_empty();
    skips(event, whole, stage) || (stage > 5 && memory(whole) && !memory(event))
}

/// Whether every line of `event` is its own, although `other` broke off before it: it has its
/// sections once and its end, and what can stand in a report more than once is of one report.
fn whole(event: &OomEvent, other: &OomEvent) -> bool {
    let asked = event.invocation.as_ref().map(|i| &i.value.comm);
    let own_trace = event
        .cpu
        .as_ref()
        .zip(asked)
        .is_none_or(|(cpu, asked)| cpu.value.comm == *asked);
    let mut listed: Vec<u64> = event.tasks.iter().map(|t| t.value.pid).collect();
    listed.sort_unstable();
    let rows = listed.len();
    listed.dedup();
    let traces = event
        .frames
        .iter()
        .filter(|f| trace::is_oom(&f.value) && trace::base(&f.value) == "out_of_memory")
        .count();
    event.ended()
        && asked.is_some()
        && own_trace
        && rows == listed.len()
        && traces <= 1
        && reached(other) < 6
}

impl Joiner {
    /// Whether `part` goes on with what is open.
    pub(super) fn goes_on(&self, part: &Part) -> bool {
        match &self.lane.open {
            Open::Event(event) => !event.ended() && fits(event, part),
            Open::Failure(_) => stage(part).is_some_and(|stage| stage == 5),
            Open::Nothing => false,
        }
    }

    /// Lets a report go on that broke off, when the one that came between stands whole: its lines
    /// are known to be its own. Whether it was so.
    fn resume(&mut self, part: &Part) -> bool {
        let mut unfinished = self.lane.broken.iter().filter(|e| !e.ended());
        let (Some(other), None) = (unfinished.next(), unfinished.next()) else {
            return false;
        };
        let between = match &self.lane.open {
            Open::Event(event) => whole(event, other),
            Open::Nothing => true,
            Open::Failure(_) => false,
        };
        if !between {
            return false;
        }
        let lacks = match &self.lane.open {
            Open::Event(event) => lacks(other, event, part),
            _ => false,
        };
        let goes_on = fits(other, part) && !lacks;
        if let Open::Event(event) = std::mem::take(&mut self.lane.open) {
            self.lane.broken.push(*event);
        }
        self.lane.body = false;
        let mut resumed = None;
        for event in std::mem::take(&mut self.lane.broken) {
            if goes_on && !event.ended() {
                resumed = Some(event);
            } else {
                self.events.push(event);
            }
        }
        if let Some(event) = resumed {
            self.lane.open = Open::Event(Box::new(event));
        }
        true
    }

    /// Whether `part` shows that a report which broke off goes on between the lines of the open one.
    pub(super) fn foreign(&self, part: &Part) -> bool {
        let mut broken = self.lane.broken.iter().filter(|e| !e.ended());
        let Some(stage) = stage(part).filter(|stage| *stage > 0) else {
            return false;
        };
        let Open::Event(event) = &self.lane.open else {
            // Nothing has begun that it could belong to.
            return stage > 2 && broken.next().is_some();
        };
        broken.any(|other| {
            if event.ended() {
                return (3..=4).contains(&stage)
                    || (6..=7).contains(&stage)
                    || pid(part).is_some_and(|pid| !names(event, pid));
            }
            let comm = match part {
                Part::Cpuset(read) => Some(&read.comm),
                Part::Cpu(read) => Some(&read.comm),
                _ => None,
            };
            let asked = event.invocation.as_ref().map(|i| &i.value.comm);
            stage < reached(event)
                || has(event, part)
                || skips(event, other, stage)
                || comm.zip(asked).is_some_and(|(comm, asked)| comm != asked)
                || pid(part).is_some_and(|pid| listed(other, pid) && !listed(event, pid))
        })
    }

    /// Takes a line of mixed reports.
    pub(super) fn mix(&mut self, part: Part, line: &Line<'_>) {
        if self.lane.mixed.is_none() && self.resume(&part) {
            self.take(part, line);
            return;
        }
        if self.lane.mixed.is_none() {
            let mut mixed = Mixed::default();
            for event in std::mem::take(&mut self.lane.broken) {
                mixed.absorb(event);
            }
            match std::mem::take(&mut self.lane.open) {
                Open::Event(event) => mixed.absorb(*event),
                Open::Failure(mut failure) => {
                    failure.memory = Default::default();
                    self.failures.push(*failure);
                }
                Open::Nothing => {}
            }
            self.lane.body = false;
            self.lane.mixed = Some(mixed);
        }
        let begins = matches!(part, Part::Invocation(_) | Part::Failure(_));
        let over = |mixed: &Mixed| mixed.victims.len() >= mixed.begun;
        if begins && self.lane.mixed.as_ref().is_some_and(over) {
            self.close();
            self.take(part, line);
            return;
        }
        if let Part::Columns(columns) = &part {
            self.known_columns = Some(columns.clone());
        }
        if let Some(mixed) = &mut self.lane.mixed {
            mixed.take(part, line);
        }
    }
}

fn names(event: &OomEvent, pid: u64) -> bool {
    event.victim_pids().iter().any(|(_, named)| *named == pid)
}

impl Mixed {
    fn take(&mut self, part: Part, line: &Line<'_>) {
        let evidence = line.evidence();
        match part {
            Part::Invocation(_) => self.begun += 1,
            Part::Task(row) | Part::LoneTask(_, row) => self.rows.push(Seen::new(row, evidence)),
            Part::Summary(read) => {
                if let Some(pid) = read.pid {
                    let event = self.victim(pid, &evidence, line.stamp, line.host);
                    event.summary = Some(Seen::new(read, evidence));
                }
            }
            Part::Kill(KillLine::Kill(read)) => self.kill(read, evidence, line),
            Part::Kill(KillLine::Killed(read)) => self.killed(read, evidence, line),
            Part::Reaped(read) => {
                let event = self.victim(read.pid, &evidence, line.stamp, line.host);
                event.reaped.push(Seen::new(read, evidence));
            }
            _ => {}
        }
    }

    fn kill(&mut self, kill: Kill, evidence: Evidence, line: &Line<'_>) {
        let Some(pid) = kill.pid else {
            return;
        };
        self.chosen = Some((pid, line.number));
        let event = self.victim(pid, &evidence, line.stamp, line.host);
        event.kills.push(Seen::new(kill, evidence));
    }

    fn killed(&mut self, killed: Killed, evidence: Evidence, line: &Line<'_>) {
        let Some(own) = killed.pid else {
            return;
        };
        let child_of = self.chosen.filter(|(pid, number)| {
            killed.scope == Scope::Unsaid && *pid != own && number + 1 == line.number
        });
        let pid = child_of.map_or(own, |(pid, _)| pid);
        let event = self.victim(pid, &evidence, line.stamp, line.host);
        event.killed.push(Seen::new(killed, evidence));
    }

    /// The event of the victim `pid`.
    fn victim(
        &mut self,
        pid: u64,
        place: &Evidence,
        stamp: Option<&Stamp>,
        host: Option<&str>,
    ) -> &mut OomEvent {
        let at = self.victims.iter().position(|e| names(e, pid));
        let at = at.unwrap_or_else(|| {
            self.victims.push(OomEvent {
                places: vec![place.clone()],
                stamp: stamp.map(|s| Seen::new(s.clone(), place.clone())),
                host: host.map(|h| Seen::new(h.to_owned(), place.clone())),
                ..OomEvent::default()
            });
            self.victims.len() - 1
        });
        let Some(event) = self.victims.get_mut(at) else {
            unreachable!("the event was just found or put")
        };
        event.last_stamp = stamp.cloned();
        event
    }

    /// Takes an event apart that was joined before it was known that lines are mixed.
    fn absorb(&mut self, event: OomEvent) {
        self.begun += 1;
        let stamp = event.stamp.as_ref().map(|s| s.value.clone());
        let host = event.host.as_ref().map(|h| h.value.clone());
        let (stamp, host) = (stamp.as_ref(), host.as_deref());
        let place = |evidence: &[Evidence]| evidence.first().cloned();
        self.rows.extend(event.tasks);
        if let Some(seen) = event.summary
            && let (Some(pid), Some(place)) = (seen.value.pid, place(&seen.evidence))
        {
            self.victim(pid, &place, stamp, host).summary = Some(seen);
        }
        for seen in event.kills {
            if let Some((place, pid)) = place(&seen.evidence).zip(seen.value.pid) {
                self.victim(pid, &place, stamp, host).kills.push(seen);
            }
        }
        for seen in event.killed {
            if let Some((place, pid)) = place(&seen.evidence).zip(seen.value.pid) {
                self.victim(pid, &place, stamp, host).killed.push(seen);
            }
        }
        for seen in event.reaped {
            if let Some(place) = place(&seen.evidence) {
                let pid = seen.value.pid;
                self.victim(pid, &place, stamp, host).reaped.push(seen);
            }
        }
    }

    /// One event for each victim, with its own row where all tables agree on it.
    pub(super) fn into_events(self, this_boot: bool) -> impl Iterator<Item = OomEvent> {
        let Self {
            victims,
            rows,
            begun,
            ..
        } = self;
        victims.into_iter().map(move |mut event| {
            event.this_boot = this_boot;
            event.interleaved = Some(begun);
            let named = event.victim_pids();
            let mut own = rows
                .iter()
                .filter(|r| named.iter().any(|(_, pid)| *pid == r.value.pid));
            if let Some(row) = own.next()
                && own.all(|other| other.value == row.value)
            {
                event.tasks = vec![row.clone()];
                event.headless_table = true;
            }
            event
        })
    }
}
