//! Why an input could not be opened: which input, what is wrong, what to do.

use std::fmt;
use std::io;

/// An input that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeError {
    input: String,
    what: String,
    remedy: String,
}

impl IntakeError {
    /// An error about `input`: what is wrong, and what to do (may be empty).
    pub fn new(
        input: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            input: input.into(),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// Name of the input as the user gave it.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    pub(super) fn io(input: &str, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => "make it readable for your user",
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                "copy the file again; it arrived damaged"
            }
            _ => "",
        };
        Self::new(input, error.to_string().to_lowercase(), remedy)
    }

    pub(super) fn bundle(input: &str, error: &oomscene_bundle::Error) -> Self {
        let remedy = match error.kind() {
            oomscene_bundle::Kind::NotABundle | oomscene_bundle::Kind::Io => {
                "run oomscene-collect again and copy its file unchanged"
            }
            oomscene_bundle::Kind::UnknownVersion => "",
            _ => "do not trust this file; ask for a bundle made by oomscene-collect",
        };
        Self::new(input, error.to_string(), remedy)
    }
}

impl fmt::Display for IntakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {:?}: {}", self.input, self.what)?;
        if self.remedy.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.remedy)
        }
    }
}

impl std::error::Error for IntakeError {}
