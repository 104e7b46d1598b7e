//! Reads a bundle as a stream: refuses what is dangerous, recovers what a tear left whole.

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use crate::{End, Error, Header, Kind, Line, layout, limits};

/// One evidence entry of a bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path below the top folder, as on the machine without its leading `/`.
    pub path: String,
    /// The bytes as collected.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Entry {
    /// The length instead of the content: an entry may have hundreds of megabytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({:?}, {} bytes)", self.path, self.content.len())
    }
}

/// Where and why a bundle ends before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tear {
    /// Last whole entry before the tear; empty when only the header survived.
    pub after: String,
    /// What the stream said.
    pub reason: String,
}

/// A whole bundle in memory: small by construction (see [`limits`]).
#[derive(Debug, Default)]
pub struct Reader {
    /// The header.
    pub header: Header,
    /// Top folder.
    pub top: String,
    /// Evidence entries in the order of collection.
    pub entries: Vec<Entry>,
    /// Ledger lines of all rooms that were finished.
    pub ledger: Vec<Line>,
    /// The end record; `None` in a torn bundle.
    pub end: Option<End>,
    /// Where the bundle is torn, if it is.
    pub tear: Option<Tear>,
    /// Entries whose bytes differ from the checksum in the ledger.
    pub changed: Vec<String>,
}

impl Reader {
    /// Reads a bundle from a gzip stream.
    ///
    /// A torn stream is not an error: what came before the tear is handed out and
    /// [`Reader::tear`] says where it was.
    ///
    /// # Errors
    /// [`Kind::NotABundle`] when no header could be read, [`Kind::UnknownVersion`],
    /// [`Kind::BadPath`], [`Kind::BadType`] and [`Kind::TooLarge`] for hostile input; each names
    /// the entry.
    pub fn read(input: impl Read) -> Result<Self, Error> {
        let counted = Counted {
            inner: input,
            bytes: 0,
        };
        let gzip = MultiGzDecoder::new(counted);
        let mut archive = tar::Archive::new(Guarded {
            gzip,
            bytes: 0,
            tripped: None,
        });
        let mut bundle = Self::default();
        let outcome = bundle.take_entries(&mut archive);
        let guard = archive.into_inner();
        if let Some(detail) = guard.tripped {
            return Err(Error::new(Kind::TooLarge, bundle.last_path(), detail));
        }
        match outcome {
            Ok(()) => {}
            // Behind the end record there is only padding: the bundle is whole.
            Err(error) if error.kind() == Kind::Io && bundle.end.is_some() => {}
            Err(error) if error.kind() == Kind::Io && bundle.has_header() => {
                bundle.tear = Some(Tear {
                    after: bundle.last_path(),
                    reason: error.to_string(),
                });
            }
            Err(error) if error.kind() == Kind::Io => {
                return Err(Error::new(Kind::NotABundle, "", error.to_string()));
            }
            Err(error) => return Err(error),
        }
        if !bundle.has_header() {
            return Err(Error::new(Kind::NotABundle, "", "it has no header.json"));
        }
        if bundle.end.is_none() && bundle.tear.is_none() {
            let reason = format!("{} is missing", layout::END);
            bundle.tear = Some(Tear {
                after: bundle.last_path(),
                reason,
            });
        }
        bundle.verify();
        Ok(bundle)
    }

