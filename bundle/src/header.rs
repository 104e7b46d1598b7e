//! The first entry: which machine, which moment, which collector.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The three clocks of Linux read back to back, so that a kernel log stamp can be turned into wall
/// time later (`clock_gettime(2)`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Clocks {
    /// `CLOCK_REALTIME` in nanoseconds since 1970-01-01 UTC.
    pub realtime_ns: i128,
    /// `CLOCK_MONOTONIC` in nanoseconds; stops while suspended.
    pub monotonic_ns: i128,
    /// `CLOCK_BOOTTIME` in nanoseconds; counts suspended time too.
    pub boottime_ns: i128,
    /// How long the three readings took, in nanoseconds: the error of the triple.
    pub spread_ns: i128,
}

/// Which part of the machine the collector could see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// `host`, `container` or `unknown`.
    pub kind: String,
    /// Why it was judged so, for a reader who doubts it.
    pub reason: String,
    /// Identity of each namespace, for example `pid` → `pid:[4026531836]`.
    #[serde(default)]
    pub namespaces: BTreeMap<String, String>,
}

/// Content of `header.json`. Unknown fields of a newer minor version are ignored; missing optional
/// ones are `None`: a machine that refuses an answer still gets a bundle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`crate::layout::FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Name and version of the collector, for example `oomscene-collect 0.1.0`.
    pub tool: String,
    /// Target triple that the collector was built for.
    pub tool_target: String,
    /// `uname -n`.
    pub hostname: String,
    /// `uname -r`.
    pub kernel_release: String,
    /// `uname -v`.
    #[serde(default)]
    pub kernel_version: String,
    /// `uname -m`.
    pub machine: String,
    /// Page size of the machine in bytes (`AT_PAGESZ`).
    pub page_size_bytes: u64,
    /// Clock ticks per second of `/proc/*/stat` (`AT_CLKTCK`).
    pub clock_ticks_per_second: u64,
    /// `/proc/sys/kernel/random/boot_id`.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// `btime` of `/proc/stat`: seconds since 1970 when the machine booted.
    #[serde(default)]
    pub boot_time_utc_seconds: Option<i64>,
    /// The clock triple at the start of the collection.
    pub clocks: Clocks,
    /// Offset of local time from UTC in seconds, east positive.
    #[serde(default)]
    pub utc_offset_seconds: Option<i32>,
    /// Effective user id of the collector.
    pub effective_uid: u32,
    /// `CapEff` of `/proc/self/status` as a bit mask.
    #[serde(default)]
    pub effective_capabilities: Option<u64>,
    /// Which view of the machine the collector had.
    #[serde(default)]
    pub view: View,
    /// `--case` given by the user.
    #[serde(default)]
    pub case: Option<String>,
    /// `--label key=value` given by the user.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Process id of the collector: it and its children are not evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector_pid: Option<u32>,
    /// Root folder that was collected; `/` for the running machine.
    #[serde(default)]
    pub root: String,
}
