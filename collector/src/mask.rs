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
mod signs;
mod value;
mod words;

use signs::{
    address, behind_user, flag_of, header, login, oracle, prefix, scheme, sentence, setting,
};
use value::Text;
use words::{SIGNS, Sign};

/// What stands for a secret.
pub const MASK: &str = "<masked>";
/// Fewest bytes of a signature.
const LONG_BYTES_MIN: usize = 16;

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

#[cfg(test)]
mod tests;
