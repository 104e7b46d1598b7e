//! Unpacks rotated logs in bounded memory. What it is is told by the first bytes, not by the name.

use std::io::{self, BufRead as _, BufReader, Chain, Cursor, Read};

use ruzstd::decoding::StreamingDecoder;

/// Largest dictionary or window of a packed log in bytes: that of `xz -6` and `zstd -19`, the
/// defaults of the programs. A larger one would take the collector over its limit of memory.
pub const DICTIONARY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes read at once.
const BLOCK_BYTES: usize = 64 * 1024;
/// Bytes that tell the format and the size of the dictionary.
const HEAD_BYTES: u64 = 64;

/// How a log is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// gzip(1)
    Gzip,
    /// bzip2(1)
    Bzip2,
    /// xz(1)
    Xz,
    /// zstd(1)
    Zstd,
}

impl Packing {
    /// Name of the program that unpacks it.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    fn of(head: &[u8]) -> Self {
        match head {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Why a log cannot be unpacked here.
#[derive(Debug)]
pub enum Refusal {
    /// Its dictionary of so many bytes is larger than [`DICTIONARY_BYTES_MAX`].
    Dictionary(Packing, u64),
    /// Its dictionary of so many bytes is too large for this machine now, and why.
    NoRoom(u64, String),
    /// It cannot be read.
    Io(io::Error),
}

/// The text of a log and how it was packed.
pub type Opened<'f> = (Box<dyn Read + 'f>, Packing);

/// Reads `file` from its start.
///
/// # Errors
/// It cannot be read, or unpacking it takes too much memory.
pub fn open<'f>(mut file: impl Read + 'f) -> Result<Opened<'f>, Refusal> {
    let mut head = Vec::new();
    (&mut file)
        .take(HEAD_BYTES)
        .read_to_end(&mut head)
        .map_err(Refusal::Io)?;
    let packing = Packing::of(&head);
    let dictionary = match packing {
        Packing::Xz => xz_dictionary_bytes(&head),
        Packing::Zstd => zstd_window_bytes(&head),
        _ => Some(0),
    };
    match dictionary {
        Some(bytes) if bytes > DICTIONARY_BYTES_MAX => {
            return Err(Refusal::Dictionary(packing, bytes));
        }
        Some(_) => {}
        None => return Err(Refusal::Io(io::ErrorKind::InvalidData.into())),
    }
    let whole = Cursor::new(head).chain(file);
    let packed = |whole| BufReader::with_capacity(BLOCK_BYTES, whole);
    let text: Box<dyn Read> = match packing {
        Packing::None => Box::new(whole),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed(whole))),
        Packing::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed(whole))),
        Packing::Xz => Box::new(lzma_rust2::XzReader::new(packed(whole), true)),
        Packing::Zstd => Box::new(Frames(State::Between(packed(whole)))),
    };
    Ok((text, packing))
}

/// Size of the dictionary that the first block of an xz file asks for.
/// <https://tukaani.org/xz/xz-file-format.txt>, 3.1 and 5.3.1
pub(crate) fn xz_dictionary_bytes(head: &[u8]) -> Option<u64> {
    const LZMA2: u8 = 0x21;
    let block = head.get(12..)?;
    // A size of 0 is an index: the file is empty.
    if *block.first()? == 0 {
        return Some(0);
    }
    let flags = *block.get(1)?;
    let mut at = 2;
    for present in [flags & 0x40, flags & 0x80] {
        if present != 0 {
            at += 1 + block
                .get(at..)?
                .iter()
                .take_while(|b| **b & 0x80 != 0)
                .count();
        }
    }
    for _ in 0..=(flags & 3) {
        let (id, length) = (*block.get(at)?, usize::from(*block.get(at + 1)?));
        if id == LZMA2 {
            let bits = u32::from(*block.get(at + 2)? & 0x3F);
            // 40 stands for 4 GiB - 1.
            return Some((2 | u64::from(bits & 1)) << (bits / 2 + 11));
        }
        at += 2 + length;
    }
    None
}

