//! Where taken items go: the bundle, or the bundle's folder of second copies.

use std::io::Write;

use oomscene_bundle::{Error, Line, Writer};

/// Folder of the copies taken at least a second after the first.
pub const SECOND: &str = "scene/second/";

/// Takes entries and ledger lines.
pub trait Sink {
    /// Writes one entry with its ledger line.
    ///
    /// # Errors
    /// As the bundle.
    fn put(&mut self, path: &str, content: &[u8], line: Line) -> Result<(), Error>;

    /// Notes an item that left no entry.
    fn note(&mut self, line: Line);
}

impl<W: Write> Sink for Writer<W> {
    fn put(&mut self, path: &str, content: &[u8], line: Line) -> Result<(), Error> {
        Self::put(self, path, content, line)
    }

    fn note(&mut self, line: Line) {
        Self::note(self, line);
    }
}

/// Puts every entry below [`SECOND`].
pub struct Second<'a>(pub &'a mut dyn Sink);

impl Sink for Second<'_> {
    fn put(&mut self, path: &str, content: &[u8], line: Line) -> Result<(), Error> {
        self.0.put(&format!("{SECOND}{path}"), content, line)
    }

    fn note(&mut self, mut line: Line) {
        line.path = format!("{SECOND}{}", line.path);
        self.0.note(line);
    }
}
