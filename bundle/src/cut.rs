//! The line that stands in a log for lines that the collector left out.
//!
//! ```text
//! [oomscene: left out lines 201-118000, 9830000 bytes, Jan  5 03:04:05 .. Jan  7 11:12:13]
//! [oomscene: left out 117800 lines, 9830000 bytes]
//! ```
//!
//! The first form keeps the numbers of the lines behind it true: the next line is number 118001 of
//! the file on the machine. The second form is for output that is no file and has no numbers. The
//! stamps, as the log writes them, are those of the neighbours: the last line before and the first
//! line after what was left out.

use std::fmt;

const OPEN: &str = "[oomscene: left out ";

/// Lines that were left out at one place of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// Number in the file of the first line that was left out, counted from 1; `None` in output
    /// that is no file.
    pub first_line: Option<u64>,
    /// How many lines were left out.
    pub lines: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// Stamps of the neighbours, where both are known.
    pub between: Option<(String, String)>,
}

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first_line {
            Some(first) => {
                let last = first.saturating_add(self.lines).saturating_sub(1);
                write!(out, "{OPEN}lines {first}-{last}, {} bytes", self.bytes)?;
            }
            None => write!(out, "{OPEN}{} lines, {} bytes", self.lines, self.bytes)?,
        }
        match &self.between {
            Some((before, after)) => write!(out, ", {before} .. {after}]"),
            None => out.write_str("]"),
        }
    }
}

/// What a line of an entry says about lines left out; `None` for every other line.
#[must_use]
pub fn parse(line: &[u8]) -> Option<Cut> {
    // Nearly every line of a log is another one: this is asked for each of them.
    let rest = line.strip_prefix(OPEN.as_bytes())?;
    let rest = std::str::from_utf8(rest)
        .ok()?
        .trim_end()
        .strip_suffix(']')?;
    let (count, rest) = rest.split_once(", ")?;
    let (first_line, lines) = match count.strip_prefix("lines ") {
        Some(range) => {
            let (first, last) = range.split_once('-')?;
            let first: u64 = first.parse().ok()?;
            let last: u64 = last.parse().ok()?;
            (Some(first), last.checked_sub(first)?.checked_add(1)?)
        }
        None => (None, count.strip_suffix(" lines")?.parse().ok()?),
    };
    let (bytes, between) = match rest.split_once(" bytes, ") {
        Some((bytes, between)) => (bytes, between.split_once(" .. ")),
        None => (rest.strip_suffix(" bytes")?, None),
    };
    Some(Cut {
        first_line,
        lines,
        bytes: bytes.parse().ok()?,
        between: between.map(|(before, after)| (before.to_owned(), after.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut cut = Cut {
            first_line: Some(201),
            lines: 117_800,
            bytes: 9_830_000,
            between: Some(("Jan  5 03:04:05".into(), "Jan  7 11:12:13".into())),
        };
        let text = "[oomscene: left out lines 201-118000, 9830000 bytes, Jan  5 03:04:05 .. Jan  7 11:12:13]";
        assert_eq!(cut.to_string(), text);
        assert_eq!(parse(text.as_bytes()).as_ref(), Some(&cut));
        cut.first_line = None;
        cut.between = None;
        assert_eq!(parse(cut.to_string().as_bytes()), Some(cut));
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "",
            "Jan  5 03:04:05 web kernel: x",
            "[oomscene: left out lines 7-3, 1 bytes]",
            "[oomscene: left out lines 1-18446744073709551615, 1 bytes",
            "[oomscene: left out many lines, 1 bytes]",
            "Jan 5 web x: [oomscene: left out lines 1-3, 9 bytes]",
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }
}
