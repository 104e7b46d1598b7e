//! How the collector and its reader process talk: two frames over two pipes.
//!
//! ```text
//! request   u32 length of the path · u32 byte limit · u64 offset · u8 what · path
//! answer    i32 errno · u8 cut · u32 microseconds · u32 length · bytes
//! ```
//!
//! All numbers are little-endian. Requests are answered in order.

use std::io::{self, Read, Write};

/// What the reader shall do with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Read the file, whatever it is, even if opening it waits.
    Read,
    /// Read a regular file; a pipe, a socket or a device is refused unread.
    ReadFile,
    /// List the folder: names with a zero byte behind each.
    Names,
    /// List the folders in the folder, in the same form.
    Folders,
    /// Examine the file: mode, bytes and seconds of the last change as text.
    Stat,
    /// Give the target of the link.
    Link,
    /// Answer statvfs(3): `block size, blocks, free, available` as text.
    Space,
}

impl What {
    const ALL: [(u8, Self); 7] = [
        (b'r', Self::Read),
        (b'f', Self::ReadFile),
        (b'n', Self::Names),
        (b'd', Self::Folders),
        (b'e', Self::Stat),
        (b'l', Self::Link),
        (b's', Self::Space),
    ];

    fn byte(self) -> u8 {
        Self::ALL
            .iter()
            .find(|(_, what)| *what == self)
            .map_or(b'r', |(byte, _)| *byte)
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == byte)
            .map(|(_, what)| *what)
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub what: What,
    /// Path relative to the root of the machine.
    pub path: String,
    /// First byte to read.
    pub offset: u64,
    /// Most bytes of the answer.
    pub bytes_max: u32,
}

impl Request {
    /// A request from the start of `path`.
    pub fn new(what: What, path: impl Into<String>, bytes_max: usize) -> Self {
        Self {
            what,
            path: path.into(),
            offset: 0,
            bytes_max: u32::try_from(bytes_max).unwrap_or(u32::MAX),
        }
    }

    /// Bytes of the request on the wire.
    #[must_use]
    pub fn wire_bytes(&self) -> usize {
        REQUEST_BYTES + self.path.len()
    }
}

/// Head of one answer; the bytes follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Error number, 0 for none.
    pub errno: i32,
    /// Whether the file had more.
    pub cut: bool,
    /// How long the reader took for it, in microseconds.
    pub micros: u32,
    /// Number of bytes that follow.
    pub length: u32,
}

/// Bytes of an answer's head.
pub const HEAD_BYTES: usize = 13;
/// Bytes of a request before its path.
const REQUEST_BYTES: usize = 17;
/// Longest path in a request.
const PATH_BYTES_MAX: u32 = 4096;

/// Appends a request to `out`.
pub fn put_request(out: &mut Vec<u8>, request: &Request) {
    let length = u32::try_from(request.path.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&request.bytes_max.to_le_bytes());
    out.extend_from_slice(&request.offset.to_le_bytes());
    out.push(request.what.byte());
    out.extend_from_slice(request.path.as_bytes());
}

/// Reads a request; `None` at the end of the input.
///
/// # Errors
/// As the input, or a request that is not one.
pub fn get_request(input: &mut impl Read) -> io::Result<Option<Request>> {
    let Some(length) = get_u32(input)? else {
        return Ok(None);
    };
    let bytes_max = get_u32(input)?.unwrap_or_default();
    let mut offset = [0; 8];
    input.read_exact(&mut offset)?;
    let mut what = [0];
    input.read_exact(&mut what)?;
    let [what] = what;
    let what = What::from_byte(what).ok_or(io::ErrorKind::InvalidData)?;
    if length > PATH_BYTES_MAX {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut path = Vec::new();
    input.take(u64::from(length)).read_to_end(&mut path)?;
    let path = String::from_utf8(path).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(Request {
        what,
        path,
        offset: u64::from_le_bytes(offset),
        bytes_max,
    }))
}

/// Writes an answer.
///
/// # Errors
/// As the output.
pub fn put_answer(
    out: &mut impl Write,
    result: Result<bool, i32>,
    micros: u32,
    bytes: &[u8],
) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.write_all(&result.err().unwrap_or(0).to_le_bytes())?;
    out.write_all(&[u8::from(result == Ok(true))])?;
    out.write_all(&micros.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(bytes)
}

/// Head of an answer, when `bytes` begins with a whole one.
#[must_use]
pub fn head(bytes: &[u8]) -> Option<Head> {
    let (errno, rest) = bytes.split_first_chunk::<4>()?;
    let (cut, rest) = rest.split_first()?;
    let (micros, rest) = rest.split_first_chunk::<4>()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    Some(Head {
        errno: i32::from_le_bytes(*errno),
        cut: *cut != 0,
        micros: u32::from_le_bytes(*micros),
        length: u32::from_le_bytes(*length),
    })
}

fn get_u32(input: &mut impl Read) -> io::Result<Option<u32>> {
    let mut bytes = [0; 4];
    match input.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(u32::from_le_bytes(bytes))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive() {
        for (_, what) in What::ALL {
            let request = Request {
                offset: 1 << 40,
                ..Request::new(what, "dev/shm", 7)
            };
            let mut wire = Vec::new();
            put_request(&mut wire, &request);
            assert_eq!(wire.len(), request.wire_bytes());
            let mut input = wire.as_slice();
            assert_eq!(get_request(&mut input).unwrap(), Some(request));
            assert_eq!(get_request(&mut input).unwrap(), None);
        }
        let mut wire = Vec::new();
        put_answer(&mut wire, Err(13), 21, b"abc").unwrap();
        let answer = Head {
            errno: 13,
            cut: false,
            micros: 21,
            length: 3,
        };
        assert_eq!(head(&wire), Some(answer));
        assert_eq!(wire.len(), HEAD_BYTES + 3);
        assert_eq!(head(&wire[..HEAD_BYTES - 1]), None);
        wire.clear();
        put_answer(&mut wire, Ok(true), 0, b"").unwrap();
        assert!(head(&wire).unwrap().cut);
    }
}
