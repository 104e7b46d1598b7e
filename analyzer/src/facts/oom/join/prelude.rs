//! The head of a call trace, kept in case that it is the rest of a report without its first line.

use super::{Joiner, Open};
use crate::facts::{
    Evidence,
    log::{line::Line, stamp::Stamp},
    oom::{
        allocation::{AllocationFailure, Failure},
        event::Seen,
        invocation::{self, Cpu},
        part::{self, Part},
        trace,
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
    /// The line before says what the trace is about, and it is no failed allocation of pages.
    other: bool,
}

/// Lines that have the trace of an allocation failure behind them and are none.
const OTHER_WARNINGS: &[&str] = &["page allocation stalls", "vmalloc", "vmap allocation"];

/// Frames between the head of a trace and the OOM killer's own: dump_stack, dump_header.
const PRELUDE_FRAMES_MAX: usize = 12;

impl Joiner {
    /// Keeps the head of a trace, in case that it is the rest of a report without its first line.
    pub(super) fn prelude(&mut self, line: &Line<'_>) -> bool {
        if !matches!(self.lane.open, Open::Nothing) {
            return false;
        }
        let bare = line.bare().trim_end();
        if OTHER_WARNINGS.iter().any(|words| bare.contains(words)) {
            self.lane.other_warning = true;
        }
        if let Some(cpu) = invocation::cpu(bare) {
            self.lane.waiting_cpu = Some(Prelude {
                place: line.evidence(),
                stamp: line.stamp.cloned(),
                cpu: Seen::new(cpu, line.evidence()),
                hardware: None,
                frames: Vec::new(),
                other: std::mem::take(&mut self.lane.other_warning),
            });
            return true;
        }
        let Some(waiting) = &mut self.lane.waiting_cpu else {
            if bare.eq_ignore_ascii_case("call trace:") {
                self.lane.trace_head = Some((line.evidence(), line.stamp.cloned()));
            } else if trace::frame(bare).is_some() {
                let here = || (line.evidence(), line.stamp.cloned());
                self.lane.trace_head.get_or_insert_with(here);
            } else if !part::noise(bare) {
                self.lane.trace_head = None;
            }
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

    /// Opens an allocation failure whose first line is lost: its trace goes through the warning.
    pub(super) fn headless_failure(&mut self, part: &Part, line: &Line<'_>) -> bool {
        let Part::Frame(function) = part else {
            return false;
        };
        if !trace::is_failure(function) {
            return false;
        }
        let Some(head) = self.lane.waiting_cpu.take().filter(|head| !head.other) else {
            return true;
        };
        let named = AllocationFailure {
            comm: head.cpu.value.comm.clone(),
            ..AllocationFailure::default()
        };
        let mut failure = Failure::new(Seen::new(named, head.place), head.stamp);
        failure.this_boot = self.this_boot;
        failure.last_stamp = line.stamp.cloned();
        failure.cpu = Some(head.cpu);
        failure.hardware = head.hardware;
        let named = |frame: &Seen<String>| !frame.value.is_empty();
        failure.frames = head.frames.into_iter().filter(named).collect();
        failure
            .frames
            .push(Seen::new(function.clone(), line.evidence()));
        self.lane.open = Open::Failure(Box::new(failure));
        true
    }
}
