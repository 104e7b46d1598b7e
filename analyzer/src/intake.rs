//! What kind of input is this? Opens a bundle, a folder or a bare log. Looks into contents only to
//! find what of a log too long to hold must be kept.

mod archive;
mod condense;
mod error;
mod folder;
mod packing;
mod shelf;
mod tarball;

use std::collections::BTreeMap;
use std::fs::File as Disk;
use std::io::{self, Read};
use std::path::Path;

use oomscene_bundle::{End, Header, Line, Outcome, Reader, Tear, layout};

#[cfg(test)]
pub(crate) use condense::is_kept;
pub use condense::{Condensed, Jump, Over};
pub use error::IntakeError;

/// Longest bare log that is held whole, in bytes. Of a longer one only the lines around reports are
/// kept: a log of any size is read in the memory that its reports need.
pub const WHOLE_LOG_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Name of standard input on the command line.
pub const STDIN: &str = "-";

/// Kind of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A bundle of `oomscene-collect`.
    Bundle,
    /// A folder, or an archive of one: an unpacked bundle, a sosreport, a supportconfig, or loose
    /// files laid out as on the machine.
    Folder,
    /// One bare file or standard input.
    Log,
}

/// One file of an input, whole unless the ledger says `truncated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path as on the machine without its leading `/` (bundle, folder), or the file's name (log).
    pub path: String,
    /// The bytes.
    pub content: Vec<u8>,
}

/// One input of a case. Several inputs given together are one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Name as the user gave it.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
    /// Header, when it is a bundle.
    pub header: Option<Header>,
    /// Files in their order.
    pub files: Vec<File>,
    /// Of which files, by path, only the lines around reports are in `files`.
    pub condensed: BTreeMap<String, Condensed>,
    /// Ledger lines of a bundle; in a folder or a log, what could not be read whole and why.
    pub ledger: Vec<Line>,
    /// End record, when it is a complete bundle.
    pub end: Option<End>,
    /// Where the bundle is torn, if it is.
    pub tear: Option<Tear>,
    /// Entries that differ from their checksum.
    pub changed: Vec<String>,
}

impl Input {
    /// A folder given as files: `header.json` and `ledger/` among them are read as in an unpacked
    /// bundle, all else is evidence.
    #[must_use]
    pub fn from_files(name: impl Into<String>, files: Vec<File>) -> Self {
        let mut input = Self {
            name: name.into(),
            kind: InputKind::Folder,
            header: None,
            files: Vec::new(),
            condensed: BTreeMap::new(),
            ledger: Vec::new(),
            end: None,
            tear: None,
            changed: Vec::new(),
        };
        for file in files {
            input.place(file);
        }
        if input.header.is_some() && !input.ledger.is_empty() && input.end.is_none() {
            let after = input
                .files
                .last()
                .map_or_else(String::new, |f| f.path.clone());
            let reason = format!("{} is missing", layout::END);
            input.tear = Some(Tear { after, reason });
        }
        input.verify();
        input
    }

    fn place(&mut self, file: File) {
        if file.path == layout::HEADER {
            match serde_json::from_slice(&file.content) {
                Ok(header) => self.header = Some(header),
                Err(error) => self.note(&file.path, Outcome::Failed, error.to_string()),
            }
        } else if file.path == layout::END {
            self.end = serde_json::from_slice(&file.content).ok();
        } else if file.path.starts_with(layout::LEDGER_DIR) {
            let lines = file
                .content
                .split(|b| *b == b'\n')
                .filter(|l| !l.is_empty());
            let mut bad = 0_usize;
            for line in lines {
                match serde_json::from_slice(line) {
                    Ok(line) => self.ledger.push(line),
                    Err(_) => bad += 1,
                }
            }
            if bad > 0 {
                let reason = format!("{bad} ledger lines are not understood");
                self.note(&file.path, Outcome::Failed, reason);
            }
        } else {
            self.files.push(file);
        }
    }

    fn note(&mut self, path: &str, outcome: Outcome, reason: impl Into<String>) {
        let mut line = Line::new(path, path, outcome);
        line.reason = reason.into();
        self.ledger.push(line);
    }

    fn verify(&mut self) {
        let stated: BTreeMap<&str, &str> = self
            .ledger
            .iter()
            .filter_map(|l| Some((l.path.as_str(), l.sha256.as_deref()?)))
            .collect();
        self.changed = self
            .files
            .iter()
            .filter(|f| {
                stated
                    .get(f.path.as_str())
                    .is_some_and(|sum| *sum != oomscene_bundle::writer::sha256_hex(&f.content))
            })
            .map(|f| f.path.clone())
            .collect();
    }

    fn from_bundle(name: &str, bundle: Reader) -> Self {
        let files = bundle.entries.into_iter().map(|e| File {
            path: e.path,
            content: e.content,
        });
        Self {
            name: name.to_owned(),
            kind: InputKind::Bundle,
            header: Some(bundle.header),
            files: files.collect(),
            condensed: BTreeMap::new(),
            ledger: bundle.ledger,
            end: bundle.end,
            tear: bundle.tear,
            changed: bundle.changed,
        }
    }
}

