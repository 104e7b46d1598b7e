//! Units whose process was killed or that failed, as systemd logs them.

use super::{
    line::{Line, Origin},
    pattern::{owned, pattern, text},
    stamp::Stamp,
};
use crate::facts::{Evidence, Record};

/// One unit that lost its process or failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UnitExit {
    pub(super) unit: String,
    /// `Failed with result '…'`; empty when only the exit was logged.
    pub(super) result: String,
    /// The main process ended by signal 9.
    pub(super) killed: bool,
    pub(super) stamp: Option<Stamp>,
    pub(super) host: Option<String>,
    pub(super) index: u64,
    pub(super) evidence: Vec<Evidence>,
}

// Up to v219 (EL7) the unit stands first and `main` is lower-case.
pattern!(
    EXITED,
    r"^(?P<unit>\S+): [Mm]ain process exited, code=killed, status=9(?:/KILL)?"
);
pattern!(
    FAILED,
    r"^(?P<unit>\S+): Failed with result '(?P<result>[a-z-]+)'"
);
pattern!(
    NOTICE,
    r"^(?P<unit>\S+): A process of this unit has been killed by the OOM killer"
);

/// How far apart the lines of one exit may lie, in records.
const LINES_APART_MAX: u64 = 50;

/// Reads one line into `exits`.
pub(super) fn read(line: &Line<'_>, index: u64, exits: &mut Vec<UnitExit>) {
    if !matches!(line.origin, Origin::Program("systemd")) {
        return;
    }
    let bare = line.bare();
    let (unit, result, killed) = if let Some(groups) = EXITED.captures(bare) {
        (owned(&groups, "unit"), "", true)
    } else if let Some(groups) = FAILED.captures(bare) {
        let result = text(&groups, "result").unwrap_or_default();
        // A plain exit code is no kill: too many services fail for their own reasons.
        if !matches!(result, "oom-kill" | "signal" | "core-dump" | "watchdog") {
            return;
        }
        (owned(&groups, "unit"), result, false)
    } else if let Some(groups) = NOTICE.captures(bare) {
        (owned(&groups, "unit"), "oom-kill", false)
    } else {
        return;
    };
    let known = exits.iter_mut().rev().find(|e| {
        e.unit == unit && index.saturating_sub(e.index) <= LINES_APART_MAX && (!killed || !e.killed)
    });
    if let Some(exit) = known {
        exit.killed |= killed;
        if exit.result.is_empty() {
            result.clone_into(&mut exit.result);
        }
        exit.evidence.push(line.evidence());
        return;
    }
    exits.push(UnitExit {
        unit,
        result: result.to_owned(),
        killed,
        stamp: line.stamp.cloned(),
        host: line.host.map(str::to_owned),
        index,
        evidence: vec![line.evidence()],
    });
}

impl UnitExit {
    /// The record of this exit.
    pub(super) fn record(&self) -> Record {
        let place = &self.evidence;
        let mut record = Record::new();
        record.put("unit", self.unit.as_str(), place.clone());
        record.put("result", self.result.as_str(), place.clone());
        record.put("killed", self.killed, place.clone());
        let time = self.stamp.as_ref().map(|s| s.text.clone());
        record.put_some("time_text", time, place);
        record.put("line_index", self.index, place.clone());
        record
    }
}
