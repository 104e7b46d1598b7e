//! Objects of a journal file, and the fields of a record that make its line.

use std::io::Read as _;

use super::Bytes;
use super::pages::Pages;
use crate::capture::evidence::packed_log::{
    DICTIONARY_BYTES_MAX, xz_dictionary_bytes, zstd_window_bytes,
};

/// Kinds of objects, with the numbers that they have in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A field with its value.
    Data = 1,
    /// A record: offsets of its fields.
    Entry = 3,
    /// A list of records.
    EntryArray = 6,
}

impl Kind {
    /// Fewest bytes of such an object.
    pub(super) const fn bytes_min(self) -> u64 {
        match self {
            Self::Data | Self::Entry => 64,
            Self::EntryArray => 24,
        }
    }
}

/// Offset in a field's object of the number of records that have it.
pub(super) const USERS_AT: u64 = 56;
/// Longest value that is looked at; the rest of a longer one is left out.
const VALUE_BYTES_MAX: usize = 96 * 1024;
/// Bytes that tell which field it is.
const NAME_BYTES: usize = 32;
/// Longest value behind lz4, which can only be unpacked as a whole.
const LZ4_BYTES_MAX: u64 = 1024 * 1024;

/// Flags of a packed value.
const XZ: u8 = 1;
const LZ4: u8 = 2;
const ZSTD: u8 = 4;

/// Bytes of a field's object before its content.
pub(super) const fn head_bytes(compact: bool) -> u64 {
    if compact { 72 } else { 64 }
}

/// Fields that make a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// What was said.
    Message,
    /// The machine.
    Hostname,
    /// How the program calls itself.
    Identifier,
    /// How the kernel calls it.
    Comm,
    /// Its process id.
    Pid,
    /// The process id that it told.
    SyslogPid,
    /// How it came to the journal.
    Transport,
    /// When it was said, in microseconds since 1970.
    SourceTime,
}

const NAMES: &[(&[u8], Name)] = &[
    (b"MESSAGE=", Name::Message),
    (b"_HOSTNAME=", Name::Hostname),
    (b"SYSLOG_IDENTIFIER=", Name::Identifier),
    (b"_COMM=", Name::Comm),
    (b"_PID=", Name::Pid),
    (b"SYSLOG_PID=", Name::SyslogPid),
    (b"_TRANSPORT=", Name::Transport),
    (b"_SOURCE_REALTIME_TIMESTAMP=", Name::SourceTime),
];

/// A field that makes a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Which one.
    pub name: Name,
    /// Its value, cut at a limit.
    pub value: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

/// Reads the content of a field's object: `length` bytes at `offset`. `None` when it does not matter
/// or cannot be read.
pub(super) fn read<B: Bytes>(
    pages: &mut Pages<B>,
    offset: u64,
    length: u64,
    flags: u8,
) -> Option<Field> {
    let length = usize::try_from(length).ok()?;
    let packing = flags & (XZ | LZ4 | ZSTD);
    if packing == 0 {
        // Most fields do not matter: their first bytes tell.
        let mut head = vec![0; length.min(NAME_BYTES)];
        pages.read(offset, &mut head).ok()?;
        name_of(&head)?;
    }
    let mut raw = vec![0; length.min(VALUE_BYTES_MAX)];
    pages.read(offset, &mut raw).ok()?;
    let mut cut = raw.len() < length;
    let content = if packing == 0 {
        raw
    } else {
        let (content, more) = unpack(&raw, packing)?;
        cut |= more;
        content
    };
    let (name, start) = name_of(&content)?;
    let value = content.get(start..)?.to_vec();
    Some(Field { name, value, cut })
}

fn name_of(content: &[u8]) -> Option<(Name, usize)> {
    let found = NAMES.iter().find(|(text, _)| content.starts_with(text));
    found.map(|(text, name)| (*name, text.len()))
}

/// The first [`VALUE_BYTES_MAX`] bytes of a packed value, and whether there are more.
fn unpack(raw: &[u8], packing: u8) -> Option<(Vec<u8>, bool)> {
    let most = VALUE_BYTES_MAX as u64 + 1;
    let mut out = Vec::new();
    // A value that was cut off gives what came before.
    match packing {
        XZ if xz_dictionary_bytes(raw)? <= DICTIONARY_BYTES_MAX => {
            let _ = lzma_rust2::XzReader::new(raw, false)
                .take(most)
                .read_to_end(&mut out);
        }
        ZSTD if zstd_window_bytes(raw)? <= DICTIONARY_BYTES_MAX => {
            let frame = ruzstd::decoding::StreamingDecoder::new(raw).ok()?;
            let _ = frame.take(most).read_to_end(&mut out);
        }
        LZ4 => {
            let (bytes, block) = raw.split_first_chunk::<8>()?;
            let bytes = u64::from_le_bytes(*bytes);
            if bytes > LZ4_BYTES_MAX {
                return None;
            }
            out = vec![0; usize::try_from(bytes).ok()?];
            let got = lz4_flex::block::decompress_into(block, &mut out).ok()?;
            out.truncate(got);
        }
        _ => return None,
    }
    let more = out.len() > VALUE_BYTES_MAX;
    out.truncate(VALUE_BYTES_MAX);
    (!out.is_empty()).then_some((out, more))
}
