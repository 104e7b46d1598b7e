//! One OOM in every form that a kernel prints and a log carries gives the same facts; torn, fused
//! and mixed logs give fewer facts, never other ones.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

mod generator;

#[path = "formats/expected.rs"]
mod expected;
#[path = "formats/failing.rs"]
mod failing;
#[path = "formats/torn.rs"]
mod torn;

use std::collections::{BTreeMap, BTreeSet};

use generator::{Cell, Oom, carrier::Carrier};
use oomscene_analyzer::facts::{Facts, Record, Value, gather};
use oomscene_analyzer::intake;

/// Larger than every log here: it is held whole.
const WHOLE: usize = 1 << 24;

/// Facts of one text. `kmsg` decides by content, as for every bare log.
fn facts_of(text: &[u8], whole_bytes_max: usize) -> Facts {
    let input = intake::open_log("made-up.log", &mut &*text, whole_bytes_max).unwrap();
    gather(&[input])
}

fn events(facts: &Facts) -> Vec<&Record> {
    facts
        .root
        .items("oom_events")
        .iter()
        .filter_map(|fact| match &fact.value {
            Value::Record(record) => Some(record),
            _ => None,
        })
        .collect()
}

fn shown(record: &Record, path: &str) -> String {
    record.get(path).map_or_else(
        || "unknown".to_owned(),
        |fact| match &fact.value {
            Value::Flag(v) => v.to_string(),
            Value::Int(v) => v.to_string(),
            Value::Number(v) => v.to_string(),
            Value::Text(v) => v.clone(),
            Value::List(list) => format!("{} items", list.items.len()),
            Value::Record(_) => "record".to_owned(),
        },
    )
}

fn rendered(cell: Cell, carrier: &Carrier, oom: &Oom) -> String {
    generator::records(oom, cell)
        .iter()
        .enumerate()
        .map(|(n, record)| (carrier.render)(n, record))
        .collect()
}

/// What differs from the model, as `path: found instead of expected`.
fn differences(cell: Cell, event: &Record, oom: &Oom) -> Vec<String> {
    expected::facts(oom, cell)
        .into_iter()
        .filter(|(path, want)| shown(event, path) != *want)
        .map(|(path, want)| format!("{path}: {} instead of {want}", shown(event, path)))
        .collect()
}

/// The same for a log that holds one event and nothing that is not understood.
fn differences_of_log(cell: Cell, facts: &Facts, oom: &Oom) -> Vec<String> {
    let found = events(facts);
    let [event] = found.as_slice() else {
        return vec![format!("events: {} instead of 1", found.len())];
    };
    let mut differences = differences(cell, event, oom);
    let drift = facts
        .gaps
        .iter()
        .filter(|gap| gap.what.en.contains("drift"));
    differences.extend(drift.map(|gap| format!("drift: {}", gap.what.en)));
    differences
}

/// Every cell gives the model's facts, but for the rows of [`failing::KNOWN`], each of which must
/// still fail: a row that is no longer true must go.
#[test]
fn one_oom_in_every_form_gives_the_same_facts() {
    let oom = Oom::first();
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut still_failing = BTreeSet::new();
    let mut checked = 0;
    for cell in generator::cells() {
        // What people do to a log has nothing to do with the page size.
        for carrier in generator::carriers().filter(|c| cell.page_kib == 16 || !c.is_habit()) {
            let facts = facts_of(rendered(cell, carrier, &oom).as_bytes(), WHOLE);
            for difference in differences_of_log(cell, &facts, &oom) {
                let path = difference.split(':').next().unwrap_or_default();
                let row = failing::KNOWN
                    .iter()
                    .position(|row| row.covers(cell, carrier.name, path));
                match row {
                    Some(row) => {
                        still_failing.insert(row);
                    }
                    None => wrong.entry(difference).or_default().push(format!(
                        "{} {}",
                        cell.name(),
                        carrier.name
                    )),
                }
            }
            checked += 1;
        }
    }
    assert!(checked > 3_000, "{checked} cells");
    let list: String = wrong
        .iter()
        .map(|(what, cells)| {
            format!(
                "{what}\n  in {} cells: {}\n",
                cells.len(),
                cells[..cells.len().min(4)].join(" | ")
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{list}");
    for (n, row) in failing::KNOWN.iter().enumerate() {
        assert!(
            still_failing.contains(&n),
            "{row:?} does not fail any more: remove it"
        );
    }
}

/// A log that lists the newest record first, as web consoles do: the same facts.
#[test]
fn newest_first_is_read_from_its_end() {
    let oom = Oom::first();
    let mut checked = 0;
    for cell in generator::cells().into_iter().filter(|c| c.page_kib == 4) {
        for name in [
            "rfc3164",
            "dmesg",
            "dmesg -T C",
            "journal short",
            "rsyslog iso",
        ] {
            let carrier = generator::carriers().find(|c| c.name == name).unwrap();
            let records = generator::records(&oom, cell);
            let rendered = records
                .iter()
                .enumerate()
                .map(|(n, r)| (carrier.render)(n, r));
            let text: String = rendered.rev().collect();
            let facts = facts_of(text.as_bytes(), WHOLE);
            let differences = differences_of_log(cell, &facts, &oom);
            assert!(
                differences.is_empty(),
                "{} {name}: {differences:?}",
                cell.name()
            );
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} logs");
}

/// A score that the table does not give: the log says so, and who was first in line is not told.
#[test]
fn a_printed_score_is_checked() {
    let oom = Oom::first();
    for era in ["3.10", "el7", "4.14", "4.19"] {
        let cell = generator::cells()
            .into_iter()
            .find(|cell| cell.era.name == era && cell.scene == generator::Scene::Global)
            .unwrap();
        let carrier = generator::carriers().next().unwrap();
        let text = rendered(cell, carrier, &oom);
        let printed = format!("score {} or", generator::score(&oom, cell));
        for (score, first) in [
            (printed.clone(), "true"),
            ("score 17 or".to_owned(), "unknown"),
        ] {
            let facts = facts_of(text.replace(&printed, &score).as_bytes(), WHOLE);
            assert_eq!(
                shown(events(&facts)[0], "victim.first_in_line"),
                first,
                "{era}"
            );
            let told = facts
                .gaps
                .iter()
                .any(|gap| gap.what.en.contains("printed score 17"));
            assert_eq!(told, first == "unknown", "{era}");
        }
    }
}

/// How long a log was silent is known only of one that was read whole.
fn without_silence(mut facts: Facts) -> Facts {
    for item in &mut facts.root.list("logs").items {
        if let Value::Record(log) = &mut item.value {
            log.fields.remove("silence_seconds");
        }
    }
    facts
}

/// A log that is too long to hold gives the same facts as one that is held.
#[test]
fn condensing_loses_nothing() {
    let oom = Oom::first();
    let noise = |from: usize, carrier: &Carrier| -> String {
        (from..from + 400)
            .map(|n| (carrier.render)(n, &format!("veth{n}: link becomes ready")))
            .collect()
    };
    for cell in generator::cells()
        .into_iter()
        .filter(|cell| cell.page_kib == 4)
    {
        for carrier in generator::carriers().step_by(9) {
            let text = format!(
                "{}{}{}",
                noise(0, carrier),
                rendered(cell, carrier, &oom),
                noise(500, carrier)
            );
            let whole = without_silence(facts_of(text.as_bytes(), WHOLE));
            let condensed = facts_of(text.as_bytes(), 0);
            assert!(
                whole.root == condensed.root && whole.gaps == condensed.gaps,
                "{} {} is not the same when it is condensed",
                cell.name(),
                carrier.name
            );
        }
    }
}
