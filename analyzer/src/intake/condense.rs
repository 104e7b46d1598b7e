//! Reads a log of any size in bounded memory: keeps the lines around words that reports about memory
//! hold, and the number that each kept line has in the file.
//!
//! Which words those are is known here and not with the log parsers, because what is not kept never
//! reaches them. A word too many costs time, a word too few costs a report: the list is generous.

use std::io::{self, Read};
use std::sync::LazyLock;

use regex::bytes::Regex;

mod window;

use window::Window;

/// Most bytes kept of one log. A report has 10 to 100 KiB, so this is a thousand reports or more.
pub(super) const KEPT_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Lines kept at either end of the log: they say which time it covers.
const ENDS_LINES: usize = 64;
/// Lines kept before and after a word of a report. Registers and stack words have up to 60 lines
/// without such a word, the statistics of a control group up to 80.
const REPORT: Around = Around {
    before: 32,
    after: 96,
};
/// The same for a line that stands for itself; the lines of one audit event are neighbours.
const SINGLE: Around = Around {
    before: 2,
    after: 2,
};

#[derive(Clone, Copy)]
struct Around {
    before: usize,
    after: usize,
}

/// Words of lines that stand for themselves, and that some machines log all the time.
const SINGLE_WORDS: &[&str] = &[
    "OOM",
    "oomd",
    "callbacks suppressed",
    "messages dropped",
    "Linux version ",
    "killed, status=9",
    "result 'signal'",
    "result 'core-dump'",
    "result 'watchdog'",
    "annot allocate memory",
    "MemoryError",
    "OutOfMemory",
    "ENOMEM",
    "+++ killed by",
    "EXECVE",
    "type=1309",
    "fork rejected",
    "VmData",
    "enough memory",
];

/// Words of reports of several lines.
const REPORT_WORDS: &[&str] = &[
    "oom-kill",
    "oom_reaper",
    "oom_kill",
    "on_oom",
    "ill process",
    "ut of memory",
    "out_of_memory",
    "memory: usage",
    "Memory cgroup",
    "page allocation ",
    "active_anon",
    "total_vm",
    " pages RAM",
    "SLUB: ",
    "vmalloc",
    "blocked for more than",
    "soft lockup",
    "dump_header",
];

static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<String> = SINGLE_WORDS
        .iter()
        .chain(REPORT_WORDS)
        .map(|word| regex::escape(word))
        .collect();
    compile(&words.join("|"))
});

// Rows of the task table and of the slab table: a machine has thousands, none with a word above.
static ROW: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\[ *\d+\] +-?\d+ +\d+ +\d+ +\d+ |\d+KB +\d+KB"));

fn compile(pattern: &str) -> Regex {
    match Regex::new(pattern) {
        Ok(regex) => regex,
        Err(error) => unreachable!("pattern {pattern}: {error}"),
    }
}

/// The line that starts at an offset of the kept bytes; up to the next jump the lines follow each
/// other in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Offset in the kept bytes.
    pub offset: usize,
    /// Number of the line in the file, counted from 1.
    pub line: u32,
}

/// What was kept of a long log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condensed {
    /// Where the kept bytes continue at a later line of the file.
    pub jumps: Vec<Jump>,
    /// Lines of the file.
    pub lines: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// More was to be kept than memory is given for: what came later is lost.
    pub full: bool,
}

/// Keeps what matters of a stream of which `head` was read already.
pub(super) fn read(
    head: &[u8],
    stream: &mut dyn Read,
    kept_max: usize,
) -> (Vec<u8>, Condensed, io::Result<()>) {
    let mut condenser = Condenser {
        kept: Vec::new(),
        kept_max,
        told: Condensed::default(),
        left: ENDS_LINES,
        kept_to: None,
        pos: 0,
        line: 1,
    };
    let mut window = Window::new(head);
    let mut end = Ok(());
    loop {
        match window.fill(stream) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                end = Err(error);
                break;
            }
        }
        condenser.scan(window.whole_lines());
        // What was scanned but not kept stays as context of the words in the next block.
        let gone = window.slide(condenser.pos, ENDS_LINES);
        condenser.pos -= gone;
        condenser.kept_to = condenser.kept_to.and_then(|to| to.checked_sub(gone));
    }
    condenser.finish(window.bytes());
    condenser.told.bytes = window.read_bytes();
    (condenser.kept, condenser.told, end)
}

