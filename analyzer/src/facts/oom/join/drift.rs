//! Lines inside a report that nothing understands: they are counted and shown, never dropped.

use super::{DRIFT_LINES_MAX, Joiner, Open};
use crate::facts::{log::line::Line, oom::wrapped::broken_at_words};

/// `TASK_COMM_LEN` less the terminator (include/linux/sched.h).
const COMM_BYTES_MAX: usize = 15;

impl Joiner {
    /// Takes the rest of a name over that was broken off behind the last row of the table.
    pub(super) fn rest_of_name(&mut self, line: &Line<'_>) -> bool {
        let Open::Event(event) = &mut self.lane.open else {
            return false;
        };
        let rest = line.bare().trim_end();
        let open = !event.ended() && self.lane.lines_since == 0 && !line.stamped;
        let Some(row) = event.tasks.last_mut().filter(|_| open) else {
            return false;
        };
        let behind = |e: &crate::facts::Evidence| {
            e.line.checked_add(1) == Some(line.number) && broken_at_words(&e.text, rest)
        };
        let name = &mut row.value.comm;
        let fits = name.len() + 1 + rest.len() <= COMM_BYTES_MAX && !name.is_empty();
        let word = rest.starts_with(char::is_alphabetic) && !rest.contains([':', '=']);
        if !(fits && word && row.evidence.last().is_some_and(behind)) {
            return false;
        }
        name.push(' ');
        name.push_str(rest);
        row.evidence.push(line.evidence());
        true
    }

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
