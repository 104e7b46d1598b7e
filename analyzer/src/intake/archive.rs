//! Recognises a stream by its first bytes: bundle, packed stream, archive, plain text, or what must be unpacked first.

use std::io::Read as _;

use flate2::read::GzDecoder;

use super::packing::Packing;

/// Bytes that are looked at: enough compressed data for the first tar header of any gzip stream.
pub(super) const HEAD_BYTES: u64 = 64 * 1024;
/// One tar header block.
pub(super) const BLOCK_BYTES: u64 = 512;

/// What a stream is.
pub(super) enum Shape {
    /// A gzipped tar whose first entry is a header of ours.
    Bundle,
    /// A packed stream: a rotated log, or an archive of somebody else.
    Packed(Packing),
    /// An archive that is not packed.
    Tar,
    /// Neither packed nor an archive.
    Text,
    /// Something that must be unpacked first.
    Foreign {
        what: &'static str,
        remedy: &'static str,
    },
}

/// First bytes of formats that this version does not open itself.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (
        b"PK\x03\x04",
        "it is a zip archive",
        "unpack it and give the folder",
    ),
    (
        b"LPKSHHRH",
        "it is a binary journal",
        "export it with `journalctl --file FILE -o short-monotonic` and give the text",
    ),
    (
        b"age-encryption.org/",
        "it is encrypted",
        "open it with `age -d -i KEY` and give the result",
    ),
];

pub(super) fn recognise(head: &[u8]) -> Shape {
    if let Some(packing) = Packing::of(head) {
        return if packing == Packing::Gzip && is_bundle(head) {
            Shape::Bundle
        } else {
            Shape::Packed(packing)
        };
    }
    if is_tar(head) {
        return Shape::Tar;
    }
    FOREIGN
        .iter()
        .find(|(magic, _, _)| head.starts_with(magic))
        .map_or(Shape::Text, |(_, what, remedy)| Shape::Foreign {
            what,
            remedy,
        })
}

fn is_bundle(head: &[u8]) -> bool {
    let mut block = Vec::new();
    // An error here is a short or torn stream: what was unpacked before it decides.
    let _ = GzDecoder::new(head)
        .take(BLOCK_BYTES)
        .read_to_end(&mut block);
    first_name(&block).is_some_and(|name| is_header(&name))
}

/// Whether unpacked bytes begin as a tar archive does.
pub(super) fn is_tar(head: &[u8]) -> bool {
    first_name(head).is_some()
}

/// Name of the first entry when `block` is a tar header.
fn first_name(block: &[u8]) -> Option<String> {
    if block.get(257..262)? != b"ustar" {
        return None;
    }
    let name = block.get(..100)?.split(|b| *b == 0).next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

/// A long host name moves the entry's name into a GNU long-name record.
fn is_header(name: &str) -> bool {
    name.rsplit('/').next() == Some(oomscene_bundle::layout::HEADER) || name == "././@LongLink"
}
