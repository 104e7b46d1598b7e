//! Where a secret begins and ends in its line.

use std::ops::Range;

use super::layout;
use super::words::{HARMLESS_ENDS, HARMLESS_VALUES};

/// Longest name of a secret.
const NAME_BYTES_MAX: usize = 128;

/// A place in a text and the lines around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'t>(pub(super) &'t [u8]);

impl<'t> Text<'t> {
    pub(super) fn get(self, range: Range<usize>) -> &'t [u8] {
        self.0.get(range).unwrap_or_default()
    }

    pub(super) fn at(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    pub(super) fn before(self, at: usize) -> Option<u8> {
        self.at(at.checked_sub(1)?)
    }

    /// End of the line at `at`, without its newline.
    pub(super) fn line_end(self, at: usize) -> usize {
        let rest = self.0.get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.0.len(), |n| at + n)
    }

    pub(super) fn line_start(self, at: usize) -> usize {
        memchr::memrchr(b'\n', self.0.get(..at).unwrap_or_default()).map_or(0, |n| n + 1)
    }

    /// First place from `at` on whose byte does not fit.
    pub(super) fn while_fits(self, at: usize, fits: impl Fn(u8) -> bool) -> usize {
        let rest = self.0.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|b| fits(**b)).count()
    }

    fn spaces(self, at: usize) -> usize {
        self.while_fits(at, |b| b == b' ' || b == b'\t')
    }

    /// Start of the name that holds the byte at `at`.
    pub(super) fn name_start(self, at: usize) -> usize {
        let head = self.get(at.saturating_sub(NAME_BYTES_MAX)..at);
        at - head.iter().rev().take_while(|b| is_name(**b)).count()
    }

    /// The secret behind the name that holds `found`; empty when it stands in the next lines.
    pub(super) fn behind_name(self, found: Range<usize>, alone: bool) -> Option<Range<usize>> {
        let start = self.name_start(found.start);
        let end = self.while_fits(found.end, is_name);
        if end - found.end > NAME_BYTES_MAX {
            return None;
        }
        let suffix = self.get(found.end..end);
        let prefix = self.get(start..found.start);
        if alone && (!suffix.is_empty() || prefix.last().is_some_and(u8::is_ascii_alphabetic)) {
            return None;
        }
        if ends_harmless(suffix) {
            return None;
        }
        // `<password>x</password>`
        if self.before(start) == Some(b'<') && self.at(end) == Some(b'>') {
            let from = end + 1;
            let to = self.while_fits(from, |b| !matches!(b, b'<' | b'\n'));
            return (to > from && self.get(from..to) != super::MASK.as_bytes()).then_some(from..to);
        }
        let is_plural = suffix == b"s" || suffix == b"S";
        let (value, separator) = self.value_start(start, end)?;
        if alone && separator != b'=' {
            return None;
        }
        // `cd` leaves PWD in every environment.
        let is_folder = alone && self.at(value) == Some(b'/');
        if separator == b':' && self.while_fits(value, |b| b == b'\r') == self.line_end(value) {
            return Some(value..value);
        }
        let value = self.value(start, value)?;
        let is_count = is_plural && self.get(value.clone()).iter().all(u8::is_ascii_digit);
        (!is_folder && !is_count).then_some(value)
    }

    /// Where the value behind a name begins, and what separates them.
    fn value_start(self, start: usize, end: usize) -> Option<(usize, u8)> {
        // `"password": "x"`, also with quotes that are escaped.
        let closed = self.while_fits(end, |b| b == b'\\');
        let closed = match self.at(closed) {
            Some(b'"' | b'\'') => closed + 1,
            _ => end,
        };
        let behind = self.spaces(closed);
        match self.at(behind)? {
            separator @ (b'=' | b':') => {
                // `:=`, `=>`, `::`
                let first = self.while_fits(behind, |b| matches!(b, b'=' | b':' | b'>'));
                let value = self.spaces(first);
                (!self.get(behind..first).ends_with(b"::")).then_some((value, separator))
            }
            // `IDENTIFIED WITH x PASSWORD 'y'`, `PASSWORD('y')`
            b'"' | b'\'' if behind > end && self.is_password(start, end) => Some((behind, b' ')),
            b'(' if self.is_password(start, end)
                && matches!(self.at(behind + 1), Some(b'"' | b'\'')) =>
            {
                Some((behind + 1, b' '))
            }
            b',' | b'\r' | b'\n' | b'v' | b'V' => {
                layout::beside(self, end).map(|value| (value, b'='))
            }
            _ if self.at(start) == Some(b'-') && self.is_argument_start(start) => {
                let gap = self.while_fits(end, |b| b == b' ' || b == 0);
                let is_flag = self.at(gap) == Some(b'-');
                (gap > end && !is_flag).then_some((gap, b' '))
            }
            _ => None,
        }
    }

    fn is_password(self, start: usize, end: usize) -> bool {
        [b"password".as_slice(), b"passwd"]
            .iter()
            .any(|name| self.get(start..end).eq_ignore_ascii_case(name))
    }

    pub(super) fn is_argument_start(self, at: usize) -> bool {
        self.before(at)
            .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, 0 | b'"' | b'\'' | b'[' | b','))
    }

    /// The value that begins at `at`, without quotes; `None` when there is none or it is harmless.
    /// `argument` is where its argument begins.
    pub(super) fn value(self, argument: usize, at: usize) -> Option<Range<usize>> {
        let line_end = self.line_end(at);
        let slashes = self.while_fits(at, |b| b == b'\\');
        let range = match self.at(slashes).filter(|_| slashes < line_end) {
            Some(quote @ (b'"' | b'\'')) => {
                let from = slashes + 1;
                from..self.closing(quote, from, line_end)
            }
            _ => at..self.bare_end(argument, at, line_end),
        };
        let text = self.get(range.clone());
        let is_harmless = HARMLESS_VALUES
            .iter()
            .any(|value| text.eq_ignore_ascii_case(value.as_bytes()))
            || text.starts_with(super::MASK.as_bytes())
            || text.starts_with(b"[masked]");
        (!text.is_empty() && !is_harmless).then_some(range)
    }

    fn closing(self, quote: u8, from: usize, line_end: usize) -> usize {
        let line = self.get(from..line_end);
        let nul = memchr::memchr(0, line).map_or(line_end, |n| from + n);
        let mut at = from;
        while at < nul {
            match self.at(at) {
                // `\"` ends a value inside of a quoted text; inside of a value it is part of it, and
                // which of both cannot be told: too much is better than too little.
                Some(b'\\') if self.at(at + 1) != Some(quote) => at += 2,
                Some(b'\\') if self.at(from.wrapping_sub(2)) == Some(b'\\') => return at,
                Some(b'\\') => at += 2,
                Some(b) if b == quote => return at,
                _ => at += 1,
            }
        }
        nul
    }

    /// End of a value without quotes.
    fn bare_end(self, argument: usize, at: usize, line_end: usize) -> usize {
        let line = self.get(at..line_end);
        if let Some(nul) = memchr::memchr(0, line) {
            // A whole argument of a command line may hold spaces.
            let whole = matches!(self.before(argument), None | Some(0 | b'\n'));
            let first = line.get(..nul).unwrap_or_default();
            if whole || !first.contains(&b' ') {
                return at + nul;
            }
        }
        let mut end = at;
        while end < line_end {
            match self.at(end) {
                Some(b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'`' | 0) | None => break,
                Some(b'\\') if matches!(self.at(end + 1), Some(b'n' | b'"' | b'\'')) => break,
                Some(b'&' | b';' | b',') if self.is_next_field(end + 1, line_end) => break,
                Some(b')' | b']' | b'}') if self.is_over(end + 1, line_end) => break,
                _ => end += 1,
            }
        }
        end
    }

    /// Whether `at` begins another `name=value`, or ends the text.
    fn is_next_field(self, at: usize, line_end: usize) -> bool {
        if self.is_over(at, line_end) {
            return true;
        }
        let name = self.while_fits(at, |b| is_name(b) || b == b'"' || b == b'\'');
        name > at && matches!(self.at(name), Some(b'=' | b':'))
    }

    fn is_over(self, at: usize, line_end: usize) -> bool {
        at >= line_end
            || matches!(
                self.at(at),
                None | Some(
                    b' ' | b'\t' | b'\r' | b'"' | b'\'' | b')' | b']' | b'}' | b',' | b';' | 0
                )
            )
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn ends_harmless(suffix: &[u8]) -> bool {
    let last = suffix
        .rsplit(|b| matches!(b, b'_' | b'-' | b'.'))
        .next()
        .unwrap_or_default();
    // `tokenCount`
    let camel = last
        .iter()
        .rposition(u8::is_ascii_uppercase)
        .and_then(|at| last.get(at..))
        .unwrap_or(last);
    [last, camel].iter().any(|word| {
        HARMLESS_ENDS
            .iter()
            .any(|end| word.eq_ignore_ascii_case(end.as_bytes()))
    }) || suffix.starts_with(b"iz")
}
