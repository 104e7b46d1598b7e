//! Makes text of a strange machine safe for a terminal: what would move the cursor, ring the bell or
//! turn the direction of writing is shown as its code.

use std::io::{self, Read, Write};

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Whether `c` acts on a terminal, or hides how text really reads (Unicode TR 9, TR 36).
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// One line of text, made safe; a newline is shown as its code too.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) || c == '\n' || c == '\t' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Copies `from` to `to`, made safe; what is not UTF-8 is shown as `\xNN`.
///
/// # Errors
/// As `from` and `to`.
pub fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
    let mut pending = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let got = match from.read(&mut chunk) {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        pending.extend_from_slice(chunk.get(..got).unwrap_or_default());
        // A character may end in the next chunk.
        let whole = if got == 0 {
            pending.len()
        } else {
            pending.len() - unfinished(&pending)
        };
        write(pending.get(..whole).unwrap_or_default(), to)?;
        pending.drain(..whole);
        if got == 0 {
            return Ok(());
        }
    }
}

/// Bytes at the end of `bytes` that may become a character.
fn unfinished(bytes: &[u8]) -> usize {
    match std::str::from_utf8(
        bytes
            .get(bytes.len().saturating_sub(3)..)
            .unwrap_or_default(),
    ) {
        Ok(_) => 0,
        Err(_) => (1..=3.min(bytes.len()))
            .find(|n| bytes.get(bytes.len() - n).is_some_and(|b| *b >= 0xc0))
            .unwrap_or(0),
    }
}

fn write(bytes: &[u8], to: &mut dyn Write) -> io::Result<()> {
    let mut out = String::with_capacity(bytes.len());
    for part in bytes.utf8_chunks() {
        for c in part.valid().chars() {
            if acts(c) {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
        for byte in part.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    to.write_all(out.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(bytes: &[u8]) -> String {
        // A reader that gives one byte at a time cuts every character.
        let mut out = Vec::new();
        let mut one = bytes.iter().map(|b| Ok(*b));
        struct Slow<'a>(&'a mut dyn Iterator<Item = io::Result<u8>>);
        impl Read for Slow<'_> {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                match self.0.next() {
                    Some(byte) => {
                        buf[0] = byte?;
                        Ok(1)
                    }
                    None => Ok(0),
                }
            }
        }
        copy(&mut Slow(&mut one), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(safe("a\tb\n中 é".as_bytes()), "a\tb\n中 é");
        assert_eq!(safe(b"\x1b[2Jx\0y\x07\r"), "\\u{1b}[2Jx\\u{0}y\\u{7}\\r");
        assert_eq!(safe("x\u{202e}y".as_bytes()), "x\\u{202e}y");
        assert_eq!(safe(b"a\xffb\xe4\xb8"), "a\\xffb\\xe4\\xb8");
        assert_eq!(line("a\nb\u{9b}"), "a\\nb\\u{9b}");
    }
}
