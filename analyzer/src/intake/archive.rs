//! Recognises a stream by its first bytes: bundle, gzipped text, plain text, or a foreign archive.

use std::io::Read;

use flate2::read::{GzDecoder, MultiGzDecoder};

/// Bytes that are looked at: enough compressed data for the first tar header of any gzip stream.
pub(super) const HEAD_BYTES: u64 = 64 * 1024;
/// One tar header block.
const BLOCK_BYTES: usize = 512;

/// What a stream is.
pub(super) enum Shape {
    /// A gzipped tar whose first entry is a header of ours.
    Bundle,
    /// A gzip stream that is no tar: a rotated log.
    GzippedText,
    /// Neither compressed nor an archive.
    Text,
    /// Something that must be unpacked first.
    Foreign {
        what: &'static str,
        remedy: &'static str,
    },
}

/// First bytes of formats that this version does not unpack itself.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (
        b"\xFD7zXZ\0",
        "it is compressed with xz",
        "unpack it with `xz -d`, or `tar xJf` for an archive, and give the result",
    ),
    (
        b"BZh",
        "it is compressed with bzip2",
        "unpack it with `bzip2 -d`, or `tar xjf` for an archive, and give the result",
    ),
    (
        b"\x28\xB5\x2F\xFD",
        "it is compressed with zstd",
        "unpack it with `zstd -d` and give the result",
    ),
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
];

const TAR_REMEDY: &str = "unpack it with `tar xf` and give the folder";

pub(super) fn recognise(head: &[u8]) -> Shape {
    if head.starts_with(b"\x1F\x8B") {
        let mut block = Vec::new();
        // An error here is a short or torn stream: what was unpacked before it decides.
        let _ = GzDecoder::new(head)
            .take(BLOCK_BYTES as u64)
            .read_to_end(&mut block);
        return match first_name(&block) {
            None => Shape::GzippedText,
            Some(name) if is_header(&name) => Shape::Bundle,
            Some(_) => Shape::Foreign {
                what: "it is an archive, but not one of oomscene-collect",
                remedy: TAR_REMEDY,
            },
        };
    }
    if first_name(head).is_some() {
        return Shape::Foreign {
            what: "it is an unpacked tar archive",
            remedy: TAR_REMEDY,
        };
    }
    FOREIGN
        .iter()
        .find(|(magic, _, _)| head.starts_with(magic))
        .map_or(Shape::Text, |(_, what, remedy)| Shape::Foreign {
            what,
            remedy,
        })
}

/// Text of a gzip stream, several members too.
pub(super) fn unpack<R: Read>(stream: R) -> impl Read {
    MultiGzDecoder::new(stream)
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
