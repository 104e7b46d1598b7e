//! Logs that a terminal, a mail or a tracker broke at a fixed column, inside of words too. The width
//! shows in the lengths of the lines; what was broken there goes together without a blank between.

use std::collections::BTreeMap;

use super::{outer, prefix};

/// The column at which a log was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrap {
    /// Characters of a line that goes on in the next.
    columns: usize,
    /// Blanks that were put before what goes on.
    indent: usize,
}

/// Widths at which anybody breaks lines; kernel lines are longer.
const COLUMNS: std::ops::RangeInclusive<usize> = 60..=132;

/// So many lines of exactly the greatest width are no chance.
const FULL_LINES_MIN: usize = 3;

/// Of so many full lines one may be longer: two that were fused after the log was broken.
const LONGER_SHARE: usize = 4;

/// So far before the column a line ends whose next word did not fit: no name is longer.
const WORD_CHARS: usize = 16;

/// So many lines that end before the column are no chance, and not fewer than one in so many of those
/// at the column.
const WORD_BREAKS_MIN: usize = 2;
const WORD_SHARE: usize = 3;

/// Stamps of a log that has them.
const STAMPS_MIN: usize = 3;

impl Wrap {
    /// The width of `content`; `None` when nothing shows that it was broken.
    pub(super) fn of(content: &[u8]) -> Option<Self> {
        let widths = widths(content);
        let mut longer = 0;
        for (columns, full) in widths.into_iter().rev() {
            if full >= FULL_LINES_MIN && COLUMNS.contains(&columns) && longer * LONGER_SHARE <= full
            {
                let wrap = Self {
                    columns,
                    indent: indent(content, columns),
                };
                return (!wrap.encoded(content) && !wrap.at_words(content)).then_some(wrap);
            }
            longer += full;
            if longer > FULL_LINES_MIN && columns < *COLUMNS.start() {
                return None;
            }
        }
        None
    }

    /// Whether the full lines are those of a mail: their encoding says itself where they go on.
    fn encoded(self, content: &[u8]) -> bool {
        let full = || lines(content).filter(|line| self.full(line));
        let marked = |line: &&[u8]| line.trim_ascii_end().ends_with(b"=");
        full().filter(marked).count() * 2 > full().count()
    }

    /// Whether lines were broken between words: then those that go on end before the column too, and
    /// a blank is gone where they were broken. Only a log with stamps shows which ones go on.
    fn at_words(self, content: &[u8]) -> bool {
        let stamped = |line: &[u8]| {
            let text = String::from_utf8_lossy(line);
            prefix::strip(&outer::plain(text.trim_end()))
                .stamp
                .is_some()
        };
        let (mut stamps, mut at_column, mut before) = (0, 0, 0);
        let mut last: Option<&[u8]> = None;
        for line in lines(content) {
            if stamped(line) {
                stamps += 1;
            } else if let Some(last) = last.filter(|_| begins_flush(line)) {
                let columns = width(last);
                at_column += usize::from(columns == self.columns);
                let near = self.columns.saturating_sub(WORD_CHARS)..self.columns;
                before += usize::from(near.contains(&columns));
            }
            last = Some(line);
        }
        stamps >= STAMPS_MIN && before >= WORD_BREAKS_MIN && before * WORD_SHARE >= at_column
    }

    /// Whether `physical` was broken at its end.
    pub(super) fn full(self, physical: &[u8]) -> bool {
        width(physical) == self.columns
    }

    /// What goes on, without the blanks that were put before it.
    pub(super) fn rest(self, text: &str) -> &str {
        let blanks = text.bytes().take_while(|b| *b == b' ').count();
        text.get(blanks.min(self.indent)..).unwrap_or_default()
    }
}

/// The lines of `content`, without their newlines.
fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(content);
    std::iter::from_fn(move || {
        let all = rest?;
        let Some(end) = memchr::memchr(b'\n', all) else {
            return rest.take();
        };
        rest = all.get(end + 1..);
        all.get(..end)
    })
}

/// Widths up to here are counted in an array: nearly all lines have one of them.
const COMMON_CHARS: usize = 512;

/// How many lines have which width.
fn widths(content: &[u8]) -> BTreeMap<usize, usize> {
    let mut common = [0; COMMON_CHARS];
    let mut longer = BTreeMap::new();
    for line in lines(content) {
        let width = width(line);
        match common.get_mut(width) {
            Some(count) => *count += 1,
            None => *longer.entry(width).or_default() += 1,
        }
    }
    let common = common.into_iter().enumerate();
    longer.extend(common.filter(|(_, count)| *count > 0));
    longer
}

/// Blanks that were put before what goes on, by the lines after those of full width.
fn indent(content: &[u8], columns: usize) -> usize {
    let mut indents: BTreeMap<usize, usize> = BTreeMap::new();
    let mut after_full = false;
    for line in lines(content) {
        if after_full {
            let blanks = unquoted(line).iter().take_while(|b| **b == b' ').count();
            *indents.entry(blanks).or_default() += 1;
        }
        after_full = width(line) == columns;
    }
    let flush = indents.remove(&0).unwrap_or(0);
    let indented: usize = indents.values().sum();
    let least = indents.keys().next().copied();
    least.filter(|_| indented > flush).unwrap_or(0)
}

/// Whether `line` is not empty and has no blank before it: further lines of a record are indented.
fn begins_flush(line: &[u8]) -> bool {
    let bare = unquoted(line);
    !bare.starts_with(b" ") && !bare.trim_ascii().is_empty()
}

fn unquoted(line: &[u8]) -> &[u8] {
    match line {
        [b'>', b' ', rest @ ..] => unquoted(rest),
        _ => line,
    }
}

/// Characters of a line: bytes that do not go on with one.
fn width(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // Nearly every line has no other bytes, and that is seen fast.
    if line.is_ascii() {
        return line.len();
    }
    line.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::Wrap;

    #[test]
    fn lines_broken_between_words_are_no_column() {
        let full = format!("[   12.345678] {}", "x".repeat(57));
        let less = format!("[   12.345678] {}", "x".repeat(50));
        let log = format!("{full}\nab\n{less}\ncd ef\n").repeat(3);
        let more = format!("{log}{less}\ngh\n");
        assert_eq!(Wrap::of(more.as_bytes()), None);
        let column = format!("{full}\nab\n{less}\n").repeat(3);
        assert!(Wrap::of(column.as_bytes()).is_some());
    }

    #[test]
    fn the_width_shows_in_full_lines() {
        let full = "x".repeat(72);
        let log = format!("{full}\n  ab\n{full}\n   cd\n{full}\n  e\nshort\n");
        let wrap = Wrap::of(log.as_bytes()).unwrap();
        assert!(wrap.full(full.as_bytes()) && !wrap.full(b"short"));
        assert_eq!(wrap.rest("   cd"), " cd");
        assert_eq!(Wrap::of(format!("{full}\nab\n{full}\n").as_bytes()), None);
        let longer = format!("{log}{}\n", "y".repeat(200));
        assert_eq!(Wrap::of(longer.as_bytes()), None);
        let fused = format!("{log}{full}\n{}\n", "y".repeat(200));
        assert_eq!(Wrap::of(fused.as_bytes()), Some(wrap));
    }
}
