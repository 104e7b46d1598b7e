//! What is known only when all logs are read: the years of their stamps, and their boots.

use super::{
    Log, Machine, Told,
    said::Placing,
    stamp::Stamp,
    timeline::{Timeline, boots, years},
};
use crate::facts::{Facts, oom::event::OomEvent};

/// Completes stamps and counts boots.
pub(super) fn settle(logs: &[Log<'_>], told: &mut [Told], machine: &Machine) {
    let collected = machine.clocks.as_ref().and_then(|clocks| {
        let seconds = i64::try_from(clocks.realtime_ns.div_euclid(1_000_000_000)).ok()?;
        seconds.checked_add(i64::from(machine.utc_offset_seconds.unwrap_or(0)))
    });
    let mut of_years: Vec<_> = logs
        .iter()
        .zip(told.iter_mut())
        .map(|(log, told)| (log.entry, &mut told.timeline.years))
        .collect();
    years::resolve(&mut of_years, collected);
    let mut timelines: Vec<(&str, &mut Timeline)> = logs
        .iter()
        .zip(told.iter_mut())
        .map(|(log, told)| (log.entry, &mut told.timeline))
        .collect();
    boots::join(&mut timelines, machine.utc_offset_seconds);
    for told in told {
        complete(told);
    }
}

fn complete(told: &mut Told) {
    let timeline = &told.timeline;
    let computed = told.coverage.computed();
    let stamp = |stamp: Option<&mut Stamp>, line: u32| {
        if let Some(stamp) = stamp {
            timeline.years.complete(stamp, line);
        }
    };
    for event in &mut told.joiner.events {
        let line = event.places.first().map_or(0, |e| e.line);
        stamp(event.stamp.as_mut().map(|s| &mut s.value), line);
        stamp(event.last_stamp.as_mut(), line);
        event.boot = timeline.boots.at(line);
        event.time_computed = computed;
    }
    for failure in &mut told.joiner.failures {
        let line = failure.line.evidence.first().map_or(0, |e| e.line);
        stamp(failure.stamp.as_mut(), line);
        stamp(failure.last_stamp.as_mut(), line);
        failure.boot = timeline.boots.at(line);
        failure.time_computed = computed;
    }
    told.programs.each(&mut |place: Placing<'_>| {
        stamp(place.stamp.as_mut(), place.line);
        *place.boot = timeline.boots.at(place.line);
    });
    for (edge, evidence) in told.coverage.edges() {
        timeline.years.complete(edge, evidence.line);
    }
}

/// Puts the boots, and which logs lack a year that nothing tells.
pub(super) fn put(logs: &[Log<'_>], told: &[Told], machine: &Machine, facts: &mut Facts) {
    let timelines: Vec<(&str, &Timeline)> = logs
        .iter()
        .zip(told)
        .map(|(log, told)| (log.entry, &told.timeline))
        .collect();
    boots::put(&timelines, machine.utc_offset_seconds, facts);
}

/// In the order of boots, where all of them are known: stamps since boot alone do not tell it.
pub(super) fn in_order_of_boots(events: &mut [OomEvent]) {
    if events.iter().all(|event| event.boot.is_some()) {
        events.sort_by_key(|event| event.boot);
    }
}
