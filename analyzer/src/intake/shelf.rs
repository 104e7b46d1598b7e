//! Holds the files of one folder or archive: within limits, rotated logs unpacked, all else noted.

use std::io::Read;

use oomscene_bundle::{Line, Outcome, limits};

use super::File;
use super::packing::Packing;

/// Largest sum of all files in bytes: they are held in memory together.
const ALL_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// What was taken, and what could not be and why.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) files: Vec<File>,
    pub(super) notes: Vec<Line>,
    bytes: u64,
}

impl Shelf {
    /// Takes a file, opened by `open` only when there is room for it.
    pub(super) fn take<R: Read>(
        &mut self,
        path: String,
        open: impl FnOnce() -> std::io::Result<R>,
    ) {
        if self.files.len() >= limits::ENTRIES_MAX {
            let reason = format!("more than {} files", limits::ENTRIES_MAX);
            return self.note(&path, Outcome::Skipped, reason);
        }
        let cap = limits::ENTRY_BYTES_MAX.min(ALL_BYTES_MAX.saturating_sub(self.bytes));
        if cap == 0 {
            let reason = format!("more than {ALL_BYTES_MAX} bytes together");
            return self.note(&path, Outcome::Skipped, reason);
        }
        let mut content = Vec::new();
        let read = open().and_then(|file| file.take(cap + 1).read_to_end(&mut content));
        if let Err(error) = read {
            if content.is_empty() {
                return self.fail(&path, &error);
            }
            self.note(&path, Outcome::Truncated, error.to_string());
        }
        if content.len() as u64 > cap {
            content.truncate(usize::try_from(cap).unwrap_or(usize::MAX));
            let reason = format!("longer than {cap} bytes; the rest was not read");
            self.note(&path, Outcome::Truncated, reason);
        }
        if let Some(text) = self.unpack(&content, &path, cap) {
            content = text;
        }
        self.bytes += content.len() as u64;
        self.files.push(File { path, content });
    }

    /// A rotated log lies there packed. An archive within stays what it is.
    fn unpack(&mut self, content: &[u8], path: &str, cap: u64) -> Option<Vec<u8>> {
        let packing = Packing::of(content)?;
        let mut text = Vec::new();
        let read = packing.unpack(content).take(cap).read_to_end(&mut text);
        if super::archive::is_tar(&text) {
            return None;
        }
        if let Err(error) = read {
            self.note(path, Outcome::Truncated, error.to_string());
        } else if text.len() as u64 == cap {
            let reason = format!("longer than {cap} bytes unpacked; the rest was not read");
            self.note(path, Outcome::Truncated, reason);
        }
        Some(text)
    }

    /// Notes that `path` could not be read.
    pub(super) fn fail(&mut self, path: &str, error: &std::io::Error) {
        let outcome = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Outcome::Denied,
            std::io::ErrorKind::NotFound => Outcome::Absent,
            _ => Outcome::Failed,
        };
        self.note(path, outcome, error.to_string());
    }

    /// Notes why `path` is not here, or not whole.
    pub(super) fn note(&mut self, path: &str, outcome: Outcome, reason: impl Into<String>) {
        let mut line = Line::new(path, path, outcome);
        line.reason = reason.into();
        self.notes.push(line);
    }
}
