//! Lines inside a report that nothing understands: they are counted and shown, never dropped.

use super::{DRIFT_LINES_MAX, Joiner, Open};
use crate::facts::log::line::Line;

impl Joiner {
    /// Notes a line that no part of a report fits.
    pub(super) fn drift(&mut self, line: &Line<'_>) {
        let headed = match &self.lane.open {
            Open::Event(event) if event.ended() => return,
            Open::Event(event) => event.invocation.is_some(),
            Open::Failure(_) => false,
            Open::Nothing => return,
        };
        self.lane.waiting_drift.1 += 1;
        if self.lane.waiting_drift.0.len() < DRIFT_LINES_MAX {
            self.lane.waiting_drift.0.push(line.evidence());
        }
        if headed {
            self.keep_drift();
        }
    }

    /// The unknown lines lie inside the report that is open.
    pub(super) fn keep_drift(&mut self) {
        let (lines, count) = std::mem::take(&mut self.lane.waiting_drift);
        let (kept, total) = match &mut self.lane.open {
            Open::Event(event) => (&mut event.drift, &mut event.drift_count),
            Open::Failure(failure) => (&mut failure.drift, &mut failure.drift_count),
            Open::Nothing => return,
        };
        *total += count;
        let room = DRIFT_LINES_MAX.saturating_sub(kept.len());
        kept.extend(lines.into_iter().take(room));
    }
}
