//! The lines and facts that prove a finding, the most telling first.

use std::collections::BTreeSet;

use super::{
    eval::{Read, Val, declared, fact_value},
    figures,
};
use crate::{
    facts::{Evidence, Record, names},
    finding::Touched,
    words::Lang,
};

/// Lines of evidence that one finding quotes.
const EVIDENCE_MAX: usize = 12;

/// Facts that one finding lists as read.
const TOUCHED_MAX: usize = 40;

pub(super) fn touched<'r, 'f: 'r>(reads: impl Iterator<Item = &'r Read<'f>>) -> Vec<Touched> {
    let mut seen = BTreeSet::new();
    reads
        .filter(|read| seen.insert(read.path.clone()))
        .take(TOUCHED_MAX)
        .map(|read| Touched {
            path: read.path.clone(),
            value: shown(read),
        })
        .collect()
}

/// The value of a fact that was read, with its unit.
pub(super) fn shown(read: &Read<'_>) -> String {
    let kind = names::find(&read.path).map(|n| n.kind);
    read.fact.map_or_else(
        || "unknown".to_owned(),
        |fact| figures::with_unit(&fact_value(&read.path, fact), kind, Lang::En),
    )
}

/// Lines behind what was read: first one line for each different fact, then one for each item,
/// then the rest, so that a few lines tell the most.
pub(super) fn lines(reads: &[Vec<Read<'_>>]) -> Vec<Evidence> {
    let mut facts = BTreeSet::new();
    let mut ranked: Vec<(usize, Evidence)> = Vec::new();
    for item in reads {
        let mut first_of_item = true;
        for read in item {
            let Some(fact) = read.fact else { continue };
            for (i, line) in fact.evidence.iter().enumerate() {
                let new_fact = i == 0 && facts.insert(declared(&read.path));
                let rank = match (new_fact, first_of_item) {
                    (true, _) => 0,
                    (false, true) => 1,
                    (false, false) => 2,
                };
                first_of_item = false;
                ranked.push((rank, line.clone()));
            }
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut seen = BTreeSet::new();
    ranked
        .into_iter()
        .map(|(_, line)| line)
        .filter(|line| seen.insert(line.clone()))
        .take(EVIDENCE_MAX)
        .collect()
}

/// Evidence of a finding; never empty. Facts that were counted over many lines have none of their
/// own: then the lines of the items are quoted, and at last the fact itself with its source.
pub(super) fn proof<'v>(
    reads: &[Vec<Read<'_>>],
    items: impl Iterator<Item = &'v Val<'v>>,
    rule: &str,
) -> Vec<Evidence> {
    let mut found = lines(reads);
    if found.is_empty() {
        for item in items {
            if let Val::Record(item) = item {
                below(item.record, &mut found);
            }
        }
        found.truncate(EVIDENCE_MAX);
    }
    if found.is_empty() {
        let known = reads.iter().flatten().filter(|read| read.fact.is_some());
        for read in known.take(EVIDENCE_MAX) {
            let from = names::find(&read.path).map_or("the input", |n| n.from);
            let line = Evidence::new(from, 0, &format!("{} = {}", read.path, shown(read)));
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    if found.is_empty() {
        found.push(Evidence::new(
            "the input",
            0,
            &format!("{rule} reads no fact"),
        ));
    }
    found
}

fn below(record: &Record, lines: &mut Vec<Evidence>) {
    for fact in record.fields.values() {
        if lines.len() >= EVIDENCE_MAX {
            return;
        }
        for line in &fact.evidence {
            if !lines.contains(line) {
                lines.push(line.clone());
            }
        }
        if let crate::facts::Value::Record(inner) = &fact.value {
            below(inner, lines);
        }
    }
}
