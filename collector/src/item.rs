//! One row of the catalogue: what is taken, how, how much, why, and with which right.

use std::time::Duration;

use oomscene_bundle::Outcome;

use crate::visit::{Census, Visit};

/// Default limit of one item in bytes.
const BYTES_MAX: usize = 1024 * 1024;
/// Default patience for one file or command.
const PATIENCE: Duration = Duration::from_millis(500);
/// What helps when a right was missing.
pub const AS_ROOT: &str = "run as root";

/// How an item is taken.
#[derive(Clone, Copy)]
pub enum Take {
    /// One file.
    File,
    /// Every file that matches the path, each its own entry.
    Glob {
        /// Most files taken; the ledger notes the rest.
        files_max: usize,
    },
    /// The last bytes of every file that matches the path: logs.
    Tail {
        /// Most files taken; the ledger notes the rest.
        files_max: usize,
    },
    /// What surrounds the words of memory failures in every log that matches, packed ones too.
    Logs {
        /// Paths with `*`.
        patterns: &'static [&'static str],
    },
    /// The same of the journal of systemd, as its own program reads it.
    Journal {
        /// What is asked for, such as `_TRANSPORT=kernel`.
        matches: &'static [&'static str],
    },
    /// Files found by a function, each its own entry.
    Each {
        /// Finds the folders.
        find: Find,
        /// Files to take in each folder.
        names: &'static [&'static str],
    },
    /// Files found by a function, packed in `head -v` form.
    Packed {
        /// Entry; a number is added unless it ends in `.txt`.
        into: &'static str,
        /// Finds the folders, or the files when `names` is empty.
        find: Find,
        /// Files to take in each folder.
        names: &'static [&'static str],
    },
    /// Made by a function, from files or system calls.
    Made(Probe),
    /// The last bytes of a command's standard output.
    Command {
        /// Programs with arguments; the next one is tried when one fails, because old systems do
        /// not know every option.
        tries: &'static [&'static [&'static str]],
    },
}

/// Finds the folders of an item.
pub type Find = fn(&mut Visit) -> Found;
/// Makes the entries of an item.
pub type Probe = fn(&mut Visit) -> Vec<Made>;
/// Reduces what was read to what may be written.
pub type Filter = fn(&[u8]) -> Vec<u8>;
/// Learns from what is read, so that nothing is read twice.
pub type Watch = fn(&mut Census, &str, &[u8]);
/// Says why an item is not taken on this machine.
pub type Gate = fn(&mut Visit) -> Option<String>;

/// What a [`Find`] found.
#[derive(Debug, Default)]
pub struct Found {
    /// Folders or files, relative to the root of the machine.
    pub paths: Vec<String>,
    /// Resident bytes of the process behind each path, when reading walks all of them while the
    /// process waits.
    pub walked_bytes: Option<Vec<u64>>,
    /// What was left out on purpose.
    pub left_out: Vec<LeftOut>,
    /// Why there is nothing, when there is nothing.
    pub nothing: String,
}

/// Something that a [`Find`] saw and left out.
#[derive(Debug)]
pub struct LeftOut {
    /// Path or pattern.
    pub path: String,
    /// Truncated when a limit cut it off, skipped when it was not wanted here.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// How to get it nevertheless.
    pub remedy: &'static str,
}

/// One entry made by a [`Probe`].
#[derive(Debug)]
pub struct Made {
    /// Path in the bundle.
    pub path: String,
    /// Content; ignored unless the outcome is captured or truncated.
    pub content: Vec<u8>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, when it is not a plain capture.
    pub reason: String,
    /// Error number of the operating system.
    pub errno: Option<i32>,
}

impl Made {
    /// A whole entry.
    pub fn captured(path: &str, content: Vec<u8>) -> Self {
        Self {
            path: path.to_owned(),
            content,
            outcome: Outcome::Captured,
            reason: String::new(),
            errno: None,
        }
    }

    /// No entry, and why.
    pub fn missing(path: &str, outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            content: Vec::new(),
            outcome,
            reason: reason.into(),
            errno: None,
        }
    }

    /// A pretty-printed JSON entry.
    pub fn json(path: &str, value: &serde_json::Value) -> Self {
        match serde_json::to_vec_pretty(value) {
            Ok(mut text) => {
                text.push(b'\n');
                Self::captured(path, text)
            }
            Err(error) => Self::missing(path, Outcome::Failed, error.to_string()),
        }
    }
}

/// What the rights of root change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Nothing.
    No,
    /// More of it is readable.
    Better,
    /// Without them it is not readable on an ordinary machine.
    Needed,
}

impl Root {
    /// The word of the catalogue.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Better => "better",
            Self::Needed => "needed",
        }
    }
}

