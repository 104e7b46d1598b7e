//! What an error number says about an item.

use oomscene_bundle::Outcome;
use rustix::io::Errno;

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A system call failed.
    Errno(i32),
    /// It did not answer in time; the text says what was seen.
    TimedOut(String),
    /// It could not be done; the text says why.
    Failed(String),
    /// It was not tried; the text says why.
    NotTried(String),
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno.raw_os_error())
    }
}

impl Trouble {
    /// The outcome of an item that met this.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Errno(errno) => match Errno::from_raw_os_error(*errno) {
                // EOPNOTSUPP: the feature is switched off (psi=0); ESRCH: the process is gone.
                Errno::NOENT | Errno::NOTDIR | Errno::OPNOTSUPP | Errno::SRCH | Errno::NODEV => {
                    Outcome::Absent
                }
                Errno::ACCESS | Errno::PERM => Outcome::Denied,
                Errno::TIMEDOUT => Outcome::TimedOut,
                Errno::CANCELED => Outcome::Skipped,
                _ => Outcome::Failed,
            },
            Self::TimedOut(_) => Outcome::TimedOut,
            Self::Failed(_) => Outcome::Failed,
            Self::NotTried(_) => Outcome::Skipped,
        }
    }

    /// The reason in words.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Errno(errno) => words(Errno::from_raw_os_error(*errno)),
            Self::TimedOut(text) | Self::Failed(text) | Self::NotTried(text) => text.clone(),
        }
    }

    /// The error number, if there was one.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Errno(errno) => Some(*errno),
            Self::TimedOut(_) | Self::Failed(_) | Self::NotTried(_) => None,
        }
    }
}

/// An error number in words, without the number that `std` adds.
#[must_use]
pub fn words(errno: Errno) -> String {
    match errno {
        Errno::NOENT => "does not exist here".to_owned(),
        Errno::SRCH => "the process ended during the run".to_owned(),
        Errno::OPNOTSUPP => "switched off in this kernel".to_owned(),
        Errno::ACCESS | Errno::PERM => "permission denied".to_owned(),
        Errno::TIMEDOUT => "did not answer in time".to_owned(),
        Errno::CANCELED => "left out: what it lies on had not answered, or no process could be \
                            started that may hang there"
            .to_owned(),
        crate::host::NO_FILE => "not a regular file: not read".to_owned(),
        other => {
            let text = std::io::Error::from(other).to_string();
            text.split(" (os error")
                .next()
                .unwrap_or_default()
                .to_lowercase()
        }
    }
}
