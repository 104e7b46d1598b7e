//! The prefix that most lines of a long log have, read without patterns: `Aug 17 03:12:59 host
//! program[12]: `. Whatever is not exactly that is left to the patterns, which read the same out of it.

use super::{
    Prefixed,
    carrier::{self, HEADINGS},
};
use crate::facts::log::stamp::{Stamp, Wall, second_of_digits};

/// Bytes of `Aug 17 03:12:59`.
const STAMP_BYTES: usize = 15;

const MONTHS: &[[u8; 3]] = &[
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct",
    *b"Nov", *b"Dec",
];

/// Takes stamp, host and program off, or nothing.
pub(super) fn stamp_and_host(found: &mut Prefixed<'_>) -> Option<()> {
    let line = found.text;
    if !found.format.is_empty() {
        return None;
    }
    let wall = wall(line.as_bytes().first_chunk()?)?;
    let (written, rest) = line.split_at_checked(STAMP_BYTES)?;
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
fn wall(written: &[u8; STAMP_BYTES]) -> Option<Wall> {
    let [
        a,
        b,
        c,
        b' ',
        tens,
        ones,
        b' ',
        h,
        i,
        b':',
        m,
        n,
        b':',
        s,
        t,
    ] = written
    else {
        return None;
    };
    let digits = [ones, h, i, m, n, s, t].into_iter().all(u8::is_ascii_digit);
    if !digits || !(tens.is_ascii_digit() || *tens == b' ') {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == [*a, *b, *c])?;
    // A blank has the four lowest bits of a nought.
    let day = i8::try_from((tens & 0xf) * 10 + (ones & 0xf)).ok()?;
    Some(Wall {
        year: None,
        month_day: Some((i8::try_from(month + 1).ok()?, day)),
        second_of_day: second_of_digits([*h, *i, *m, *n, *s, *t])?,
        offset_seconds: None,
    })
}

/// The word at the start of `text`, up to what can end a host or a program, and the rest.
fn word(text: &str) -> Option<(&str, &str)> {
    let ends = |b: &u8| !matches!(b, b'!'..=b'9' | b';'..=b'Z' | b'\\' | b'^'..=b'~');
    let end = text.as_bytes().iter().position(ends)?;
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
