//! Sorts the rules by how they ended.

use super::Found;
use crate::{
    facts::Evidence,
    finding::{Judged, MissingFact, Role, Severity, State},
    words::Bilingual,
};
use std::sync::Arc;

/// A rule whose facts were all there and that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuledOut {
    /// Id of the rule.
    pub rule: String,
    /// Short name of the problem.
    pub title: Bilingual,
    /// The rule's sentence about it; empty when it has none.
    pub says: Bilingual,
    /// Comparisons that were false, with their values.
    pub because: Vec<Bilingual>,
    /// Lines behind these values.
    pub evidence: Vec<Evidence>,
    /// Why there may be more events than those it was ruled out for; `None` when these are all.
    pub only_seen: Option<Arc<Bilingual>>,
}

/// A rule that lacks a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotTell {
    /// Id of the rule.
    pub rule: String,
    /// Short name of the problem.
    pub title: Bilingual,
    /// How bad it would be.
    pub severity: Severity,
    /// Place in the tree that it could take.
    pub role: Role,
    /// Rules whose findings would be its symptoms.
    pub explains: Vec<String>,
    /// The facts that are missing.
    pub missing: Vec<MissingFact>,
    /// What to do to get them: the step that brings the most of them.
    pub would_tell: Option<Bilingual>,
}

/// A rule that the user switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// Id of the rule.
    pub rule: String,
    /// Short name of the problem.
    pub title: Bilingual,
    /// The reason given, and what became of the entry.
    pub reason: Bilingual,
}

/// Rules that found nothing, by why.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) ruled_out: Vec<RuledOut>,
    pub(super) cannot_tell: Vec<CannotTell>,
}

/// Splits the outcomes; ruled-out evidence and context rules are left out, because "the log is not
/// torn" is not a cause that was excluded.
pub(super) fn split(judged: Vec<Judged>) -> (Vec<Found>, Open) {
    let mut found = Vec::new();
    let mut open = Open::default();
    for one in judged {
        let Judged {
            rule,
            title,
            severity,
            role,
            explains,
            state,
        } = one;
        match state {
            State::Found(findings) => {
                found.extend(findings.into_iter().map(|finding| Found { role, finding }));
            }
            State::RuledOut {
                says,
                because,
                evidence,
                only_seen,
            } if role == Role::Cause => open.ruled_out.push(RuledOut {
                rule,
                title,
                says,
                because,
                evidence,
                only_seen,
            }),
            State::RuledOut { .. } => {}
            State::CannotTell { missing } => open.cannot_tell.push(CannotTell {
                rule,
                title,
                severity,
                role,
                explains,
                would_tell: would_tell(&missing),
                missing,
            }),
            State::Suppressed => {}
        }
    }
    // Causes first: they are what the reader waits for.
    open.cannot_tell
        .sort_by(|a, b| (a.role, &a.rule).cmp(&(b.role, &b.rule)));
    open.ruled_out.sort_by(|a, b| a.rule.cmp(&b.rule));
    (found, open)
}

/// The step that brings the most missing facts; the first one of equals.
fn would_tell(missing: &[MissingFact]) -> Option<Bilingual> {
    let brings = |how: &Bilingual| missing.iter().filter(|m| &m.how == how).count();
    let mut best: Option<&Bilingual> = None;
    for fact in missing {
        if best.is_none_or(|b| brings(&fact.how) > brings(b)) {
            best = Some(&fact.how);
        }
    }
    best.filter(|b| !b.en.is_empty()).cloned()
}
