//! Units whose process was killed or that failed, and how large they were, as systemd logs them.

use super::{
    line::{Line, Origin},
    pattern::{number, owned, pattern, text},
    said::Said,
};
use crate::facts::Record;

/// One unit that lost its process or failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct UnitExit {
    pub(super) unit: String,
    /// `Failed with result '…'`; empty when only the exit was logged.
    pub(super) result: String,
    /// The main process ended by signal 9.
    pub(super) killed: bool,
    /// A process that helps the unit to start or stop ended by signal 9.
    control_killed: bool,
    /// systemd itself sent the signal: the unit did not stop in time, or its watchdog was not fed.
    pub(super) by_systemd: bool,
    /// Processes that systemd-oomd killed in it.
    oomd_killed_count: Option<u64>,
}

/// What a unit used, as systemd sums it up when it ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UnitUsage {
    unit: String,
    memory_peak_bytes: Option<u64>,
    swap_peak_bytes: Option<u64>,
}

// Up to v219 (EL7) the unit stands first and `main` is lower-case.
pattern!(
    EXITED,
    r"^(?P<unit>\S+): (?P<which>[Mm]ain|[Cc]ontrol) process exited, code=killed, status=9(?:/KILL)?"
);
pattern!(
    FAILED,
    r"^(?P<unit>\S+): Failed with result '(?P<result>[a-z-]+)'"
);
pattern!(
    NOTICE,
    r"^(?P<unit>\S+): A process of this unit has been killed by the OOM killer"
);
pattern!(
    OOMD,
    r"^(?P<unit>\S+): systemd-oomd killed (?:(?P<count>\d+)|some) process"
);
pattern!(
    TIMED_OUT,
    r"^(?P<unit>\S+): (?:(?:State '[a-z-]+' timed out|[Ss]topp?ing timed out|[Ss]top-\S+ timed out)\. Killing|[Ww]atchdog timeout)"
);
pattern!(
    CONSUMED,
    r"^(?P<unit>\S+): Consumed .*?(?P<peak>[0-9.]+[BKMGT]?) memory peak(?:, (?P<swap>[0-9.]+[BKMGT]?) memory swap peak)?"
);

/// How far apart the lines of one exit may lie, in records.
const LINES_APART_MAX: u64 = 50;

/// Reads one line into `exits`.
pub(super) fn read(line: &Line<'_>, index: u64, exits: &mut Vec<Said<UnitExit>>) {
    if !matches!(line.origin, Origin::Program("systemd")) {
        return;
    }
    let Some(exit) = exit(line.bare()) else {
        return;
    };
    let known = exits.iter_mut().rev().find(|e| {
        e.value.unit == exit.unit
            && index.saturating_sub(e.index) <= LINES_APART_MAX
            && (!exit.killed || !e.value.killed)
    });
    let Some(known) = known else {
        exits.push(Said::at(exit, line, index));
        return;
    };
    let of = &mut known.value;
    of.killed |= exit.killed;
    of.control_killed |= exit.control_killed;
    of.by_systemd |= exit.by_systemd;
    of.oomd_killed_count = of.oomd_killed_count.or(exit.oomd_killed_count);
    if of.result.is_empty() {
        of.result = exit.result;
    }
    known.evidence.push(line.evidence());
}

/// Whether the line begins with a unit and a colon, as all forms do: most lines of systemd do not.
fn names_unit(bare: &str) -> bool {
    let blank = memchr::memchr(b' ', bare.as_bytes());
    let word = blank.and_then(|at| bare.as_bytes().get(..at));
    word.is_some_and(|word| word.ends_with(b":"))
}

fn exit(bare: &str) -> Option<UnitExit> {
    if !names_unit(bare) {
        return None;
    }
    let of = |groups: &regex::Captures<'_>| UnitExit {
        unit: owned(groups, "unit"),
        ..UnitExit::default()
    };
    if let Some(groups) = EXITED.captures(bare) {
        let main = text(&groups, "which").is_some_and(|w| w.eq_ignore_ascii_case("main"));
        return Some(UnitExit {
            killed: main,
            control_killed: !main,
            ..of(&groups)
        });
    }
    if let Some(groups) = FAILED.captures(bare) {
        let result = text(&groups, "result").unwrap_or_default();
        // A plain exit code is no kill: too many services fail for their own reasons.
        return matches!(result, "oom-kill" | "signal" | "core-dump" | "watchdog").then(|| {
            UnitExit {
                result: result.to_owned(),
                ..of(&groups)
            }
        });
    }
    if let Some(groups) = NOTICE.captures(bare) {
        return Some(UnitExit {
            result: "oom-kill".to_owned(),
            ..of(&groups)
        });
    }
    if let Some(groups) = OOMD.captures(bare) {
        return Some(UnitExit {
            oomd_killed_count: Some(number(&groups, "count").unwrap_or(1)),
            ..of(&groups)
        });
    }
    let groups = TIMED_OUT.captures(bare)?;
    Some(UnitExit {
        by_systemd: true,
        ..of(&groups)
    })
}

