//! A whole bundle in memory: what was collected, what the ledger says, what a tear left whole.

use std::collections::BTreeMap;
use std::io::Read;

use crate::walk::walk;
use crate::{End, Error, Header, Line, layout};

/// One evidence entry of a bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path below the top folder, as on the machine without its leading `/`.
    pub path: String,
    /// The bytes as collected.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Entry {
    /// The length instead of the content: an entry may have hundreds of megabytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({:?}, {} bytes)", self.path, self.content.len())
    }
}

/// Where and why a bundle ends before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tear {
    /// Last whole entry before the tear; empty when only the header survived.
    pub after: String,
    /// What the stream said.
    pub reason: String,
}

/// A whole bundle in memory: small by construction (see [`crate::limits`]).
#[derive(Debug, Default)]
pub struct Reader {
    /// The header.
    pub header: Header,
    /// Top folder.
    pub top: String,
    /// Evidence entries in the order of collection.
    pub entries: Vec<Entry>,
    /// Ledger lines of all rooms that were finished.
    pub ledger: Vec<Line>,
    /// The end record; `None` in a torn bundle.
    pub end: Option<End>,
    /// Where the bundle is torn, if it is.
    pub tear: Option<Tear>,
    /// Entries whose bytes differ from the checksum in the ledger.
    pub changed: Vec<String>,
}

impl Reader {
    /// Reads a bundle from a gzip stream.
    ///
    /// A torn stream is not an error: what came before the tear is handed out and
    /// [`Reader::tear`] says where it was.
    ///
    /// # Errors
    /// [`crate::Kind::NotABundle`] when no header could be read, [`crate::Kind::UnknownVersion`],
    /// [`crate::Kind::BadPath`], [`crate::Kind::BadType`] and [`crate::Kind::TooLarge`] for hostile input; each names
    /// the entry.
    pub fn read(input: impl Read) -> Result<Self, Error> {
        let mut bundle = Self::default();
        let walked = walk(input, &mut |entry| {
            // The stated size is the sender's claim: grow with what really comes.
            let mut content = Vec::new();
            entry
                .content
                .read_to_end(&mut content)
                .map_err(|e| Error::io(entry.path, e))?;
            bundle.keep(entry.path, content);
            Ok(())
        })?;
        bundle.header = walked.header;
        bundle.top = walked.top;
        bundle.tear = walked.tear;
        if bundle.end.is_some() {
            // Whatever follows the end record is no evidence.
            bundle.tear = None;
        } else if bundle.tear.is_none() {
            bundle.tear = Some(Tear {
                after: bundle
                    .entries
                    .last()
                    .map_or_else(String::new, |e| e.path.clone()),
                reason: format!("{} is damaged", layout::END),
            });
        }
        bundle.verify();
        Ok(bundle)
    }

    /// Content of the entry at `path`.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&[u8]> {
        self.entries
            .iter()
            .find(|e| e.path == path)
            .map(|e| e.content.as_slice())
    }

    fn keep(&mut self, path: &str, content: Vec<u8>) {
        if path == layout::HEADER {
            // Walking has read it.
        } else if path == layout::END {
            self.end = serde_json::from_slice(&content).ok();
        } else if path.starts_with(layout::LEDGER_DIR) {
            let lines = content.split(|b| *b == b'\n').filter(|l| !l.is_empty());
            self.ledger
                .extend(lines.filter_map(|l| serde_json::from_slice::<Line>(l).ok()));
        } else {
            self.entries.push(Entry {
                path: path.to_owned(),
                content,
            });
        }
    }

    fn verify(&mut self) {
        let stated: BTreeMap<&str, &str> = self
            .ledger
            .iter()
            .filter_map(|l| Some((l.path.as_str(), l.sha256.as_deref()?)))
            .collect();
        let wrong = |e: &&Entry| {
            stated
                .get(e.path.as_str())
                .is_some_and(|sum| *sum != crate::writer::sha256_hex(&e.content))
        };
        self.changed = self
            .entries
            .iter()
            .filter(wrong)
            .map(|e| e.path.clone())
            .collect();
    }
}
