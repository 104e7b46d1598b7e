//! Durations as people write them: `60s`, `5min`, `2h`, `1d`.
//!
//! The parser of expressions has no such numbers. Before it reads a source, each duration becomes a
//! name of the same length (digits as capital letters), so that every place stays true; names of
//! rules have no capitals, so nothing else can look like one.

use std::borrow::Cow;

use super::{Problem, Span};
use crate::rules::vocabulary::SUFFIXES;

/// Where a source begins: in an expression, or in words around `{{ }}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Words,
    Code,
}

/// The source with its durations as names.
pub(super) fn disguised(source: &str, start: Region) -> Result<Cow<'_, str>, Problem> {
    let mut out = String::new();
    let mut region = start;
    let mut at = 0;
    while let Some(rest) = source.get(at..) {
        let Some(c) = rest.chars().next() else { break };
        let length = if region == Region::Words {
            if rest.starts_with("{{") || rest.starts_with("{%") {
                region = Region::Code;
            }
            c.len_utf8()
        } else if start == Region::Words && (rest.starts_with("}}") || rest.starts_with("%}")) {
            region = Region::Words;
            2
        } else if c == '"' || c == '\'' {
            quoted(rest, c)
        } else if c.is_ascii_digit() {
            let length = run(rest, |c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
            let word = rest.get(..length).unwrap_or_default();
            if let Some(name) = name(word, at)? {
                out.push_str(&name);
                at += length;
                continue;
            }
            length
        } else if c.is_ascii_alphabetic() || c == '_' {
            let length = run(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            let word = rest.get(..length).unwrap_or_default();
            if revealed(word).is_some() {
                let here = Span {
                    start: at,
                    end: at + length,
                };
                return Err(Problem::new(here, format!("unknown fact `{word}`"))
                    .help("names are written in lower case"));
            }
            length
        } else {
            c.len_utf8()
        };
        out.push_str(rest.get(..length).unwrap_or(rest));
        at += length;
    }
    Ok(if out == source {
        Cow::Borrowed(source)
    } else {
        Cow::Owned(out)
    })
}

/// What a disguised duration was, and its seconds.
pub(super) fn revealed(id: &str) -> Option<(String, i128)> {
    let digits = run(id, |c| c.is_ascii_uppercase() && c <= 'J');
    let (number, suffix) = id.split_at_checked(digits)?;
    let (_, seconds) = SUFFIXES.iter().find(|(name, _)| *name == suffix)?;
    if number.is_empty() {
        return None;
    }
    let number: String = number
        .bytes()
        .map(|b| char::from(b'0' + (b - b'A')))
        .collect();
    let count: i128 = number.parse().ok()?;
    Some((format!("{number}{suffix}"), count.checked_mul(*seconds)?))
}

/// The name of a number with a unit; nothing for a plain number.
fn name(word: &str, at: usize) -> Result<Option<String>, Problem> {
    let digits = run(word, |c| c.is_ascii_digit());
    let (number, suffix) = word.split_at_checked(digits).unwrap_or((word, ""));
    if SUFFIXES.iter().any(|(name, _)| *name == suffix) {
        let number = number.bytes().map(|b| char::from(b'A' + (b - b'0')));
        let name: String = number.chain(suffix.chars()).collect();
        if revealed(&name).is_some() {
            return Ok(Some(name));
        }
    }
    // `1e6`, `0x10` and `1_000` are numbers for the parser.
    let odd = suffix.starts_with(|c: char| c.is_ascii_alphabetic() && !"exob".contains(c))
        || (suffix.starts_with('.') && suffix.ends_with(|c: char| c.is_ascii_alphabetic()));
    if !odd {
        return Ok(None);
    }
    let here = Span {
        start: at,
        end: at + word.len(),
    };
    Err(
        Problem::new(here, format!("`{word}` is neither a number nor a duration"))
            .help("write a whole number with s, min, h or d (`60s`, `5min`), or `60 * MiB`"),
    )
}

fn run(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

/// Length of a quoted text with its quotes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_become_names_of_the_same_length() {
        for (source, disguised_as) in [
            ("a < 60s and b > 12min", "a < GAs and b > BCmin"),
            ("x == \"60s\" or 1e6 > 2.5", "x == \"60s\" or 1e6 > 2.5"),
            ("a.b60s > 1d", "a.b60s > Bd"),
        ] {
            assert_eq!(disguised(source, Region::Code).unwrap(), disguised_as);
        }
        let words = "in 60s {{ 60s | duration }} 60s";
        let expected = "in 60s {{ GAs | duration }} 60s";
        assert_eq!(disguised(words, Region::Words).unwrap(), expected);
        assert_eq!(revealed("GAmin"), Some(("60min".to_owned(), 3600)));
        assert_eq!(revealed("GiB"), None);
        for wrong in ["60sec > 1", "1.5h", "GAs > 1"] {
            assert!(disguised(wrong, Region::Code).is_err(), "{wrong}");
        }
    }
}
