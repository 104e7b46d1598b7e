//! A stretch of a log in memory, with the last records before it as context.

use std::io::{self, Read};

use super::record::{Form, RECORD_BYTES_MAX};

/// Most bytes that are kept as context before a word.
pub(super) const CONTEXT_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Window {
    /// Offset of the buffer in the log.
    pub(super) base: u64,
    buffer: Vec<u8>,
    len: usize,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self {
            base: 0,
            buffer: Vec::new(),
            len: 0,
        }
    }

    /// All bytes that are held.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Offset in the log behind the held bytes.
    pub(super) const fn end(&self) -> u64 {
        self.base + self.len as u64
    }

    /// Forgets all and continues at `base`.
    pub(super) const fn restart(&mut self, base: u64) {
        self.base = base;
        self.len = 0;
    }

    /// Takes up to `want` bytes from `stream`; fewer only at its end.
    pub(super) fn fill(&mut self, want: usize, stream: &mut dyn Read) -> io::Result<usize> {
        let end = self.len + want;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        let before = self.len;
        while self.len < end {
            let space = self.buffer.get_mut(self.len..end).unwrap_or_default();
            match stream.read(space) {
                Ok(0) => break,
                Ok(n) => self.len += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.len - before)
    }

    /// The held bytes up to where whole records end; of a record that is too long, whole parts.
    pub(super) fn whole(&self, form: Form, pos: u64) -> &[u8] {
        let bytes = self.bytes();
        let from = self.index(pos);
        let rest = bytes.get(from..).unwrap_or_default();
        let mut end = from + form.last_start(rest).unwrap_or(0);
        end += (bytes.len() - end) / RECORD_BYTES_MAX * RECORD_BYTES_MAX;
        bytes.get(..end).unwrap_or_default()
    }

    /// Drops what lies more than `records` records, or more than the context, before `pos`.
    pub(super) fn slide(&mut self, form: Form, pos: u64, records: usize) {
        let bytes = self.bytes();
        let floor = pos.saturating_sub(CONTEXT_BYTES_MAX as u64 + 2);
        let floor = self.index(floor.max(self.base));
        let mut from = self.index(pos);
        for _ in 0..records {
            let before = bytes
                .get(floor..from.saturating_sub(1))
                .and_then(|b| form.last_start(b));
            match before {
                Some(start) => from = floor + start,
                None if self.base == 0 && floor == 0 => from = 0,
                None => break,
            }
        }
        // The separator before the oldest record stays: it tells that a record begins there.
        let from = from.saturating_sub(2);
        self.buffer.copy_within(from..self.len, 0);
        self.base += from as u64;
        self.len -= from;
    }

    /// Index of an offset of the log in the held bytes.
    pub(super) fn index(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX)
    }
}
