//! The part of the view about the evidence itself and the machine that it is from.

use serde::Serialize;

use super::Item;
use crate::report::shown::Shown;

/// How far the evidence can be trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Quality {
    /// What the rules found about the evidence itself.
    pub notes: Vec<Item>,
    /// Where bundles are torn.
    pub torn: Vec<Shown>,
    /// Entries that differ from their checksum.
    pub changed: Vec<Shown>,
    /// What the kernel log covers.
    pub kernel_log: Option<KernelLog>,
    /// Log files and what they cover.
    pub logs: Vec<Log>,
    /// What could not be read or understood.
    pub gaps: Vec<Gap>,
    /// Gaps that are not listed.
    pub gaps_not_shown_count: usize,
    /// Items that the collector could not take.
    pub holes: Vec<Hole>,
    /// Holes that are not listed.
    pub holes_not_shown_count: usize,
}

/// What the kernel log covers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct KernelLog {
    /// Where it comes from.
    pub source: Option<Shown>,
    /// Nothing since boot is missing.
    pub whole_boot: Option<bool>,
    /// First stamp.
    pub first_text: Option<Shown>,
    /// Last stamp.
    pub last_text: Option<Shown>,
    /// Time between them.
    pub covers_seconds: Option<f64>,
    /// Records that were lost.
    pub lost_records_count: Option<i128>,
    /// Callbacks that the kernel did not print; not a number of kills.
    pub suppressed_count: Option<i128>,
}

/// One log file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Log {
    /// Entry or file.
    pub file: Shown,
    /// Prefix that was recognised.
    pub format: Option<Shown>,
    /// Lines.
    pub lines_count: Option<i128>,
    /// First stamp.
    pub first_text: Option<Shown>,
    /// Last stamp.
    pub last_text: Option<Shown>,
    /// Only a part of the file was taken.
    pub cut: Option<bool>,
}

/// Something that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Entry or file.
    pub file: Shown,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// What is missing.
    pub what: Shown,
}

/// An item that the collector could not take whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// Path that was tried.
    pub path: Shown,
    /// What became of it.
    pub outcome: oomscene_bundle::Outcome,
    /// Why.
    pub reason: Shown,
    /// How to get it.
    pub remedy: Shown,
}

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Machine {
    /// Node name.
    pub host: Option<Shown>,
    /// Distribution.
    pub os: Option<Shown>,
    /// `uname -r`.
    pub kernel_release: Option<Shown>,
    /// Architecture.
    pub architecture: Option<Shown>,
    /// Hardware or product.
    pub hardware: Option<Shown>,
    /// Hypervisor.
    pub virtualisation: Option<Shown>,
    /// Page size.
    pub page_size_bytes: Option<i128>,
    /// How it is known.
    pub page_size_reason: Option<Shown>,
    /// RAM.
    pub ram_bytes: Option<i128>,
    /// Swap.
    pub swap_total_bytes: Option<i128>,
    /// Processors.
    pub cpu_count: Option<i128>,
    /// Version of cgroups.
    pub cgroup_version: Option<Shown>,
    /// User address space, probed.
    pub user_address_bytes: Option<i128>,
    /// Time since boot.
    pub uptime_seconds: Option<f64>,
    /// Collector and version.
    pub collector: Option<Shown>,
    /// When the bundle was begun, in UTC.
    pub collected_utc: Option<String>,
    /// `host` or `container`.
    pub seen_from: Option<Shown>,
}
