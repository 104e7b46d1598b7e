//! Keeps apart what different printers write into one log: machines that log to one server, and
//! tasks that print at the same time on a kernel that tells them apart (`CONFIG_PRINTK_CALLER`).

use super::{Joiner, Lane, Open, PAUSE_SECONDS_MAX, seconds_between};
use crate::facts::log::line::Line;

/// Who prints: machine, and task or CPU.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    host: Option<String>,
    caller: Option<String>,
}

/// Printers that something is open of; with more the oldest ones end.
const LANES_MAX: usize = 64;

impl Joiner {
    /// Goes on with the printer of `line`. A line that does not say who prints it goes on with the
    /// one before.
    pub(super) fn switch(&mut self, line: &Line<'_>) {
        let same = |ours: &Option<String>, theirs: Option<&str>| {
            theirs.is_none() || ours.as_deref() == theirs
        };
        if same(&self.key.host, line.host) && same(&self.key.caller, line.caller) {
            return;
        }
        let either = |ours: &Option<String>, theirs: Option<&str>| {
            theirs.map(str::to_owned).or_else(|| ours.clone())
        };
        let key = Key {
            host: either(&self.key.host, line.host),
            caller: either(&self.key.caller, line.caller),
        };
        // What was begun by lines that did not say who prints them: the head of a log is torn.
        let unsaid = self.key == Key::default() && self.lanes.is_empty();
        if unsaid && self.lane.waits() {
            self.key = key;
            return;
        }
        if self.lanes.len() >= LANES_MAX {
            self.end_old(line);
        }
        let next = self.lanes.remove(&key).unwrap_or_default();
        let before = std::mem::replace(&mut self.lane, next);
        let left = std::mem::replace(&mut self.key, key);
        if before.waits() {
            self.lanes.insert(left, before);
        }
    }

    /// Ends the printers that have been silent for longer than a report takes; all, if none has.
    fn end_old(&mut self, line: &Line<'_>) {
        let silent = |lane: &Lane| {
            seconds_between(lane.last.as_ref(), line.stamp)
                .is_some_and(|s| s.abs() > PAUSE_SECONDS_MAX)
        };
        let all = !self.lanes.values().any(silent);
        let current = std::mem::take(&mut self.lane);
        for (key, lane) in std::mem::take(&mut self.lanes) {
            if all || silent(&lane) {
                self.lane = lane;
                self.finish_lane();
            } else {
                self.lanes.insert(key, lane);
            }
        }
        self.lane = current;
    }
}

impl Lane {
    /// Whether a later line can still belong to something here.
    fn waits(&self) -> bool {
        !matches!(self.open, Open::Nothing)
            || self.held.is_some()
            || self.waiting_cpu.is_some()
            || self.waiting_suppressed.is_some()
            || self.waiting_sysrq.is_some()
            || !self.broken.is_empty()
            || self.mixed.is_some()
    }
}