/// Reads the sum of resources of a unit that ended.
pub(super) fn usage(line: &Line<'_>) -> Option<UnitUsage> {
    if !matches!(line.origin, Origin::Program("systemd")) {
        return None;
    }
    if !names_unit(line.bare()) {
        return None;
    }
    let groups = CONSUMED.captures(line.bare())?;
    let bytes = |name| text(&groups, name).and_then(size_bytes);
    Some(UnitUsage {
        unit: owned(&groups, "unit"),
        memory_peak_bytes: bytes("peak"),
        swap_peak_bytes: bytes("swap"),
    })
}

/// Bytes of a size as systemd prints it: binary units, one decimal place.
fn size_bytes(text: &str) -> Option<u64> {
    let figure = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: f64 = match text.get(figure.len()..)? {
        "" | "B" => 1.0,
        "K" => 1024.0,
        "M" => 1_048_576.0,
        "G" => 1_073_741_824.0,
        "T" => 1_099_511_627_776.0,
        _ => return None,
    };
    let bytes = figure.parse::<f64>().ok()? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a printed size, checked to be in range"
    )]
    (0.0..9e18).contains(&bytes).then_some(bytes as u64)
}

impl Said<UnitExit> {
    /// The record of this exit.
    pub(super) fn record(&self) -> Record {
        let (exit, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("unit", exit.unit.as_str(), place.clone());
        record.put("result", exit.result.as_str(), place.clone());
        record.put("killed", exit.killed, place.clone());
        record.put("control_killed", exit.control_killed, place.clone());
        record.put("by_systemd", exit.by_systemd, place.clone());
        record.put_some("oomd_killed_count", exit.oomd_killed_count, place);
        record.put("line_index", self.index, place.clone());
        record
    }
}

impl Said<UnitUsage> {
    /// The record of this sum.
    pub(super) fn record(&self) -> Record {
        let (usage, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("unit", usage.unit.as_str(), place.clone());
        record.put_some("memory_peak_bytes", usage.memory_peak_bytes, place);
        record.put_some("swap_peak_bytes", usage.swap_peak_bytes, place);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::said::testing::{kept, line},
        *,
    };

    fn exits(lines: &[&str]) -> Vec<Said<UnitExit>> {
        let mut exits = Vec::new();
        for (index, text) in (0..).zip(lines) {
            read(&line("systemd", text), index, &mut exits);
            assert!(exit(text).is_none() || kept("systemd", text), "{text}");
        }
        exits
    }

    #[test]
    fn lines_of_one_exit_are_one() {
        let [exit] = exits(&[
            "db.service: A process of this unit has been killed by the OOM killer.",
            "db.service: Main process exited, code=killed, status=9/KILL",
            "db.service: Failed with result 'oom-kill'.",
        ])
        .try_into()
        .unwrap();
        assert!(exit.value.killed && !exit.value.by_systemd);
        assert_eq!(exit.value.result, "oom-kill");
        assert_eq!(exit.evidence.len(), 3);
    }

    #[test]
    fn who_sent_the_signal() {
        let [slow] = exits(&[
            "db.service: State 'stop-sigterm' timed out. Killing.",
            "db.service: Main process exited, code=killed, status=9/KILL",
        ])
        .try_into()
        .unwrap();
        assert!(slow.value.by_systemd && slow.value.killed);
        let [control] = exits(&["db.service: Control process exited, code=killed, status=9/KILL"])
            .try_into()
            .unwrap();
        assert!(control.value.control_killed && !control.value.killed);
        let [oomd] = exits(&["app.scope: systemd-oomd killed 12 process(es) in this unit."])
            .try_into()
            .unwrap();
        assert_eq!(oomd.value.oomd_killed_count, Some(12));
        assert!(exits(&["db.service: Failed with result 'exit-code'."]).is_empty());
    }

    #[test]
    fn how_large_it_was() {
        let read = |text: &str| usage(&line("systemd", text));
        let text =
            "run-1.scope: Consumed 2min 3.5s CPU time, 1.5G memory peak, 512M memory swap peak.";
        let sum = read(text).unwrap();
        assert_eq!(sum.unit, "run-1.scope");
        assert_eq!(sum.memory_peak_bytes, Some(3 << 29));
        assert_eq!(sum.swap_peak_bytes, Some(512 << 20));
        assert_eq!(read("a.service: Consumed 1.2s CPU time."), None);
    }
}
