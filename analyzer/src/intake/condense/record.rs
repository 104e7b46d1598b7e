//! Where the records of a log begin and end: at newlines, or at the empty lines between the entries
//! of `journalctl -o export`, of which one holds twenty lines and more.

use memchr::{memchr, memchr_iter, memmem, memrchr};

/// Longest record that is looked at as one; a longer one is looked at in parts of this length.
pub(super) const RECORD_BYTES_MAX: usize = 128 * 1024;

/// What separates records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Each line is one.
    Lines,
    /// Each block of lines is one.
    Blocks,
}

impl Form {
    /// Recognises the form by the first bytes of the log.
    pub(super) fn of(head: &[u8]) -> Self {
        if head.starts_with(b"__CURSOR=") || head.starts_with(b"__REALTIME_TIMESTAMP=") {
            Self::Blocks
        } else {
            Self::Lines
        }
    }

    /// Offset behind the first record of `bytes`, all of them when it does not end there.
    pub(super) fn end(self, bytes: &[u8]) -> usize {
        match self {
            Self::Lines => memchr(b'\n', bytes).map_or(bytes.len(), |n| n + 1),
            Self::Blocks => memmem::find(bytes, b"\n\n").map_or(bytes.len(), |n| n + 2),
        }
    }

    /// Offset at which the last record that begins in or right behind `bytes` begins.
    pub(super) fn last_start(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Lines => memrchr(b'\n', bytes).map(|n| n + 1),
            Self::Blocks => memmem::rfind(bytes, b"\n\n").map(|n| n + 2),
        }
    }
}

/// Lines that end in `bytes`.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
