//! `page allocation failure`: a request that failed without a kill.

use super::{
    event::{MemoryDump, Seen},
    invocation::Cpu,
    prose,
};
use crate::facts::Evidence;
use crate::facts::log::{
    pattern::{number, pattern, text},
    stamp::Stamp,
};

/// One failure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllocationFailure {
    /// Who asked; empty when the line does not say.
    pub comm: String,
    /// 2^order contiguous pages.
    pub order: Option<i64>,
    /// Allocation flags in hexadecimal.
    pub gfp_mask: Option<String>,
    /// Allocation flags by name.
    pub gfp_flags: Option<String>,
    /// Nodes that the request may use; `None` when not printed or unrestricted.
    pub nodemask: Option<String>,
    /// Last part of the cpuset path of the one that asked (5.0 and later).
    pub cpuset: Option<String>,
    /// Nodes that its cpuset allows (5.0 and later).
    pub mems_allowed: Option<String>,
}

/// A failure, when it was logged, and the dump that follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The line.
    pub line: Seen<AllocationFailure>,
    /// Its stamp.
    pub stamp: Option<Stamp>,
    /// Stamp of its last line.
    pub last_stamp: Option<Stamp>,
    /// `CPU: … PID: … Comm: …` line.
    pub cpu: Option<Seen<Cpu>>,
    /// Hardware name.
    pub hardware: Option<Seen<String>>,
    /// Functions of the call trace, innermost first.
    pub frames: Vec<Seen<String>>,
    /// Memory of the machine.
    pub memory: MemoryDump,
    /// Whether its stamps are those of `/dev/kmsg` of the boot that the header describes.
    pub this_boot: bool,
    /// Boot that it belongs to, counted from 1 among those of the case.
    pub boot: Option<u64>,
    /// Whether its wall time was computed by `dmesg -T`, which drifts.
    pub time_computed: bool,
    /// Lines inside its dump that nothing understood.
    pub drift: Vec<Evidence>,
    /// How many of them there were.
    pub drift_count: u64,
}

impl Failure {
    /// A failure of which only the first line is known.
    #[must_use]
    pub fn new(line: Seen<AllocationFailure>, stamp: Option<Stamp>) -> Self {
        Self {
            line,
            last_stamp: stamp.clone(),
            stamp,
            cpu: None,
            hardware: None,
            frames: Vec::new(),
            memory: MemoryDump::default(),
            this_boot: false,
            boot: None,
            time_computed: false,
            drift: Vec::new(),
            drift_count: 0,
        }
    }
}

pattern!(
    FAILURE,
    r"^(?:(?P<comm>.*): )?page allocation failure[.:,] *(?:order:(?P<order>\d+)(?: *$|,(?:.*?\bmode:(?P<mask>0x[0-9a-fA-F]+)(?:\((?P<flags>[^)]*)\)|[^0-9a-fA-F(]|$))?)|$)"
);

/// Reads the line of Linux 2.4, which names nobody.
fn of_2_4(line: &str) -> Option<AllocationFailure> {
    pattern!(
        OLD,
        r"^__alloc_pages: (?P<order>\d+)-order allocation failed(?:\.| \(gfp=(?P<mask>0x[0-9a-f]+)/\d+\))"
    );
    let groups = OLD.captures(line)?;
    Some(AllocationFailure {
        order: number(&groups, "order"),
        gfp_mask: text(&groups, "mask").map(str::to_owned),
        ..AllocationFailure::default()
    })
}

/// Reads the line, of any era.
#[must_use]
pub fn failure(line: &str) -> Option<AllocationFailure> {
    if line.starts_with("__alloc_pages: ") {
        return of_2_4(line);
    }
    if !line.contains("page allocation failure") || prose::is_prose(line) {
        return None;
    }
    pattern!(
        REST,
        r"\bnodemask=(?:\(null\)|(?P<nodes>[0-9][0-9,-]*?))(?:,cpuset=(?P<cpuset>.*?),mems_allowed=(?P<mems>[0-9,-]*))?$"
    );
    let groups = FAILURE.captures(line)?;
    // Patches cut the name off; a sentence has more before the words than a name.
    let comm = match text(&groups, "comm") {
        Some(before) => prose::comm(before)?,
        None => "",
    };
    let rest = REST.captures(line);
    let of_rest = |name| rest.as_ref().and_then(|g| text(g, name)).map(str::to_owned);
    Some(AllocationFailure {
        nodemask: of_rest("nodes"),
        cpuset: of_rest("cpuset"),
        mems_allowed: of_rest("mems"),
        comm: comm.to_owned(),
        order: number(&groups, "order"),
        gfp_mask: text(&groups, "mask").map(str::to_owned),
        gfp_flags: text(&groups, "flags").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_eras() {
        for (line, flags) in [
            ("a b: page allocation failure. order:4, mode:0xd0", None),
            (
                "a b: page allocation failure: order:4, mode:0x24040c0(GFP_KERNEL|__GFP_COMP)",
                Some("GFP_KERNEL|__GFP_COMP"),
            ),
            (
                "a b: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null),cpuset=/,mems_allowed=0",
                Some("GFP_KERNEL|__GFP_COMP"),
            ),
        ] {
            let read = failure(line).unwrap();
            assert_eq!((read.comm.as_str(), read.order), ("a b", Some(4)));
            assert_eq!(read.gfp_flags.as_deref(), flags, "{line}");
            assert!(read.gfp_mask.is_some(), "{line}");
        }
        assert!(failure("a: page allocation stalls for 10000ms, order:0").is_none());
    }

    #[test]
    fn linux_2_4() {
        let read = failure("__alloc_pages: 3-order allocation failed (gfp=0x1d2/0)").unwrap();
        assert_eq!(
            (read.comm.as_str(), read.order, read.gfp_mask.as_deref()),
            ("", Some(3), Some("0x1d2"))
        );
    }

    #[test]
    fn a_name_may_lack_and_a_sentence_is_no_line() {
        let bare = failure("page allocation failure: order:3, mode:0x820(GFP_ATOMIC)").unwrap();
        assert_eq!((bare.comm.as_str(), bare.order), ("", Some(3)));
        for line in [
            "Subject: worker: page allocation failure. order:3, mode:0x20",
            "Fix: page allocation failure: order:4 on resume",
            "since then I see 'worker: page allocation failure. order:3, mode:0x20' but",
            "a `page allocation failure: order:3, mode:0x20` is harmless",
        ] {
            assert_eq!(failure(line), None, "{line}");
        }
    }
}
