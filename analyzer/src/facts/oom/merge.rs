//! The same event in several logs (ring buffer, messages, journal) is one event with all its lines.

use std::collections::BTreeMap;

use super::{
    allocation::Failure,
    event::{OomEvent, Seen},
};

/// How far two stamps of one event may lie apart. `dmesg -T` computes its wall time from the boot
/// time and drifts by minutes; a pid is not used again for another process of the same name so soon.
const APART_SECONDS_MAX: f64 = 600.0;

/// Merges the events of several logs, each in its own order.
#[must_use]
pub fn merge(logs: Vec<Vec<OomEvent>>) -> Vec<OomEvent> {
    let mut merged: Vec<OomEvent> = Vec::new();
    let several = logs.iter().filter(|events| !events.is_empty()).count() > 1;
    for events in logs.into_iter().map(once_each) {
        let known = merged.len();
        // Each event of this log may match one event of the logs before; never two of its own.
        let mut taken = vec![false; known];
        for event in events {
            let twin = merged
                .iter()
                .take(known)
                .zip(&taken)
                .position(|(other, taken)| !taken && same(other, &event));
            match twin.and_then(|at| Some((merged.get_mut(at)?, taken.get_mut(at)?))) {
                Some((other, taken)) => {
                    *taken = true;
                    absorb(other, event);
                }
                None => merged.push(event),
            }
        }
    }
    // One log alone keeps its order: its stamps may be copied wrong, its lines are in sequence.
    if several { sort(merged) } else { merged }
}

/// The events of one log, each once: a page or a mail can have the same report twice. No kernel begins
/// two reports with one victim in the same microsecond.
fn once_each(events: Vec<OomEvent>) -> Vec<OomEvent> {
    let mut known: BTreeMap<(i64, Vec<u64>), usize> = BTreeMap::new();
    let mut once: Vec<OomEvent> = Vec::new();
    for event in events {
        let uptime = event.stamp.as_ref().and_then(|s| s.value.uptime_us);
        let pids: Vec<u64> = event
            .victim_pids()
            .into_iter()
            .map(|(_, pid)| pid)
            .collect();
        let key = uptime.map(|uptime| (uptime, pids));
        let twin = key.as_ref().and_then(|key| known.get(key)).copied();
        let said = |e: &OomEvent| e.invocation.as_ref().map(|i| i.value.clone());
        match twin.and_then(|at| once.get_mut(at)) {
            Some(other) if said(other) == said(&event) && other.boot == event.boot => {
                absorb(other, event);
            }
            _ => {
                known.extend(key.map(|key| (key, once.len())));
                once.push(event);
            }
        }
    }
    once
}

/// By time where the stamps can be compared, else as read.
fn sort(mut events: Vec<OomEvent>) -> Vec<OomEvent> {
    let comparable = events.windows(2).all(|pair| {
        let [a, b] = pair else { return true };
        distance(a, b).is_some()
    });
    if comparable && events.len() > 1 {
        let zero = events.first().and_then(|e| e.stamp.clone());
        let key = |event: &OomEvent| {
            let seconds = zero
                .as_ref()
                .zip(event.stamp.as_ref())
                .and_then(|(zero, stamp)| zero.value.seconds_until(&stamp.value));
            #[expect(clippy::cast_possible_truncation, reason = "microseconds of a log")]
            seconds.map(|s| (s * 1e6) as i64)
        };
        events.sort_by_key(key);
    }
    events
}

fn distance(a: &OomEvent, b: &OomEvent) -> Option<f64> {
    a.stamp
        .as_ref()?
        .value
        .seconds_until(&b.stamp.as_ref()?.value)
}

fn same(a: &OomEvent, b: &OomEvent) -> bool {
    if let (Some(a), Some(b)) = (&a.host, &b.host)
        && a.value != b.value
    {
        return false;
    }
    if a.boot.zip(b.boot).is_some_and(|(a, b)| a != b) {
        return false;
    }
    // Two uptimes of one kernel are exact; wall clocks drift.
    let uptime = |e: &OomEvent| e.stamp.as_ref().and_then(|s| s.value.uptime_us);
    let near = match (uptime(a), uptime(b), distance(a, b)) {
        (Some(a), Some(b), _) => a.abs_diff(b) < 2_000_000,
        (_, _, Some(seconds)) => seconds.abs() <= APART_SECONDS_MAX,
        _ => true,
    };
    near && same_actors(a, b)
}

/// Whether both name the same victim; or the same invoking thread, when one has lost its victim.
fn same_actors(a: &OomEvent, b: &OomEvent) -> bool {
    let (ours, theirs) = (a.victim_pids(), b.victim_pids());
    if !ours.is_empty() && !theirs.is_empty() {
        return ours.iter().any(|(_, p)| theirs.iter().any(|(_, q)| p == q));
    }
    let invoker = |e: &OomEvent| e.cpu.as_ref().map(|c| (c.value.pid, c.value.comm.clone()));
    let rows = |e: &OomEvent| e.tasks.iter().map(|t| t.value.clone()).collect::<Vec<_>>();
    (invoker(a).is_some() && invoker(a) == invoker(b))
        || (!a.tasks.is_empty() && rows(a) == rows(b))
}

