//! `/proc/vmstat`: event counters since boot, and their rates between two readings.

use crate::words::Bilingual;
use std::collections::BTreeMap;

use super::source::Source;
use super::{Evidence, Facts};

const COUNTERS: &[(&str, &str)] = &[
    ("oom_kill", "vmstat.oom_kill_count"),
    ("pgmajfault", "vmstat.pgmajfault_count"),
    ("pswpin", "vmstat.swapped_in_pages"),
    ("pswpout", "vmstat.swapped_out_pages"),
    ("compact_stall", "vmstat.compact_stall_count"),
    ("compact_fail", "vmstat.compact_fail_count"),
];

/// Counters whose rate matters.
const RATES: &[(&str, &str)] = &[
    ("allocstall", "vmstat.allocstalls_per_second"),
    ("pgmajfault", "vmstat.pgmajfaults_per_second"),
    ("pswpout", "vmstat.swapped_out_per_second"),
];

type Counters = BTreeMap<String, (u64, Vec<Evidence>)>;

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let counters = read(source);
        if counters.is_empty() {
            facts.gap(
                source.entry,
                0,
                Bilingual::new(
                    "no line of the form `name figure` in vmstat",
                    "vmstat 中没有“名称 数值”格式的行",
                ),
            );
        }
        for (key, path) in COUNTERS {
            put(facts, path, counters.get(*key));
        }
        put(facts, "vmstat.allocstall_count", counters.get("allocstall"));
        // Until 5.8 the key without a suffix counted file pages only.
        let refault = counters
            .get("workingset_refault_file")
            .or_else(|| counters.get("workingset_refault"));
        put(facts, "vmstat.workingset_refault_file_count", refault);
    }
}

/// Both readings together, the first one first.
pub(super) fn rates(sources: &[&Source<'_>], facts: &mut Facts) {
    let [first, second] = sources else {
        return;
    };
    let (first, second) = (read(first), read(second));
    if let Some((killed, evidence)) = delta(&first, &second, "oom_kill") {
        facts.put("vmstat.oom_kills_between_count", killed, evidence);
    }
    let Some(seconds) = facts
        .root
        .number("vmstat.interval_seconds")
        .filter(|s| *s > 0.0)
    else {
        return;
    };
    for (key, path) in RATES {
        if let Some((events, evidence)) = delta(&first, &second, key) {
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            facts.put(path, events as f64 / seconds, evidence);
        }
    }
}

fn put(facts: &mut Facts, path: &str, counter: Option<&(u64, Vec<Evidence>)>) {
    if let Some((value, evidence)) = counter {
        facts.put(path, *value, evidence.clone());
    }
}

/// A counter that went down was another boot or another file: no figure.
fn delta(first: &Counters, second: &Counters, key: &str) -> Option<(u64, Vec<Evidence>)> {
    let ((before, of_before), (after, of_after)) = (first.get(key)?, second.get(key)?);
    let evidence = of_before.iter().chain(of_after).cloned().collect();
    Some((after.checked_sub(*before)?, evidence))
}

fn read(source: &Source<'_>) -> Counters {
    let mut counters = Counters::new();
    for line in source.lines() {
        let mut words = line.text.split_whitespace();
        let (Some(key), Some(value), None) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let Ok(value) = value.parse::<u64>() else {
            continue;
        };
        // One counter a zone since 4.8.
        let key = if key.starts_with("allocstall_") {
            "allocstall"
        } else {
            key
        };
        let counter = counters.entry(key.to_owned()).or_default();
        counter.0 = counter.0.saturating_add(value);
        counter.1.extend(source.at(&line));
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn old_and_new_names() {
        let old = testing::parse(
            parse,
            "proc/vmstat",
            "pgmajfault 7\nallocstall 3\nworkingset_refault 9\n",
        );
        assert_eq!(old.root.int("vmstat.allocstall_count"), Some(3));
        assert_eq!(
            old.root.int("vmstat.workingset_refault_file_count"),
            Some(9)
        );
        assert_eq!(
            old.get("vmstat.oom_kill_count"),
            None,
            "before 4.13 it is unknown, not zero"
        );
        let new = testing::parse(
            parse,
            "proc/vmstat",
            "allocstall_dma 0\nallocstall_normal 5\nallocstall_movable 2\noom_kill 1\n",
        );
        assert_eq!(new.root.int("vmstat.allocstall_count"), Some(7));
        assert_eq!(new.root.int("vmstat.oom_kill_count"), Some(1));
    }

    #[test]
    fn rates_need_the_interval() {
        let two = [
            testing::source("proc/vmstat", "pswpout 100\noom_kill 4\n"),
            testing::source("scene/second/proc/vmstat", "pswpout 300\noom_kill 5\n"),
        ];
        let mut facts = Facts::default();
        rates(&two.iter().collect::<Vec<_>>(), &mut facts);
        assert_eq!(facts.root.int("vmstat.oom_kills_between_count"), Some(1));
        assert_eq!(facts.get("vmstat.swapped_out_per_second"), None);
        facts.put("vmstat.interval_seconds", 2.0, Vec::new());
        rates(&two.iter().collect::<Vec<_>>(), &mut facts);
        assert_eq!(
            facts.root.number("vmstat.swapped_out_per_second"),
            Some(100.0)
        );
    }
}
