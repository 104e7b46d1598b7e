//! Masks secrets before they reach the disk: passwords, tokens and keys in command lines,
//! environments, configuration and logs. `token=abc` becomes `token=<masked>`.
//!
//! All signs of secrets are searched in one pass; only where one stands is the text around it looked
//! at. What has no sign is never touched: numbers, process ids, container ids.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

mod audit;
mod blocks;
mod layout;
mod value;
mod words;

use value::Text;
use words::{Flag, SIGNS, Sign};

/// What stands for a secret.
pub const MASK: &str = "<masked>";
/// Fewest bytes of a signature.
const LONG_BYTES_MIN: usize = 16;
/// How far behind its program's name a flag is searched, in bytes.
const FLAG_BYTES_MAX: usize = 8192;

/// Names of secrets, in lower case, for those who search with other means.
pub fn names() -> impl Iterator<Item = &'static str> {
    let plain = |word: &&str| !word.contains('"');
    let names = SIGNS.iter().filter(|(_, sign)| *sign == Sign::Name);
    names.map(|(word, _)| *word).filter(plain).chain(["pwd"])
}

/// Texts that secrets of known form begin with.
pub fn prefixes() -> impl Iterator<Item = &'static str> {
    let is_prefix = |sign: &Sign| matches!(sign, Sign::Prefix(_));
    SIGNS
        .iter()
        .filter(move |(_, sign)| is_prefix(sign))
        .map(|(word, _)| *word)
}

/// A search for secrets.
#[derive(Debug)]
pub struct Masker {
    search: Option<AhoCorasick>,
}

/// A text without its secrets.
#[derive(Debug)]
pub struct Masked {
    /// The text.
    pub bytes: Vec<u8>,
    /// How many secrets were masked.
    pub count: u64,
}

/// What replaces a range.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    /// [`MASK`] when there is nothing else.
    with: Option<Vec<u8>>,
}

impl Default for Masker {
    fn default() -> Self {
        Self::new()
    }
}

impl Masker {
    /// Prepares the search.
    #[must_use]
    pub fn new() -> Self {
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // Of `authorization` and `auth` at one place both are wanted.
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(SIGNS.iter().map(|(word, _)| word))
            // Literals of a fixed table: this cannot fail, which a test proves.
            .ok();
        Self { search }
    }

    /// `content` without its secrets; `None` when there is none.
    #[must_use]
    pub fn mask(&self, content: &[u8]) -> Option<Masked> {
        let edits = self.find(content);
        if edits.is_empty() {
            return None;
        }
        let mut bytes = Vec::with_capacity(content.len() + edits.len() * MASK.len());
        let mut copied = 0;
        for edit in &edits {
            bytes.extend_from_slice(content.get(copied..edit.range.start).unwrap_or_default());
            bytes.extend_from_slice(edit.with.as_deref().unwrap_or(MASK.as_bytes()));
            copied = edit.range.end;
        }
        bytes.extend_from_slice(content.get(copied..).unwrap_or_default());
        Some(Masked {
            bytes,
            count: edits.len() as u64,
        })
    }

