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
    match Regex::new(text) {
        Ok(regex) => regex,
        Err(error) => unreachable!("pattern {text}: {error}"),
    }
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
