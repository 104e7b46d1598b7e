//! Copies a bundle without some of its evidence; the ledger of the copy says what the customer took
//! out. Nothing but one ledger part is in memory.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};

use serde_json::Value;

use crate::packed::Without;
use crate::walk::{Passing, walk};
use crate::writer::Sha256Sum;
use crate::{Error, Kind, Line, Outcome, Tear, Writer, layout, ledger};

/// Ledger part for what no other part tells of, as in a torn bundle.
const LAST_PART: &str = "ledger/99-removed.jsonl";
/// Largest ledger part that is rewritten, in bytes.
const LEDGER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What was taken out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries that are gone.
    pub entries: Vec<String>,
    /// Packed entries that are smaller now, and how many files were taken out of each.
    pub reduced: BTreeMap<String, u64>,
    /// Where the bundle was torn before.
    pub tear: Option<Tear>,
}

/// What becomes of one entry.
enum Fate {
    Gone,
    Reduced {
        files: u64,
        bytes: u64,
        sha256: String,
    },
}

/// Copies the bundle that `open` gives, twice, to `out`, without the entries and packed files that
/// `is_removed` names. Header and ledger always stay.
///
/// # Errors
/// As [`walk`], and those of `out`.
pub fn without<R: Read, W: Write>(
    open: &mut dyn FnMut() -> io::Result<R>,
    out: W,
    is_removed: &dyn Fn(&str) -> bool,
) -> Result<(W, Removed), Error> {
    let input = |error| Error::io("", error);
    // A size stands before its content, so what remains is measured first.
    let mut fates = BTreeMap::new();
    let mut whole_count = 0_usize;
    let first = walk(open().map_err(input)?, &mut |entry| {
        let fate = fate(entry, is_removed)?;
        fates.extend(fate.map(|fate| (entry.path.to_owned(), fate)));
        whole_count += 1;
        Ok(())
    })?;
    let mut copy = Copy {
        writer: Writer::bare(out, &first.top, &first.header)?,
        told: fates.keys().map(|path| (path.clone(), false)).collect(),
        fates: &fates,
        has_end: false,
    };
    let mut count = 0;
    walk(open().map_err(input)?, &mut |entry| {
        count += 1;
        // The entry that a tear hits cannot be copied: its size would be a lie.
        if count > whole_count {
            return Ok(());
        }
        copy.pass(entry, is_removed)
    })?;
    if !copy.has_end {
        copy.tell_rest()?;
    }
    let out = copy.writer.close()?;
    let mut removed = Removed {
        tear: first.tear,
        ..Removed::default()
    };
    for (path, fate) in fates {
        match fate {
            Fate::Gone => removed.entries.push(path),
            Fate::Reduced { files, .. } => {
                removed.reduced.insert(path, files);
            }
        }
    }
    Ok((out, removed))
}

fn is_evidence(path: &str) -> bool {
    path != layout::HEADER && !path.starts_with(layout::LEDGER_DIR)
}

fn fate(entry: &mut Passing<'_>, is_removed: &dyn Fn(&str) -> bool) -> Result<Option<Fate>, Error> {
    let is_evidence = is_evidence(entry.path);
    if !is_evidence || is_removed(entry.path) {
        // Read to its end: an entry that a tear hits is not there to be taken out.
        io::copy(entry.content, &mut io::sink()).map_err(|e| Error::io(entry.path, e))?;
        return Ok(is_evidence.then_some(Fate::Gone));
    }
    let mut rest = Without::new(BufReader::new(&mut *entry.content), is_removed);
    let mut kept = Measured::default();
    io::copy(&mut rest, &mut kept).map_err(|e| Error::io(entry.path, e))?;
    let files = rest.removed();
    if files == 0 {
        return Ok(None);
    }
    if kept.bytes == 0 {
        return Ok(Some(Fate::Gone));
    }
    Ok(Some(Fate::Reduced {
        files,
        bytes: kept.bytes,
        sha256: kept.sum.hex(),
    }))
}

/// Size and checksum of what is written to it.
#[derive(Default)]
struct Measured {
    bytes: u64,
    sum: Sha256Sum,
}

impl Write for Measured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        self.sum.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The copy that is being written.
struct Copy<'a, W: Write> {
    writer: Writer<W>,
    fates: &'a BTreeMap<String, Fate>,
    /// Entries that were touched, and whether the ledger has told of it.
    told: BTreeMap<String, bool>,
    has_end: bool,
}