/// What an item is worth when time or room runs short. The order is that of worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Explains details; the cause can be found without it.
    Low,
    /// The usual.
    Usual,
    /// Names the cause, the victim or the culprit.
    High,
}

impl Value {
    /// The word of the catalogue.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Usual => "usual",
            Self::High => "high",
        }
    }
}

/// Who does the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// This process: reads that cannot block.
    Direct,
    /// The reader process, which can be abandoned: reads that can block for ever.
    Reader,
    /// The reader process, or this one when no process can be started: reads that can be slow but
    /// are too important to depend on fork.
    ReaderIfAny,
}

/// One row of the catalogue.
#[derive(Clone, Copy)]
pub struct Item {
    /// Path or pattern, relative to the root of the machine; unique in the catalogue.
    pub path: &'static str,
    /// How it is taken.
    pub take: Take,
    /// Most bytes of one entry.
    pub bytes_max: usize,
    /// What it tells, in one line.
    pub why: &'static str,
    /// What the rights of root change.
    pub root: Root,
    /// How to get it when it is missing.
    pub remedy: &'static str,
    /// What it is worth when time or room runs short.
    pub value: Value,
    /// Who reads it.
    pub door: Door,
    /// How long one file or command may take.
    pub patience: Duration,
    /// Whether a second copy is taken at least a second later, for rates.
    pub twice: bool,
    /// Whether it only makes sense on the running machine.
    pub live_only: bool,
    /// Names that a pattern matches and that are not taken.
    pub except: &'static [&'static str],
    /// Reduces what was read.
    pub filter: Option<Filter>,
    /// Learns from what was read.
    pub watch: Option<Watch>,
    /// Why it is not taken here, if so.
    pub gate: Option<Gate>,
}

impl Item {
    /// A row with the usual limits.
    #[must_use]
    pub const fn new(path: &'static str, take: Take, why: &'static str) -> Self {
        Self {
            path,
            take,
            bytes_max: BYTES_MAX,
            why,
            root: Root::No,
            remedy: "",
            value: Value::Usual,
            door: Door::Direct,
            patience: PATIENCE,
            twice: false,
            live_only: false,
            except: &[],
            filter: None,
            watch: None,
            gate: None,
        }
    }

    /// A row for one file.
    #[must_use]
    pub const fn file(path: &'static str, why: &'static str) -> Self {
        Self::new(path, Take::File, why)
    }

    /// A row for all files that match `path`.
    #[must_use]
    pub const fn glob(path: &'static str, files_max: usize, why: &'static str) -> Self {
        Self::new(path, Take::Glob { files_max }, why)
    }

    /// A row made by `probe`.
    #[must_use]
    pub const fn made(path: &'static str, probe: Probe, why: &'static str) -> Self {
        Self::new(path, Take::Made(probe), why)
    }

    /// Limits one entry to `kib` KiB.
    #[must_use]
    pub const fn kib(mut self, kib: usize) -> Self {
        self.bytes_max = kib * 1024;
        self
    }

    /// Takes a second copy at least a second later.
    #[must_use]
    pub const fn twice(mut self) -> Self {
        self.twice = true;
        self
    }

    /// States what the rights of root change.
    #[must_use]
    pub const fn root(mut self, root: Root) -> Self {
        self.root = root;
        if !matches!(root, Root::No) {
            self.remedy = AS_ROOT;
        }
        self
    }

    /// States how to get it when it is missing.
    #[must_use]
    pub const fn remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = remedy;
        self
    }

    /// States what it is worth.
    #[must_use]
    pub const fn value(mut self, value: Value) -> Self {
        self.value = value;
        self
    }

    /// Reads in the reader process and waits at most `millis` for one file.
    #[must_use]
    pub const fn can_block(mut self, millis: u64) -> Self {
        self.door = Door::Reader;
        self.patience = Duration::from_millis(millis);
        self
    }

    /// Reads in the reader process if there is one, and waits at most `millis` for one file.
    #[must_use]
    pub const fn can_be_slow(mut self, millis: u64) -> Self {
        self.door = Door::ReaderIfAny;
        self.patience = Duration::from_millis(millis);
        self
    }

    /// Waits at most `seconds`.
    #[must_use]
    pub const fn patience(mut self, seconds: u64) -> Self {
        self.patience = Duration::from_secs(seconds);
        self
    }

    /// Makes sense on the running machine only.
    #[must_use]
    pub const fn live_only(mut self) -> Self {
        self.live_only = true;
        self
    }

    /// Leaves out files of these names.
    #[must_use]
    pub const fn except(mut self, names: &'static [&'static str]) -> Self {
        self.except = names;
        self
    }

    /// Writes only what `filter` leaves.
    #[must_use]
    pub const fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Lets `watch` see every file.
    #[must_use]
    pub const fn watch(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Skips the item where `gate` gives a reason.
    #[must_use]
    pub const fn gate(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }
}
