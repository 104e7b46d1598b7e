//! Boots: where a kernel starts in a log, and which starts of several logs are the same.

use std::sync::Arc;

use super::Timeline;
use crate::facts::log::{
    line::{Line, Origin},
    reader::Recognised,
    stamp::{Stamp, Wall},
};
use crate::facts::{Evidence, Facts, Record};

/// How far stamps since boot may fall back without a boot: CPUs and daemons print out of order.
const OUT_OF_ORDER_US: i64 = 10_000_000;
/// How far wall clock and uptime may disagree about one distance backwards.
const CLOCKS_APART_SECONDS: f64 = 60.0;
/// Records of a start before its `Linux version`.
const BEFORE_VERSION: u64 = 20;
/// Wall times of one boot in two logs may disagree: `dmesg -T` drifts.
const APART_SECONDS: i64 = 120;

/// One boot as one log shows it.
#[derive(Debug, Clone, Default)]
struct Local {
    from_line: u32,
    reason: &'static str,
    certain: bool,
    id: Option<Arc<str>>,
    release: Option<(String, Evidence)>,
    first: Option<(Stamp, Evidence)>,
    last: Option<Reading>,
    kernel_lines: u64,
}

/// The last stamp, without what takes long to copy.
#[derive(Debug, Clone, Default)]
struct Reading {
    text: String,
    wall: Option<Wall>,
    line: u32,
}

/// Boots of one log.
#[derive(Debug, Default)]
pub(in crate::facts::log) struct Boots {
    all: Vec<Local>,
    last_kernel: Option<Stamp>,
    /// Index of each local boot among those of the case, counted from 1.
    index: Vec<Option<u64>>,
}

impl Boots {
    /// Reads one record that has a stamp of its own.
    pub(super) fn feed(&mut self, line: &Line<'_>, found: Recognised) {
        let Some(stamp) = line.stamp else {
            return;
        };
        let kernel = line.origin == Origin::Kernel
            || (line.origin == Origin::Unknown
                && (found.format.starts_with("dmesg") || found.format == "/dev/kmsg"));
        if let Some((reason, certain)) = self.starts(line, stamp, kernel) {
            self.all.push(Local {
                from_line: line.number,
                reason,
                certain,
                ..Local::default()
            });
            self.last_kernel = None;
        }
        let Some(boot) = self.all.last_mut() else {
            return;
        };
        boot.id = boot.id.take().or_else(|| stamp.boot_id.clone());
        boot.kernel_lines += u64::from(kernel);
        if kernel && let Some(release) = version(line) {
            boot.release = boot
                .release
                .take()
                .or_else(|| Some((release, line.evidence())));
            if boot.from_line != line.number && boot.kernel_lines <= BEFORE_VERSION {
                boot.certain = true;
            }
        }
        if boot.first.is_none() {
            boot.first = Some((stamp.clone(), line.evidence()));
        }
        let last = boot.last.get_or_insert_default();
        last.text.clone_from(&stamp.text);
        last.wall.clone_from(&stamp.wall);
        last.line = line.number;
        if kernel && stamp.uptime_us.is_some() {
            Stamp::keep(&mut self.last_kernel, Some(stamp));
        }
    }

