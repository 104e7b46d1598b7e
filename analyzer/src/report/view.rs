//! What a report shows: the public JSON contract, version 1, and all that templates see.
//!
//! Inner types are free to change, these are not: a field may be added, none may change its
//! meaning without a new [`VERSION`]. Figures are in base units (`_bytes`, `_seconds`, Unix time);
//! texts are in the language of the report; unknown values are `null`, never zero.

mod events;
mod quality;

pub use events::{Asked, Event, Events, Group, Killed, Memory, MemoryPart, RanOut};
pub use quality::{Gap, Hole, KernelLog, Log, Machine, Quality};

use std::collections::BTreeMap;

use serde::Serialize;

use super::shown::{Prose, Shown};
use crate::{
    finding::{Confidence, Role, Severity},
    verdict::{Outcome, Part},
};

/// Version of the JSON contract.
pub const VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// [`VERSION`].
    pub report_version: u32,
    /// Analyzer and its version.
    pub tool: Shown,
    /// Language of the texts: `en` or `zh`.
    pub lang: &'static str,
    /// Case number given at collection.
    pub case: Option<Shown>,
    /// Labels given at collection.
    pub labels: BTreeMap<String, Shown>,
    /// What was read.
    pub inputs: Vec<Input>,
    /// The conclusion.
    pub verdict: Conclusion,
    /// The figures to see first, at most three.
    pub key_facts: Vec<KeyFact>,
    /// The event that shows the most, with who asked, who was killed and what ran out kept apart.
    pub leading_event: Option<Event>,
    /// From the root down to what the user saw; the root is not repeated.
    pub chain: Vec<Link>,
    /// What to change, best first.
    pub advice: Vec<Advice>,
    /// All OOM events.
    pub events: Events,
    /// What memory consisted of.
    pub memory: Vec<Memory>,
    /// Other causes that hold and that the root does not explain.
    pub other_causes: Vec<Item>,
    /// Circumstances that made it worse.
    pub contributing: Vec<Item>,
    /// Symptoms that no found cause explains.
    pub unexplained: Vec<Item>,
    /// Who was near and is not to blame.
    pub bystanders: Vec<Bystander>,
    /// Causes that the facts exclude.
    pub ruled_out: Vec<RuledOut>,
    /// What cannot be told, by the step that would tell it.
    pub steps: Vec<Step>,
    /// Rules that lack a fact.
    pub cannot_tell: Vec<CannotTell>,
    /// Rules that the user switched off.
    pub suppressed: Vec<Suppressed>,
    /// Rules whose finding a more exact one replaces.
    pub superseded: Vec<String>,
    /// How far the evidence can be trusted.
    pub quality: Quality,
    /// The machine.
    pub machine: Machine,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Name as given.
    pub name: Shown,
    /// `bundle`, `folder` or `log`.
    pub kind: &'static str,
}

/// The conclusion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conclusion {
    /// How the case ends.
    pub outcome: Outcome,
    /// The one sentence to say first.
    pub headline: Prose,
    /// The leading finding.
    pub root: Option<Root>,
    /// Why this cause leads and not the next one.
    pub leads_because: Option<Prose>,
    /// With no root: the causes that lack the fewest facts.
    pub candidates: Vec<CannotTell>,
    /// Rules that were evaluated.
    pub rules_count: usize,
}

/// The leading finding, with what only it shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Root {
    /// The finding.
    #[serde(flatten)]
    pub item: Item,
    /// The expression that decided the confidence, with its values.
    pub confidence_reason: Option<Prose>,
    /// What its events share.
    pub group: Option<Shown>,
    /// Where to read more.
    pub references: Vec<Shown>,
    /// Facts that the rule read.
    pub figures: Vec<Figure>,
}

/// A fact that a rule read, with its value for a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Name of the fact.
    pub path: Shown,
    /// Its value.
    pub value: Shown,
}

/// One figure of the first screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyFact {
    /// What it is.
    pub label: Shown,
    /// The figure.
    pub value: Shown,
    /// A smaller line under it; empty when there is none.
    pub detail: Shown,
}

/// A link of the cause chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Link {
    /// Links from the root, counted from 1.
    pub depth: usize,
    /// Rule that explains it.
    pub because_of: String,
    /// What place it takes.
    pub role: Role,
    /// The finding.
    #[serde(flatten)]
    pub item: Item,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Id of the rule.
    pub rule: String,
    /// Short name.
    pub title: Prose,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What was found.
    pub says: Prose,
    /// The mechanism.
    pub why: Prose,
    /// Events in it.
    pub events_count: usize,
    /// Remedies, best first.
    pub advice: Vec<Advice>,
    /// Lines that prove it.
    pub evidence: Vec<EvidenceLine>,
}

/// One remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What to do.
    pub text: Prose,
    /// Exact command or setting.
    pub command: Option<Prose>,
}

/// One line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EvidenceLine {
    /// Entry or file.
    pub file: Shown,
    /// Line, counted from 1; `null` when it is about the whole file.
    pub line: Option<u32>,
    /// Its text.
    pub text: Shown,
}

/// Who was near it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bystander {
    /// What it did.
    pub part: Part,
    /// Program or service.
    pub name: Shown,
    /// Its process id.
    pub pid: Option<i128>,
    /// Who was killed.
    pub victim: Option<Shown>,
    /// Events in which it appears.
    pub events_count: usize,
}

/// A cause that the facts exclude.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuledOut {
    /// Id of the rule.
    pub rule: String,
    /// Short name.
    pub title: Prose,
    /// In words; empty when the rule has none.
    pub says: Prose,
    /// The comparisons that were false, with their values.
    pub because: Vec<Shown>,
    /// Lines behind these values.
    pub evidence: Vec<EvidenceLine>,
    /// Why there may be more events than those it was ruled out for; `None` when these are all.
    pub only_seen: Option<Prose>,
}

/// One step that would answer what cannot be told, with all the rules that wait for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What to do.
    pub how: Prose,
    /// Rules that wait for it, causes first.
    pub rules: Vec<StepRule>,
    /// Declared names of the facts that it would bring.
    pub facts: Vec<Shown>,
}

/// A rule that waits for a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepRule {
    /// Id of the rule.
    pub rule: String,
    /// Short name.
    pub title: Prose,
}

/// A rule that lacks a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CannotTell {
    /// Id of the rule.
    pub rule: String,
    /// Short name.
    pub title: Prose,
    /// What place a finding of it would take.
    pub role: Role,
    /// The missing facts.
    pub missing: Vec<Missing>,
    /// The one step that would tell the most.
    pub would_tell: Option<Prose>,
}

/// A missing fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Declared name.
    pub path: Shown,
    /// What it is; empty in Chinese.
    pub what: Shown,
    /// How to get it.
    pub how: Prose,
}

/// A rule that was switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Id of the rule.
    pub rule: String,
    /// Short name.
    pub title: Prose,
    /// The reason given.
    pub reason: Shown,
}
