//! Reads a log of any size in bounded memory: keeps the lines around words that reports about memory
//! hold, and the number that each kept line has in the file.

use std::io::{self, Read};

mod keeper;
mod parts;
mod record;
mod rows;
mod survey;
mod tag;
mod window;
mod words;

use keeper::Keeper;
use record::{Form, RECORD_BYTES_MAX};
use survey::{BLOCK_BYTES, Block, ROUND_BYTES};
use window::{CONTEXT_BYTES_MAX, Window};

/// Most bytes kept of one log. A report has 10 to 100 KiB, so this is a thousand reports or more.
pub(super) const KEPT_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Bytes taken from a stream at once: they fit into the processor's own cache.
const PIECE_BYTES: usize = 256 * 1024;
/// Records kept at either end of the log: they say which time it covers.
const ENDS_RECORDS: usize = 64;

/// The line that starts at an offset of the kept bytes; up to the next jump the lines follow each
/// other in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Offset in the kept bytes.
    pub offset: usize,
    /// Number of the line in the file, counted from 1.
    pub line: u32,
    /// What was left out before it.
    pub over: Over,
}

/// What a [`Jump`] leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Lines that programs wrote between those of one report.
    Programs,
    /// Lines far from any report.
    Anything,
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

/// The kept bytes, what is left out of them, and how the reading ended.
pub(super) type Kept = (Vec<u8>, Condensed, io::Result<()>);

/// A file of which any part can be read at any time, by several threads.
pub(super) trait Place: Sync {
    /// Reads from the offset `at`; 0 at the end.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

#[cfg(unix)]
impl Place for std::fs::File {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, at)
    }
}

#[cfg(windows)]
impl Place for std::fs::File {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, at)
    }
}

/// Whether a record is kept for its own words, however long the log.
#[cfg(test)]
pub(crate) fn is_kept(record: &str) -> bool {
    words::around(record.as_bytes()).is_some()
}

/// Keeps what matters of a stream of which `head` was read already.
pub(super) fn read_stream(head: &[u8], stream: &mut dyn Read, kept_max: usize) -> Kept {
    let mut keeper = Keeper::new(Form::of(head), kept_max);
    let mut window = Window::new();
    let mut whole = head.chain(stream);
    let end = loop {
        match window.fill(PIECE_BYTES, &mut whole) {
            Ok(0) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
        keeper.scan(&window);
        window.slide(keeper.form, keeper.pos, ENDS_RECORDS);
    };
    keeper.finish(&window);
    (keeper.kept, keeper.told, end)
}

/// Keeps the same of a file of `size` bytes that begins with `head`: several threads look for the
/// blocks with words, and only those are read in their order.
pub(super) fn read_place(place: &dyn Place, head: &[u8], size: u64, kept_max: usize) -> Kept {
    let mut keeper = Keeper::new(Form::of(head), kept_max);
    let mut window = Window::new();
    let mut end = Ok(());
    let mut from = 0;
    while from < size && end.is_ok() {
        let to = size.min(from + ROUND_BYTES as u64);
        let blocks = survey::survey(place, keeper.form, from, to);
        let round = Round {
            place,
            blocks: &blocks,
            from,
            to,
        };
        end = round.read(&mut keeper, &mut window);
        from = to;
    }
    keeper.finish(&window);
    (keeper.kept, keeper.told, end)
}

/// A stretch of a file that was looked through.
struct Round<'a> {
    place: &'a dyn Place,
    blocks: &'a [Block],
    from: u64,
    to: u64,
}

impl Round<'_> {
    fn read(&self, keeper: &mut Keeper, window: &mut Window) -> io::Result<()> {
        while window.end() < self.to {
            // A record that began before this stretch may have a word there.
            if keeper.left == 0 && keeper.pos >= self.from {
                self.skip(keeper, window)?;
            }
            self.take(window, self.to.min(window.end() + BLOCK_BYTES as u64))?;
            keeper.scan(window);
            window.slide(keeper.form, keeper.pos, ENDS_RECORDS);
        }
        Ok(())
    }

    /// Takes what lies between the end of the window and `to`.
    fn take(&self, window: &mut Window, to: u64) -> io::Result<()> {
        let mut from_here = FromHere {
            place: self.place,
            at: window.end(),
        };
        let wanted = usize::try_from(to - window.end()).unwrap_or(ROUND_BYTES);
        if window.fill(wanted, &mut from_here)? < wanted {
            let what = "the file became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        Ok(())
    }

    /// Continues at the next block with a word, when nothing before it has to be looked at.
    fn skip(&self, keeper: &mut Keeper, window: &mut Window) -> io::Result<()> {
        let here = self.number(window.end());
        // A word may lie in a record whose end was not read yet.
        let open = self.number(keeper.pos);
        let rest = self.blocks.get(open..).unwrap_or_default();
        // The end of the log tells which time it covers, the end of a stretch belongs to the next.
        let last = rest.len().saturating_sub(1);
        let next = open + rest.iter().position(|block| block.word).unwrap_or(last);
        let skipped = self.blocks.get(here..next).unwrap_or_default();
        let target = self.from + (next * BLOCK_BYTES) as u64;
        let begins = self.record_of(here, skipped).unwrap_or(keeper.pos);
        // Of a record that is too long, the part.
        let begins = target - (target.saturating_sub(begins)) % RECORD_BYTES_MAX as u64;
        let context = begins.saturating_sub(CONTEXT_BYTES_MAX as u64 + 2);
        if next <= here || context <= window.end() {
            return Ok(());
        }
        let open = window.bytes().get(window.index(keeper.pos)..);
        keeper.line += record::newlines(open.unwrap_or_default());
        keeper.line += skipped.iter().map(|b| u64::from(b.newlines)).sum::<u64>();
        window.restart(context);
        self.take(window, target)?;
        let ahead = window.bytes().get(window.index(begins)..);
        keeper.line -= record::newlines(ahead.unwrap_or_default());
        keeper.pos = begins;
        Ok(())
    }

    /// Start of the last record that begins in one of the blocks from the number `here` on.
    fn record_of(&self, here: usize, skipped: &[Block]) -> Option<u64> {
        let (n, start) = skipped
            .iter()
            .enumerate()
            .rev()
            .find_map(|(n, block)| Some((n, block.last_start?)))?;
        Some(self.from + ((here + n) * BLOCK_BYTES) as u64 + u64::from(start))
    }

    /// Number of the block that holds the byte at `offset`.
    fn number(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.from)).unwrap_or(usize::MAX) / BLOCK_BYTES
    }
}

/// Reads a file from an offset on.
struct FromHere<'a> {
    place: &'a dyn Place,
    at: u64,
}

impl Read for FromHere<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.place.read_at(self.at, buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
