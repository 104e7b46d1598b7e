//! What is wrong with a rule file, where, and what was probably meant.

use std::fmt::Write as _;

use super::place::Place;

/// One complaint about a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Diagnostic {
    /// File as named by the caller.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column, counted from 1, in characters.
    pub column: usize,
    /// Characters that it is about.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The line of the file.
    pub source: String,
}

impl Diagnostic {
    /// A complaint about `place` in `text`, the content of `file`.
    #[must_use]
    pub(super) fn new(
        file: &str,
        text: &str,
        place: Place,
        message: String,
        help: Option<String>,
    ) -> Self {
        Self {
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            length: place.length,
            message,
            help,
            source: text
                .lines()
                .nth(place.line.saturating_sub(1))
                .unwrap_or("")
                .to_owned(),
        }
    }

    /// A complaint about a file as a whole.
    #[must_use]
    pub fn whole(file: &str, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            column: 1,
            length: 1,
            message,
            help: None,
            source: String::new(),
        }
    }

    /// For a terminal: message, place, the line with a mark under it, help.
    #[must_use]
    pub fn text(&self) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let mut out = format!(
            "error: {}\n{margin}--> {}:{}:{}\n",
            self.message, self.file, self.line, self.column
        );
        if !self.source.is_empty() {
            // Chinese takes two columns of a terminal: the mark must stand under its word.
            let before: String = self.source.chars().take(self.column - 1).collect();
            let marked = self.source.chars().skip(self.column - 1).take(self.length);
            let _ = write!(
                out,
                "{margin} |\n{number} | {}\n{margin} | {}{}\n",
                self.source,
                before
                    .chars()
                    .map(|c| " ".repeat(columns(c)))
                    .collect::<String>(),
                "^".repeat(marked.map(columns).sum::<usize>().max(1)),
            );
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{margin} = help: {help}");
        }
        out
    }
}

/// Columns that a character takes in a terminal: two for the wide East Asian blocks.
fn columns(c: char) -> usize {
    let wide = matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3
        | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6
        | 0x2_0000..=0x3_fffd);
    if wide { 2 } else { 1 }
}

/// All complaints for a terminal.
#[must_use]
pub fn text(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(Diagnostic::text)
        .collect::<Vec<_>>()
        .join("\n")
}

/// All complaints as JSON, one array, for editors.
#[must_use]
pub fn json(diagnostics: &[Diagnostic]) -> String {
    serde_json::to_string_pretty(diagnostics).unwrap_or_else(|_| "[]".to_owned())
}
