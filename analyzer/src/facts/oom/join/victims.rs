//! Which event a line about a kill belongs to, and what waits for the report that follows it.

use super::{Joiner, Open, near};
use crate::facts::{
    log::line::Line,
    oom::{
        endings::Ending,
        event::{OomEvent, Seen},
        kill::{Kill, KillLine, Killed, Reaped, Scope},
        summary::Summary,
    },
};

/// How long after a kill the reaper may still report: it waits 2 s since 5.18, and retries.
const REAPER_SECONDS_MAX: f64 = 60.0;

/// How long a line about suppressed callbacks waits for the report that it precedes.
const SUPPRESSED_SECONDS_MAX: f64 = 5.0;

/// How soon the kills of one group follow each other: they are one loop over its tasks.
const GROUP_SECONDS_MAX: f64 = 0.02;

/// How long the two lines about one kill may lie apart.
const PAIR_SECONDS_MAX: f64 = 10.0;

/// Reports back that the second line about a kill is looked for.
const PAIRS_MAX: usize = 4;

impl Joiner {
    pub(super) fn invocation(&mut self, line: &Line<'_>) -> &mut OomEvent {
        let suppressed = self
            .lane
            .waiting_suppressed
            .take()
            .filter(|(_, stamp)| near(stamp.as_ref(), line.stamp, SUPPRESSED_SECONDS_MAX));
        let sysrq = self
            .lane
            .waiting_sysrq
            .take()
            .filter(|(_, stamp)| near(stamp.as_ref(), line.stamp, SUPPRESSED_SECONDS_MAX));
        let event = self.event(line, |_| true);
        event.suppressed = suppressed.map(|(seen, _)| seen);
        event.sysrq = sysrq.map(|(seen, _)| seen);
        event
    }

    pub(super) fn suppressed(&mut self, function: &str, count: u64, line: &Line<'_>) {
        if function != "oom_kill_process" {
            return;
        }
        let seen = Seen::new(count, line.evidence());
        self.suppressed.push(seen.clone());
        match &mut self.lane.open {
            Open::Event(event) if !event.ended() => event.suppressed = Some(seen),
            _ => self.lane.waiting_suppressed = Some((seen, line.stamp.cloned())),
        }
    }

    /// The process that this number means in the report that is open.
    fn process_of(&self, pid: u64) -> u64 {
        match &self.lane.open {
            Open::Event(event) => event.process_of(pid),
            _ => pid,
        }
    }

    pub(super) fn kill(&mut self, mut kill: Kill, line: &Line<'_>) {
        let pid = kill.pid.map(|pid| self.process_of(pid));
        kill.pid = pid;
        let event = self.event(line, |e| {
            !e.killed.is_empty()
                || e.panic.is_some()
                || e.kills.iter().any(|k| k.value.pid != pid || pid.is_none())
                || e.reaped.iter().any(|r| Some(r.value.pid) != pid)
        });
        event.kills.push(Seen::new(kill, line.evidence()));
    }

    pub(super) fn killed(&mut self, mut killed: Killed, line: &Line<'_>) {
        let pid = killed.pid.map(|pid| self.process_of(pid));
        killed.pid = pid;
        // The next report began between the two lines about this kill.
        let open = matches!(&self.lane.open, Open::Event(event) if !event.names_victim());
        let chosen = |event: &&mut OomEvent| {
            event.killed.is_empty()
                && event
                    .victim_pids()
                    .iter()
                    .any(|(_, named)| Some(*named) == pid)
                && near(event.last_stamp.as_ref(), line.stamp, PAIR_SECONDS_MAX)
        };
        if open && let Some(event) = self.events.iter_mut().rev().take(PAIRS_MAX).find(chosen) {
            event.killed.push(Seen::new(killed, line.evidence()));
            return;
        }
        // Stamps of whole seconds cannot tell a group from a storm whose reports were rate-limited.
        let exact = line.stamp.is_some_and(|s| s.uptime_us.is_some());
        let next = exact
            && self.lane.lines_since == 0
            && near(self.lane.last.as_ref(), line.stamp, GROUP_SECONDS_MAX);
        let with_group = |e: &OomEvent| next && killed.scope == Scope::Cgroup && e.dies_with(pid);
        let event = self.event(line, |e| {
            if e.group_kill.is_some() || with_group(e) {
                return false;
            }
            let other_killed = e.killed.iter().any(|k| k.value.pid != pid);
            let other_reaped =
                e.kills.is_empty() && e.reaped.iter().any(|r| Some(r.value.pid) != pid);
            // A victim's child, or a pid copied wrong: the second line of the pair has no words.
            let other_named = killed.scope != Scope::Unsaid
                && e.victim_pids().iter().any(|(_, named)| Some(*named) != pid);
            // Two lines that name no pid are two kills.
            let again = pid.is_none() && !e.killed.is_empty();
            again || other_killed || other_reaped || other_named
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

    pub(super) fn summary(&mut self, summary: Summary, line: &Line<'_>) {
        let pid = summary.pid;
        let event = self.event(line, |e| {
            e.summary.is_some() || e.victim_pids().iter().any(|(_, named)| Some(*named) != pid)
        });
        event.summary = Some(Seen::new(summary, line.evidence()));
    }

    /// The event that names the process takes the line, wherever it is: the reaper is a task of its
    /// own and comes late, when the next report may be open.
    pub(super) fn reaped(&mut self, reaped: Reaped, line: &Line<'_>) {
        let pid = reaped.pid;
        let names = |event: &OomEvent| {
            let process = event.process_of(pid);
            event
                .victim_pids()
                .iter()
                .any(|(_, named)| *named == process)
        };
        let same_host = |event: &OomEvent| {
            let host = event.host.as_ref().map(|h| h.value.as_str());
            host.is_none() || line.host.is_none() || host == line.host
        };
        let recent = |event: &OomEvent| {
            names(event) && near(event.last_stamp.as_ref(), line.stamp, REAPER_SECONDS_MAX)
        };
        let seen = Seen::new(reaped, line.evidence());
        let lanes = std::iter::once(&mut self.lane).chain(self.lanes.values_mut());
        let unfinished = lanes.flat_map(|lane| {
            let open = match &mut lane.open {
                Open::Event(event) => Some(&mut **event),
                _ => None,
            };
            open.into_iter().chain(lane.broken.iter_mut())
        });
        let mut all = unfinished.chain(self.events.iter_mut().rev());
        if let Some(event) = all.find(|event| same_host(event) && recent(event)) {
            let mut seen = seen;
            seen.value.pid = event.process_of(pid);
            event.reaped.push(seen);
            return;
        }
        self.event(line, OomEvent::names_victim).reaped.push(seen);
    }

    pub(super) fn ending(&mut self, ending: Ending, line: &Line<'_>) {
        match ending {
            Ending::Sysrq(text) => {
                let seen = Seen::new(text, line.evidence());
                self.lane.waiting_sysrq = Some((seen, line.stamp.cloned()));
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

    pub(super) fn kill_line(&mut self, kill: KillLine, line: &Line<'_>) {
        match kill {
            KillLine::Kill(kill) => self.kill(kill, line),
            KillLine::Killed(killed) => self.killed(killed, line),
            KillLine::Sharing => {}
        }
    }
}
