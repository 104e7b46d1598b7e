//! Lines that are no part of a report: the head of a trace that may turn out to be one, and lines
//! inside a report that nothing understands.

use super::{DRIFT_LINES_MAX, Joiner, Open, PRELUDE_FRAMES_MAX, Prelude};
use crate::facts::{
    log::line::Line,
    oom::{event::Seen, invocation, part, trace},
};

impl Joiner {
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

    pub(super) fn unknown(&mut self, line: &Line<'_>) {
        if self.prelude(line) {
            return;
        }
        self.lines_since += 1;
        if self.body {
            self.end_body();
        }
        let counts = match &self.open {
            Open::Event(event) => !event.ended(),
            Open::Failure(_) => true,
            Open::Nothing => false,
        };
        if counts {
            self.waiting_drift.1 += 1;
            if self.waiting_drift.0.len() < DRIFT_LINES_MAX {
                self.waiting_drift.0.push(line.evidence());
            }
        }
        if matches!(&self.open, Open::Event(event) if event.invocation.is_some()) {
            self.keep_drift();
        }
    }

    /// The unknown lines lie inside the report that is open.
    pub(super) fn keep_drift(&mut self) {
        let (lines, count) = std::mem::take(&mut self.waiting_drift);
        let (kept, total) = match &mut self.open {
            Open::Event(event) => (&mut event.drift, &mut event.drift_count),
            Open::Failure(failure) => (&mut failure.drift, &mut failure.drift_count),
            Open::Nothing => return,
        };
        *total += count;
        let room = DRIFT_LINES_MAX.saturating_sub(kept.len());
        kept.extend(lines.into_iter().take(room));
    }
}
