//! `page allocation failure`: a request that failed without a kill.

use super::event::Seen;
use crate::facts::log::{
    pattern::{number, owned, pattern, text},
    stamp::Stamp,
};

/// One failure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllocationFailure {
    /// Who asked.
    pub comm: String,
    /// 2^order contiguous pages.
    pub order: Option<i64>,
    /// Allocation flags in hexadecimal.
    pub gfp_mask: Option<String>,
    /// Allocation flags by name.
    pub gfp_flags: Option<String>,
}

/// A failure and when it was logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The line.
    pub line: Seen<AllocationFailure>,
    /// Its stamp.
    pub stamp: Option<Stamp>,
}

pattern!(
    FAILURE,
    r"^(?P<comm>.*): page allocation failure[.:,] *(?:order:(?P<order>\d+)\b)?(?:.*?\bmode:(?P<mask>0x[0-9a-fA-F]+)(?:\((?P<flags>[^)]*)\)|[^0-9a-fA-F(]|$))?"
);

/// Reads the line, of any era.
#[must_use]
pub fn failure(line: &str) -> Option<AllocationFailure> {
    if !line.contains(": page allocation failure") {
        return None;
    }
    let groups = FAILURE.captures(line)?;
    Some(AllocationFailure {
        comm: owned(&groups, "comm"),
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
}
