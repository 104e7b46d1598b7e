//! Compiled patterns and their groups, so that a log form is one line of text.

use std::str::FromStr;

use regex::{Captures, Regex};

/// A pattern that is compiled at its first use.
macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| crate::facts::log::pattern::compile($text));
    };
}
pub(crate) use pattern;

/// Compiles `text`, which is a constant of this program: a test runs every one of them.
pub(crate) fn compile(text: &'static str) -> Regex {
    match Regex::new(&ascii(text)) {
        Ok(regex) => regex,
        Err(error) => unreachable!("pattern {text}: {error}"),
    }
}

/// The pattern with the digits, letters and word borders of ASCII. Kernels and daemons write no others,
/// and the tables of all scripts take most of the time in which a short log is read.
fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(2 * text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('d') => plain.push_str("[0-9]"),
            Some('w') => plain.push_str("[0-9A-Za-z_]"),
            Some('b') => plain.push_str(r"(?-u:\b)"),
            escaped => {
                plain.push(c);
                plain.extend(escaped);
            }
        }
    }
    plain
}

/// The group `name`, if it took part in the match.
pub(crate) fn text<'t>(groups: &Captures<'t>, name: &str) -> Option<&'t str> {
    groups.name(name).map(|m| m.as_str())
}

/// The group `name` as an owned text; empty when it took no part.
pub(crate) fn owned(groups: &Captures<'_>, name: &str) -> String {
    text(groups, name).unwrap_or_default().to_owned()
}

/// The group `name` as a number; a number that does not fit is unknown, not saturated.
pub(crate) fn number<N: FromStr>(groups: &Captures<'_>, name: &str) -> Option<N> {
    text(groups, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ascii_and_escapes_stay() {
        assert_eq!(ascii(r"\d+[\w.]\\d\["), r"[0-9]+[[0-9A-Za-z_].]\\d\[");
        assert!(compile(r"^[\w.-]+\b \d$").is_match("a.b_c-d 7"));
        assert!(!compile(r"^\d$").is_match("٣"));
    }
}
