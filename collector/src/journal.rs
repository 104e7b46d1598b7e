//! Files of systemd's journal, where nothing else can turn them to text: newest record first.
//!
//! A journal file is a heap of objects that point at each other by offset. It is untrusted: it may be
//! torn, half written or made up, so every offset is checked against the file, every chain must go
//! forward, and whatever cannot be read costs one record and is counted. Only pages of the file are in
//! memory. The format: <https://systemd.io/JOURNAL_FILE_FORMAT/>.

use std::collections::BTreeMap;
use std::rc::Rc;

use rustix::io::Errno;

use data::{Field, Kind};
use pages::Pages;

pub mod data;
pub mod merge;
pub mod pages;
pub mod record;

/// First bytes of every journal file.
const SIGNATURE: &[u8] = b"LPKSHHRH";
/// Features that this reader knows: packed with xz, lz4 or zstd, keyed hashes, and short offsets.
const KNOWN_FEATURES: u32 = 0b1_1111;
/// The feature of short offsets (systemd 252).
const COMPACT: u32 = 1 << 4;
/// Bytes of the oldest header (systemd 187).
const HEADER_BYTES: usize = 208;
/// Offset of the time of the newest record in the header.
const NEWEST_AT: usize = 192;
/// Bytes before the content of any object.
const OBJECT_HEADER_BYTES: u64 = 16;
/// Bytes before the offsets in a list of records.
const ARRAY_BYTES: u64 = 24;
/// Bytes before the offsets in a record.
const ENTRY_BYTES: u64 = 64;
/// Most lists of records in one file. Their lengths double, so a real file has a few dozen.
const ARRAYS_MAX: usize = 4096;
/// Most records in a row that cannot be read: a made-up file may promise any number of them.
const DAMAGED_MAX: u32 = 5000;
/// Most fields of one record (`ENTRY_FIELD_COUNT_MAX` of systemd).
const FIELDS_MAX: u64 = 1024;
/// Most fields of which the place and the content are remembered.
const REMEMBERED_MAX: usize = 4096;

/// Where the bytes of a journal file come from.
pub trait Bytes {
    /// Puts up to `bytes_max` bytes from `offset` on into `out`, which is cleared first; fewer only at
    /// the end of the file.
    ///
    /// # Errors
    /// As read(2).
    fn read_at(&self, offset: u64, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), Errno>;
}

/// Why a file cannot be read as a journal at all.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be opened or read.
    Errno(Errno),
    /// It is no journal, or one of a kind that is not known.
    Form(String),
}

/// A list of records.
#[derive(Debug, Clone, Copy)]
struct Array {
    /// Offset of the first offset in it.
    at: u64,
    count: u64,
}

/// One record: where it lies and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    offset: u64,
    items: u64,
    /// Time of writing in microseconds since 1970 (UTC).
    pub realtime_micros: u64,
    /// Number in its journal.
    pub seqnum: u64,
}

/// One journal file, read backwards.
#[derive(Debug)]
pub struct File<B> {
    pages: Pages<B>,
    bytes: u64,
    compact: bool,
    /// Lists that are still to be read; of the last one only the first `count` records.
    arrays: Vec<Array>,
    /// Records that the header counts.
    pub entries: u64,
    /// Records that were read.
    pub read: u64,
    /// Records that could not be read.
    pub damaged: u64,
    /// Whether the chain of lists ends in nowhere, or the disk gave an error.
    pub torn: bool,
    remembered: BTreeMap<u64, Option<Rc<Field>>>,
}

impl<B: Bytes> File<B> {
    /// Opens a file of `bytes` bytes.
    ///
    /// # Errors
    /// It cannot be read, or it is no journal.
    pub fn open(source: B, bytes: u64) -> Result<Self, Refusal> {
        let mut pages = Pages::new(source);
        let mut header = [0; HEADER_BYTES];
        match pages.read(0, &mut header) {
            Ok(()) => {}
            Err(Errno::NODATA) => {
                return Err(Refusal::Form("it is shorter than a header".to_owned()));
            }
            Err(errno) => return Err(Refusal::Errno(errno)),
        }
        if !header.starts_with(SIGNATURE) {
            return Err(Refusal::Form("it is no journal".to_owned()));
        }
        let features = u32_at(&header, 12);
        if features & !KNOWN_FEATURES != 0 {
            return Err(Refusal::Form(format!(
                "it has features that this program does not know ({features:#x})"
            )));
        }
        let mut file = Self {
            pages,
            bytes,
            compact: features & COMPACT != 0,
            arrays: Vec::new(),
            entries: u64_at(&header, 152),
            read: 0,
            damaged: 0,
            torn: false,
            remembered: BTreeMap::new(),
        };
        file.list(u64_at(&header, 176))?;
        Ok(file)
    }

    /// Follows the chain of lists from its first one at `offset`.
    fn list(&mut self, offset: u64) -> Result<(), Refusal> {
        let mut offset = offset;
        let mut lowest = HEADER_BYTES as u64;
        while offset != 0 {
            let found = self.object(offset, Kind::EntryArray);
            let size = match found {
                Ok((size, _)) if offset >= lowest && self.arrays.len() < ARRAYS_MAX => size,
                Err(errno) if errno != Errno::BADMSG => return Err(Refusal::Errno(errno)),
                _ => {
                    self.torn = true;
                    break;
                }
            };
            let mut next = [0; 8];
            if self
                .pages
                .read(offset + OBJECT_HEADER_BYTES, &mut next)
                .is_err()
            {
                self.torn = true;
                break;
            }
            self.arrays.push(Array {
                at: offset + ARRAY_BYTES,
                count: size.saturating_sub(ARRAY_BYTES) / self.offset_bytes(),
            });
            // Journals only grow, so a chain that goes back is a circle.
            lowest = offset + size;
            offset = u64::from_le_bytes(next);
        }
        self.trim();
        Ok(())
    }

