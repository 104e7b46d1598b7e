//! Which finding is the root, which are its symptoms, what was ruled out, what cannot be told.
//!
//! The verdict adds no facts: it sorts what the rules concluded. How it ranks is a table, see
//! [`rank::GATES`] and [`rank::CRITERIA`].

mod bystanders;
pub mod events;
mod open;
pub mod rank;
mod silence;
mod tree;

pub use bystanders::{Bystander, Part};
pub use open::{CannotTell, RuledOut, Suppressed};
pub use tree::Step;

use crate::{
    facts::Facts,
    finding::{Finding, Judged, Role, State},
    words::Bilingual,
};

/// How the case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A rule names the cause.
    RootCause,
    /// Something failed for lack of memory and no rule can name the cause.
    NotDetermined,
    /// The kernel log is whole since boot and holds no memory failure.
    NothingSinceBoot,
    /// No memory failure in what was read; the rest of the time is not covered.
    NothingInWhatWasRead,
}

/// A finding with the place that its rule can take in the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Place in the tree.
    pub role: Role,
    /// The finding.
    pub finding: Finding,
}

/// The conclusion of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// How the case ends.
    pub outcome: Outcome,
    /// The one sentence to say first.
    pub headline: Bilingual,
    /// The leading finding.
    pub root: Option<Finding>,
    /// Why this one leads and not the next cause; empty when there is no other.
    pub leads_because: Option<Bilingual>,
    /// What follows from the root, in order, down to what the user saw.
    pub chain: Vec<Step>,
    /// Causes that hold too and that the root does not explain.
    pub other_causes: Vec<Finding>,
    /// Circumstances that made it worse.
    pub contributing: Vec<Finding>,
    /// Symptoms that no found cause explains.
    pub unexplained: Vec<Finding>,
    /// Who was near it and is not to blame.
    pub bystanders: Vec<Bystander>,
    /// What is to be known about the evidence itself.
    pub evidence_notes: Vec<Finding>,
    /// Causes that the facts exclude.
    pub ruled_out: Vec<RuledOut>,
    /// Causes that lack a fact.
    pub cannot_tell: Vec<CannotTell>,
    /// With no root: the causes that lack the fewest facts, at most two.
    pub candidates: Vec<CannotTell>,
    /// What the user switched off, and what became of each entry; the caller fills it in.
    pub suppressed: Vec<Suppressed>,
    /// Findings that a more exact finding replaces.
    pub superseded: Vec<Finding>,
    /// Rules that were evaluated.
    pub rules_count: usize,
}

/// Sorts what the rules concluded into one verdict.
#[must_use]
pub fn reach(judged: Vec<Judged>, facts: &Facts) -> Verdict {
    let rules_count = judged.len();
    let (found, open) = open::split(judged);
    let (found, superseded) = tree::drop_superseded(found);
    let ranked = rank::ranked(&found);
    let root = ranked.first().copied().cloned();
    let leads_because = rank::reason(&found, &ranked);
    let chain = root
        .as_ref()
        .map(|root| tree::below(root, &found))
        .unwrap_or_default();
    let mut rest = found;
    rest.retain(|f| Some(&f.finding) != root.as_ref() && !tree::holds(&chain, &f.finding));
    let silence = silence::outcome(root.as_ref(), &rest, facts, &open.cannot_tell);
    let of = |role: Role| -> Vec<Finding> {
        let mut all: Vec<&Found> = rest.iter().filter(|f| f.role == role).collect();
        all.sort_by(|a, b| rank::by_weight(&a.finding, &b.finding));
        all.into_iter().map(|f| f.finding.clone()).collect()
    };
    Verdict {
        outcome: silence.outcome,
        headline: silence.headline,
        leads_because,
        bystanders: bystanders::of(root.as_ref(), facts),
        other_causes: of(Role::Cause),
        contributing: of(Role::Context),
        unexplained: of(Role::Symptom),
        evidence_notes: of(Role::Evidence),
        root,
        chain,
        ruled_out: open.ruled_out,
        candidates: silence.candidates,
        cannot_tell: open.cannot_tell,
        suppressed: Vec::new(),
        superseded,
        rules_count,
    }
}

impl Verdict {
    /// The highest severity among all that was found; `None` when nothing was.
    #[must_use]
    pub fn highest_severity(&self) -> Option<crate::finding::Severity> {
        self.root
            .iter()
            .chain(self.chain.iter().map(|s| &s.finding))
            .chain(&self.other_causes)
            .chain(&self.contributing)
            .chain(&self.unexplained)
            .chain(&self.evidence_notes)
            .map(|f| f.severity)
            .max()
    }
}

/// Whether a rule ended with at least one finding.
#[must_use]
pub fn is_found(state: &State) -> bool {
    matches!(state, State::Found(findings) if !findings.is_empty())
}

#[cfg(test)]
mod tests;
