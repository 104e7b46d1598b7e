//! The bundle as items see it: its room is limited, its paths are safe, its advice helps.

use std::io::Write;

use oomscene_bundle::{Error, Line, Outcome, Writer};

use crate::capture::Sink;
use crate::host::name;
use crate::item::AS_ROOT;
use crate::summary;

/// Advice where root was refused.
const REFUSED: &str = "refused even to root: collect on the host, outside any container or sandbox";
/// How to get what did not fit.
const MORE_ROOM: &str = "a larger --max-size, or -o on a disk with more room";
/// Bytes of an entry's head and padding in the archive, at the worst.
const HEAD_BYTES: u64 = 2048;

/// The open bundle, with the bytes that it may have after this item.
pub struct Ledger<'a, W: Write> {
    writer: &'a mut Writer<W>,
    is_root: bool,
    bytes_max: Option<u64>,
    cut: Option<String>,
}

impl<'a, W: Write> Ledger<'a, W> {
    /// A bundle that may grow to `bytes_max` bytes.
    pub fn new(writer: &'a mut Writer<W>, bytes_max: Option<u64>) -> Self {
        Self {
            writer,
            is_root: rustix::process::geteuid().is_root(),
            bytes_max,
            cut: None,
        }
    }

    /// Why something was cut, if it was.
    pub fn cut(self) -> Option<String> {
        self.cut
    }

    /// Root is not told to become root.
    fn advised(&self, mut line: Line) -> Line {
        if self.is_root && line.remedy.starts_with(AS_ROOT) {
            let refused = line.outcome == Outcome::Denied;
            line.remedy = if refused {
                REFUSED.to_owned()
            } else {
                String::new()
            };
        }
        line.path = name::for_entry(&line.path);
        line
    }

    /// How many bytes of `content` fit; all of them unless the bundle is nearly full.
    fn fitting(&mut self, content: &[u8]) -> Result<usize, Error> {
        let Some(bytes_max) = self.bytes_max else {
            return Ok(content.len());
        };
        // What is still in the compressor is not counted, but is never more than it holds.
        let pending = self.writer.pending_bytes();
        let sure = self.writer.packed_bytes() + pending + content.len() as u64 + HEAD_BYTES;
        if sure <= bytes_max {
            return Ok(content.len());
        }
        self.writer.flush()?;
        let left = bytes_max.saturating_sub(self.writer.packed_bytes() + HEAD_BYTES);
        Ok(oomscene_bundle::writer::fitting_bytes(content, left))
    }
}

impl<W: Write> Sink for Ledger<'_, W> {
    fn put(&mut self, path: &str, content: &[u8], line: Line) -> Result<(), Error> {
        let mut line = self.advised(line);
        let path = name::for_entry(path);
        let mut kept = self.fitting(content)?;
        if kept < content.len() {
            // Half a line misleads, and half a JSON text cannot be read at all.
            let whole_lines = content.get(..kept).unwrap_or_default();
            kept = whole_lines
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |at| at + 1);
            if path.ends_with(".json") {
                kept = 0;
            }
            let limit = summary::size(self.bytes_max.unwrap_or(0));
            line.reason = format!(
                "the first {kept} of {} bytes: the bundle had reached the {limit} that are for it",
                content.len()
            );
            line.remedy = MORE_ROOM.to_owned();
            self.cut
                .get_or_insert(format!("the bundle was full: {MORE_ROOM}"));
            line.outcome = Outcome::Truncated;
        }
        match content.get(..kept) {
            Some(kept) if kept.len() == content.len() || !kept.is_empty() => {
                self.writer.put(&path, kept, line)
            }
            _ => {
                line.path = path;
                line.outcome = Outcome::Skipped;
                self.writer.note(line);
                Ok(())
            }
        }
    }

    fn note(&mut self, line: Line) {
        let line = self.advised(line);
        self.writer.note(line);
    }
}
