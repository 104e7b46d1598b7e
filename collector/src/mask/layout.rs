//! Secrets of several lines: block scalars of YAML, values that go on in deeper lines, and values that
//! stand beside the word `value` instead of behind their name.

use std::ops::Range;

use super::value::Text;

/// Most lines of one value.
const LINES_MAX: usize = 200;
/// Bytes between a name and the word `value`.
const GAP_BYTES_MAX: usize = 80;

/// How a value goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Behind `|` or `>`: every deeper line.
    Block,
    /// In quotes that are still open: up to the closing one.
    Quoted(u8),
    /// As it is: deeper lines that are no settings of their own.
    Plain,
}

/// Further lines of the secret in `value` (which may be empty), whose name begins at `name`.
pub(super) fn more_lines(text: Text<'_>, name: usize, value: &Range<usize>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let start = text.line_start(name);
    let before = text.get(start..name);
    let marks = |b: &&u8| matches!(**b, b' ' | b'\t' | b'-' | b'"' | b'\'');
    let depth = before.iter().rev().take_while(marks).count();
    // What a log puts before each line.
    let head = before.get(..before.len() - depth).unwrap_or_default();
    let Some(form) = form(text, value) else {
        return ranges;
    };
    if !head.is_empty() && (form != Form::Block || !before.ends_with(b" ")) {
        return ranges;
    }
    let mut at = text.line_end(value.end) + 1;
    for _ in 0..LINES_MAX {
        if at >= text.0.len() {
            break;
        }
        let end = text.line_end(at);
        let Some(body) = behind_head(text, at..end, head) else {
            break;
        };
        let content = text.while_fits(body, |b| b == b' ' || b == b'\t').min(end);
        let blank = content == end;
        at = end + 1;
        if blank && form == Form::Block {
            continue;
        }
        if blank || content - body <= depth {
            break;
        }
        let line = text.get(content..end);
        match form {
            Form::Plain if is_setting(line) => break,
            Form::Quoted(quote) => {
                if let Some(closed) = memchr::memchr(quote, line) {
                    ranges.push(content..content + closed);
                    break;
                }
            }
            Form::Plain | Form::Block => {}
        }
        ranges.push(content..content + line.trim_ascii_end().len());
    }
    ranges.retain(|range| !range.is_empty() && text.get(range.clone()) != super::MASK.as_bytes());
    ranges
}

fn form(text: Text<'_>, value: &Range<usize>) -> Option<Form> {
    let rest = text.get(value.end..text.line_end(value.end)).trim_ascii();
    let said = text.get(value.clone());
    if let Some(quote @ (b'"' | b'\'')) = text.before(value.start)
        && !value.is_empty()
    {
        return rest.is_empty().then_some(Form::Quoted(quote));
    }
    if !rest.is_empty() && !rest.starts_with(b"#") {
        return None;
    }
    let is_block = match said.split_first() {
        Some((b'|' | b'>', hints)) => hints
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-')),
        _ => false,
    };
    Some(if is_block { Form::Block } else { Form::Plain })
}

/// Where the content of a line begins that has the same head as the first line: the same program in
/// a log; stamps differ.
fn behind_head(text: Text<'_>, line: Range<usize>, head: &[u8]) -> Option<usize> {
    if head.is_empty() {
        return Some(line.start);
    }
    let body = line.start + head.len();
    if body > line.end {
        return None;
    }
    let last = |bytes: &[u8]| bytes.rsplit(|b| *b == b' ').next().map(<[u8]>::to_vec);
    (last(text.get(line.start..body)) == last(head)).then_some(body)
}

/// `name: x`, `name = x`, `- x`, `[section]`, a comment.
fn is_setting(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.ends_with(b":")
        || memchr::memmem::find(line, b": ").is_some()
        || memchr::memmem::find(line, b" = ").is_some()
        || matches!(
            line,
            [b'-', b' ', ..] | [b'[' | b'#' | b';' | b'{' | b'}', ..]
        )
        || line
            .iter()
            .position(|b| *b == b'=')
            .is_some_and(|at| at + 2 < line.len() && at > 0)
}

/// `"name": "PASSWORD", "value": "x"`, `name="password" value="x"`, and in two lines of YAML: where
/// the value begins that belongs to the name which ends at `at`.
pub(super) fn beside(text: Text<'_>, at: usize) -> Option<usize> {
    let gap = text.while_fits(at, |b| {
        matches!(
            b,
            b' ' | b'\t' | b',' | b'"' | b'\'' | b'\\' | b'\r' | b'\n'
        )
    });
    let lines = text.get(at..gap).iter().filter(|b| **b == b'\n').count();
    let word = gap + b"value".len();
    let fits = gap > at && gap - at <= GAP_BYTES_MAX && lines <= 1;
    if !fits || !text.get(gap..word).eq_ignore_ascii_case(b"value") {
        return None;
    }
    let sign = text.while_fits(word, |b| matches!(b, b'"' | b'\'' | b'\\' | b' '));
    matches!(text.at(sign)?, b':' | b'=').then(|| text.while_fits(sign + 1, |b| b == b' '))
}
