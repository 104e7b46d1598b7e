//! How the collector and its reader process talk: two frames over two pipes.
//!
//! ```text
//! request   u32 length of the path · u32 byte limit · u8 what · path
//! answer    i32 errno · u8 cut · u32 length · bytes
//! ```
//!
//! All numbers are little-endian. Requests are answered in order.

use std::io::{self, Read, Write};

/// What the reader shall do with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Read the file.
    Read,
    /// Answer statvfs(3): `block size, blocks, free, available` as text.
    Space,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub what: What,
    /// Path relative to the root of the machine.
    pub path: String,
    /// Most bytes of the answer.
    pub bytes_max: u32,
}

/// Head of one answer; the bytes follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Error number, 0 for none.
    pub errno: i32,
    /// Whether the file had more.
    pub cut: bool,
    /// Number of bytes that follow.
    pub length: u32,
}

/// Bytes of an answer's head.
pub const HEAD_BYTES: usize = 9;
/// Longest path in a request.
const PATH_BYTES_MAX: u32 = 4096;

/// Appends a request to `out`.
pub fn put_request(out: &mut Vec<u8>, request: &Request) {
    let length = u32::try_from(request.path.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&request.bytes_max.to_le_bytes());
    out.push(match request.what {
        What::Read => b'r',
        What::Space => b's',
    });
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
    let mut what = [0];
    input.read_exact(&mut what)?;
    let what = if what == *b"s" {
        What::Space
    } else {
        What::Read
    };
    if length > PATH_BYTES_MAX {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut path = Vec::new();
    input.take(u64::from(length)).read_to_end(&mut path)?;
    let path = String::from_utf8(path).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(Request {
        what,
        path,
        bytes_max,
    }))
}

/// Writes an answer.
///
/// # Errors
/// As the output.
pub fn put_answer(out: &mut impl Write, errno: i32, cut: bool, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.write_all(&errno.to_le_bytes())?;
    out.write_all(&[u8::from(cut)])?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(bytes)
}

/// Head of an answer, when `bytes` begins with a whole one.
#[must_use]
pub fn head(bytes: &[u8]) -> Option<Head> {
    let (errno, rest) = bytes.split_first_chunk::<4>()?;
    let (cut, rest) = rest.split_first()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    Some(Head {
        errno: i32::from_le_bytes(*errno),
        cut: *cut != 0,
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
        let request = Request {
            what: What::Space,
            path: "dev/shm".into(),
            bytes_max: 7,
        };
        let mut wire = Vec::new();
        put_request(&mut wire, &request);
        let mut input = wire.as_slice();
        assert_eq!(get_request(&mut input).unwrap(), Some(request));
        assert_eq!(get_request(&mut input).unwrap(), None);

        let mut wire = Vec::new();
        put_answer(&mut wire, 13, true, b"abc").unwrap();
        assert_eq!(
            head(&wire),
            Some(Head {
                errno: 13,
                cut: true,
                length: 3
            })
        );
        assert_eq!(wire.len(), HEAD_BYTES + 3);
        assert_eq!(head(&wire[..8]), None);
    }
}