impl<W: Write> Copy<'_, W> {
    fn pass(
        &mut self,
        entry: &mut Passing<'_>,
        is_removed: &dyn Fn(&str) -> bool,
    ) -> Result<(), Error> {
        let path = entry.path;
        if path == layout::END {
            self.tell_rest()?;
            self.has_end = true;
            let mut end = parse(&whole(entry)?).unwrap_or_default();
            let (entries, bytes) = self.writer.written();
            end.insert("entries".to_owned(), entries.into());
            end.insert("bytes".to_owned(), bytes.into());
            return self.writer.append(path, &line_of(path, &end)?);
        }
        if path.starts_with(layout::LEDGER_DIR) {
            let text = self.retold(&whole(entry)?, path)?;
            self.writer.append(path, &text)?;
            return self.writer.flush_at(path);
        }
        match self.fates.get(path) {
            Some(Fate::Gone) => Ok(()),
            Some(Fate::Reduced { bytes, .. }) => {
                let rest = Without::new(BufReader::new(&mut *entry.content), is_removed);
                self.writer.append_from(path, *bytes, rest)
            }
            None => self
                .writer
                .append_from(path, entry.bytes, &mut *entry.content),
        }
    }

    /// A ledger part with new words for what was taken out. Fields that this version does not know
    /// stay.
    fn retold(&mut self, text: &[u8], path: &str) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        for line in text.split_inclusive(|b| *b == b'\n') {
            let told = parse(line).and_then(|fields| {
                let entry = fields.get("path")?.as_str()?.to_owned();
                Some((self.fates.get(&entry)?, entry, fields))
            });
            let Some((fate, entry, mut fields)) = told else {
                out.extend_from_slice(line);
                continue;
            };
            self.told.insert(entry, true);
            retell(&mut fields, fate);
            out.extend_from_slice(&line_of(path, &fields)?);
        }
        Ok(out)
    }

    /// What was taken out and stands in no ledger part.
    fn tell_rest(&mut self) -> Result<(), Error> {
        let mut text = Vec::new();
        for (path, told) in &mut self.told {
            if std::mem::replace(told, true) {
                continue;
            }
            let Some(fate) = self.fates.get(path) else {
                continue;
            };
            let line = Line::new(path.as_str(), path.as_str(), Outcome::Skipped);
            let line = serde_json::to_value(line).unwrap_or_default();
            if let Value::Object(mut fields) = line {
                retell(&mut fields, fate);
                text.extend_from_slice(&line_of(LAST_PART, &fields)?);
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        self.writer.append(LAST_PART, &text)
    }
}

type Fields = serde_json::Map<String, Value>;

fn parse(text: &[u8]) -> Option<Fields> {
    serde_json::from_slice(text).ok()
}

fn line_of(path: &str, fields: &Fields) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec(fields).map_err(|e| Error::io(path, io::Error::other(e)))?;
    text.push(b'\n');
    Ok(text)
}

fn retell(fields: &mut Fields, fate: &Fate) {
    let before = fields.get("reason").and_then(Value::as_str);
    let before = before
        .filter(|reason| !reason.is_empty())
        .map_or_else(String::new, |reason| format!("; {reason}"));
    let (outcome, reason, bytes, sum) = match fate {
        Fate::Gone => ("skipped", ledger::REMOVED.to_owned(), 0, None),
        Fate::Reduced {
            files,
            bytes,
            sha256,
        } => (
            "truncated",
            format!("{} {}", counted(*files), ledger::REMOVED),
            *bytes,
            Some(sha256.as_str()),
        ),
    };
    fields.insert("outcome".to_owned(), outcome.into());
    fields.insert("reason".to_owned(), format!("{reason}{before}").into());
    fields.insert("bytes".to_owned(), bytes.into());
    fields.insert("remedy".to_owned(), ledger::ASK_AGAIN.into());
    fields.remove("sha256");
    if let Some(sum) = sum {
        fields.insert("sha256".to_owned(), sum.into());
    }
}

/// So many files, in words.
#[must_use]
pub fn counted(files: u64) -> String {
    let ending = if files == 1 { "" } else { "s" };
    format!("{files} file{ending}")
}

fn whole(entry: &mut Passing<'_>) -> Result<Vec<u8>, Error> {
    if entry.bytes > LEDGER_BYTES_MAX {
        let detail = format!("{} bytes; the limit is {LEDGER_BYTES_MAX}", entry.bytes);
        return Err(Error::new(Kind::TooLarge, entry.path, detail));
    }
    let mut text = Vec::new();
    entry
        .content
        .read_to_end(&mut text)
        .map_err(|e| Error::io(entry.path, e))?;
    Ok(text)
}
