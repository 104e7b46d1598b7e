//! The lines of a log as they stand in it, and where lines were left out of a long one.

use std::iter::Peekable;
use std::slice;

use super::Log;
use crate::intake::Jump;

/// Walks through the lines of one log.
pub(super) struct Physical<'a> {
    content: &'a [u8],
    rest: &'a [u8],
    jumps: Peekable<slice::Iter<'a, Jump>>,
}

/// One line without its newline.
pub(super) struct Step<'a> {
    /// What was left out before it.
    pub(super) jump: Option<Jump>,
    pub(super) bytes: &'a [u8],
    /// The log ends in it: it has no newline.
    pub(super) torn: bool,
}

impl<'a> Physical<'a> {
    pub(super) fn of(log: &Log<'a>) -> Self {
        Self {
            content: log.content,
            rest: log.content,
            jumps: log
                .condensed
                .map_or(&[][..], |told| &told.jumps)
                .iter()
                .peekable(),
        }
    }
}

impl<'a> Iterator for Physical<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.content.len() - self.rest.len();
        let jump = self.jumps.next_if(|jump| jump.offset <= offset).copied();
        let end = memchr::memchr(b'\n', self.rest);
        let (bytes, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = after.get(1..).unwrap_or_default();
        Some(Step {
            jump,
            bytes,
            torn: end.is_none(),
        })
    }
}
