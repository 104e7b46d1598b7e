//! Keeps of a stream of log lines what surrounds the words of the table, and both ends. The stream
//! is seen once and never held.

use oomscene_bundle::TimeSpan;

use super::coverage::Coverage;
use super::kept::{Kept, Order};
use super::words::{Hit, Words, is_row};
use crate::capture::stamp;
use crate::sources::markers::Around;

/// Lines kept after a row of a table: the line that ends the report comes soon after the last row.
const ROW_LINES: usize = 100;
/// Bytes seen before the place that is looked at: what `before` and the end of a log can reach.
const CONTEXT_BYTES: usize = 256 * 1024;
/// Longest line that is looked at as one; a longer one is looked at in parts.
const LINE_BYTES_MAX: usize = 128 * 1024;

/// What was sifted out of one log.
#[derive(Debug)]
pub struct Sifted {
    /// Kept lines, with a line for each place where something was left out.
    pub text: Vec<u8>,
    /// Lines of the log.
    pub lines: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// Lines that hold a word of the table.
    pub hits: u64,
    /// Lines around words that did not fit.
    pub dropped_lines: u64,
    /// Bytes that were kept, without the lines for what was left out.
    pub kept_bytes: usize,
    /// Time covered.
    pub covers: Option<TimeSpan>,
}

/// How much of one log is kept, and of which time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes kept.
    pub bytes_max: usize,
    /// Lines kept at the start of the log: which time it covers, how it was begun.
    pub head_lines: usize,
    /// Most bytes of the end of the log, at most [`CONTEXT_BYTES`].
    pub tail_bytes: usize,
    /// Lines before this time are left out (seconds since 1970 on the wall clock of the site).
    pub since: Option<i64>,
    /// When the log was written to last, on the same clock.
    pub changed: i64,
    /// Order of the lines.
    pub order: Order,
}

/// The state between two blocks of a log.
pub struct Sieve<'w> {
    words: &'w Words,
    limits: Limits,
    held: Vec<u8>,
    /// Offset of `held` in the log.
    base: u64,
    /// Offset in `held` up to which all was looked at; the start of a line.
    pos: usize,
    /// Number of the line at `pos`.
    line: u64,
    /// Offset in `held` before which nothing may be kept any more.
    floor: usize,
    /// Lines that are still kept without a word of their own.
    left: usize,
    /// Whether all lines so far are older than wanted.
    too_old: bool,
    hits: u64,
    kept: Kept,
    coverage: Coverage,
}

impl<'w> Sieve<'w> {
    /// Starts a log.
    pub fn new(words: &'w Words, limits: Limits) -> Self {
        Self {
            words,
            limits,
            held: Vec::new(),
            base: 0,
            pos: 0,
            line: 1,
            floor: 0,
            left: limits.head_lines,
            too_old: limits.since.is_some(),
            hits: 0,
            kept: Kept::new(limits.bytes_max, limits.order),
            coverage: Coverage::newest_first(limits.order == Order::NewestFirst),
        }
    }