/// Opens all inputs of a case; `-` is standard input.
///
/// # Errors
/// Names the input, says what is wrong and what to do.
pub fn open(names: &[String], stdin: &mut dyn Read) -> Result<Vec<Input>, IntakeError> {
    let mut inputs = Vec::new();
    for name in names {
        inputs.push(open_one(name, stdin)?);
    }
    if names.iter().filter(|n| *n == STDIN).count() > 1 {
        return Err(IntakeError::new(
            STDIN,
            "standard input is named twice",
            "give `-` once",
        ));
    }
    Ok(inputs)
}

fn open_one(name: &str, stdin: &mut dyn Read) -> Result<Input, IntakeError> {
    if name == STDIN {
        return open_stream("standard input", stdin, None);
    }
    let path = Path::new(name);
    let meta = std::fs::metadata(path).map_err(|e| IntakeError::io(name, &e))?;
    if meta.is_dir() {
        return folder::open(name, path);
    }
    if !meta.is_file() {
        let what = "it is neither a file nor a folder";
        return Err(IntakeError::new(name, what, "copy its content into a file"));
    }
    let file = Disk::open(path).map_err(|e| IntakeError::io(name, &e))?;
    open_stream(name, &mut &file, Some((&file, meta.len())))
}

/// Decides by the first bytes: a bundle is recognised by what it is, not by how it is called.
fn open_stream(
    name: &str,
    stream: &mut dyn Read,
    disk: Option<(&Disk, u64)>,
) -> Result<Input, IntakeError> {
    let mut head = Vec::new();
    stream
        .take(archive::HEAD_BYTES)
        .read_to_end(&mut head)
        .map_err(|e| IntakeError::io(name, &e))?;
    let shape = archive::recognise(&head);
    if let Some((file, size)) = disk
        && size > WHOLE_LOG_BYTES_MAX as u64
        && matches!(shape, archive::Shape::Text)
    {
        let (kept, told, read) = condense::read_place(file, &head, size, condense::KEPT_BYTES_MAX);
        return log_input(name, kept, Some(told), read);
    }
    let mut whole = io::Cursor::new(head).chain(stream);
    match shape {
        archive::Shape::Bundle => {
            let bundle = Reader::read(&mut whole).map_err(|e| IntakeError::bundle(name, &e))?;
            Ok(Input::from_bundle(name, bundle))
        }
        archive::Shape::Packed(packing) => open_packed(name, packing.unpack(whole)),
        archive::Shape::Tar => tarball::open(name, &mut whole),
        archive::Shape::Text => open_log(name, &mut whole, WHOLE_LOG_BYTES_MAX),
        archive::Shape::Foreign { what, remedy } => Err(IntakeError::new(name, what, remedy)),
    }
}

/// Opens what a packed stream unpacks to: an archive or a log.
fn open_packed(name: &str, mut unpacked: Box<dyn Read + '_>) -> Result<Input, IntakeError> {
    let mut block = Vec::new();
    let read = (&mut unpacked)
        .take(archive::BLOCK_BYTES)
        .read_to_end(&mut block);
    let rest: Box<dyn Read> = match read {
        Ok(_) => unpacked,
        Err(error) => Box::new(packing::Broken(Some(error))),
    };
    let is_archive = archive::is_tar(&block);
    let mut whole = io::Cursor::new(block).chain(rest);
    if is_archive {
        tarball::open(name, &mut whole)
    } else {
        open_log(name, &mut whole, WHOLE_LOG_BYTES_MAX)
    }
}

/// Opens a stream as a bare log. Up to `whole_bytes_max` bytes it is held whole.
///
/// # Errors
/// A stream of which not one byte could be read.
pub fn open_log(
    name: &str,
    stream: &mut dyn Read,
    whole_bytes_max: usize,
) -> Result<Input, IntakeError> {
    let mut content = Vec::new();
    let read = stream
        .take(whole_bytes_max as u64 + 1)
        .read_to_end(&mut content)
        .map(|_| ());
    if content.len() > whole_bytes_max {
        let (kept, told, read) = condense::read_stream(&content, stream, condense::KEPT_BYTES_MAX);
        log_input(name, kept, Some(told), read)
    } else {
        log_input(name, content, None, read)
    }
}

/// The input that a bare log is.
fn log_input(
    name: &str,
    content: Vec<u8>,
    condensed: Option<Condensed>,
    read: io::Result<()>,
) -> Result<Input, IntakeError> {
    let path = Path::new(name)
        .file_name()
        .map_or_else(|| name.to_owned(), |n| n.to_string_lossy().into_owned());
    let mut input = Input::from_files(name, Vec::new());
    input.kind = InputKind::Log;
    if let Some(told) = condensed {
        if told.full {
            let reason = format!(
                "holds more than {} bytes of reports; what follows was not kept",
                condense::KEPT_BYTES_MAX
            );
            input.note(&path, Outcome::Truncated, reason);
        }
        input.condensed.insert(path.clone(), told);
    }
    match read {
        // A damaged gzip stream still holds what came before the damage.
        Err(error) if content.is_empty() => return Err(IntakeError::io(name, &error)),
        Err(error) => input.note(&path, Outcome::Truncated, error.to_string()),
        Ok(()) => {}
    }
    input.files.push(File { path, content });
    Ok(input)
}

#[cfg(test)]
mod tests;
