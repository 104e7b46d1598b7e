//! Which cause leads: two tables, read from the top.
//!
//! [`GATES`] say who may lead at all, [`CRITERIA`] compare those who may. The first criterion that
//! differs decides, and the report says which one it was.

use std::cmp::{Ordering, Reverse};

use super::{Found, tree};
use crate::{
    finding::{Finding, Role},
    words::Bilingual,
};

/// A condition without which a finding never leads.
pub struct Gate {
    /// Short name.
    pub name: &'static str,
    /// Why it is asked for.
    pub reason: &'static str,
    admits: fn(&Found) -> bool,
}

/// Who may lead. (Superseded findings were taken out before: a more exact finding speaks for them.)
pub const GATES: &[Gate] = &[Gate {
    name: "is a cause",
    reason: "a kill or a restart is what the user saw, a policy is a circumstance, and a torn log \
             is about the evidence: none of these is why memory ran out",
    admits: |found| found.role == Role::Cause,
}];

/// One comparison between two causes.
pub struct Criterion {
    /// Short name.
    pub name: &'static str,
    /// Why it stands at this place of the table.
    pub reason: &'static str,
    /// How the report says that it decided.
    pub says_en: &'static str,
    /// The same in Chinese.
    pub says_zh: &'static str,
    key: fn(&Candidate<'_>) -> Key,
}

/// What one criterion sees of a cause; the smaller one leads.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Most(Reverse<usize>),
    Text(String),
}

fn most(figure: usize) -> Key {
    Key::Most(Reverse(figure))
}

/// A cause with its place among the other findings.
struct Candidate<'a> {
    finding: &'a Finding,
    explained_by_causes: usize,
    explains: usize,
}

/// How causes are compared: the first row that differs decides.
pub const CRITERIA: &[Criterion] = &[
    Criterion {
        name: "not explained by another found cause",
        reason: "what another cause brings about is a link of the chain, not its beginning",
        says_en: "no other cause that was found explains it",
        says_zh: "没有其他已发现的原因能解释它",
        key: |c| most(usize::from(c.explained_by_causes == 0)),
    },
    Criterion {
        name: "confidence",
        reason: "a certain cause beats a likely one, however bad the likely one would be",
        says_en: "it is the surer one",
        says_zh: "它的把握更大",
        key: |c| most(c.finding.confidence as usize),
    },
    Criterion {
        name: "severity",
        reason: "of two equally sure causes the reader must act on the worse one first",
        says_en: "it is the more severe one",
        says_zh: "它更严重",
        key: |c| most(c.finding.severity as usize),
    },
    Criterion {
        name: "latest event",
        reason: "what happened last is what the reader was called for",
        says_en: "it happened later",
        says_zh: "它发生得更晚",
        // Events stand in the order of time.
        key: |c| most(c.finding.items.iter().max().map_or(0, |last| last + 1)),
    },
    Criterion {
        name: "findings explained",
        reason: "a cause that accounts for more of what was seen is the better explanation",
        says_en: "it explains more of what was found",
        says_zh: "它能解释更多的发现",
        key: |c| most(c.explains),
    },
    Criterion {
        name: "events",
        reason: "what happens more often hurts more and is seen again sooner",
        says_en: "it has more events",
        says_zh: "它涉及的事件更多",
        key: |c| most(c.finding.count),
    },
    Criterion {
        name: "rule id and group",
        reason: "the same input must give the same report",
        says_en: "both weigh the same; the order is by name",
        says_zh: "两者权重相同，按名称排序",
        key: |c| {
            Key::Text(format!(
                "{}\n{}",
                c.finding.rule,
                c.finding.group.as_deref().unwrap_or_default()
            ))
        },
    },
];

/// All findings that may lead, best first.
pub(super) fn ranked(found: &[Found]) -> Vec<&Finding> {
    let mut candidates = candidates(found);
    candidates.sort_by(compare);
    candidates.into_iter().map(|c| c.finding).collect()
}

fn candidates(found: &[Found]) -> Vec<Candidate<'_>> {
    found
        .iter()
        .filter(|f| GATES.iter().all(|gate| (gate.admits)(f)))
        .map(|f| Candidate {
            finding: &f.finding,
            explained_by_causes: found
                .iter()
                .filter(|o| o.role == Role::Cause && tree::explains(&o.finding, &f.finding))
                .count(),
            explains: found
                .iter()
                .filter(|o| tree::explains(&f.finding, &o.finding))
                .count(),
        })
        .collect()
}

fn compare(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    CRITERIA
        .iter()
        .map(|criterion| (criterion.key)(a).cmp(&(criterion.key)(b)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Why the first cause leads over the next independent one.
pub(super) fn reason(found: &[Found], ranked: &[&Finding]) -> Option<Bilingual> {
    let first = *ranked.first()?;
    let chain = tree::below(first, found);
    let second = ranked
        .iter()
        .skip(1)
        .find(|f| !tree::holds(&chain, f))
        .copied()?;
    let candidates = candidates(found);
    let of = |finding: &Finding| candidates.iter().find(|c| c.finding == finding);
    let (a, b) = (of(first)?, of(second)?);
    let decided = CRITERIA
        .iter()
        .find(|criterion| (criterion.key)(a) != (criterion.key)(b))?;
    Some(Bilingual::new(
        format!("Leads over “{}”: {}.", second.title.en, decided.says_en),
        format!("排在“{}”之前：{}。", second.title.zh, decided.says_zh),
    ))
}

/// Order within one section: severity, confidence, count, name.
pub(super) fn by_weight(a: &Finding, b: &Finding) -> Ordering {
    let key = |f: &Finding| (Reverse(f.severity), Reverse(f.confidence), Reverse(f.count));
    key(a)
        .cmp(&key(b))
        .then_with(|| (&a.rule, &a.group).cmp(&(&b.rule, &b.group)))
}