    /// Whether a boot begins with this line: why, and whether that is sure.
    fn starts(&self, line: &Line<'_>, stamp: &Stamp, kernel: bool) -> Option<(&'static str, bool)> {
        let Some(boot) = self.all.last() else {
            return Some(if kernel && version(line).is_some() {
                ("the kernel says its version", true)
            } else {
                ("the log begins in it", true)
            });
        };
        if let (Some(before), Some(now)) = (&boot.id, &stamp.boot_id) {
            return (before != now).then_some(("the journal names another boot", true));
        }
        if !kernel {
            return None;
        }
        // Without a stamp since boot it is the version that tells; with one, both.
        let version = version(line).is_some();
        if version && (boot.release.is_some() || boot.kernel_lines > BEFORE_VERSION) {
            return Some(("the kernel says its version", true));
        }
        let before = self.last_kernel.as_ref()?;
        let back = before.uptime_us?.checked_sub(stamp.uptime_us?)?;
        if back < OUT_OF_ORDER_US {
            return None;
        }
        let walls = Stamp {
            uptime_us: None,
            ..before.clone()
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds of a log")]
        let back = back as f64 / 1e6;
        match walls.seconds_until(stamp) {
            // The lines stand in another order than they were written in.
            Some(wall) if (wall + back).abs() < CLOCKS_APART_SECONDS => None,
            Some(wall) if wall >= -1.5 => {
                Some(("stamps since boot fall back while time goes on", true))
            }
            _ => Some(("stamps since boot fall back", version)),
        }
    }

    /// Index of the boot of a line among those of the case.
    pub(in crate::facts::log) fn at(&self, number: u32) -> Option<u64> {
        let local = self
            .all
            .iter()
            .rposition(|boot| boot.from_line <= number)
            .unwrap_or(0);
        *self.index.get(local)?
    }

    /// How many boots the log shows.
    pub(in crate::facts::log) fn count(&self) -> usize {
        self.all.iter().filter(|b| b.kernel_lines > 0).count()
    }
}

fn version(line: &Line<'_>) -> Option<String> {
    let rest = line.bare().strip_prefix("Linux version ")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// One boot of the case.
#[derive(Debug, Default)]
struct Joint {
    id: Option<Arc<str>>,
    /// First and last second in UTC, or in the local time that all logs share.
    span: Option<(i64, i64)>,
    members: Vec<(usize, usize)>,
}

/// Recognises the same boot in several logs, and counts the boots of the case in order. A boot that
/// shares no clock with those of other logs gets no number.
pub(in crate::facts::log) fn join(logs: &mut [(&str, &mut Timeline)], zone: Option<i32>) {
    let mut joint: Vec<Joint> = Vec::new();
    let mut lost: Vec<(usize, usize)> = Vec::new();
    for (log, (_, timeline)) in logs.iter_mut().enumerate() {
        for at in 0..timeline.boots.all.len() {
            let Some(span) = span(timeline, at, zone) else {
                lost.push((log, at));
                continue;
            };
            let Some(boot) = timeline.boots.all.get(at).filter(|b| b.kernel_lines > 0) else {
                continue;
            };
            let twin = joint.iter_mut().find(|j| match (&j.id, &boot.id) {
                (Some(a), Some(b)) => a == b,
                _ => {
                    j.span.is_some_and(|s| overlap(s, span)) && j.members.iter().all(|m| m.0 != log)
                }
            });
            let joint = match twin {
                Some(twin) => twin,
                None => {
                    joint.push(Joint::default());
                    let Some(new) = joint.last_mut() else {
                        continue;
                    };
                    new
                }
            };
            joint.id = joint.id.take().or_else(|| boot.id.clone());
            let (from, to) = joint.span.unwrap_or(span);
            joint.span = Some((from.min(span.0), to.max(span.1)));
            joint.members.push((log, at));
        }
    }
    joint.sort_by_key(|j| j.span);
    // Stamps without any date: a log alone is in order; beside others it has no place.
    let alone = joint.is_empty()
        && lost
            .iter()
            .all(|(log, _)| Some(log) == lost.first().map(|(l, _)| l));
    if alone {
        joint.extend(lost.into_iter().map(|member| Joint {
            members: vec![member],
            ..Joint::default()
        }));
    }
    for (_, timeline) in logs.iter_mut() {
        timeline.boots.index = vec![None; timeline.boots.all.len()];
    }
    for (index, boot) in (1..).zip(&joint) {
        for (log, at) in &boot.members {
            let slot = logs
                .get_mut(*log)
                .and_then(|(_, timeline)| timeline.boots.index.get_mut(*at));
            if let Some(slot) = slot {
                *slot = Some(index);
            }
        }
    }
}

fn overlap(a: (i64, i64), b: (i64, i64)) -> bool {
    let common = a.1.min(b.1) - a.0.max(b.0);
    common > -1 || (common > -APART_SECONDS && (a.0 - b.0).abs() < APART_SECONDS)
}

/// First and last second of a boot, by the wall clock.
fn span(timeline: &Timeline, at: usize, zone: Option<i32>) -> Option<(i64, i64)> {
    let boot = timeline.boots.all.get(at)?;
    let (first, place) = boot.first.as_ref()?;
    let mut first = first.clone();
    timeline.years.complete(&mut first, place.line);
    let last = boot.last.as_ref()?;
    let mut last = Stamp {
        wall: last.wall.clone(),
        ..Stamp::default()
    };
    timeline.years.complete(&mut last, boot.last.as_ref()?.line);
    let zone = Some(zone.unwrap_or(0));
    let from = first.utc_seconds(zone)?;
    let since_boot = first.uptime_us.unwrap_or(0).div_euclid(1_000_000);
    Some((from - since_boot, last.utc_seconds(zone).unwrap_or(from)))
}

/// Puts the list of boots.
pub(in crate::facts::log) fn put(logs: &[(&str, &Timeline)], zone: Option<i32>, facts: &mut Facts) {
    let mut records: std::collections::BTreeMap<u64, Record> = std::collections::BTreeMap::new();
    for (entry, timeline) in logs {
        for (at, boot) in timeline.boots.all.iter().enumerate() {
            let Some(index) = timeline.boots.index.get(at).copied().flatten() else {
                continue;
            };
            let record = records.entry(index).or_default();
            one(record, index, entry, boot);
            if zone.is_some()
                && let Some((from, _)) = span(timeline, at, zone)
                && boot
                    .first
                    .as_ref()
                    .is_some_and(|(s, _)| s.uptime_us.is_some())
            {
                let place = boot
                    .first
                    .iter()
                    .map(|(_, at)| at.clone())
                    .collect::<Vec<_>>();
                let known = record.int("start_time").unwrap_or(i128::MAX);
                record.put("start_time", known.min(i128::from(from)), place);
            }
        }
    }
    facts.root.list("boots");
    for record in records.into_values() {
        facts.push("boots", record);
    }
}

fn one(record: &mut Record, index: u64, entry: &str, boot: &Local) {
    let Some((first, place)) = &boot.first else {
        return;
    };
    let place = vec![place.clone()];
    record.put("index", index, place.clone());
    let logs = match record.text("logs_text") {
        Some(logs) => format!("{logs}, {entry}"),
        None => entry.to_owned(),
    };
    record.put("logs_text", logs, place.clone());
    let sure = record.flag("certain").unwrap_or(false) || boot.certain;
    record.put("certain", sure, place.clone());
    if record.get("reason").is_none() || boot.release.is_some() {
        record.put("reason", boot.reason, place.clone());
    }
    if let Some(id) = &boot.id {
        record.put("boot_id", &**id, place.clone());
    }
    if let Some((release, line)) = &boot.release {
        record.put("kernel_release", release.as_str(), vec![line.clone()]);
    }
    if record.get("first_text").is_none() {
        record.put("first_text", first.text.as_str(), place);
    }
    if let Some(last) = &boot.last {
        let line = Evidence::new(entry, last.line, &last.text);
        record.put("last_text", last.text.as_str(), vec![line]);
    }
}
