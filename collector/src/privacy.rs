//! What leaves the machine: secrets never, names and addresses only when the operator did not ask
//! for pseudonyms. Everything that is written passes here.

use std::borrow::Cow;

use oomscene_bundle::{Error, Header, Line};

use crate::capture::Sink;
use crate::host::Host;
use crate::mask::Masker;
use crate::plan::Plan;

pub mod addresses;
pub mod pseudonyms;

pub use pseudonyms::Pseudonyms;

/// Masks and, if wanted, replaces.
#[derive(Debug)]
pub struct Privacy {
    masker: Masker,
    pseudonyms: Option<Pseudonyms>,
}

impl Privacy {
    /// As `plan` wants it for the machine `host`.
    #[must_use]
    pub fn new(host: &Host, plan: &Plan) -> Self {
        Self {
            masker: Masker::new(),
            pseudonyms: plan.pseudonymize.then(|| Pseudonyms::of(host)),
        }
    }

    /// What was replaced by what, when something was.
    #[must_use]
    pub fn into_pseudonyms(self) -> Option<Pseudonyms> {
        self.pseudonyms
    }

    /// The header without names, if so wanted.
    #[must_use]
    pub fn header(&mut self, header: Header) -> Header {
        let Some(pseudonyms) = &mut self.pseudonyms else {
            return header;
        };
        let text = serde_json::to_string(&header).unwrap_or_default();
        let text = pseudonyms.text(&text);
        // What cannot be read back must not leave with its names.
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A ledger line without names, if so wanted, and without secrets.
    #[must_use]
    pub fn line(&mut self, mut line: Line) -> Line {
        line.reason = self.masker.text(&line.reason);
        if let Some(pseudonyms) = &mut self.pseudonyms {
            for text in [&mut line.path, &mut line.reason, &mut line.remedy] {
                *text = pseudonyms.text(text);
            }
        }
        line
    }

    /// Content as it may leave, and how many secrets were masked in it.
    fn content<'c>(&mut self, content: &'c [u8]) -> (Cow<'c, [u8]>, u64) {
        let (clean, masked) = match self.masker.mask(content) {
            Some(masked) => (Cow::Owned(masked.bytes), masked.count),
            None => (Cow::Borrowed(content), 0),
        };
        let Some(pseudonyms) = &mut self.pseudonyms else {
            return (clean, masked);
        };
        match pseudonyms.replace(&clean) {
            Some(replaced) => (Cow::Owned(replaced), masked),
            None => (clean, masked),
        }
    }
}

/// A sink behind [`Privacy`].
pub struct Cleaned<'a> {
    /// Where it goes.
    pub sink: &'a mut dyn Sink,
    /// What must not go there.
    pub privacy: &'a mut Privacy,
}

impl Sink for Cleaned<'_> {
    fn put(&mut self, path: &str, content: &[u8], line: Line) -> Result<(), Error> {
        let (content, masked) = self.privacy.content(content);
        let mut line = self.privacy.line(line);
        line.masked = masked;
        let path = match &mut self.privacy.pseudonyms {
            Some(pseudonyms) => Cow::Owned(pseudonyms.text(path)),
            None => Cow::Borrowed(path),
        };
        self.sink.put(&path, &content, line)
    }

    fn note(&mut self, line: Line) {
        let line = self.privacy.line(line);
        self.sink.note(line);
    }
}
