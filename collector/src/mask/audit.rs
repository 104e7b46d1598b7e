//! Arguments in records of the audit system: each is a field of its own, in quotes or, when it holds
//! a space, in hexadecimal digits.

use std::ops::Range;

use super::value::Text;
use super::{MASK, Masker};

/// Most arguments of one record that are looked at.
const ARGUMENTS_MAX: usize = 4096;

/// One argument: its bytes and where its value stands, with its quotes.
struct Argument {
    bytes: Vec<u8>,
    place: Range<usize>,
}

/// What replaces a range of a text.
type Replacement = (Range<usize>, Vec<u8>);

/// Secret arguments between `from` and the end of the line; where the search goes on.
pub(super) fn arguments(masker: &Masker, text: Text<'_>, from: usize) -> (Vec<Replacement>, usize) {
    let line_end = text.line_end(from);
    let mut found = Vec::new();
    let mut at = from;
    while found.len() < ARGUMENTS_MAX {
        let Some(argument) = next(text, at, line_end) else {
            break;
        };
        at = argument.place.end;
        found.push(argument);
    }
    let mut line = Vec::new();
    let mut starts = Vec::new();
    for argument in &found {
        starts.push(line.len());
        line.extend_from_slice(&argument.bytes);
        line.push(0);
    }
    let secrets = masker.find(&line);
    let mut edits = Vec::new();
    for (argument, start) in found.iter().zip(starts) {
        let range = start..start + argument.bytes.len();
        let inside = secrets
            .iter()
            .filter(|edit| edit.range.start < range.end && edit.range.end > range.start);
        let mut out = Vec::new();
        let mut copied = range.start;
        for edit in inside {
            out.extend_from_slice(line.get(copied..edit.range.start).unwrap_or_default());
            out.extend_from_slice(MASK.as_bytes());
            copied = edit.range.end.min(range.end);
        }
        if copied > range.start || !out.is_empty() {
            out.extend_from_slice(line.get(copied..range.end).unwrap_or_default());
            out.retain(|b| *b != b'"' && *b != b'\n');
            edits.push((
                argument.place.clone(),
                [b"\"", out.as_slice(), b"\""].concat(),
            ));
        }
    }
    (edits, line_end)
}

/// The command line behind `proctitle=`, when it holds a secret, in hexadecimal digits again.
pub(super) fn title(masker: &Masker, text: Text<'_>, from: usize) -> Option<Replacement> {
    let end = text.while_fits(from, |b| b.is_ascii_hexdigit());
    let bytes = hex(text.get(from..end))?;
    let masked = masker.mask(&bytes)?;
    let digits: String = masked.bytes.iter().map(|b| format!("{b:02X}")).collect();
    Some((from..end, digits.into_bytes()))
}

/// The next ` a3=…` or ` a3[0]=…` at or behind `from`.
fn next(text: Text<'_>, from: usize, line_end: usize) -> Option<Argument> {
    let mut at = from;
    loop {
        let rest = text.get(at..line_end);
        at += memchr::memmem::find(rest, b" a")? + 2;
        let number = text.while_fits(at, |b| b.is_ascii_digit() || matches!(b, b'[' | b']'));
        if number == at || text.at(number) != Some(b'=') {
            continue;
        }
        let start = number + 1;
        if text.at(start) == Some(b'"') {
            let body = text.get(start + 1..line_end);
            let length = memchr::memchr(b'"', body).unwrap_or(body.len());
            return Some(Argument {
                bytes: body.get(..length).unwrap_or_default().to_vec(),
                place: start..(start + length + 2).min(line_end),
            });
        }
        let end = text.while_fits(start, |b| b.is_ascii_hexdigit());
        let bytes = hex(text.get(start..end)).unwrap_or_default();
        return Some(Argument {
            bytes,
            place: start..end,
        });
    }
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
            _ => None,
        })
        .collect()
}
