//! Decides what of a log is kept: the records around words, whatever the pieces in which it comes.

use super::{
    Condensed, ENDS_RECORDS, Jump, Over,
    record::{Form, RECORD_BYTES_MAX, newlines},
    rows,
    tag::{self, Tag},
    window::{CONTEXT_BYTES_MAX, Window},
    words,
};

pub(super) struct Keeper {
    pub(super) form: Form,
    pub(super) kept: Vec<u8>,
    kept_max: usize,
    pub(super) told: Condensed,
    /// Records that are still kept without a word of their own.
    pub(super) left: usize,
    /// Records of which all are kept, whoever wrote them.
    whole: usize,
    /// The lines of the report that is kept carry no program's tag: what carries one is none of them.
    alone: bool,
    /// Offset in the log up to which it is kept.
    kept_to: u64,
    /// Offset up to which all that follows `kept_to` was dropped.
    dropped_to: u64,
    /// Offset up to which all was looked at; a record or a part of one begins there.
    pub(super) pos: u64,
    /// Number of the line at `pos`.
    pub(super) line: u64,
}

impl Keeper {
    pub(super) fn new(form: Form, kept_max: usize) -> Self {
        Self {
            form,
            kept: Vec::new(),
            kept_max,
            told: Condensed::default(),
            left: ENDS_RECORDS,
            whole: ENDS_RECORDS,
            alone: false,
            kept_to: 0,
            dropped_to: 0,
            pos: 0,
            line: 1,
        }
    }

    /// Looks at all whole records of the window from `pos` on.
    pub(super) fn scan(&mut self, window: &Window) {
        self.look(window.base, window.whole(self.form, self.pos));
    }

    /// Looks at the last record, which has no end, and keeps the end of the log.
    pub(super) fn finish(&mut self, window: &Window) {
        let bytes = window.bytes();
        self.look(window.base, bytes);
        self.told.lines = self.line - 1 + u64::from(!bytes.is_empty() && !bytes.ends_with(b"\n"));
        self.told.bytes = window.end();
        self.keep_before(window.base, bytes, ENDS_RECORDS);
    }

    fn look(&mut self, base: u64, bytes: &[u8]) {
        loop {
            if self.left > 0 {
                self.follow(base, bytes);
            }
            let at = index(base, self.pos);
            let Some((start, around)) = self.next(bytes, at) else {
                self.line += newlines(bytes.get(at..).unwrap_or_default());
                self.pos = base + bytes.len() as u64;
                return;
            };
            self.line += newlines(bytes.get(at..start).unwrap_or_default());
            self.pos = base + start as u64;
            self.keep_before(base, bytes, around.before);
            self.left = around.after + 1;
        }
    }

    /// Start of the first record from `at` on that has a word, and what the word asks for.
    fn next(&self, bytes: &[u8], at: usize) -> Option<(usize, words::Around)> {
        let mut from = at;
        while let Some(word) = words::find(bytes, from, bytes.len()) {
            let before = bytes.get(from..word).unwrap_or_default();
            let start = from + self.form.last_start(before).unwrap_or(0);
            let start = start + (word - start) / RECORD_BYTES_MAX * RECORD_BYTES_MAX;
            let record = self.record(bytes.get(start..).unwrap_or_default());
            if let Some(around) = words::around(record) {
                return Some((start, around));
            }
            // The word lies across two parts of a record that is too long.
            from = start + record.len();
        }
        None
    }