/// Window that the first frame of a zstd file asks for. RFC 8878, 3.1.1.1
pub(crate) fn zstd_window_bytes(head: &[u8]) -> Option<u64> {
    let descriptor = *head.get(4)?;
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        let window = u64::from(*head.get(5)?);
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * (window & 7));
    }
    let dictionary_id = [0, 1, 2, 4].get(usize::from(descriptor & 3))?;
    let (size, more) = match descriptor >> 6 {
        0 => (1, 0),
        1 => (2, 256),
        2 => (4, 0),
        _ => (8, 0),
    };
    let field = head.get(5 + dictionary_id..5 + dictionary_id + size)?;
    let bytes = field
        .iter()
        .rev()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    Some(bytes.saturating_add(more))
}

/// All frames of a zstd file, one after the other.
struct Frames<R: Read>(State<R>);

type Packed<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

enum State<R: Read> {
    Between(Packed<R>),
    Inside(Box<StreamingDecoder<Packed<R>, ruzstd::decoding::FrameDecoder>>),
    Over,
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.0, State::Over) {
                State::Over => return Ok(0),
                State::Between(mut packed) => {
                    if packed.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let frame = StreamingDecoder::new(packed).map_err(io::Error::other)?;
                    self.0 = State::Inside(Box::new(frame));
                }
                State::Inside(mut frame) => {
                    let got = frame.read(out)?;
                    if got > 0 || out.is_empty() {
                        self.0 = State::Inside(frame);
                        return Ok(got);
                    }
                    self.0 = State::Between(frame.into_inner());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    /// What `program` makes of `text`; `None`, said aloud, where it is not installed.
    fn packed(program: &[&str], text: &[u8]) -> Option<File> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, text).unwrap();
        let out = File::create(folder.path().join("packed")).unwrap();
        let run = Command::new(program[0])
            .args(&program[1..])
            .arg(&path)
            .stdout(Stdio::from(out))
            .status();
        if run.is_err() {
            assert!(std::env::var_os("CI").is_none(), "{} is needed", program[0]);
            let _ = writeln!(
                std::io::stderr(),
                "NOT RUN: {} is not installed",
                program[0]
            );
            return None;
        }
        Some(File::open(folder.path().join("packed")).unwrap())
    }

    fn text() -> Vec<u8> {
        (0..40_000)
            .flat_map(|n| format!("Jan  5 03:04:05 web line {n}\n").into_bytes())
            .collect()
    }

    #[test]
    fn every_packing_gives_the_text_back() {
        for (program, packing) in [
            (&["gzip", "-c"][..], Packing::Gzip),
            (&["bzip2", "-c"], Packing::Bzip2),
            (&["xz", "-c"], Packing::Xz),
            (&["xz", "-c", "-T2", "--block-size=100000"], Packing::Xz),
            (&["zstd", "-q", "-c"], Packing::Zstd),
            (&["zstd", "-q", "-c", "-19"], Packing::Zstd),
        ] {
            let Some(file) = packed(program, &text()) else {
                continue;
            };
            let (mut stream, found) = open(&file).unwrap();
            assert_eq!(found, packing);
            let mut out = Vec::new();
            stream.read_to_end(&mut out).unwrap();
            assert!(out == text(), "{program:?}");
        }
    }

    #[test]
    fn two_frames_are_one_log() {
        let Some(mut first) = packed(&["zstd", "-q", "-c"], b"one\n") else {
            return;
        };
        let mut bytes = Vec::new();
        first.read_to_end(&mut bytes).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x"), [bytes.as_slice(), &bytes].concat()).unwrap();
        let file = File::open(folder.path().join("x")).unwrap();
        let mut out = String::new();
        open(&file).unwrap().0.read_to_string(&mut out).unwrap();
        assert_eq!(out, "one\none\n");
    }

    #[test]
    fn large_dictionaries_are_refused() {
        for program in [&["xz", "-c", "-9"][..], &["zstd", "-q", "-c", "--long=27"]] {
            // A window is never larger than the text: zstd is told less than it needs to know.
            let text = vec![b'x'; 40 << 20];
            let Some(file) = packed(program, &text) else {
                continue;
            };
            assert!(
                matches!(open(&file), Err(Refusal::Dictionary(_, bytes)) if bytes > DICTIONARY_BYTES_MAX),
                "{program:?}"
            );
        }
    }
}
