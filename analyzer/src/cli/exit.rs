//! How the program ends: exit codes and the errors behind them.

use std::process::ExitCode;

use crate::finding::Severity;

/// Exit codes as the help says them.
pub(super) const HELP: &str = "Exit status: 0 done, 1 internal error or failed examples, 2 usage or faulty rules, 3 input unreadable;\n\
     with --fail-on 11 low, 12 medium, 13 high, 14 critical.";

/// Why the program could not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// A fault of the program, or a place that cannot be written.
    Internal(String),
    /// It was asked in a way that cannot be done.
    Usage(String),
    /// An input cannot be read.
    Input(String),
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Internal(_) => 1,
            Self::Usage(_) => 2,
            Self::Input(_) => 3,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Internal(text) | Self::Usage(text) | Self::Input(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

impl From<crate::report::Error> for Failure {
    fn from(error: crate::report::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<crate::intake::IntakeError> for Failure {
    fn from(error: crate::intake::IntakeError) -> Self {
        Self::Input(error.to_string())
    }
}

/// The exit code for what was found, given the severity from which on it counts.
pub(super) fn for_severity(found: Option<Severity>, from: Option<Severity>) -> ExitCode {
    match (found, from) {
        // Low is 11; below it there is nothing to fail on.
        (Some(found), Some(from)) if found >= from => ExitCode::from(10 + found as u8),
        _ => ExitCode::SUCCESS,
    }
}
