//! How a stream is packed, told by its first bytes and not by its name, and what it unpacks to.

use std::io::{self, BufReader, Read};

/// A format of packed streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// gzip(1), several members too.
    Gzip,
    /// bzip2(1), several streams too.
    Bzip2,
    /// xz(1), several streams too.
    Xz,
    /// zstd(1), several frames too.
    Zstd,
}

impl Packing {
    /// The format of a stream that begins with `head`.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// What the stream unpacks to. A damaged stream gives what came before the damage, then an error.
    pub(super) fn unpack<'r>(self, packed: impl Read + 'r) -> Box<dyn Read + 'r> {
        match self {
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Self::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
            Self::Xz => Box::new(lzma_rust2::XzReader::new(BufReader::new(packed), true)),
            Self::Zstd => match zstd::stream::read::Decoder::new(packed) {
                Ok(text) => Box::new(text),
                Err(error) => Box::new(Broken(Some(error))),
            },
        }
    }
}

/// A stream that ended in an error.
pub(super) struct Broken(pub(super) Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    #[test]
    fn what_the_programs_write_is_read_also_in_two_pieces() {
        for program in ["gzip", "bzip2", "xz", "zstd"] {
            let mut packed = Vec::new();
            for text in ["first\n", "second\n"] {
                let mut run = Command::new(program)
                    .arg("-c")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"));
                let mut stdin = run.stdin.take().unwrap();
                stdin.write_all(text.as_bytes()).unwrap();
                drop(stdin);
                packed.extend(run.wait_with_output().unwrap().stdout);
            }
            let mut text = String::new();
            let packing = Packing::of(&packed).unwrap();
            packing
                .unpack(packed.as_slice())
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "first\nsecond\n", "{program}");
            packed.truncate(packed.len() - 3);
            let mut text = Vec::new();
            let read = packing.unpack(packed.as_slice()).read_to_end(&mut text);
            assert!(read.is_err(), "{program}: a cut stream is an error");
        }
    }
}
