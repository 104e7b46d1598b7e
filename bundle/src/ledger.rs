//! The ledger: one line per item saying what became of it, so that unreadable is never absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Taken whole.
    Captured,
    /// Taken up to its limit; the rest was left.
    Truncated,
    /// It does not exist on this machine (`ENOENT`): the kernel or the system does not have it.
    Absent,
    /// It exists and reading it was refused (`EACCES`, `EPERM`).
    Denied,
    /// It did not answer in time and was abandoned.
    TimedOut,
    /// Reading failed in another way; the reason says how.
    Failed,
    /// Not tried on purpose; the reason says why.
    Skipped,
}

impl Outcome {
    /// Whether the item left a hole that more rights or time could have filled.
    #[must_use]
    pub fn is_hole(self) -> bool {
        matches!(
            self,
            Self::Truncated | Self::Denied | Self::TimedOut | Self::Failed
        )
    }
}

/// Time that a log covers, as its own first and last stamps tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSpan {
    /// Stamp of the first line as written in the log.
    pub first: String,
    /// Stamp of the last line as written in the log.
    pub last: String,
    /// The longest silences in it, in their order: a machine that hangs logs nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<Silence>,
    /// Lines that the bundle does not have, by day.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out_by_day: BTreeMap<String, u64>,
}

/// A time in which a log has no line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Stamp of the line before it as written in the log.
    pub after: String,
    /// Stamp of the line behind it as written in the log.
    pub until: String,
    /// How long it was, by those stamps.
    pub seconds: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One line of a ledger part: one item, or one file of an item that matches many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Path of the item in the catalogue, for example `proc/meminfo` or `sys/fs/cgroup/**`.
    pub item: String,
    /// Entry that holds it, or the path that was tried.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in words; empty for a plain capture.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Error number of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// Bytes in the entry.
    #[serde(default)]
    pub bytes: u64,
    /// How long reading took, in microseconds.
    #[serde(default)]
    pub micros: u64,
    /// SHA-256 of the entry in lower-case hexadecimal; set by the writer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Secrets that were masked in the entry.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub masked: u64,
    /// Time covered, for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<TimeSpan>,
    /// How to get it, when it is missing: a right, an option or a command.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Line {
    /// A line with no figures yet.
    pub fn new(item: impl Into<String>, path: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            item: item.into(),
            path: path.into(),
            outcome,
            reason: String::new(),
            errno: None,
            bytes: 0,
            micros: 0,
            sha256: None,
            masked: 0,
            covers: None,
            remedy: String::new(),
        }
    }
}

/// Content of `ledger/end.json`: the proof that the bundle is complete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Entries before this one.
    pub entries: u64,
    /// Their bytes in sum.
    pub bytes: u64,
    /// Wall time of the whole collection in microseconds.
    pub micros: u64,
    /// Largest resident set of the collector in bytes (`ru_maxrss`).
    #[serde(default)]
    pub peak_rss_bytes: Option<u64>,
    /// CPU time of the collector in microseconds (user and system).
    #[serde(default)]
    pub cpu_micros: Option<u64>,
    /// Why the collection ended before its plan, if it did (a signal, a deadline, a full disk).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}