    /// Sees the next bytes of the log.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let fresh = self.held.get(self.pos..).unwrap_or_default();
        let end = match memchr::memrchr(b'\n', fresh) {
            Some(newline) => self.pos + newline + 1,
            None if fresh.len() > LINE_BYTES_MAX => self.held.len(),
            None => return,
        };
        self.scan(end);
        self.slide();
    }

    /// Ends the log.
    pub fn finish(mut self) -> Sifted {
        let end = self.held.len();
        self.scan(end);
        let held = std::mem::take(&mut self.held);
        if !self.too_old {
            self.keep_before(&held, usize::MAX, self.limits.tail_bytes);
        }
        let torn = end > 0 && held.last() != Some(&b'\n');
        let lines = self.line - 1 + u64::from(torn);
        let bytes = self.base + end as u64;
        let (dropped_lines, kept_bytes) = (self.kept.dropped_lines(), self.kept.bytes());
        drop(held);
        let text = self.kept.into_text(self.limits.order, lines, bytes);
        let kept = text
            .split(|b| *b == b'\n')
            .filter(|line| oomscene_bundle::cut::parse(line).is_none());
        let covers = self.coverage.finish(kept);
        Sifted {
            lines,
            bytes,
            hits: self.hits,
            dropped_lines,
            kept_bytes,
            covers,
            text,
        }
    }

    /// Looks at the whole lines up to `end`.
    fn scan(&mut self, end: usize) {
        // Taken out, so that the bytes can be read while the rest changes.
        let held = std::mem::take(&mut self.held);
        let bytes = held.get(..end).unwrap_or_default();
        if self.too_old {
            self.pass_old(bytes);
        }
        let mut hit = self.words.find(bytes, self.pos);
        while self.pos < end {
            if self.left == 0 {
                let Some(found) = hit else {
                    self.pass(bytes, end);
                    break;
                };
                // The word may lie in the part of a line that was looked at before.
                self.pass(bytes, line_start(bytes, found.at).max(self.pos));
                self.keep_before(bytes, self.reach(found.around).0, CONTEXT_BYTES);
                self.left = 1;
            }
            hit = self.follow(bytes, hit);
        }
        self.held = held;
    }

    /// Lines before and behind a word in the order in which they come.
    fn reach(&self, around: Around) -> (usize, usize) {
        match self.limits.order {
            Order::File => (around.before, around.after),
            Order::NewestFirst => (around.after, around.before),
        }
    }

    /// Passes lines that are older than wanted.
    fn pass_old(&mut self, bytes: &[u8]) {
        let Some(since) = self.limits.since else {
            return;
        };
        while let Some(rest) = bytes.get(self.pos..).filter(|rest| !rest.is_empty()) {
            let line = first_line(rest);
            let is_new = stamp::find(line)
                .is_some_and(|found| found.seconds_before(self.limits.changed) >= since);
            if is_new {
                self.too_old = false;
                break;
            }
            self.coverage.line(line);
            self.pos += line.len();
            self.line += u64::from(line.ends_with(b"\n"));
        }
        self.floor = self.pos;
    }

    /// Passes the lines up to `to` without keeping them.
    fn pass(&mut self, bytes: &[u8], to: usize) {
        while self.pos < to {
            let line = first_line(bytes.get(self.pos..to).unwrap_or_default());
            self.coverage.line(line);
            self.pos += line.len();
            self.line += u64::from(line.ends_with(b"\n"));
        }
    }

    /// Keeps one line; gives the next word behind it.
    fn follow(&mut self, bytes: &[u8], hit: Option<Hit>) -> Option<Hit> {
        let line = first_line(bytes.get(self.pos..).unwrap_or_default());
        let end = self.pos + line.len();
        let mut next = hit;
        let mut is_hit = false;
        while let Some(found) = next.filter(|found| found.at < end) {
            is_hit = true;
            self.left = self.left.max(self.reach(found.around).1 + 1);
            next = self.words.find(bytes, found.at + 1);
        }
        if is_hit {
            self.hits += 1;
        } else if is_row(line) {
            self.left = self.left.max(ROW_LINES);
        }
        self.left -= 1;
        let newline = u64::from(line.ends_with(b"\n"));
        self.kept
            .push(self.line, self.base + self.pos as u64, line, newline);
        self.coverage.line(line);
        self.line += newline;
        self.pos = end;
        self.floor = end;
        next
    }

    /// Keeps up to `lines` lines of at most `bytes_max` bytes before `pos` that are not kept yet.
    fn keep_before(&mut self, bytes: &[u8], lines: usize, bytes_max: usize) {
        let bytes = bytes.get(..self.pos).unwrap_or_default();
        let mut from = self.pos;
        let lowest = self.floor.max(self.pos.saturating_sub(bytes_max));
        for _ in 0..lines {
            let start = line_start(bytes, from.saturating_sub(1));
            if from == 0 || start < lowest {
                break;
            }
            from = start;
        }
        let part = bytes.get(from..).unwrap_or_default();
        if part.is_empty() {
            return;
        }
        let count = memchr::memchr_iter(b'\n', part).count() as u64;
        self.kept
            .push(self.line - count, self.base + from as u64, part, count);
        self.floor = self.pos;
    }

    /// Drops what is further back than any word can reach.
    fn slide(&mut self) {
        if self.pos < 2 * CONTEXT_BYTES {
            return;
        }
        let from = self.pos - CONTEXT_BYTES;
        // The line that reaches over the edge is dropped with the rest.
        let bytes = self.held.get(from..self.pos).unwrap_or_default();
        let gone = from + memchr::memchr(b'\n', bytes).map_or(0, |newline| newline + 1);
        self.held.drain(..gone);
        self.base += gone as u64;
        self.pos -= gone;
        self.floor = self.floor.saturating_sub(gone);
    }
}

/// The first line of `bytes` with its newline.
fn first_line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |newline| newline + 1);
    bytes.get(..end).unwrap_or(bytes)
}

/// Start of the line that holds the byte at `at`.
fn line_start(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', bytes.get(..at).unwrap_or_default()).map_or(0, |newline| newline + 1)
}
