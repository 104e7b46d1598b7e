//! What the rules concluded: data only. Formats draw it, the verdict ranks it.

use crate::{facts::Evidence, words::Bilingual};
use std::sync::Arc;

/// How bad it is when it is true.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A contributing circumstance.
    Low,
    /// Will hurt or has hurt a little.
    Medium,
    /// A service was killed or will be.
    High,
    /// The machine or its main service is down or in a loop.
    Critical,
}

/// How sure the rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The condition holds, nothing confirms it further.
    Possible,
    /// More speaks for it than against it; the decisive fact is missing.
    Likely,
    /// The decisive fact is there.
    Certain,
}

/// One fact that an expression read, as it was at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Full name, for example `oom_events[0].memcg.limit_bytes`.
    pub path: String,
    /// Its value for a reader (bytes with unit), or `unknown`.
    pub value: String,
}

/// A fact that a rule needed and the evidence did not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingFact {
    /// Declared name, for example `memory.available_bytes`.
    pub path: String,
    /// What it is, in English; [`MissingFact::path`] is the name in every language.
    pub what: String,
    /// Where it would come from and how to get it.
    pub how: Bilingual,
}

/// One remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What to do, in words.
    pub text: Bilingual,
    /// The exact command or setting, if there is one.
    pub command: Option<String>,
}

/// A rule that holds here: once, or once per group of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// Short name of the problem.
    pub title: Bilingual,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// The expression that decided the confidence, with its values.
    pub confidence_reason: Bilingual,
    /// What happened here, with the figures.
    pub says: Bilingual,
    /// The mechanism, for a reader who is not a kernel engineer.
    pub why: Bilingual,
    /// Remedies, best first.
    pub advice: Vec<Advice>,
    /// Where to read more.
    pub references: Vec<String>,
    /// The lines that prove it; never empty.
    pub evidence: Vec<Evidence>,
    /// Facts that the condition read.
    pub touched: Vec<Touched>,
    /// Value of the rule's `group_by`, if it has one.
    pub group: Option<String>,
    /// Events in this finding (1 without `for_each`).
    pub count: usize,
    /// Index of the event that the message is about; `None` without `for_each`.
    pub shown: Option<usize>,
    /// Indexes of these events in the list named by `for_each`.
    pub items: Vec<usize>,
    /// Rules whose findings are symptoms of this one.
    pub explains: Vec<String>,
    /// Rules whose findings this one replaces.
    pub supersedes: Vec<String>,
}

/// How a rule ended.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It holds; at least one finding.
    Found(Vec<Finding>),
    /// All its facts were there and it does not hold.
    RuledOut {
        /// The rule's own sentence for this, rendered; empty when it has none.
        says: Bilingual,
        /// The comparison that was false, with its values.
        because: Vec<Bilingual>,
        /// Lines behind these values.
        evidence: Vec<Evidence>,
        /// Why there may be more events than the ones judged here: it is ruled out for what was
        /// seen, and nothing is said about the rest.
        only_seen: Option<Arc<Bilingual>>,
    },
    /// A fact was missing.
    CannotTell {
        /// Which facts, and how to get them.
        missing: Vec<MissingFact>,
    },
    /// Switched off by the user; the list of suppressions says why.
    Suppressed,
}

/// One rule with its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Id of the rule.
    pub rule: String,
    /// Short name of the problem.
    pub title: Bilingual,
    /// How bad it is when true.
    pub severity: Severity,
    /// `cause`, `symptom`, `context` or `evidence`: what a finding of this rule can be in the tree.
    pub role: Role,
    /// Rules whose findings would be its symptoms.
    pub explains: Vec<String>,
    /// How it ended.
    pub state: State,
}

/// Which place a rule's finding can take in the cause tree.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Can be the root cause.
    Cause,
    /// Something the user saw: a kill, a restart; never the root.
    Symptom,
    /// A policy or circumstance that made it worse; never the root.
    Context,
    /// Something about the evidence itself (torn, suppressed, wrapped); never the root.
    Evidence,
}
