//! One record of a log, without what its carrier put before it.

use super::stamp::Stamp;
use crate::facts::Evidence;

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// The kernel, as the prefix says.
    Kernel,
    /// A program, as the prefix says.
    Program(&'a str),
    /// The prefix does not say; bare kernel text mostly.
    Unknown,
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Entry or file.
    pub entry: &'a str,
    /// Physical line, counted from 1. Fused records share it.
    pub number: u32,
    /// As in the file.
    pub raw: &'a str,
    /// Without prefix, indentation kept.
    pub text: &'a str,
    /// When; a continuation has the stamp of the record it belongs to.
    pub stamp: Option<&'a Stamp>,
    /// Machine named by the prefix.
    pub host: Option<&'a str>,
    /// Task (`T12`) or CPU (`C3`) that printed it, on kernels that say so.
    pub caller: Option<&'a str>,
    /// Whether it has a stamp of its own; without one it may go on with the line before.
    pub stamped: bool,
    /// Who wrote it.
    pub origin: Origin<'a>,
}

impl Line<'_> {
    /// This line as evidence.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence::new(self.entry, self.number, self.raw.trim())
    }

    /// The text without indentation.
    #[must_use]
    pub fn bare(&self) -> &str {
        self.text.trim_start()
    }

    /// Whether the kernel can have written it.
    #[must_use]
    pub fn kernel(&self) -> bool {
        !matches!(self.origin, Origin::Program(_))
    }
}