    /// `text` without its secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        match self.mask(text.as_bytes()) {
            Some(masked) => String::from_utf8_lossy(&masked.bytes).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Secrets in their order; none overlaps another.
    fn find(&self, content: &[u8]) -> Vec<Edit> {
        let text = Text(content);
        let mut edits = Vec::new();
        // What lies before this was looked at as part of something else.
        let mut done = 0;
        let Some(search) = &self.search else {
            return edits;
        };
        for found in search.find_overlapping_iter(content) {
            if found.start() < done {
                continue;
            }
            let Some((word, sign)) = SIGNS.get(found.pattern().as_usize()) else {
                continue;
            };
            let before = edits.len();
            let range = found.start()..found.end();
            if let Some(to) = self.look(text, word, *sign, range, &mut edits) {
                done = to;
            }
            if let Some(last) = edits.get(before..).and_then(<[Edit]>::last) {
                done = done.max(last.range.end);
            }
        }
        edits.sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.range.end)));
        let mut end = 0;
        edits.retain(|edit| {
            let fits = edit.range.start >= end;
            end = end.max(edit.range.end);
            fits
        });
        edits
    }

    /// Looks at one sign. Tells up to where everything was looked at, when that is beyond the secret.
    fn look(
        &self,
        text: Text<'_>,
        word: &str,
        sign: Sign,
        found: Range<usize>,
        edits: &mut Vec<Edit>,
    ) -> Option<usize> {
        let mut mask = |range: Option<Range<usize>>| {
            edits.extend(range.map(|range| Edit { range, with: None }));
        };
        match sign {
            Sign::Name | Sign::WordAndEquals => {
                let alone = sign == Sign::WordAndEquals;
                if let Some(value) = text.behind_name(found.clone(), alone) {
                    let more = layout::more_lines(text, text.name_start(found.start), &value);
                    let all = std::iter::once(value).filter(|value| !value.is_empty());
                    all.chain(more).for_each(|range| mask(Some(range)));
                }
            }
            Sign::UserAndPassword => {
                let at = text.while_fits(found.end, |b| matches!(b, b' ' | b'=' | 0));
                let user = (at > found.end).then(|| text.value(found.start, at));
                mask(user.flatten().and_then(|user| behind_user(text, user)));
            }
            Sign::LongAndEquals => {
                let value = text.behind_name(found, true);
                mask(value.filter(|value| value.len() >= LONG_BYTES_MIN));
            }
            Sign::Login => mask(login(text, found.end)),
            Sign::Setting => mask(setting(text, found)),
            Sign::Header => mask(header(text, found)),
            Sign::Scheme => mask(scheme(text, found)),
            Sign::Prefix(more) => mask(prefix(text, word, found, more)),
            Sign::Address => mask(address(text, found.end)),
            Sign::Oracle => mask(oracle(text, found.end)),
            Sign::Program(flag, kind) => mask(flag_of(text, found, flag, kind)),
            Sign::Sentence => mask(sentence(text, found.end)),
            Sign::Quoted => {
                let at = text.while_fits(found.end, |b| b == b' ' || b == b'\\');
                let is_quoted = matches!(text.at(at), Some(b'"' | b'\''));
                mask(is_quoted.then(|| text.value(at, at)).flatten());
            }
            Sign::BlockStart => {
                let (ranges, to) = blocks::behind_start(text, found);
                edits.extend(ranges.into_iter().map(|range| Edit { range, with: None }));
                return Some(to);
            }
            Sign::BlockEnd => {
                let ranges = blocks::before_end(text, found);
                edits.extend(ranges.into_iter().map(|range| Edit { range, with: None }));
            }
            Sign::AuditArguments => {
                let (found, to) = audit::arguments(self, text, found.end);
                edits.extend(found.into_iter().map(|(range, with)| Edit {
                    range,
                    with: Some(with),
                }));
                return Some(to);
            }
            Sign::AuditTitle => {
                let title = audit::title(self, text, found.end);
                edits.extend(title.map(|(range, with)| Edit {
                    range,
                    with: Some(with),
                }));
            }
        }
        None
    }
}

/// `requirepass x`
fn setting(text: Text<'_>, found: Range<usize>) -> Option<Range<usize>> {
    let at = text.while_fits(found.end, |b| matches!(b, b' ' | b'\t' | b'=' | b':' | 0));
    (at > found.end)
        .then(|| text.value(found.start, at))
        .flatten()
}

/// `Authorization: Bearer x`, `"Cookie": "a=b; c=d"`
fn header(text: Text<'_>, found: Range<usize>) -> Option<Range<usize>> {
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
fn scheme(text: Text<'_>, found: Range<usize>) -> Option<Range<usize>> {
    let end = text.while_fits(found.end, is_token);
    let token = text.get(found.end..end);
    // `basic services` is English.
    let mixed = token.iter().any(u8::is_ascii_uppercase) as u8
        + token.iter().any(u8::is_ascii_lowercase) as u8
        + token.iter().any(u8::is_ascii_digit) as u8;
    (token.len() >= 8 && (mixed >= 2 || token.ends_with(b"="))).then_some(found.end..end)
}

/// `AKIA…`, `ghp_…`, `eyJ….….…`
fn prefix(text: Text<'_>, word: &str, found: Range<usize>, more: usize) -> Option<Range<usize>> {
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
fn address(text: Text<'_>, at: usize) -> Option<Range<usize>> {
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
fn oracle(text: Text<'_>, at: usize) -> Option<Range<usize>> {
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
fn login(text: Text<'_>, at: usize) -> Option<Range<usize>> {
    let is_word = |b: u8| !b.is_ascii_whitespace() && b != 0;
    let user = text.while_fits(at, is_word);
    let sign = b" password ";
    let value = user + sign.len();
    (user > at && text.get(user..value).eq_ignore_ascii_case(sign))
        .then(|| text.value(value, value))
        .flatten()
}

/// `A temporary password is generated for root@localhost: x`
fn sentence(text: Text<'_>, at: usize) -> Option<Range<usize>> {
    let line = text.get(at..text.line_end(at));
    let colon = memchr::memmem::find(line, b": ")?;
    text.value(at + colon + 2, at + colon + 2)
}

/// The password behind a flag of a program.
fn flag_of(text: Text<'_>, found: Range<usize>, flag: &str, kind: Flag) -> Option<Range<usize>> {
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
fn behind_user(text: Text<'_>, both: Range<usize>) -> Option<Range<usize>> {
    let user = text.get(both.clone());
    let colon = user.iter().position(|b| matches!(b, b':' | b'%'))?;
    let password = both.start + colon + 1..both.end;
    let is_masked = text.get(password.clone()) == MASK.as_bytes();
    (!password.is_empty() && !is_masked).then_some(password)
}

#[cfg(test)]
mod tests;
