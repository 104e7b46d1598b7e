//! A block of a stream that begins with the last lines of the block before it.

use std::io::{self, Read};

/// Bytes read at once: fits into the processor's cache together with the tables of the search.
const BLOCK_BYTES: usize = 256 * 1024;
/// Longest line that is looked at as one; a longer one is looked at in parts.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of a block that stay as context of the next.
const CONTEXT_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Window<'h> {
    /// What was read of the stream before, for finding out what it is.
    head: &'h [u8],
    buffer: Vec<u8>,
    len: usize,
    read_bytes: u64,
}

impl<'h> Window<'h> {
    pub(super) fn new(head: &'h [u8]) -> Self {
        Self {
            head,
            buffer: vec![0; BLOCK_BYTES + CONTEXT_BYTES_MAX],
            len: 0,
            read_bytes: 0,
        }
    }

    /// Bytes taken from the stream so far.
    pub(super) const fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// All bytes that are held.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// The held bytes up to the last newline; all of them when one line is too long to hold.
    pub(super) fn whole_lines(&self) -> &[u8] {
        let bytes = self.bytes();
        match memchr::memrchr(b'\n', bytes) {
            Some(at) => bytes.get(..=at).unwrap_or_default(),
            None if bytes.len() >= LINE_BYTES_MAX => bytes,
            None => &[],
        }
    }

    /// Reads more; 0 at the end of the stream.
    pub(super) fn fill(&mut self, stream: &mut dyn Read) -> io::Result<usize> {
        if self.buffer.len() - self.len < BLOCK_BYTES / 4 {
            self.buffer.resize(self.len + BLOCK_BYTES, 0);
        }
        let space = self.buffer.get_mut(self.len..).unwrap_or_default();
        let n = if self.head.is_empty() {
            loop {
                match stream.read(space) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            }
        } else {
            self.head.read(space)?
        };
        self.len += n;
        self.read_bytes += n as u64;
        Ok(n)
    }

    /// Drops what lies more than `lines` lines before `pos`; returns how many bytes went.
    pub(super) fn slide(&mut self, pos: usize, lines: usize) -> usize {
        let bytes = self.bytes();
        let floor = pos.saturating_sub(CONTEXT_BYTES_MAX);
        let mut from = pos;
        for _ in 0..lines {
            if from <= floor {
                break;
            }
            from = memchr::memrchr(b'\n', bytes.get(..from - 1).unwrap_or_default())
                .map_or(0, |n| n + 1);
        }
        // A line that reaches over the floor is context too long to keep.
        if from < floor {
            from = memchr::memchr(b'\n', bytes.get(floor..pos).unwrap_or_default())
                .map_or(pos, |n| floor + n + 1);
        }
        self.buffer.copy_within(from..self.len, 0);
        self.len -= from;
        from
    }
}
