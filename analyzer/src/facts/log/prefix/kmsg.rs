//! Records of `/dev/kmsg`: `prio,sequence,microseconds,flags[,caller=…];text`.
//!
//! Written down in the kernel's Documentation/ABI/testing/dev-kmsg.

use crate::facts::log::stamp::Stamp;

/// One record of `/dev/kmsg`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::facts::log) struct Record {
    /// Stamp since boot.
    pub(in crate::facts::log) stamp: Stamp,
    /// Whether the kernel wrote it (facility 0), not a program.
    pub(in crate::facts::log) kernel: bool,
    /// Task or CPU that printed it, on kernels that say so.
    pub(in crate::facts::log) caller: Option<String>,
    /// Text with `\xNN` undone; it may hold newlines.
    pub(in crate::facts::log) text: String,
}

/// Reads one record; `None` when the line is none (a dictionary line, or another format).
pub(in crate::facts::log) fn read(line: &str) -> Option<Record> {
    let (head, text) = line.split_at_checked(memchr::memchr(b';', line.as_bytes())?)?;
    let text = text.get(1..)?;
    // netconsole can put the release first.
    let head = match head.split_once(',') {
        Some((release, rest)) if release.contains('.') => rest,
        _ => head,
    };
    let mut parts = head.splitn(4, ',');
    let priority: u32 = parts.next()?.parse().ok()?;
    let _sequence: u64 = parts.next()?.parse().ok()?;
    let micros: i64 = parts.next()?.parse().ok()?;
    let flags = parts.next()?;
    Some(Record {
        caller: flags
            .split(',')
            .find_map(|field| field.strip_prefix("caller="))
            .map(str::to_owned),
        stamp: Stamp {
            text: format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000),
            uptime_us: Some(micros),
            wall: None,
            boot_id: None,
        },
        kernel: priority >> 3 == 0,
        text: unescape(text),
    })
}

fn unescape(text: &str) -> String {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).and_then(|h| u8::from_str_radix(h, 16).ok());
        rest = if let Some(byte) = code {
            bytes.push(byte);
            after.get(2..).unwrap_or_default()
        } else {
            bytes.extend_from_slice(b"\\x");
            after
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_escapes() {
        let record = read("6,1234,5140900,-,caller=T12;a\\x0ab\\x5cc").unwrap();
        assert_eq!(record.text, "a\nb\\c");
        assert_eq!(record.stamp.text, "5.140900");
        assert!(record.kernel);
        assert!(!read("30,1235,5140901,-;systemd[1]: x").unwrap().kernel);
        assert_eq!(read(" SUBSYSTEM=memory"), None);
        assert_eq!(read("a;b"), None);
        assert_eq!(read("5.10.0-28,6,1,2,-;x").unwrap().text, "x");
        assert_eq!(unescape("\\x4"), "\\x4");
    }
}