    /// The last list is longer than what was written to it: its end is zeros.
    fn trim(&mut self) {
        let Some(last) = self.arrays.last().copied() else {
            return;
        };
        let (mut filled, mut empty) = (0, last.count);
        while filled < empty {
            let middle = filled + (empty - filled) / 2;
            match self.offset_in(last, middle) {
                Ok(0) | Err(_) => empty = middle,
                Ok(_) => filled = middle + 1,
            }
        }
        if let Some(last) = self.arrays.last_mut() {
            last.count = filled;
        }
    }

    const fn offset_bytes(&self) -> u64 {
        if self.compact { 4 } else { 8 }
    }

    fn offset_in(&mut self, array: Array, number: u64) -> Result<u64, Errno> {
        let width = self.offset_bytes();
        self.offset_at(array.at + number * width)
    }

    fn offset_at(&mut self, at: u64) -> Result<u64, Errno> {
        if self.compact {
            let mut four = [0; 4];
            self.pages.read(at, &mut four)?;
            return Ok(u64::from(u32::from_le_bytes(four)));
        }
        let mut eight = [0; 8];
        self.pages.read(at, &mut eight)?;
        Ok(u64::from_le_bytes(eight))
    }

    /// Size and flags of the object at `offset`, which must be of `kind` and lie in the file.
    fn object(&mut self, offset: u64, kind: Kind) -> Result<(u64, u8), Errno> {
        if !offset.is_multiple_of(8) || offset < HEADER_BYTES as u64 {
            return Err(Errno::BADMSG);
        }
        let mut head = [0; OBJECT_HEADER_BYTES as usize];
        match self.pages.read(offset, &mut head) {
            Ok(()) => {}
            Err(Errno::NODATA) => return Err(Errno::BADMSG),
            Err(errno) => return Err(errno),
        }
        let size = u64_at(&head, 8);
        let [found, flags, ..] = head;
        let fits = offset
            .checked_add(size)
            .is_some_and(|end| end <= self.bytes);
        if found != kind as u8 || size < kind.bytes_min() || !fits {
            return Err(Errno::BADMSG);
        }
        Ok((size, flags))
    }

    /// The next older record; `None` when there is none.
    pub fn older(&mut self) -> Option<Entry> {
        for _ in 0..DAMAGED_MAX {
            let last = self.arrays.last_mut()?;
            let Some(count) = last.count.checked_sub(1) else {
                self.arrays.pop();
                continue;
            };
            last.count = count;
            let array = *last;
            let entry = match self.offset_in(array, count) {
                // A hole in a file that was cut off in the middle of a write.
                Ok(0) => Err(Errno::BADMSG),
                Ok(offset) => self.entry(offset),
                Err(errno) => Err(errno),
            };
            match entry {
                Ok(entry) => {
                    self.read += 1;
                    return Some(entry);
                }
                Err(Errno::BADMSG | Errno::NODATA) => self.damaged += 1,
                // A disk that does not answer is not asked once for each record.
                Err(_) => break,
            }
        }
        self.torn = true;
        self.arrays.clear();
        None
    }

    fn entry(&mut self, offset: u64) -> Result<Entry, Errno> {
        let (size, _) = self.object(offset, Kind::Entry)?;
        let mut head = [0; ENTRY_BYTES as usize];
        self.pages.read(offset, &mut head)?;
        let width = if self.compact { 4 } else { 16 };
        let items = (size - ENTRY_BYTES) / width;
        if items > FIELDS_MAX {
            return Err(Errno::BADMSG);
        }
        Ok(Entry {
            offset,
            items,
            realtime_micros: u64_at(&head, 24),
            seqnum: u64_at(&head, 16),
        })
    }

    /// Hands each field of `entry` that matters to `each`, until that says that it has enough.
    pub fn fields(&mut self, entry: &Entry, each: &mut dyn FnMut(&Field) -> bool) {
        let width = if self.compact { 4 } else { 16 };
        for number in 0..entry.items {
            let Ok(offset) = self.offset_at(entry.offset + ENTRY_BYTES + number * width) else {
                return;
            };
            if let Some(field) = self.field(offset)
                && each(&field)
            {
                return;
            }
        }
    }

    /// The field at `offset`; `None` when it does not matter or cannot be read.
    fn field(&mut self, offset: u64) -> Option<Rc<Field>> {
        if let Some(known) = self.remembered.get(&offset) {
            return known.clone();
        }
        let (size, flags) = self.object(offset, Kind::Data).ok()?;
        let mut users = [0; 8];
        self.pages.read(offset + data::USERS_AT, &mut users).ok()?;
        let head_bytes = data::head_bytes(self.compact);
        let length = size.checked_sub(head_bytes)?;
        let field = data::read(&mut self.pages, offset + head_bytes, length, flags).map(Rc::new);
        // A field of one record does not come again.
        if u64::from_le_bytes(users) > 1 {
            if self.remembered.len() >= REMEMBERED_MAX {
                self.remembered.clear();
            }
            let small = field.as_ref().is_none_or(|field| field.value.len() <= 256);
            if small {
                self.remembered.insert(offset, field.clone());
            }
        }
        field
    }
}

/// Time of the newest record by a file's first 200 bytes, in microseconds since 1970.
#[must_use]
pub fn newest_micros(head: &[u8]) -> Option<u64> {
    (head.starts_with(SIGNATURE) && head.len() >= NEWEST_AT + 8).then(|| u64_at(head, NEWEST_AT))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let part = bytes.get(at..at + 4).and_then(|part| part.try_into().ok());
    part.map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let part = bytes.get(at..at + 8).and_then(|part| part.try_into().ok());
    part.map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
