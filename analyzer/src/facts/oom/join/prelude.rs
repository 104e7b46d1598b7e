//! The head of a call trace, kept in case that it is the rest of a report without its first line.

use super::{Joiner, Open};
use crate::facts::{
    Evidence,
    log::{line::Line, stamp::Stamp},
    oom::{
        event::Seen,
        invocation::{self, Cpu},
        part, trace,
    },
};

/// The beginning of a call trace, before a frame tells whose it is.
#[derive(Debug)]
pub(super) struct Prelude {
    pub(super) place: Evidence,
    pub(super) stamp: Option<Stamp>,
    pub(super) cpu: Seen<Cpu>,
    pub(super) hardware: Option<Seen<String>>,
    pub(super) frames: Vec<Seen<String>>,
}

/// Frames between the head of a trace and the OOM killer's own: dump_stack, dump_header.
const PRELUDE_FRAMES_MAX: usize = 12;

impl Joiner {
    /// Keeps the head of a trace, in case that it is the rest of a report without its first line.
    pub(super) fn prelude(&mut self, line: &Line<'_>) -> bool {
        if !matches!(self.lane.open, Open::Nothing) {
            return false;
        }
        let bare = line.bare().trim_end();
        if let Some(cpu) = invocation::cpu(bare) {
            self.lane.waiting_cpu = Some(Prelude {
                place: line.evidence(),
                stamp: line.stamp.cloned(),
                cpu: Seen::new(cpu, line.evidence()),
                hardware: None,
                frames: Vec::new(),
            });
            return true;
        }
        let Some(waiting) = &mut self.lane.waiting_cpu else {
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
            self.lane.waiting_cpu = None;
        }
        true
    }
}
