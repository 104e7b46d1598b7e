//! File names as text and back: Linux lets a name hold any byte but `/` and zero.
//!
//! A byte that is not UTF-8 becomes one character of a private range, so that every name can be a
//! `String` inside the program and still opens the file that it belongs to.

use std::ffi::CString;

use rustix::io::Errno;

/// The byte 0x00 of the private range; 0x80 to 0xff are used.
const RANGE: u32 = 0xf700;

/// The name as text.
#[must_use]
pub fn decode(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match raw_byte(c) {
                // A real character of the range would open another file: its bytes are kept apart.
                Some(_) => {
                    let mut bytes = [0; 4];
                    c.encode_utf8(&mut bytes)
                        .bytes()
                        .for_each(|byte| text.push(escaped(byte)));
                }
                None => text.push(c),
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| escaped(*byte)));
    }
    text
}

/// The name as the kernel knows it.
///
/// # Errors
/// `EINVAL` for a zero byte.
pub fn encode(text: &str) -> Result<CString, Errno> {
    if text.is_ascii() {
        return CString::new(text).map_err(|_| Errno::INVAL);
    }
    let mut name = Vec::with_capacity(text.len());
    for c in text.chars() {
        match raw_byte(c) {
            Some(byte) => name.push(byte),
            None => name.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    CString::new(name).map_err(|_| Errno::INVAL)
}

/// A path as it may stand in a bundle: what a bundle refuses is written as `%XX`.
#[must_use]
pub fn for_entry(path: &str) -> String {
    let plain = |c: char| !c.is_control() && raw_byte(c).is_none() && c != '\\';
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        if plain(c) {
            text.push(c);
            continue;
        }
        match raw_byte(c) {
            Some(byte) => text.push_str(&format!("%{byte:02X}")),
            None => c
                .encode_utf8(&mut [0; 4])
                .bytes()
                .for_each(|byte| text.push_str(&format!("%{byte:02X}"))),
        }
    }
    // The file system allows 4096 bytes; a bundle keeps the end, which tells the files apart.
    let over = text
        .len()
        .saturating_sub(oomscene_bundle::limits::PATH_BYTES_MAX / 2);
    match (over..text.len()).find(|at| text.is_char_boundary(*at)) {
        Some(at) if over > 0 => text.split_off(at).trim_start_matches('/').to_owned(),
        _ => text,
    }
}

fn escaped(byte: u8) -> char {
    char::from_u32(RANGE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn raw_byte(c: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(c).checked_sub(RANGE)?).ok()?;
    (byte >= 0x80).then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back() {
        for name in [
            &b"messages"[..],
            b"a\nb",
            b"\xff\xfe.log",
            "日志\u{f7ff}".as_bytes(),
            b"\xe6\x97",
        ] {
            let text = decode(name);
            assert_eq!(encode(&text).unwrap().as_bytes(), name, "{text:?}");
        }
        assert_eq!(encode("a\0b"), Err(Errno::INVAL));
    }

    #[test]
    fn entry_paths_are_ones_that_a_bundle_takes() {
        assert_eq!(for_entry("var/log/messages-日志"), "var/log/messages-日志");
        assert_eq!(for_entry("var/log/a\nb"), "var/log/a%0Ab");
        assert_eq!(
            for_entry(&decode(b"var/log/\xff\\..\\x")),
            "var/log/%FF%5C..%5Cx"
        );
        for path in ["x/".repeat(2000) + "end", "日".repeat(1300)] {
            let entry = for_entry(&path);
            oomscene_bundle::layout::check_path(&entry).unwrap();
            assert!(entry.ends_with("end") || entry.ends_with('日'));
        }
    }
}
