//! Finds the words of a table in blocks of a log, all of them in one pass.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::sources::markers::{Around, MARKERS, Marker};

/// A search for all words of the table.
#[derive(Debug)]
pub struct Words {
    search: Option<AhoCorasick>,
}

/// Where a word was found.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// Offset of its first byte.
    pub at: usize,
    /// What is kept around it.
    pub around: Around,
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

impl Words {
    /// Prepares the search.
    pub fn new() -> Self {
        let search = AhoCorasick::builder()
            // Leftmost, because only such a search is driven by vector instructions.
            .match_kind(MatchKind::LeftmostFirst)
            .kind(Some(AhoCorasickKind::DFA))
            .build(MARKERS.iter().map(|marker| marker.word))
            // Literals of a fixed table: this cannot fail, and without a search the ends still come.
            .ok();
        Self { search }
    }

    /// The first word at or behind `from`.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<Hit> {
        let search = self.search.as_ref()?;
        let mut from = from;
        loop {
            let found = search.find(bytes.get(from..)?)?;
            let at = from + found.start();
            let marker = MARKERS.get(found.pattern().as_usize())?;
            if fits(marker, bytes, at) {
                return Some(Hit {
                    at,
                    around: marker.around,
                });
            }
            from = at + 1;
        }
    }
}

fn fits(marker: &Marker, bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    !marker.starts_word || !before.is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether a line is a row of the table of tasks or of the table of slabs: a report has thousands
/// of them, none with a word of its own.
pub fn is_row(line: &[u8]) -> bool {
    memchr::memchr_iter(b'[', line)
        .take(4)
        .any(|at| is_task(line.get(at + 1..).unwrap_or_default()))
        || is_slab(line)
}

/// `  1234]  1000  1234  5678 …` (`dump_task` in mm/oom_kill.c)
fn is_task(rest: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b']', rest) else {
        return false;
    };
    let pid = rest.get(..end).unwrap_or_default().trim_ascii();
    let numbers = rest.get(end + 1..).unwrap_or_default();
    let mut columns = numbers
        .split(|b| *b == b' ')
        .filter(|column| !column.is_empty());
    is_number(pid) && (0..4).all(|_| columns.next().is_some_and(is_number))
}

/// `dentry    123KB    456KB` (`dump_unreclaimable_slab` in mm/slab_common.c)
fn is_slab(line: &[u8]) -> bool {
    let mut columns = line.rsplit(|b| *b == b' ').filter(|c| !c.is_empty());
    (0..2).all(|_| {
        columns
            .next()
            .and_then(|column| column.trim_ascii().strip_suffix(b"KB"))
            .is_some_and(is_number)
    })
}

fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::markers::{FAILURE, NOTICE};

    #[test]
    fn words_and_what_only_looks_like_one() {
        let words = Words::new();
        let hit = |text: &str| words.find(text.as_bytes(), 0).map(|hit| hit.around);
        assert_eq!(hit("x kernel: java invoked oom-killer: gfp"), Some(FAILURE));
        assert_eq!(hit("Out of memory: Killed"), Some(FAILURE));
        assert_eq!(hit("container OOM"), Some(NOTICE));
        assert_eq!(hit("BATHROOM closed"), None);
        assert_eq!(hit("BATHROOM closed, then OOM"), Some(NOTICE));
        assert_eq!(hit("nothing"), None);
    }

    #[test]
    fn rows_of_reports() {
        for row in [
            "Jan 5 web kernel: [ 1234]  1000  1234    56789     1234    200704        0             0 java",
            "[12.3] [   9876]     0  9876   1   2 3 4 0 x",
            "Jan 5 web kernel: dentry    123KB    456KB",
        ] {
            assert!(is_row(row.as_bytes()), "{row}");
        }
        for other in ["Jan 5 web sshd[123]: a 1 2 3 4", "[12.3] hello", "", "1KB"] {
            assert!(!is_row(other.as_bytes()), "{other}");
        }
    }
}
