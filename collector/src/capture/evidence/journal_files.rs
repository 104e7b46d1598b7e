//! The files of the journal, read by this program and sifted like any log.

use std::time::Instant;

use jiff::tz::TimeZone;
use oomscene_bundle::Outcome;
use rustix::io::Errno;

use super::journal::{self, FOLDERS};
use super::sieve::{Sieve, Sifted};
use super::words::Words;
use crate::capture::errno::Trouble;
use crate::capture::sink::Sink;
use crate::header;
use crate::host::Host;
use crate::host::name::for_entry;
use crate::item::Item;
use crate::journal::merge::{Closed, Merge};
use crate::journal::{self as format, Bytes, File, Refusal};
use crate::visit::Visit;

/// Most files of one machine.
const FILES_MAX: usize = 2000;
/// Most files that are named because something is wrong with them.
const NOTED_MAX: usize = 20;
/// Bytes of a header up to the time of its newest record.
const HEADER_BYTES: usize = 200;
/// Lines are handed on in pieces of about so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// What was read.
pub struct Read {
    /// Kept lines.
    pub sifted: Sifted,
    /// Files that were found.
    pub files: usize,
    /// How much was read, in words.
    pub told: String,
    /// Why not everything was read.
    over: Option<String>,
    troubles: Vec<(String, Refusal)>,
}

impl Read {
    /// What became of the whole.
    pub fn outcome(&self) -> Outcome {
        let is_denied =
            |refusal: &Refusal| matches!(refusal, Refusal::Errno(Errno::ACCESS | Errno::PERM));
        match (self.sifted.lines, self.troubles.is_empty(), &self.over) {
            (_, true, None) => Outcome::Captured,
            (1.., ..) => Outcome::Truncated,
            (0, true, Some(_)) => Outcome::TimedOut,
            (0, false, _) if self.troubles.iter().all(|(_, what)| is_denied(what)) => {
                Outcome::Denied
            }
            (0, false, _) => Outcome::Failed,
        }
    }

    /// Notes each file that was not read as a whole.
    pub fn note_troubles(&self, item: &Item, sink: &mut dyn Sink) {
        for (path, refusal) in self.troubles.iter().take(NOTED_MAX) {
            let trouble = match refusal {
                Refusal::Errno(errno) => Trouble::from(*errno),
                Refusal::Form(words) => Trouble::Failed(words.clone()),
            };
            let path = for_entry(path);
            sink.note(crate::capture::trouble_line(item, &path, &trouble));
        }
        if let Some(more) = self.troubles.len().checked_sub(NOTED_MAX + 1) {
            let trouble = Trouble::Failed(format!("{} more like these", more + 1));
            sink.note(crate::capture::trouble_line(item, item.path, &trouble));
        }
    }
}

/// A journal file behind the machine's door.
struct Place<'h> {
    host: &'h Host,
    path: String,
}

impl Bytes for Place<'_> {
    fn read_at(&self, offset: u64, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), Errno> {
        self.host
            .read_part(&self.path, offset, bytes_max, out)
            .map(drop)
    }
}

/// Reads the records that fit `matches`, the newest first, as long as there is time.
pub fn read(item: &Item, matches: &[&str], words: &Words, visit: &Visit) -> Read {
    let until = Instant::now() + item.patience.min(visit.left());
    let transport = matches
        .iter()
        .find_map(|text| text.strip_prefix("_TRANSPORT="))
        .map(str::as_bytes);
    let zone = header::zone(&visit.host).unwrap_or(TimeZone::UTC);
    let since = visit.since.and_then(|since| u64::try_from(since).ok());
    let closed = find(&visit.host);
    let files = closed.len();
    let mut opener = |closed: &Closed| {
        let place = Place {
            host: &visit.host,
            path: closed.path.clone(),
        };
        File::open(place, closed.bytes)
    };
    let mut merge = Merge::new(closed, &mut opener);
    let mut sieve = Sieve::new(words, journal::limits(item));
    let mut piece = Vec::new();
    let mut over = None;
    while let Some(micros) = merge.older(transport, &zone, &mut piece) {
        if since.is_some_and(|since| micros / 1_000_000 < since) {
            piece.clear();
            break;
        }
        if piece.len() >= PIECE_BYTES {
            sieve.feed(&piece);
            piece.clear();
        }
        // Records are short, and asking for the time costs little beside reading one.
        over = visit.over();
        if over.is_none() && Instant::now() >= until {
            over = Some(format!("stopped after {} s", item.patience.as_secs()));
        }
        if over.is_some() {
            break;
        }
    }
    sieve.feed(&piece);
    let mut told = format!(
        "{} records of {files} journal files were read without it",
        merge.read
    );
    if let Some(over) = &over {
        told.push_str(&format!(", the newest ones: {over}"));
    }
    let troubles = merge.troubles.into_iter().map(|t| (t.path, t.what));
    Read {
        sifted: sieve.finish(),
        files,
        told,
        over,
        troubles: troubles.collect(),
    }
}

/// The journal files of this machine.
fn find(host: &Host) -> Vec<Closed> {
    let own = host.line("etc/machine-id").filter(|id| !id.is_empty());
    let mut found = Vec::new();
    for top in FOLDERS {
        let names = host.names(top).unwrap_or_default();
        // Beside its own records a machine may have those that others sent, and those of the image
        // that it was made of.
        let own = own
            .as_deref()
            .filter(|own| names.iter().any(|name| name == own));
        let is_wanted = |name: &&String| {
            let id = name.split('.').next().unwrap_or_default();
            own.map_or_else(|| is_machine_id(id), |own| id == own)
        };
        let folders = names.iter().filter(is_wanted);
        let folders = folders.map(|name| format!("{top}/{name}"));
        for folder in std::iter::once((*top).to_owned()).chain(folders) {
            for name in host.names(&folder).unwrap_or_default() {
                let is_journal = name.ends_with(".journal") || name.ends_with(".journal~");
                if is_journal && found.len() < FILES_MAX {
                    found.extend(look(host, format!("{folder}/{name}")));
                }
            }
        }
    }
    found
}

fn is_machine_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

fn look(host: &Host, path: String) -> Option<Closed> {
    let about = host.examine(&path).ok().filter(|about| about.is_file())?;
    let mut head = Vec::new();
    let read = host.read_part(&path, 0, HEADER_BYTES, &mut head);
    // What has no header is opened first, and says why it cannot be read.
    let newest = read.ok().and_then(|_| format::newest_micros(&head));
    Some(Closed {
        path,
        bytes: about.bytes,
        newest_micros: newest.unwrap_or(u64::MAX),
    })
}