    /// Content of the entry at `path`.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&[u8]> {
        self.entries
            .iter()
            .find(|e| e.path == path)
            .map(|e| e.content.as_slice())
    }

    fn has_header(&self) -> bool {
        self.header.format_version != 0
    }

    fn last_path(&self) -> String {
        self.entries
            .last()
            .map_or_else(String::new, |e| e.path.clone())
    }

    fn take_entries<R: Read>(&mut self, archive: &mut tar::Archive<R>) -> Result<(), Error> {
        let mut count = 0_usize;
        for entry in archive.entries().map_err(|e| Error::io("", e))? {
            let mut entry = entry.map_err(|e| Error::io(self.last_path(), e))?;
            let path = self.place(&entry)?;
            count += 1;
            if count > limits::ENTRIES_MAX {
                let detail = format!("more than {} entries", limits::ENTRIES_MAX);
                return Err(Error::new(Kind::TooLarge, path, detail));
            }
            let Some(path) = check_kind(&entry, path)? else {
                continue;
            };
            let size = entry.size();
            if size > limits::ENTRY_BYTES_MAX {
                let detail = format!("{size} bytes; the limit is {}", limits::ENTRY_BYTES_MAX);
                return Err(Error::new(Kind::TooLarge, path, detail));
            }
            // The stated size is the sender's claim: grow with what really comes.
            let mut content = Vec::new();
            entry
                .read_to_end(&mut content)
                .map_err(|e| Error::io(&path, e))?;
            if content.len() as u64 != size {
                let cut = io::Error::from(io::ErrorKind::UnexpectedEof);
                return Err(Error::io(&path, cut));
            }
            self.keep(path, content)?;
        }
        Ok(())
    }

    /// Path below the top folder; the first entry decides what the top folder is.
    fn place<R: Read>(&mut self, entry: &tar::Entry<'_, R>) -> Result<String, Error> {
        let raw = entry.path_bytes();
        let Ok(full) = std::str::from_utf8(&raw) else {
            let shown = String::from_utf8_lossy(&raw).into_owned();
            return Err(Error::new(Kind::BadPath, shown, "the path is not UTF-8"));
        };
        let full = full.strip_prefix("./").unwrap_or(full);
        let bare = full.strip_suffix('/').unwrap_or(full);
        layout::check_path(bare)?;
        let (top, path) = bare.split_once('/').unwrap_or((bare, ""));
        if self.top.is_empty() {
            top.clone_into(&mut self.top);
        } else if top != self.top {
            return Err(Error::new(
                Kind::BadPath,
                bare,
                "a bundle has one top folder",
            ));
        }
        Ok(path.to_owned())
    }

    fn keep(&mut self, path: String, content: Vec<u8>) -> Result<(), Error> {
        if !self.has_header() {
            if path != layout::HEADER {
                let detail = format!("the first entry must be {}", layout::HEADER);
                return Err(Error::new(Kind::NotABundle, path, detail));
            }
            self.header = parse_header(&content)?;
        } else if path == layout::END {
            self.end = serde_json::from_slice(&content).ok();
        } else if path.starts_with(layout::LEDGER_DIR) {
            let lines = content.split(|b| *b == b'\n').filter(|l| !l.is_empty());
            self.ledger
                .extend(lines.filter_map(|l| serde_json::from_slice::<Line>(l).ok()));
        } else {
            self.entries.push(Entry { path, content });
        }
        Ok(())
    }

    fn verify(&mut self) {
        let stated: BTreeMap<&str, &str> = self
            .ledger
            .iter()
            .filter_map(|l| Some((l.path.as_str(), l.sha256.as_deref()?)))
            .collect();
        let wrong = |e: &&Entry| {
            stated
                .get(e.path.as_str())
                .is_some_and(|sum| *sum != crate::writer::sha256_hex(&e.content))
        };
        self.changed = self
            .entries
            .iter()
            .filter(wrong)
            .map(|e| e.path.clone())
            .collect();
    }
}

fn parse_header(content: &[u8]) -> Result<Header, Error> {
    let not = |detail: String| Error::new(Kind::NotABundle, layout::HEADER, detail);
    if content.len() as u64 > limits::HEADER_BYTES_MAX {
        return Err(not("the header is too large".to_owned()));
    }
    // The version is looked at before the rest: a newer format may have another header.
    let value: serde_json::Value =
        serde_json::from_slice(content).map_err(|e| not(e.to_string()))?;
    let version = value
        .get("format_version")
        .and_then(serde_json::Value::as_u64);
    match version {
        Some(v) if v == u64::from(layout::FORMAT_VERSION) => {}
        Some(v) => {
            let detail = format!(
                "format {v}; this program reads format {}: use a newer oomscene-analyze",
                layout::FORMAT_VERSION
            );
            return Err(Error::new(Kind::UnknownVersion, layout::HEADER, detail));
        }
        None => return Err(not("the header states no format_version".to_owned())),
    }
    serde_json::from_value(value).map_err(|e| not(e.to_string()))
}

/// Hands the path back for a regular file, `None` for a folder, an error for all else.
fn check_kind<R: Read>(entry: &tar::Entry<'_, R>, path: String) -> Result<Option<String>, Error> {
    let kind = entry.header().entry_type();
    if kind.is_dir() {
        return Ok(None);
    }
    if !kind.is_file() {
        let detail = match kind {
            tar::EntryType::Symlink | tar::EntryType::Link => "it is a link",
            tar::EntryType::Char | tar::EntryType::Block => "it is a device",
            tar::EntryType::Fifo => "it is a pipe",
            _ => "it is neither a file nor a folder",
        };
        return Err(Error::new(Kind::BadType, path, detail));
    }
    if path.is_empty() {
        return Err(Error::new(
            Kind::BadPath,
            path,
            "the entry lies outside the top folder",
        ));
    }
    Ok(Some(path))
}

/// Counts packed bytes, for the ratio.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.bytes += n as u64;
        Ok(n)
    }
}

/// Stops unpacking at the caps of the whole bundle.
struct Guarded<R: Read> {
    gzip: MultiGzDecoder<Counted<R>>,
    bytes: u64,
    tripped: Option<String>,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.gzip.read(buf)?;
        self.bytes += n as u64;
        let packed = self.gzip.get_ref().bytes.max(1);
        if self.bytes > limits::TOTAL_BYTES_MAX {
            self.tripped = Some(format!(
                "more than {} bytes unpacked",
                limits::TOTAL_BYTES_MAX
            ));
        } else if self.bytes > limits::RATIO_FROM_BYTES && self.bytes / packed > limits::RATIO_MAX {
            self.tripped = Some(format!(
                "unpacks to more than {} times its size: this looks like a compression bomb",
                limits::RATIO_MAX
            ));
        }
        match &self.tripped {
            Some(detail) => Err(io::Error::other(detail.clone())),
            None => Ok(n),
        }
    }
}
