//! Goes through a bundle entry by entry with nothing of it in memory: refuses what is dangerous and
//! stops at a tear.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use crate::reader::Tear;
use crate::{Error, Header, Kind, layout, limits};

/// One entry as it passes.
pub struct Passing<'a> {
    /// Path below the top folder.
    pub path: &'a str,
    /// Its size in bytes, as the container states it.
    pub bytes: u64,
    /// Its content. An entry that ends before its size is an error here.
    pub content: &'a mut dyn Read,
}

impl std::fmt::Debug for Passing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Passing({:?}, {} bytes)", self.path, self.bytes)
    }
}

/// What is known once all entries have passed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Walked {
    /// The header.
    pub header: Header,
    /// Top folder.
    pub top: String,
    /// Where the bundle is torn, if it is: an entry that it hits was handed out and ended in an error.
    pub tear: Option<Tear>,
}

/// Hands every entry of a gzip-compressed bundle to `each`, header and ledger too, in their order.
///
/// # Errors
/// Those of `each`, unless the content that it was reading ended: a torn stream is no error.
/// [`Kind::NotABundle`] when no header could be read, [`Kind::UnknownVersion`], [`Kind::BadPath`],
/// [`Kind::BadType`] and [`Kind::TooLarge`] for hostile input; each names the entry.
pub fn walk<R: Read>(
    input: R,
    each: &mut dyn FnMut(&mut Passing<'_>) -> Result<(), Error>,
) -> Result<Walked, Error> {
    let counted = Counted {
        inner: input,
        bytes: 0,
    };
    let mut archive = tar::Archive::new(Guarded {
        gzip: MultiGzDecoder::new(counted),
        bytes: 0,
        tripped: None,
    });
    let mut way = Way::default();
    let outcome = way.go(&mut archive, each);
    if let Some(detail) = archive.into_inner().tripped {
        return Err(Error::new(Kind::TooLarge, way.last, detail));
    }
    match outcome {
        Ok(()) => {}
        // Behind the end record there is only padding: the bundle is whole.
        Err(Stop::Input(_)) if way.has_end => {}
        Err(Stop::Input(error)) if way.has_header() => {
            way.walked.tear = Some(Tear {
                after: way.last_evidence.clone(),
                reason: error.to_string(),
            });
        }
        Err(Stop::Input(error)) => {
            return Err(Error::new(Kind::NotABundle, "", error.to_string()));
        }
        Err(Stop::Refused(error)) => return Err(error),
    }
    if !way.has_header() {
        return Err(Error::new(Kind::NotABundle, "", "it has no header.json"));
    }
    if !way.has_end && way.walked.tear.is_none() {
        way.walked.tear = Some(Tear {
            after: way.last_evidence,
            reason: format!("{} is missing", layout::END),
        });
    }
    Ok(way.walked)
}

/// Why a walk ends before its end.
enum Stop {
    /// The stream is torn.
    Input(Error),
    /// Somebody does not want to go on.
    Refused(Error),
}

#[derive(Default)]
struct Way {
    walked: Walked,
    /// Last entry that began.
    last: String,
    /// Last entry of evidence that passed whole.
    last_evidence: String,
    has_end: bool,
}

impl Way {
    fn has_header(&self) -> bool {
        self.walked.header.format_version != 0
    }

    fn go<R: Read>(
        &mut self,
        archive: &mut tar::Archive<R>,
        each: &mut dyn FnMut(&mut Passing<'_>) -> Result<(), Error>,
    ) -> Result<(), Stop> {
        let mut count = 0_usize;
        let torn = |path: &str, error| Stop::Input(Error::io(path, error));
        for entry in archive.entries().map_err(|e| torn("", e))? {
            let mut entry = entry.map_err(|e| torn(&self.last_evidence, e))?;
            let path = self.place(&entry).map_err(Stop::Refused)?;
            count += 1;
            if count > limits::ENTRIES_MAX {
                let detail = format!("more than {} entries", limits::ENTRIES_MAX);
                return Err(Stop::Refused(Error::new(Kind::TooLarge, path, detail)));
            }
            let Some(path) = check_kind(&entry, path).map_err(Stop::Refused)? else {
                continue;
            };
            let bytes = entry.size();
            if bytes > limits::ENTRY_BYTES_MAX {
                let detail = format!("{bytes} bytes; the limit is {}", limits::ENTRY_BYTES_MAX);
                return Err(Stop::Refused(Error::new(Kind::TooLarge, path, detail)));
            }
            self.last.clone_from(&path);
            let mut content = Content {
                inner: &mut entry,
                left: bytes,
                torn: false,
            };
            let passed = self.pass(&path, bytes, &mut content, each);
            match passed {
                Err(error) if content.torn => return Err(Stop::Input(error)),
                Err(error) => return Err(Stop::Refused(error)),
                Ok(()) => {}
            }
            // What nobody wanted may be torn too.
            io::copy(&mut content, &mut io::sink()).map_err(|e| torn(&path, e))?;
            self.has_end |= path == layout::END;
            if path != layout::HEADER && !path.starts_with(layout::LEDGER_DIR) {
                self.last_evidence = path;
            }
        }
        Ok(())
    }

    fn pass(
        &mut self,
        path: &str,
        bytes: u64,
        content: &mut dyn Read,
        each: &mut dyn FnMut(&mut Passing<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.has_header() {
            return each(&mut Passing {
                path,
                bytes,
                content,
            });
        }
        if path != layout::HEADER {
            let detail = format!("the first entry must be {}", layout::HEADER);
            return Err(Error::new(Kind::NotABundle, path, detail));
        }
        if bytes > limits::HEADER_BYTES_MAX {
            return Err(Error::new(
                Kind::NotABundle,
                path,
                "the header is too large",
            ));
        }
        let mut text = Vec::new();
        content
            .read_to_end(&mut text)
            .map_err(|e| Error::io(path, e))?;
        self.walked.header = parse_header(&text)?;
        each(&mut Passing {
            path,
            bytes,
            content: &mut text.as_slice(),
        })
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
        if self.walked.top.is_empty() {
            top.clone_into(&mut self.walked.top);
        } else if top != self.walked.top {
            return Err(Error::new(
                Kind::BadPath,
                bare,
                "a bundle has one top folder",
            ));
        }
        Ok(path.to_owned())
    }
}

fn parse_header(content: &[u8]) -> Result<Header, Error> {
    let not = |detail: String| Error::new(Kind::NotABundle, layout::HEADER, detail);
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

/// An entry's content, which must be as long as it is said to be.
struct Content<R> {
    inner: R,
    left: u64,
    torn: bool,
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buf) {
            Ok(0) if self.left > 0 && !buf.is_empty() => {
                self.torn = true;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(n) => {
                self.left = self.left.saturating_sub(n as u64);
                Ok(n)
            }
            Err(error) => {
                self.torn |= error.kind() != io::ErrorKind::Interrupted;
                Err(error)
            }
        }
    }
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
