//! One function for each sign of a secret: where the secret is that the sign stands for.

use std::ops::Range;

use super::MASK;
use super::value::Text;
use super::words::Flag;

/// How far behind its program's name a flag is searched, in bytes.
const FLAG_BYTES_MAX: usize = 8192;

/// `requirepass x`
pub(super) fn setting(text: Text<'_>, found: Range<usize>) -> Option<Range<usize>> {
    let at = text.while_fits(found.end, |b| matches!(b, b' ' | b'\t' | b'=' | b':' | 0));
    (at > found.end)
        .then(|| text.value(found.start, at))
        .flatten()
}

/// `Authorization: Bearer x`, `"Cookie": "a=b; c=d"`
pub(super) fn header(text: Text<'_>, found: Range<usize>) -> Option<Range<usize>> {
    let colon = text.while_fits(found.end, |b| matches!(b, b'"' | b'\'' | b'\\' | b' '));
    if !matches!(text.at(colon), Some(b':' | b'=')) {
        return None;
    }
    let mut at = text.while_fits(colon + 1, |b| {
        matches!(b, b' ' | b'"' | b'\'' | b'\\' | b'[')
    });
    for scheme in ["bearer ", "basic ", "digest ", "negotiate ", "token "] {
        if text
            .get(at..at + scheme.len())
            .eq_ignore_ascii_case(scheme.as_bytes())
        {
            at += scheme.len();
        }
    }
    let line_end = text.line_end(at);
    let end = text.while_fits(at, |b| {
        !matches!(b, b'"' | b'\'' | b'\\' | b'\r' | b'\n' | 0)
    });
    let range = at..end.min(line_end);
    let is_masked = text.get(range.clone()).starts_with(MASK.as_bytes());
    (!range.is_empty() && !is_masked).then_some(range)
}

/// `Bearer eyJ…`, `Basic dXNlcjpwYXNz`
pub(super) fn scheme(text: Text<'_>, found: Range<usize>) -> Option<Range<usize>> {
    let end = text.while_fits(found.end, is_token);
    let token = text.get(found.end..end);
    // `basic services` is English.
    let mixed = token.iter().any(u8::is_ascii_uppercase) as u8
        + token.iter().any(u8::is_ascii_lowercase) as u8
        + token.iter().any(u8::is_ascii_digit) as u8;
    (token.len() >= 8 && (mixed >= 2 || token.ends_with(b"="))).then_some(found.end..end)
}

/// `AKIA…`, `ghp_…`, `eyJ….….…`
pub(super) fn prefix(
    text: Text<'_>,
    word: &str,
    found: Range<usize>,
    more: usize,
) -> Option<Range<usize>> {
    let is_exact = text.get(found.clone()) == word.as_bytes();
    let is_start = !text
        .before(found.start)
        .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    // The parts of a hash of crypt(5) are separated by the sign that it begins with.
    let is_hash = word.starts_with('$');
    let end = text.while_fits(found.end, |b| is_token(b) || (is_hash && b == b'$'));
    (is_exact && is_start && end - found.end >= more).then_some(found.start..end)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+' | b'=' | b'~')
}

/// The password of `scheme://user:password@host`, or a token in the place of the user.
pub(super) fn address(text: Text<'_>, at: usize) -> Option<Range<usize>> {
    let is_inside = |b: u8| {
        !matches!(
            b,
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'<' | b'>' | 0
        )
    };
    let end = text.while_fits(at, is_inside);
    let user = text.while_fits(at, |b| {
        is_inside(b) && !matches!(b, b':' | b'/' | b'@' | b'?' | b'#')
    });
    match text.at(user)? {
        b'@' if user - at >= 16 => Some(at..user),
        b':' => {
            let rest = text.get(user + 1..end);
            let authority = rest
                .iter()
                .position(|b| matches!(b, b'/' | b'?' | b'#' | b','))
                .unwrap_or(rest.len());
            // A password may hold a slash that should have been written %2F.
            let head = rest.get(..authority).unwrap_or_default();
            let signs = match memchr::memrchr(b'@', head) {
                Some(at) => at,
                None if head.iter().all(u8::is_ascii_digit) => return None,
                None => memchr::memrchr(b'@', rest)?,
            };
            let range = user + 1..user + 1 + signs;
            let is_masked = text.get(range.clone()) == MASK.as_bytes();
            (!range.is_empty() && !is_masked).then_some(range)
        }
        _ => None,
    }
}

/// The password of `scott/tiger@…`
pub(super) fn oracle(text: Text<'_>, at: usize) -> Option<Range<usize>> {
    let at = text.while_fits(at, |b| b == b' ' || b == 0);
    let end = text.while_fits(at, |b| {
        !b.is_ascii_whitespace() && !matches!(b, 0 | b'"' | b'\'')
    });
    let word = text.get(at..end);
    let slash = memchr::memchr(b'/', word)?;
    let sign = memchr::memchr(b'@', word)?;
    (slash > 0 && slash + 1 < sign).then(|| at + slash + 1..at + sign)
}

/// `machine x login y password z` of netrc(5)
pub(super) fn login(text: Text<'_>, at: usize) -> Option<Range<usize>> {
    let is_word = |b: u8| !b.is_ascii_whitespace() && b != 0;
    let user = text.while_fits(at, is_word);
    let sign = b" password ";
    let value = user + sign.len();
    (user > at && text.get(user..value).eq_ignore_ascii_case(sign))
        .then(|| text.value(value, value))
        .flatten()
}

/// `A temporary password is generated for root@localhost: x`
pub(super) fn sentence(text: Text<'_>, at: usize) -> Option<Range<usize>> {
    let line = text.get(at..text.line_end(at));
    let colon = memchr::memmem::find(line, b": ")?;
    text.value(at + colon + 2, at + colon + 2)
}

/// The password behind a flag of a program.
pub(super) fn flag_of(
    text: Text<'_>,
    found: Range<usize>,
    flag: &str,
    kind: Flag,
) -> Option<Range<usize>> {
    let line_end = text.line_end(found.end).min(found.end + FLAG_BYTES_MAX);
    let mut at = found.end;
    loop {
        let rest = text.get(at..line_end);
        let start = at + memchr::memmem::find(rest, flag.as_bytes())?;
        at = start + flag.len();
        if !text.is_argument_start(start) {
            continue;
        }
        let value = text.while_fits(at, |b| matches!(b, b' ' | 0));
        let is_next = value > at;
        if (is_next && kind == Flag::Attached) || (!is_next && text.at(at) == Some(b'-')) {
            continue;
        }
        // `--user=x`; `-p=x` is a password that begins with the sign, or a flag: masked in both.
        let value = text.while_fits(value, |b| b == b'=' && flag.starts_with("--"));
        let value = text.value(start, value)?;
        if kind != Flag::BehindUser {
            return Some(value);
        }
        return behind_user(text, value);
    }
}

/// The password of `user:password` or `user%password`.
pub(super) fn behind_user(text: Text<'_>, both: Range<usize>) -> Option<Range<usize>> {
    let user = text.get(both.clone());
    let colon = user.iter().position(|b| matches!(b, b':' | b'%'))?;
    let password = both.start + colon + 1..both.end;
    let is_masked = text.get(password.clone()) == MASK.as_bytes();
    (!password.is_empty() && !is_masked).then_some(password)
}