/// Takes over what `a` lacks, and the evidence of what it has.
fn absorb(a: &mut OomEvent, b: OomEvent) {
    a.places.extend(b.places);
    if let (Some(ours), Some(theirs)) = (&mut a.stamp, &b.stamp) {
        ours.value.uptime_us = ours.value.uptime_us.or(theirs.value.uptime_us);
        if ours.value.wall.is_none() {
            ours.value.wall.clone_from(&theirs.value.wall);
        }
    }
    a.this_boot |= b.this_boot;
    a.boot = a.boot.or(b.boot);
    a.time_computed &= b.time_computed;
    one(&mut a.stamp, b.stamp);
    one(&mut a.host, b.host);
    one(&mut a.invocation, b.invocation);
    one(&mut a.cpuset, b.cpuset);
    one(&mut a.cpu, b.cpu);
    one(&mut a.hardware, b.hardware);
    many(&mut a.frames, b.frames);
    one(&mut a.limit_paths, b.limit_paths);
    many(&mut a.counters, b.counters);
    many(&mut a.stats, b.stats);
    dump(&mut a.memory, b.memory);
    a.headless_table &= b.headless_table;
    one(&mut a.columns, b.columns);
    many(&mut a.tasks, b.tasks);
    one(&mut a.summary, b.summary);
    many(&mut a.kills, b.kills);
    many(&mut a.killed, b.killed);
    many(&mut a.reaped, b.reaped);
    one(&mut a.group_kill, b.group_kill);
    one(&mut a.panic, b.panic);
    one(&mut a.no_victim, b.no_victim);
    one(&mut a.sysrq, b.sysrq);
    one(&mut a.suppressed, b.suppressed);
    a.cut_end &= b.cut_end;
    a.interleaved = a.interleaved.and(b.interleaved);
    a.drift.extend(b.drift);
    a.drift_count += b.drift_count;
}

/// Merges the allocation failures of several logs: the nearest equal one of another log is the same.
#[must_use]
pub fn failures(logs: Vec<Vec<Failure>>) -> Vec<Failure> {
    let mut merged: Vec<Failure> = Vec::new();
    for failures in logs {
        let known = merged.len();
        let mut taken = vec![false; known];
        for failure in failures {
            let twin = (0..known)
                .filter(|at| taken.get(*at) == Some(&false))
                .filter_map(|at| Some((failures_apart(merged.get(at)?, &failure)?, at)))
                .min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
                .map(|(_, at)| at);
            match twin.and_then(|at| Some((merged.get_mut(at)?, taken.get_mut(at)?))) {
                Some((other, taken)) => {
                    *taken = true;
                    absorb_failure(other, failure);
                }
                None => merged.push(failure),
            }
        }
    }
    merged
}

/// Seconds between two reports of one failure; `None` when they are not of one.
fn failures_apart(a: &Failure, b: &Failure) -> Option<f64> {
    let pid = |f: &Failure| f.cpu.as_ref().map(|c| c.value.pid);
    let pids_differ = pid(a).zip(pid(b)).is_some_and(|(a, b)| a != b);
    let boots_differ = a.boot.zip(b.boot).is_some_and(|(a, b)| a != b);
    if a.line.value != b.line.value || pids_differ || boots_differ {
        return None;
    }
    let (first, second) = (a.stamp.as_ref()?, b.stamp.as_ref()?);
    let apart = match (first.uptime_us, second.uptime_us) {
        (Some(a), Some(b)) => (a.abs_diff(b) < 2_000_000).then_some(0.0)?,
        _ => first.seconds_until(second)?.abs(),
    };
    (apart <= APART_SECONDS_MAX).then_some(apart)
}

fn absorb_failure(a: &mut Failure, b: Failure) {
    a.line.evidence.extend(b.line.evidence);
    a.boot = a.boot.or(b.boot);
    a.time_computed &= b.time_computed;
    if let (Some(ours), Some(theirs)) = (&mut a.stamp, b.stamp) {
        ours.uptime_us = ours.uptime_us.or(theirs.uptime_us);
        ours.wall = ours.wall.take().or(theirs.wall);
    }
    one(&mut a.cpu, b.cpu);
    one(&mut a.hardware, b.hardware);
    many(&mut a.frames, b.frames);
    dump(&mut a.memory, b.memory);
    a.drift.extend(b.drift);
    a.drift_count += b.drift_count;
}

fn dump(ours: &mut super::event::MemoryDump, b: super::event::MemoryDump) {
    if ours.counts_pages.is_empty() {
        ours.counts_pages = b.counts_pages;
    }
    if ours.totals_pages.is_empty() {
        ours.totals_pages = b.totals_pages;
    }
    many(&mut ours.zones, b.zones);
    many(&mut ours.buddies, b.buddies);
    many(&mut ours.huge, b.huge);
    one(&mut ours.swap_total_bytes, b.swap_total_bytes);
    one(&mut ours.swap_free_bytes, b.swap_free_bytes);
}

fn one<T>(ours: &mut Option<Seen<T>>, theirs: Option<Seen<T>>) {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours.evidence.extend(theirs.evidence),
        (ours @ None, theirs) => *ours = theirs,
        (Some(_), None) => {}
    }
}

/// The longer list is the more complete one; equal items get both evidences.
fn many<T: PartialEq>(ours: &mut Vec<Seen<T>>, theirs: Vec<Seen<T>>) {
    let (mut longer, shorter) = if theirs.len() > ours.len() {
        (theirs, std::mem::take(ours))
    } else {
        (std::mem::take(ours), theirs)
    };
    for seen in shorter {
        if let Some(same) = longer.iter_mut().find(|s| s.value == seen.value) {
            same.evidence.extend(seen.evidence);
        }
    }
    *ours = longer;
}
