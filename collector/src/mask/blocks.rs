//! Private keys of several lines, also where every line has the prefix of a log, and where a cut of
//! the log left only the start or the end of one.

use std::ops::Range;

use super::value::Text;

/// Most lines of one key.
const LINES_MAX: usize = 2000;
/// Shortest text of a line inside of a key; the last line of it may be shorter.
const LINE_BYTES_MIN: usize = 24;

/// Secret ranges behind the start of a block at `found`; the place where the search goes on.
pub(super) fn behind_start(text: Text<'_>, found: Range<usize>) -> (Vec<Range<usize>>, usize) {
    let mut ranges = Vec::new();
    let line_end = text.line_end(found.start);
    let Some(header_end) = header_end(text, found.end, line_end) else {
        return (ranges, found.end);
    };
    // `-----BEGIN PRIVATE KEY-----\nMIIE…\n-----END PRIVATE KEY-----\n` in one line.
    let rest = text.get(header_end..line_end);
    let end = memchr::memmem::find(rest, b"-----END").map_or(line_end, |at| header_end + at);
    if !rest.trim_ascii().is_empty() && text.at(header_end) != Some(b'"') {
        ranges.push(header_end..end);
    }
    if end < line_end {
        return (ranges, end);
    }
    let mut at = line_end + 1;
    for _ in 0..LINES_MAX {
        if at >= text.0.len() {
            break;
        }
        let line_end = text.line_end(at);
        if is_end(text, at, line_end) {
            break;
        }
        // Lines of other programs may stand between those of the key.
        let is_last = is_end(text, line_end + 1, text.line_end(line_end + 1));
        ranges.extend(key_line(text, at, line_end, is_last));
        at = line_end + 1;
    }
    (ranges, at.min(text.0.len()))
}

/// Secret ranges before the end of a block whose start is not there.
pub(super) fn before_end(text: Text<'_>, found: Range<usize>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let line_end = text.line_end(found.start);
    if header_end(text, found.end, line_end).is_none() {
        return ranges;
    }
    let mut start = text.line_start(found.start);
    let mut is_last = true;
    for _ in 0..LINES_MAX {
        let Some(end) = start.checked_sub(1) else {
            break;
        };
        start = text.line_start(end);
        match key_line(text, start, end, is_last) {
            Some(range) => ranges.push(range),
            None => break,
        }
        is_last = false;
    }
    ranges.reverse();
    ranges
}

/// End of `-----BEGIN RSA PRIVATE KEY-----`; `None` for certificates and public keys.
fn header_end(text: Text<'_>, from: usize, line_end: usize) -> Option<usize> {
    let rest = text.get(from..line_end);
    let dashes = memchr::memmem::find(rest, b"-----")?;
    let kind = rest.get(..dashes)?;
    memchr::memmem::find(kind, b"PRIVATE KEY").map(|_| from + dashes + 5)
}

fn is_end(text: Text<'_>, from: usize, line_end: usize) -> bool {
    memchr::memmem::find(text.get(from..line_end), b"-----END").is_some()
}

/// The last word of a line when it can be part of a key.
fn key_line(text: Text<'_>, start: usize, end: usize, is_last: bool) -> Option<Range<usize>> {
    let line = text.get(start..end).trim_ascii_end();
    let word = line
        .iter()
        .rposition(u8::is_ascii_whitespace)
        .map_or(0, |at| at + 1);
    let key = line.get(word..)?;
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let is_key = !key.is_empty()
        && key.iter().all(fits)
        && (key.len() >= LINE_BYTES_MIN || key.ends_with(b"=") || is_last);
    is_key.then(|| start + word..start + line.len())
}
