//! Lets only those lines of a log pass that a row of the catalogue wants.

use super::sieve::Sieve;
use crate::item::Filter;

/// A line of more bytes is judged by what is there of it.
const OPEN_LINE_BYTES_MAX: usize = 256 * 1024;

/// Lets only those lines pass that a row wants.
pub(super) struct Lines {
    filter: Option<Filter>,
    /// The line that has not ended yet.
    open: Vec<u8>,
}

impl Lines {
    pub(super) const fn new(filter: Option<Filter>) -> Self {
        Self {
            filter,
            open: Vec::new(),
        }
    }

    pub(super) fn pass(&mut self, bytes: &[u8], sieve: &mut Sieve<'_>) {
        let Some(filter) = self.filter else {
            sieve.feed(bytes);
            return;
        };
        let whole = memchr::memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
        let (now, later) = bytes.split_at(whole);
        if whole > 0 {
            self.open.extend_from_slice(now);
            sieve.feed(&filter(&self.open));
            self.open.clear();
        }
        self.open.extend_from_slice(later);
        if self.open.len() > OPEN_LINE_BYTES_MAX {
            self.end(sieve);
        }
    }

    pub(super) fn end(&mut self, sieve: &mut Sieve<'_>) {
        if let Some(filter) = self.filter {
            sieve.feed(&filter(&self.open));
            self.open.clear();
        }
    }
}