    fn record<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let bytes = bytes
            .get(..bytes.len().min(RECORD_BYTES_MAX))
            .unwrap_or_default();
        bytes.get(..self.form.end(bytes)).unwrap_or_default()
    }

    /// Keeps records from `pos` on for as long as a word or a row keeps the report going; what other
    /// programs wrote between its lines is dropped.
    fn follow(&mut self, base: u64, bytes: &[u8]) {
        // Where the stretch that is kept next begins, and the number of its first line.
        let mut run = None;
        while self.left > 0 {
            let at = index(base, self.pos);
            let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else {
                break;
            };
            let record = self.record(rest);
            let worth = Worth::of(record);
            if worth == Worth::Nothing && self.drops(record) {
                self.end_run(base, bytes, run.take());
                self.dropped_to = self.pos + record.len() as u64;
            } else {
                if let (None, Worth::Word(around)) = (run, worth) {
                    // What was dropped right before may tell more about it.
                    self.keep_before(base, bytes, around.before);
                }
                run.get_or_insert((self.pos, self.line));
                self.ask(record, worth);
            }
            self.left -= 1;
            self.whole = self.whole.saturating_sub(1);
            self.pos += record.len() as u64;
            self.line += match self.form {
                Form::Lines => u64::from(record.ends_with(b"\n")),
                Form::Blocks => newlines(record),
            };
        }
        self.end_run(base, bytes, run);
    }

    /// Notes how many records more are wanted after `record`.
    fn ask(&mut self, record: &[u8], worth: Worth) {
        let after = match worth {
            Worth::Nothing => return,
            Worth::Row => words::REPORT.after,
            Worth::Word(around) => around.after,
        };
        // A single line does not end a report early.
        self.left = self.left.max(after + 1);
        match worth {
            Worth::Word(words::REPORT) => self.alone = tag::of(record) != Tag::Program,
            Worth::Word(_) => self.whole = self.whole.max(after + 1),
            Worth::Row | Worth::Nothing => {}
        }
    }

    /// Whether a record without a word is no part of the report that is kept: a program wrote it, or
    /// it goes on what one wrote.
    fn drops(&self, record: &[u8]) -> bool {
        self.alone
            && self.whole == 0
            && match tag::of(record) {
                Tag::Program => true,
                Tag::Unstamped => self.dropped_to == self.pos,
                Tag::Other => false,
            }
    }

    fn end_run(&mut self, base: u64, bytes: &[u8], run: Option<(u64, u64)>) {
        if let Some((from, line)) = run {
            self.keep(base, bytes, from, self.pos, line);
        }
    }

    /// Keeps up to `records` records before `pos` that are not kept yet.
    fn keep_before(&mut self, base: u64, bytes: &[u8], records: usize) {
        let floor = self.pos.saturating_sub(CONTEXT_BYTES_MAX as u64);
        let floor = floor.max(self.kept_to);
        let mut from = self.pos;
        for _ in 0..records {
            let before = bytes
                .get(..index(base, from).saturating_sub(1))
                .unwrap_or_default();
            let start = match self.form.last_start(before) {
                Some(start) => base + start as u64,
                None if base == 0 => 0,
                None => break,
            };
            if from <= floor || start < floor {
                break;
            }
            from = start;
        }
        let part = bytes
            .get(index(base, from)..index(base, self.pos))
            .unwrap_or_default();
        let first = self.line - newlines(part);
        self.keep(base, bytes, from, self.pos, first);
    }

    fn keep(&mut self, base: u64, bytes: &[u8], from: u64, to: u64, line: u64) {
        let part = bytes.get(index(base, from)..index(base, to));
        let Some(part) = part.filter(|part| !part.is_empty()) else {
            return;
        };
        self.told.full |= self.kept.len() + part.len() > self.kept_max;
        if !self.told.full {
            if self.kept_to != from || self.told.jumps.is_empty() {
                // All between was dropped, or more.
                let over = if from > self.kept_to && from <= self.dropped_to {
                    Over::Programs
                } else {
                    Over::Anything
                };
                self.told.jumps.push(Jump {
                    offset: self.kept.len(),
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                    over,
                });
            }
            self.kept.extend_from_slice(part);
        }
        self.kept_to = to;
    }
}

/// Why a record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It has a word.
    Word(words::Around),
    /// It is a row of a table.
    Row,
    /// Only for what stands beside it.
    Nothing,
}

impl Worth {
    fn of(record: &[u8]) -> Self {
        match words::around(record) {
            Some(around) => Self::Word(around),
            None if rows::is_row(record) => Self::Row,
            None => Self::Nothing,
        }
    }
}

fn index(base: u64, offset: u64) -> usize {
    usize::try_from(offset.saturating_sub(base)).unwrap_or(usize::MAX)
}
