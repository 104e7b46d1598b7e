//! Which time the kernel's lines of all logs cover together, and where no log covers it.

use super::{Log, Told, stamp::Stamp};
use crate::facts::{Evidence, Facts, Record};

/// A stretch of time without a hole that no log covers.
#[derive(Debug, Clone)]
struct Span {
    from: (i64, Stamp, Evidence),
    to: (i64, Stamp, Evidence),
    logs: Vec<String>,
}

/// A hole shorter than this is the pause between two lines.
const HOLE_SECONDS_MIN: i64 = 60;

/// Puts `log_spans` and `log_gaps` when all logs share a clock; else they stay unknown.
pub(super) fn put(logs: &[Log<'_>], told: &[Told], zone: Option<i32>, facts: &mut Facts) {
    let mut spans = Vec::new();
    let mut zones = Vec::new();
    for (log, told) in logs.iter().zip(told) {
        if told.coverage.kernel_lines == 0 && told.joiner.events.is_empty() {
            continue;
        }
        let Some(((first, at), (last, end))) =
            told.coverage.first.clone().zip(told.coverage.last.clone())
        else {
            return;
        };
        let own_zone = first
            .wall
            .as_ref()
            .is_some_and(|w| w.offset_seconds.is_some());
        zones.push(own_zone);
        let seconds = |stamp: &Stamp| stamp.utc_seconds(Some(zone.unwrap_or(0)));
        let Some((from, to)) = seconds(&first).zip(seconds(&last)) else {
            return;
        };
        spans.push(Span {
            from: (from, first, at),
            to: (to, last, end),
            logs: vec![log.entry.to_owned()],
        });
    }
    // Local time and UTC do not mix without the zone.
    let mixed = zones.iter().any(|own| *own) && zones.iter().any(|own| !own);
    if spans.is_empty() || (zone.is_none() && mixed) {
        return;
    }
    let spans = joined(spans);
    let known = zone.is_some() || zones.iter().all(|own| *own);
    facts.root.list("log_spans");
    facts.root.list("log_gaps");
    for span in &spans {
        facts.push("log_spans", record(span, known));
    }
    for pair in spans.windows(2) {
        let [before, after] = pair else { continue };
        facts.push("log_gaps", gap(before, after, known));
    }
}

fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|s| (s.from.0, s.to.0));
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if span.from.0 <= last.to.0 + HOLE_SECONDS_MIN => {
                last.logs.extend(span.logs);
                if span.to.0 > last.to.0 {
                    last.to = span.to;
                }
            }
            _ => all.push(span),
        }
    }
    all
}

fn record(span: &Span, known: bool) -> Record {
    let (from, to) = (&span.from, &span.to);
    let mut record = Record::new();
    record.put("from_text", from.1.text.as_str(), vec![from.2.clone()]);
    record.put("to_text", to.1.text.as_str(), vec![to.2.clone()]);
    if known {
        record.put("from_time", from.0, vec![from.2.clone()]);
        record.put("to_time", to.0, vec![to.2.clone()]);
    }
    let both = vec![from.2.clone(), to.2.clone()];
    record.put("covers_seconds", seconds(to.0 - from.0), both.clone());
    record.put("logs_text", span.logs.join(", "), both);
    record
}

fn gap(before: &Span, after: &Span, known: bool) -> Record {
    let (from, to) = (&before.to, &after.from);
    let both = vec![from.2.clone(), to.2.clone()];
    let mut record = Record::new();
    record.put("from_text", from.1.text.as_str(), vec![from.2.clone()]);
    record.put("to_text", to.1.text.as_str(), vec![to.2.clone()]);
    if known {
        record.put("from_time", from.0, vec![from.2.clone()]);
        record.put("to_time", to.0, vec![to.2.clone()]);
    }
    record.put("missing_seconds", seconds(to.0 - from.0), both);
    record
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a log, far below 2^52"
)]
fn seconds(whole: i64) -> f64 {
    whole as f64
}
