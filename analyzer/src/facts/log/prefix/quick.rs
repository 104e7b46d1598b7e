//! The prefix that most lines of a long log have, read without patterns: `Aug 17 03:12:59 host
//! program[12]: `. Whatever is not exactly that is left to the patterns, which read the same out of it.

use super::{
    Prefixed,
    carrier::{self, HEADINGS},
};
use crate::facts::log::stamp::{Stamp, Wall, second_of_day};

/// Bytes of `Aug 17 03:12:59`.
const STAMP_BYTES: usize = 15;

const MONTHS: &[&str] = &[
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Takes stamp, host and program off, or nothing.
pub(super) fn stamp_and_host(found: &mut Prefixed<'_>) -> Option<()> {
    let line = found.text;
    if !found.format.is_empty() {
        return None;
    }
    let (written, rest) = line.split_at_checked(STAMP_BYTES)?;
    let wall = wall(written)?;
    // A year may follow the time.
    let rest = rest.strip_prefix(' ')?;
    if rest.starts_with(|c: char| c.is_ascii_digit())
        || HEADINGS.iter().any(|heading| rest.starts_with(heading))
    {
        return None;
    }
    let (host, rest) = word(rest)?;
    let (program, rest) = word(rest.strip_prefix(' ')?)?;
    if !program.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let rest = match rest.strip_prefix('[') {
        None => rest,
        Some(rest) => {
            let (pid, rest) = rest.split_once(']')?;
            if pid.is_empty() || !pid.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            rest
        }
    };
    let rest = rest.strip_prefix(':')?;
    found.stamp = Some(Stamp {
        text: written.to_owned(),
        uptime_us: None,
        wall: Some(wall),
        boot_id: None,
    });
    found.host = Some(host).filter(|host| carrier::is_host(host));
    found.program = Some(program);
    found.text = rest.strip_prefix(' ').unwrap_or(rest);
    found.format = "syslog";
    Some(())
}

/// `Aug 17 03:12:59`.
fn wall(written: &str) -> Option<Wall> {
    let is_digit = |at: usize| written.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let digits = [5, 7, 8, 10, 11, 13, 14].into_iter().all(is_digit);
    let tens = is_digit(4) || written.get(4..5)? == " ";
    let between = written.get(3..4)? == " " && written.get(6..7)? == " ";
    let colons = written.get(9..10)? == ":" && written.get(12..13)? == ":";
    if !(digits && tens && between && colons) {
        return None;
    }
    let month = written.get(..3)?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    Some(Wall {
        year: None,
        month_day: Some((
            i8::try_from(month + 1).ok()?,
            written.get(4..6)?.trim_start().parse().ok()?,
        )),
        second_of_day: second_of_day(written.get(7..)?)?,
        offset_seconds: None,
    })
}

/// The word at the start of `text`, up to what can end a host or a program, and the rest.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_graphic() || matches!(b, b':' | b'[' | b']'))?;
    let ascii = text.as_bytes().get(end)?.is_ascii();
    (end > 0 && ascii).then(|| text.split_at_checked(end))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_read_the_same() {
        for line in [
            "Aug 17 03:12:59 host kernel: [12.3] a",
            "Aug  7 03:12:59 host-1.x systemd[12]: a",
            "Aug  7 23:59:60 - app:a",
            "Aug  7 23:59:60 kern.warn kernel: a",
            "Aug 17 03:12:59 h daemon.info app[12]: a",
            "Aug 17 03:12:59 2023 h app[12]: a",
            "Aug 17 03:12:59 2 app: a",
            "Aug 17 03:12:59 h app[x]: a",
            "Aug 17 03:12:59 h app[12] a",
            "Aug 17 03:12:59 h app[12",
            "Aug 17 03:12:59 h\u{a0}x app: a",
            "Aug 17 03:12:59 h äpp: a",
            "Aug 17 03:12:59 hé app: a",
            "Aug 17 03:12:59 h (app): a",
            "Aug 17 03:12:59 Hardware name: x",
            "Aug 17 03:12:59 [h] kernel: x",
            "Aug 17 03:12:59 h",
            "Aug 17 03:12:59  h app: a",
            "Aug 17 03:12:59",
            "Aug 17 03:12:59\th app: a",
            "Aug 99 33:12:59 h app: a",
            "Xyz 17 03:12:59 h app: a",
            "May 01 03:12:59 h app: a",
            "Aug 1703:12:59 h app: a",
        ] {
            let mut quick = Prefixed {
                text: line,
                ..Prefixed::default()
            };
            let mut slow = quick.clone();
            carrier::stamp_and_host(&mut quick);
            carrier::by_patterns(&mut slow);
            assert_eq!(quick, slow, "{line}");
        }
    }
}
