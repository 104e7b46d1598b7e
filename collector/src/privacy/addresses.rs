//! Finds IP and MAC addresses in text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Longest text of an address: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`.
const BYTES_MAX: usize = 45;
/// A hardware address: six bytes.
const MAC_BYTES: usize = 17;

/// Kind of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IPv4
    V4,
    /// IPv6
    V6,
    /// Ethernet
    Mac,
}

/// Calls `each` for every address of `text` in its order.
pub fn each(text: &[u8], mut each: impl FnMut(Range<usize>, Kind)) {
    let mut at = 0;
    let mut before = b' ';
    while let Some(byte) = text.get(at) {
        let is_start = (byte.is_ascii_hexdigit() || *byte == b':') && !joins(before);
        let found = if is_start {
            at_start(text, at)
        } else {
            Vec::new()
        };
        let mut next = at + 1;
        for (range, kind) in found {
            next = range.end;
            each(range, kind);
        }
        before = next
            .checked_sub(1)
            .and_then(|last| text.get(last))
            .copied()
            .unwrap_or(b' ');
        at = next;
    }
}

/// Whether an address cannot begin behind this byte.
fn joins(before: u8) -> bool {
    before.is_ascii_alphanumeric() || matches!(before, b'_' | b'.' | b':')
}

fn at_start(text: &[u8], at: usize) -> Vec<(Range<usize>, Kind)> {
    let rest = text.get(at..).unwrap_or_default();
    let fits = |b: &&u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let run = rest.iter().take(2 * BYTES_MAX).take_while(fits).count();
    let word = rest.get(..run).unwrap_or_default();
    if !word.iter().any(|b| matches!(b, b':' | b'.')) {
        return Vec::new();
    }
    let macs = macs(word, at);
    if !macs.is_empty() {
        return macs;
    }
    // The end of a sentence, and of `fe80::1:` in the output of a program.
    let trimmed = word.trim_ascii_end();
    let length = trimmed.len()
        - trimmed
            .iter()
            .rev()
            .take_while(|b| matches!(b, b':' | b'.'))
            .count();
    let is_word = rest
        .get(run)
        .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
    let colons = word.iter().filter(|b| **b == b':').count();
    if colons >= 2 && is_word {
        for end in [run, length] {
            if let Some(address) = parse::<Ipv6Addr>(rest, end)
                && !address.is_loopback()
                && !address.is_unspecified()
                && word.iter().any(u8::is_ascii_digit)
            {
                return vec![(at..at + end, Kind::V6)];
            }
        }
    }
    v4(rest).map_or_else(Vec::new, |end| vec![(at..at + end, Kind::V4)])
}

/// `aa:bb:cc:dd:ee:ff`; firewalls log several in one word.
fn macs(word: &[u8], at: usize) -> Vec<(Range<usize>, Kind)> {
    let groups: Vec<&[u8]> = word.split(|b| *b == b':').collect();
    let is_mac = |group: &&[u8]| group.len() == 2 && group.iter().all(u8::is_ascii_hexdigit);
    if groups.len() < 6 || !groups.iter().all(is_mac) {
        return Vec::new();
    }
    (0..groups.len() / 6)
        .map(|number| at + number * (MAC_BYTES + 1))
        .map(|start| (start..start + MAC_BYTES, Kind::Mac))
        .collect()
}

/// End of the IPv4 address that `rest` begins with.
fn v4(rest: &[u8]) -> Option<usize> {
    let fits = |b: &&u8| b.is_ascii_digit() || **b == b'.';
    let run = rest.iter().take(16).take_while(fits).count();
    let last = run.checked_sub(1)?;
    let end = run - usize::from(rest.get(last) == Some(&b'.'));
    let behind = rest.get(run);
    if behind.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return None;
    }
    let address = parse::<Ipv4Addr>(rest, end)?;
    // Addresses of every machine name nobody.
    let is_this_network = address.octets().first() == Some(&0);
    let harmless = address.is_loopback() || address.is_broadcast() || is_this_network;
    (!harmless).then_some(end)
}

fn parse<A: std::str::FromStr>(rest: &[u8], end: usize) -> Option<A> {
    std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()
}

/// The address number `number` that stands for another: of a range for tests and examples.
#[must_use]
pub fn stand_in(kind: Kind, number: u32) -> String {
    let [_, b, c, d] = number.to_be_bytes();
    match kind {
        // RFC 2544: 198.18.0.0/15
        Kind::V4 => IpAddr::V4(Ipv4Addr::new(198, 18 + (b & 1), c, d)).to_string(),
        // RFC 3849: 2001:db8::/32
        Kind::V6 => format!("2001:db8::{number:x}"),
        // Locally administered.
        Kind::Mac => format!("02:00:00:{b:02x}:{c:02x}:{d:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Kind)> {
        let mut all = Vec::new();
        each(text.as_bytes(), |range, kind| {
            all.push((&text[range], kind))
        });
        all
    }

    #[test]
    fn addresses_are_found() {
        let text = "from 10.1.2.3:8080 to fe80::1%eth0/64, 192.168.0.7. MAC=aa:bb:cc:dd:ee:ff:11:22:33:44:55:66:08:00 [2001:470::9]:80";
        assert_eq!(
            found(text),
            [
                ("10.1.2.3", Kind::V4),
                ("fe80::1", Kind::V6),
                ("192.168.0.7", Kind::V4),
                ("aa:bb:cc:dd:ee:ff", Kind::Mac),
                ("11:22:33:44:55:66", Kind::Mac),
                ("2001:470::9", Kind::V6),
            ]
        );
    }

    #[test]
    fn what_only_looks_like_one() {
        for text in [
            "Jan  5 03:04:05 std::bad_alloc d::bad 0000:00:1f.2 ::1 127.0.0.1 0.0.0.0",
            "linux 4.19.90-52 v1.2.3.4.5 1.2.3.4a 999.1.1.1 [  123.456789]",
            "2026-01-05T03:04:05.123456+08:00 cc:dd ab::cd::ef",
            "4f1c0d3b9a8e7f6d5c4b3a291807f6e5d4c3b2a19087f6e5d4c3b2a190876543",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn stand_ins_are_addresses() {
        assert_eq!(stand_in(Kind::V4, 70_000), "198.19.17.112");
        assert_eq!(found(&stand_in(Kind::V6, 7)).len(), 1);
        assert_eq!(found(&stand_in(Kind::Mac, 300)).len(), 1);
    }
}
