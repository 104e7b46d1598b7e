//! Who wrote a record, by the tag that syslog puts after date and host. Only what is plain to see
//! counts: the readers of logs know more forms.

use memchr::{memchr, memmem};

/// Bytes of `Aug 17 03:12:59 `.
const DATE_BYTES: usize = 16;

/// What stands before the message of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// The name of a program and its pid.
    Program,
    /// No date that syslog writes: it may go on the record before.
    Unstamped,
    /// A date, and the kernel's tag or none that tells.
    Other,
}

/// What `record` begins with.
pub(super) fn of(record: &[u8]) -> Tag {
    let Some(rest) = after_date(record) else {
        return Tag::Unstamped;
    };
    let tag = memchr(b' ', rest).and_then(|host| {
        let rest = rest.get(host + 1..)?;
        rest.get(..memchr(b' ', rest)?)
    });
    // A record that quotes the kernel, or is fused with one of its lines, is not a program's alone.
    match tag {
        Some(tag) if has_pid(tag) && memmem::find(record, b"kernel").is_none() => Tag::Program,
        _ => Tag::Other,
    }
}

/// `name[12]:`
fn has_pid(tag: &[u8]) -> bool {
    tag.strip_suffix(b"]:")
        .and_then(|tag| Some(tag.split_at(memchr(b'[', tag)?)))
        .is_some_and(|(name, pid)| {
            let pid = pid.get(1..).unwrap_or_default();
            name.first().is_some_and(u8::is_ascii_alphabetic)
                && !pid.is_empty()
                && pid.iter().all(u8::is_ascii_digit)
        })
}

/// What follows `Aug 17 03:12:59 ` or `2023-08-17T03:12:59.123+08:00 `.
fn after_date(record: &[u8]) -> Option<&[u8]> {
    let like = |form: &[u8]| {
        form.iter().zip(record).all(|(form, byte)| match form {
            b'A' => byte.is_ascii_alphabetic(),
            b'0' => byte.is_ascii_digit(),
            b'_' => byte.is_ascii_digit() || *byte == b' ',
            other => byte == other,
        }) && record.len() > form.len()
    };
    if like(b"AAA _0 00:00:00 ") {
        return record.get(DATE_BYTES..);
    }
    if like(b"0000-00-00T00:00:00") {
        return record.get(memchr(b' ', record)? + 1..);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told() {
        for record in [
            "Aug 17 03:12:59 host app[12]: took 7 ms\n",
            "Aug  7 03:12:59 host systemd-journal[1]: x",
            "2023-08-17T03:12:59.123456+08:00 host sshd[12]: x",
        ] {
            assert_eq!(of(record.as_bytes()), Tag::Program, "{record}");
        }
        for record in [
            "Aug 17 03:12:59 host kernel: took 7 ms",
            "Aug 17 03:12:59 host app: took 7 ms",
            "Aug 17 03:12:59 host app[12]: x Aug 17 03:12:59 host kernel: y",
            "Aug 17 03:12:59 host kernel[12]: x",
            "Aug 17 03:12:59 host [12]: x",
            "Aug 17 03:12:59 ",
            "2023-08-17T03:12:59.123456+08:00 host",
        ] {
            assert_ne!(of(record.as_bytes()), Tag::Program, "{record}");
        }
        for record in ["", "[    1.000000] x", "  at Main.java", "Aug 17 03:12"] {
            assert_eq!(of(record.as_bytes()), Tag::Unstamped, "{record}");
        }
    }
}