struct Condenser {
    kept: Vec<u8>,
    kept_max: usize,
    told: Condensed,
    /// Lines that are still kept without a word of their own.
    left: usize,
    /// Offset in the window where the kept bytes end; `None` when they end before it.
    kept_to: Option<usize>,
    /// Offset in the window up to which all was looked at; the start of a line.
    pos: usize,
    /// Number of the line at `pos`.
    line: u64,
}

impl Condenser {
    /// Looks at `bytes`, whose lines are whole, from `pos` on.
    fn scan(&mut self, bytes: &[u8]) {
        while self.pos < bytes.len() {
            if self.left > 0 {
                self.follow(bytes);
                continue;
            }
            let Some(word) = WORDS.find_at(bytes, self.pos) else {
                self.line += newlines(bytes, self.pos, bytes.len());
                self.pos = bytes.len();
                return;
            };
            let start = line_start(bytes, word.start());
            self.line += newlines(bytes, self.pos, start);
            self.pos = start;
            self.keep_before(bytes, around(word.as_bytes()).before);
            self.follow(bytes);
        }
    }

    /// Keeps lines from `pos` on for as long as a word or a row keeps the report going.
    fn follow(&mut self, bytes: &[u8]) {
        let from = self.pos;
        let first = self.line;
        while let Some(rest) = bytes.get(self.pos..).filter(|r| !r.is_empty()) {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
            let line = rest.get(..end).unwrap_or(rest);
            if let Some(word) = WORDS.find(line) {
                // A single line does not end a report early.
                self.left = self.left.max(around(word.as_bytes()).after + 1);
            } else if self.left > 0 && ROW.is_match(line) {
                self.left = self.left.max(REPORT.after + 1);
            }
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            self.pos += end;
            self.line += u64::from(line.ends_with(b"\n"));
        }
        self.keep(bytes, from, self.pos, first);
    }

    /// Keeps up to `lines` lines before `pos` that are not kept yet.
    fn keep_before(&mut self, bytes: &[u8], lines: usize) {
        let floor = self.kept_to.unwrap_or(0);
        let mut from = self.pos;
        for _ in 0..lines {
            if from <= floor {
                break;
            }
            from = line_start(bytes, from - 1).max(floor);
        }
        let first = self.line - newlines(bytes, from, self.pos);
        self.keep(bytes, from, self.pos, first);
    }

    fn keep(&mut self, bytes: &[u8], from: usize, to: usize, line: u64) {
        let Some(part) = bytes.get(from..to).filter(|p| !p.is_empty()) else {
            return;
        };
        self.told.full |= self.kept.len() + part.len() > self.kept_max;
        if !self.told.full {
            if self.kept_to != Some(from) {
                self.told.jumps.push(Jump {
                    offset: self.kept.len(),
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                });
            }
            self.kept.extend_from_slice(part);
        }
        self.kept_to = Some(to);
    }

    /// Reads a last line without newline and keeps the end of the log.
    fn finish(&mut self, bytes: &[u8]) {
        self.scan(bytes);
        self.told.lines = self.line - 1 + u64::from(!bytes.is_empty() && !bytes.ends_with(b"\n"));
        self.keep_before(bytes, ENDS_LINES);
    }
}

fn around(word: &[u8]) -> Around {
    if SINGLE_WORDS.iter().any(|w| w.as_bytes() == word) {
        SINGLE
    } else {
        REPORT
    }
}

fn newlines(bytes: &[u8], from: usize, to: usize) -> u64 {
    let part = bytes.get(from..to).unwrap_or_default();
    memchr::memchr_iter(b'\n', part).count() as u64
}

/// Start of the line that holds the byte at `at`.
fn line_start(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', bytes.get(..at).unwrap_or_default()).map_or(0, |n| n + 1)
}

#[cfg(test)]
mod tests;
