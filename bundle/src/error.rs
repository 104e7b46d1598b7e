//! What can go wrong with a bundle: kind, entry, and what to do.

use std::fmt;

/// Class of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reading or writing the underlying file failed.
    Io,
    /// The input is not a bundle at all.
    NotABundle,
    /// The bundle is of a format version that this program does not know.
    UnknownVersion,
    /// An entry has a path that is absolute, leaves the bundle or is malformed.
    BadPath,
    /// An entry is a link, a device, a pipe or another thing that is not a regular file.
    BadType,
    /// A cap of [`crate::limits`] was exceeded.
    TooLarge,
    /// The bytes of an entry do not have the checksum that the ledger states.
    BadChecksum,
    /// The writer was used out of order.
    Order,
}

/// An error about a bundle; its text names the entry and says what to do.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    entry: String,
    detail: String,
    source: Option<std::io::Error>,
}

impl Error {
    /// A new error about `entry` (may be empty when no entry was reached).
    pub fn new(kind: Kind, entry: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            entry: entry.into(),
            detail: detail.into(),
            source: None,
        }
    }

    /// An I/O error met at `entry`.
    pub fn io(entry: impl Into<String>, source: std::io::Error) -> Self {
        Self {
            kind: Kind::Io,
            entry: entry.into(),
            detail: source.to_string(),
            source: Some(source),
        }
    }

    /// Class of the error.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Path of the entry that the error is about; empty when none was reached.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// The operating system's error number, for [`Kind::Io`].
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.as_ref().and_then(std::io::Error::raw_os_error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Io => "cannot read or write the bundle",
            Kind::NotABundle => "not an oomscene bundle",
            Kind::UnknownVersion => "unknown bundle format",
            Kind::BadPath => "refused an entry with a dangerous path",
            Kind::BadType => "refused an entry that is not a regular file",
            Kind::TooLarge => "refused a bundle beyond its limits",
            Kind::BadChecksum => "an entry was changed after it was written",
            Kind::Order => "the bundle was written out of order",
        };
        if self.entry.is_empty() {
            write!(f, "{what}: {}", self.detail)
        } else {
            write!(f, "{what}: entry {:?}: {}", self.entry, self.detail)
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_ref()
            .map(|e| e as &(dyn std::error::Error + 'static))
    }
}
