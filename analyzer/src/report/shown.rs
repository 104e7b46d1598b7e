//! Text that a report may show: nothing in it can hide, reorder or forge lines.
//!
//! A process may be named with control characters, line breaks or bidirectional overrides
//! (<https://trojansource.codes/>). The view holds only these two types, so that no format can
//! forget to make them visible.

use std::fmt::Write as _;

use serde::Serialize;

/// Text on one line: names, paths, log lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Shown(String);

/// Text of a rule, which may have several lines: sentences, commands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Prose(String);

impl Shown {
    /// Makes everything in `text` visible; a line break becomes `\n`.
    pub fn new(text: impl AsRef<str>) -> Self {
        let mut out = String::with_capacity(text.as_ref().len());
        for c in text.as_ref().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push(' '),
                c => push_visible(&mut out, c),
            }
        }
        Self(out)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Prose {
    /// Makes everything in `text` visible; line breaks inside stay.
    pub fn new(text: impl AsRef<str>) -> Self {
        let mut out = String::with_capacity(text.as_ref().len());
        for c in text.as_ref().trim().chars() {
            match c {
                '\n' => out.push('\n'),
                '\r' => {}
                '\t' => out.push(' '),
                c => push_visible(&mut out, c),
            }
        }
        Self(out)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn push_visible(out: &mut String, c: char) {
    if hides(c) {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

/// Control characters, and characters of no width that change what is read.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD                      // soft hyphen
            | 0x034F                    // grapheme joiner
            | 0x061C                    // Arabic letter mark
            | 0x115F..=0x1160 | 0x3164  // Hangul fillers
            | 0x180B..=0x180E           // Mongolian separators
            | 0x200B..=0x200F           // zero width, direction marks
            | 0x2028..=0x202E           // separators, embeddings, overrides
            | 0x2060..=0x206F           // joiners, isolates
            | 0xFEFF                    // byte order mark
            | 0xFFF9..=0xFFFB           // interlinear annotation
            | 0xE0000..=0xE007F         // tags
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_becomes_visible() {
        for (text, shown) in [
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\nb\rc\td", "a\\nb\\rc d"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("零宽\u{200b}", "零宽\\u{200b}"),
            ("plain 四 4月 é", "plain 四 4月 é"),
        ] {
            assert_eq!(Shown::new(text).as_str(), shown);
        }
        assert_eq!(Prose::new(" a\r\nb\u{2066} ").as_str(), "a\nb\\u{2066}");
    }
}
