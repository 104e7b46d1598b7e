//! Memory calls that failed, and how the process ended, in the output of strace.

use super::{
    line::Line,
    pattern::{owned, pattern, text},
};
use crate::facts::{Evidence, Record};

/// One line of interest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    call: String,
    error: String,
    size_bytes: Option<u64>,
    time: Option<String>,
    evidence: Evidence,
}

pattern!(
    FAILED,
    r"^(?:\[pid +\d+\] |\d+ +)?(?:(?P<time>\d\d:\d\d:\d\d(?:\.\d+)?|\d{9,10}\.\d+) )?(?P<call>mmap2?|brk|mremap|clone3?|v?fork|mprotect|madvise|shmget|mlock(?:all)?)\((?P<arguments>.*)\) += -1 (?P<error>ENOMEM|EAGAIN)\b"
);
pattern!(
    ENDED,
    r"^(?:\[pid +\d+\] |\d+ +)?(?:(?P<time>\d\d:\d\d:\d\d(?:\.\d+)?|\d{9,10}\.\d+) )?\+\+\+ killed by (?P<signal>SIG[A-Z0-9]+)"
);

/// Words of these lines.
pub(super) const MARKERS: &[&str] = &["+++ killed by", " = -1 E"];

/// Reads one line.
pub(super) fn call(line: &Line<'_>) -> Option<Call> {
    let bare = line.bare();
    if bare.contains("+++ killed by") {
        let groups = ENDED.captures(bare)?;
        return Some(Call {
            call: "killed".into(),
            error: owned(&groups, "signal"),
            size_bytes: None,
            time: text(&groups, "time").map(str::to_owned),
            evidence: line.evidence(),
        });
    }
    if !bare.contains(" = -1 E") {
        return None;
    }
    let groups = FAILED.captures(bare)?;
    let call = owned(&groups, "call");
    // The length is the second argument, of mremap the third.
    let place = if call == "mremap" { 2 } else { 1 };
    let arguments = text(&groups, "arguments").unwrap_or_default();
    let size_bytes = matches!(
        call.as_str(),
        "mmap" | "mmap2" | "mremap" | "mprotect" | "madvise" | "mlock" | "shmget"
    )
    .then(|| arguments.split(',').nth(place)?.trim().parse().ok())
    .flatten();
    Some(Call {
        call,
        error: owned(&groups, "error"),
        size_bytes,
        time: text(&groups, "time").map(str::to_owned),
        evidence: line.evidence(),
    })
}

impl Call {
    /// The record of this call.
    pub(super) fn record(&self) -> Record {
        let place = vec![self.evidence.clone()];
        let mut record = Record::new();
        record.put("call", self.call.as_str(), place.clone());
        record.put("error", self.error.as_str(), place.clone());
        record.put_some("size_bytes", self.size_bytes, &place);
        record.put_some("time_text", self.time.clone(), &place);
        record
    }
}
