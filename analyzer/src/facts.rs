//! Facts: what the evidence says, by declared names, each with the lines that say it.
//!
//! Parsers put values under names of [`names`]; rules read them. A name that is declared and not
//! put is *unknown*: never zero, never false.

mod address_maps;
mod cgroup_path;
mod cgroup_tree;
mod cgroups;
mod containers;
mod derived;
pub mod gather;
mod header;
mod host;
pub mod json;
mod kernel_log;
pub mod log;
mod logs;
mod meminfo;
mod missing;
pub mod names;
mod nodes;
pub mod oom;
mod pressure;
mod probes;
mod process_detail;
mod processes;
mod ps;
pub mod schema;
mod sections;
mod slabinfo;
pub mod source;
mod swaps;
mod sysctl;
mod sysv;
#[cfg(test)]
mod testing;
mod tmpfs;
mod units;
pub mod value;
mod view;
mod vmstat;
mod wording;
mod zones;
mod zram;

pub use gather::gather;
pub use log::search;
pub use missing::why_missing;
pub use value::{Evidence, Fact, List, Quote, Record, Value};
pub use wording::told;

use crate::words::Bilingual;

/// Something that could not be read or understood: it is shown, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Entry or file.
    pub entry: String,
    /// Line, counted from 1; 0 when the gap is about the whole entry.
    pub line: u32,
    /// What is missing or was not understood.
    pub what: Bilingual,
}

/// All facts of one case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The tree of facts.
    pub root: Record,
    /// What could not be read or understood.
    pub gaps: Vec<Gap>,
    /// Ledger lines of the bundles that were read: why a fact is missing.
    pub ledger: Vec<oomscene_bundle::Line>,
    /// Process ids of the collectors that made the bundles: they and their children are no evidence.
    pub(crate) collector_pids: Vec<i64>,
}

impl Facts {
    /// The fact at a dotted path from the root.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Fact> {
        self.root.get(path)
    }

    /// Puts a value at a dotted path from the root.
    pub fn put(&mut self, path: &str, value: impl Into<Value>, evidence: Vec<Evidence>) {
        self.root.put(path, value, evidence);
    }

    /// Appends a record to the list at `path`, making the list if need be.
    pub fn push(&mut self, path: &str, record: Record) {
        self.root.push(path, record);
    }

    /// Notes a gap.
    pub fn gap(&mut self, entry: &str, line: u32, what: Bilingual) {
        self.gaps.push(Gap {
            entry: entry.to_owned(),
            line,
            what,
        });
    }
}
