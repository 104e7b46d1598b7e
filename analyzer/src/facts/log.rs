//! Reads kernel and system logs (stand-in until branch `log` is merged).

use super::Facts;

/// Form of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Records of `/dev/kmsg`.
    Kmsg,
    /// Lines of text.
    Text,
}

/// What is known about the machine that wrote the logs.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// Page size in bytes.
    pub page_size_bytes: Option<u64>,
    /// Clock triple.
    pub clocks: Option<oomscene_bundle::header::Clocks>,
    /// Offset of local time from UTC in seconds.
    pub utc_offset_seconds: Option<i32>,
    /// Node name.
    pub hostname: Option<String>,
    /// `uname -r`.
    pub kernel_release: Option<String>,
    /// `uname -m`.
    pub machine: Option<String>,
}

/// One log.
#[derive(Debug, Clone)]
pub struct Log<'a> {
    /// Entry.
    pub entry: &'a str,
    /// Form.
    pub source: Source,
    /// Bytes.
    pub content: &'a [u8],
    /// Why only a part was taken.
    pub cut: Option<String>,
    /// Whether it was given alone.
    pub excerpt: bool,
}

/// Reads the logs.
pub fn read(logs: &[Log<'_>], _machine: &Machine, facts: &mut Facts) {
    facts.put("kernel_log.present", !logs.is_empty(), Vec::new());
}
