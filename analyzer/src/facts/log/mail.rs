//! Undoes quoted-printable (RFC 2045, section 6.7), in which mail archives and trackers keep what was
//! pasted: `=3D` for the equals sign, and an equals sign at the end of a line that goes on.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

/// Longest record that is put together.
const JOINED_BYTES_MAX: usize = 8192;

/// Lengths of a line that was broken, its mark included: RFC 2045 allows 76.
const BROKEN_BYTES: std::ops::RangeInclusive<usize> = 70..=76;

/// Keys of kernel lines before the equals sign: `=3D` alone may be a hexadecimal number.
const ENCODED: &[&[u8]] = &[
    b"gfp_mask=3D",
    b"nodemask=3D",
    b"order=3D",
    b"constraint=3D",
    b"mems_allowed=3D",
    b"_adj=3D",
    b"swap  =3D",
    b"_total=3D",
    b"quoted-printable",
];

/// Words of lines that are long enough to be broken before a key tells the encoding.
const BROKEN: &[&[u8]] = &[
    b"page allocation failure",
    b"invoked oom-killer",
    b"illed process",
    b"oom-kill:",
];

/// Decoder of one log.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// A line of this log was encoded.
    on: bool,
    /// The beginning of a line that goes on, and the number of its first physical line.
    open: Option<(u32, Vec<u8>)>,
}

impl Decoder {
    /// Reads one physical line; gives the whole line and the number of its first part, once it is
    /// there.
    pub(super) fn feed<'l>(&mut self, number: u32, line: &'l [u8]) -> Option<(u32, Cow<'l, [u8]>)> {
        static EQUALS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"=3D"));
        let broken = line.trim_ascii_end().ends_with(b"=");
        let encoded = broken || memchr::memchr(b'=', line).is_some() && EQUALS.find(line).is_some();
        if !self.on && self.open.is_none() && !encoded {
            return Some((number, Cow::Borrowed(line)));
        }
        let has = |words: &[&[u8]]| words.iter().any(|w| memmem::find(line, w).is_some());
        self.on |= encoded && has(ENCODED);
        let broken = broken
            && (self.on || BROKEN_BYTES.contains(&line.trim_ascii_end().len()) && has(BROKEN));
        let (first, mut whole) = self.open.take().unwrap_or_else(|| (number, Vec::new()));
        if broken && whole.len() < JOINED_BYTES_MAX {
            let text = line.trim_ascii_end();
            whole.extend_from_slice(text.get(..text.len() - 1).unwrap_or_default());
            self.open = Some((first, whole));
            return None;
        }
        if whole.is_empty() && !self.on {
            return Some((number, Cow::Borrowed(line)));
        }
        whole.extend_from_slice(line);
        Some((
            first,
            Cow::Owned(if self.on { decode(&whole) } else { whole }),
        ))
    }

    /// Whether a line goes on.
    pub(super) fn waits(&self) -> bool {
        self.open.is_some()
    }

    /// Ends the log, which may break off in a line that goes on.
    pub(super) fn finish(&mut self) -> Option<(u32, Vec<u8>)> {
        let (number, whole) = self.open.take()?;
        Some((number, if self.on { decode(&whole) } else { whole }))
    }
}

fn decode(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, after) = rest.split_at(at);
        plain.extend_from_slice(before);
        let byte = after
            .get(1..3)
            .filter(|hex| hex.is_ascii())
            .and_then(|hex| {
                let hex = std::str::from_utf8(hex).ok()?;
                u8::from_str_radix(hex, 16).ok()
            });
        let taken = if let Some(byte) = byte {
            plain.push(byte);
            3
        } else {
            plain.push(b'=');
            1
        };
        rest = after.get(taken..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &str) -> Vec<(u32, String)> {
        let mut decoder = Decoder::default();
        let mut all = Vec::new();
        for (number, line) in (1..).zip(log.lines()) {
            if let Some((number, whole)) = decoder.feed(number, line.as_bytes()) {
                all.push((number, String::from_utf8_lossy(&whole).into_owned()));
            }
        }
        if let Some((number, whole)) = decoder.finish() {
            all.push((number, String::from_utf8_lossy(&whole).into_owned()));
        }
        all
    }

    #[test]
    fn broken_lines_are_joined_under_their_first_number() {
        let log = "[   12.345678] mixer invoked oom-killer: gfp_mask=3D0xcc0(GFP_KER=\n\
                   NEL), order=3D0, oom_score_adj=3D0\n[   12.345679] a=20\nb";
        assert_eq!(
            lines(log),
            [
                (
                    1,
                    "[   12.345678] mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0".to_owned()
                ),
                (3, "[   12.345679] a ".to_owned()),
                (4, "b".to_owned())
            ]
        );
    }

    #[test]
    fn a_break_before_the_first_key() {
        let log = "[   12.345678] kworker/u128:4: page allocation failure: order:3, mode=\n\
                   :0x820(GFP_ATOMIC), nodemask=3D(null)";
        assert_eq!(
            lines(log),
            [(
                1,
                "[   12.345678] kworker/u128:4: page allocation failure: order:3, mode:0x820(GFP_ATOMIC), nodemask=(null)".to_owned()
            )]
        );
    }

    #[test]
    fn other_logs_stay_as_they_are() {
        for log in ["key=\nnext", "pa=3D00f0 rip=3D", "=\n="] {
            let plain: Vec<(u32, String)> = (1..).zip(log.lines().map(str::to_owned)).collect();
            assert_eq!(lines(log), plain, "{log}");
        }
    }

    #[test]
    fn a_log_that_ends_in_a_broken_line() {
        assert_eq!(lines("a order=3D1, b=").last().unwrap().1, "a order=1, b");
    }
}
