//! Writes a bundle as a stream: header, entries, a ledger part after each room, the end.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Instant;

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

use crate::{End, Error, Header, Kind, Line, layout};

/// Compression of every bundle: higher levels cost a dying machine more than they save.
const LEVEL: Compression = Compression::new(6);
/// Trials before an entry is given up.
const TRIALS: usize = 6;
/// A shorter piece of an entry is not worth its head.
const LEAST_KEPT_BYTES: usize = 4096;

/// A bundle being written to `W`. One entry is in memory at a time: the caller's.
pub struct Writer<W: Write> {
    tar: tar::Builder<GzEncoder<Counted<W>>>,
    top: String,
    mtime_seconds: u64,
    rooms: usize,
    ledger: Vec<Line>,
    entries: u64,
    bytes: u64,
    /// Bytes given to the compressor since it was last flushed.
    pending: u64,
    started: Instant,
}

impl<W: Write> Writer<W> {
    /// Starts a bundle whose top folder is `top` and writes its header.
    ///
    /// # Errors
    /// [`Kind::BadPath`] for a bad `top`, [`Kind::Io`] when `out` refuses.
    pub fn begin(out: W, top: &str, header: &Header) -> Result<Self, Error> {
        layout::check_path(top)?;
        let gzip = GzEncoder::new(Counted { out, bytes: 0 }, LEVEL);
        let mtime_seconds = u64::try_from(header.clocks.realtime_ns / 1_000_000_000).unwrap_or(0);
        let mut writer = Self {
            tar: tar::Builder::new(gzip),
            top: top.to_owned(),
            mtime_seconds,
            rooms: 0,
            ledger: Vec::new(),
            entries: 0,
            bytes: 0,
            pending: 0,
            started: Instant::now(),
        };
        let mut text = to_json(layout::HEADER, header)?;
        text.push(b'\n');
        writer.append(layout::HEADER, &text)?;
        writer.flush_at(layout::HEADER)?;
        Ok(writer)
    }

    /// Writes one entry and its ledger line; the line's `path`, `bytes` and `sha256` are set here.
    ///
    /// # Errors
    /// [`Kind::BadPath`] for a bad path, [`Kind::Io`] when the output refuses.
    pub fn put(&mut self, path: &str, content: &[u8], mut line: Line) -> Result<(), Error> {
        self.append(path, content)?;
        path.clone_into(&mut line.path);
        line.bytes = content.len() as u64;
        line.sha256 = Some(sha256_hex(content));
        self.ledger.push(line);
        Ok(())
    }

    /// Notes an item that left no entry.
    pub fn note(&mut self, line: Line) {
        self.ledger.push(line);
    }

    /// Ledger lines of the room that is open now.
    #[must_use]
    pub fn open_lines(&self) -> &[Line] {
        &self.ledger
    }

    /// Ends a room: writes its ledger part and flushes, so that a kill after this loses nothing
    /// before it.
    ///
    /// # Errors
    /// [`Kind::Io`] when the output refuses.
    pub fn close_room(&mut self, name: &str) -> Result<(), Error> {
        let path = layout::ledger_part(self.rooms, name);
        let mut text = Vec::new();
        for line in std::mem::take(&mut self.ledger) {
            text.extend_from_slice(&to_json(&path, &line)?);
            text.push(b'\n');
        }
        self.append(&path, &text)?;
        self.rooms += 1;
        self.flush_at(&path)
    }

    /// Writes `ledger/end.json`, closes the stream and hands back the output. `entries`, `bytes`
    /// and `micros` of `end` are set here.
    ///
    /// # Errors
    /// [`Kind::Io`] when the output refuses.
    pub fn finish(mut self, mut end: End) -> Result<W, Error> {
        if !self.ledger.is_empty() {
            self.close_room("rest")?;
        }
        end.entries = self.entries;
        end.bytes = self.bytes;
        end.micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut text = to_json(layout::END, &end)?;
        text.push(b'\n');
        self.append(layout::END, &text)?;
        let gzip = self
            .tar
            .into_inner()
            .map_err(|e| Error::io(layout::END, e))?;
        let counted = gzip.finish().map_err(|e| Error::io(layout::END, e))?;
        let mut out = counted.out;
        out.flush().map_err(|e| Error::io(layout::END, e))?;
        Ok(out)
    }

    fn append(&mut self, path: &str, content: &[u8]) -> Result<(), Error> {
        layout::check_path(path)?;
        if content.len() as u64 > crate::limits::ENTRY_BYTES_MAX {
            return Err(Error::new(
                Kind::TooLarge,
                path,
                "the entry is larger than a bundle may hold",
            ));
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.mtime_seconds);
        let full = format!("{}/{path}", self.top);
        self.tar
            .append_data(&mut header, &full, content)
            .map_err(|e| Error::io(path, e))?;
        self.entries += 1;
        self.bytes += content.len() as u64;
        self.pending += content.len() as u64;
        Ok(())
    }

    /// Bytes handed to the output so far, compressed.
    #[must_use]
    pub fn packed_bytes(&self) -> u64 {
        self.tar.get_ref().get_ref().bytes
    }

    /// Bytes taken since the last flush, uncompressed: what [`Writer::packed_bytes`] may not show yet.
    #[must_use]
    pub fn pending_bytes(&self) -> u64 {
        self.pending
    }

    /// Hands everything taken so far to the output.
    ///
    /// # Errors
    /// [`Kind::Io`] when the output refuses.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.flush_at("")
    }

    fn flush_at(&mut self, path: &str) -> Result<(), Error> {
        self.pending = 0;
        self.tar.get_mut().flush().map_err(|e| Error::io(path, e))
    }
}

/// Counts what comes out of the compressor.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// How many bytes from the start of `content` have at most `packed_max` bytes when compressed, to an
/// accuracy of an eighth: a trial for bundles that are nearly full.
#[must_use]
pub fn fitting_bytes(content: &[u8], packed_max: u64) -> usize {
    let mut kept = content.len();
    for _ in 0..TRIALS {
        let part = content.get(..kept).unwrap_or_default();
        let mut trial = GzEncoder::new(
            Counted {
                out: io::sink(),
                bytes: 0,
            },
            LEVEL,
        );
        // A sink takes everything.
        let _ = trial.write_all(part);
        let packed = trial.finish().map_or(u64::MAX, |counted| counted.bytes);
        if packed <= packed_max {
            return kept;
        }
        // The share that would fit if all of it were equally compressible, and a little less.
        let share = packed_max as u128 * kept as u128 / u128::from(packed.max(1));
        kept = usize::try_from(share).unwrap_or(0) / 8 * 7;
        if kept < LEAST_KEPT_BYTES {
            return 0;
        }
    }
    0
}

fn to_json<T: serde::Serialize>(entry: &str, value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|e| Error::io(entry, io::Error::other(e)))
}

/// SHA-256 of `content` in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(content: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(content) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
