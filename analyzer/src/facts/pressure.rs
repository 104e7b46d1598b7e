//! `/proc/pressure/*`: how much time was lost waiting (PSI, 4.20+).

use super::Facts;
use super::source::Source;

/// Room of the facts, line, key, fact.
const ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "memory",
        "some",
        "avg10",
        "memory.pressure.some_avg10_percent",
    ),
    (
        "memory",
        "some",
        "avg60",
        "memory.pressure.some_avg60_percent",
    ),
    (
        "memory",
        "some",
        "avg300",
        "memory.pressure.some_avg300_percent",
    ),
    (
        "memory",
        "full",
        "avg10",
        "memory.pressure.full_avg10_percent",
    ),
    (
        "memory",
        "full",
        "avg60",
        "memory.pressure.full_avg60_percent",
    ),
    (
        "memory",
        "full",
        "avg300",
        "memory.pressure.full_avg300_percent",
    ),
    (
        "memory",
        "full",
        "total",
        "memory.pressure.full_total_seconds",
    ),
    ("io", "full", "avg60", "io.pressure.full_avg60_percent"),
    ("cpu", "some", "avg60", "cpu.pressure.some_avg60_percent"),
];

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        for line in source.lines() {
            let mut words = line.text.split_whitespace();
            let kind = words.next().unwrap_or_default();
            for (key, value) in words.filter_map(|w| w.split_once('=')) {
                let row = ROWS.iter().find(|(file, of, name, _)| {
                    *file == source.file_name() && *of == kind && *name == key
                });
                let (Some((.., path)), Ok(value)) = (row, value.parse::<f64>()) else {
                    continue;
                };
                // `total` is in microseconds.
                let value = if key == "total" { value / 1e6 } else { value };
                facts.put(path, value, source.at(&line));
            }
        }
    }
}

/// The figure of `key` in `avg10=0.00 avg60=0.00 …`.
pub(super) fn field(text: &str, key: &str) -> Option<f64> {
    let mut words = text.split_whitespace().filter_map(|w| w.split_once('='));
    words.find(|(k, _)| *k == key)?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn percent_and_microseconds() {
        let text = "some avg10=1.50 avg60=0.20 avg300=0.00 total=5\nfull avg10=0.75 avg60=0.10 avg300=0.00 total=2500000\n";
        let facts = testing::parse(parse, "proc/pressure/memory", text);
        assert_eq!(
            facts.root.number("memory.pressure.some_avg10_percent"),
            Some(1.5)
        );
        assert_eq!(
            facts.root.number("memory.pressure.full_total_seconds"),
            Some(2.5)
        );
        assert_eq!(
            facts
                .get("memory.pressure.full_avg60_percent")
                .unwrap()
                .evidence[0]
                .line,
            2
        );
    }
}
