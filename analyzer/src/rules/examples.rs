//! Runs the examples of rules: the proof that each rule fires when it should and only then.

use std::{collections::BTreeMap, fmt};

use super::{
    Rule, RuleSet, explain,
    file::{Example, Expect},
    given,
    judge::{self, HowToGet},
};
use crate::{
    facts::Facts,
    finding::{Advice, Confidence, Finding, State},
    intake::File,
};

/// How an example came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All that was expected.
    Validated,
    /// The rule found something and should not have.
    Noisy,
    /// The rule should have found something and did not.
    Missing,
    /// The ending is right, its words or figures are not.
    Wrong,
}

/// One example with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExampleResult {
    /// Id of the rule.
    pub rule: String,
    /// Name of the example.
    pub example: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What was expected and what came, one line each; empty when validated.
    pub difference: Vec<String>,
}

/// All examples of a catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct TestReport {
    /// In the order of rules and examples.
    pub results: Vec<ExampleResult>,
}

impl TestReport {
    /// Whether every example came out as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.results.iter().all(|r| r.outcome == Outcome::Validated)
    }
}

impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for r in &self.results {
            let outcome = match r.outcome {
                Outcome::Validated => "ok     ",
                Outcome::Noisy => "NOISY  ",
                Outcome::Missing => "MISSING",
                Outcome::Wrong => "WRONG  ",
            };
            writeln!(f, "{outcome}  {}: {}", r.rule, r.example)?;
            for line in &r.difference {
                writeln!(f, "           {line}")?;
            }
        }
        let total = self.results.len();
        let good = self
            .results
            .iter()
            .filter(|r| r.outcome == Outcome::Validated)
            .count();
        writeln!(f, "{good} of {total} examples as expected")
    }
}

/// The facts of one example, read once however often it is run.
pub(super) struct Fixture<'r> {
    pub(super) example: &'r Example,
    pub(super) facts: Facts,
}

impl<'r> Fixture<'r> {
    pub(super) fn all(rule: &'r Rule, facts_of: &dyn Fn(Vec<File>) -> Facts) -> Vec<Self> {
        let each = rule.each();
        let one = |example: &'r Example| {
            let line = lineage(&rule.examples, example);
            let mut files = BTreeMap::new();
            for one in &line {
                files.extend(one.files.iter());
            }
            let files = files.into_iter().map(|(path, text)| File {
                path: path.clone(),
                content: text.clone().into_bytes(),
            });
            let mut facts = facts_of(files.collect());
            for one in line {
                given::apply(one, each, &mut facts);
            }
            Self { example, facts }
        };
        rule.examples.iter().map(one).collect()
    }
}

/// The examples that this one is like, the first one first, and itself.
fn lineage<'e>(all: &'e [Example], example: &'e Example) -> Vec<&'e Example> {
    let mut line = vec![example];
    let mut last = example;
    while let Some(name) = &last.like
        && line.len() <= all.len()
        && let Some(above) = all.iter().find(|e| e.name == *name)
    {
        line.push(above);
        last = above;
    }
    line.reverse();
    line
}

/// How a rule ends on an example.
pub(super) fn state_of(rule: &Rule, fixture: &Fixture<'_>, how: HowToGet) -> State {
    judge::one(rule, &fixture.facts, how)
}

/// Whether all examples come out as expected.
pub(super) fn verdicts_hold(rule: &Rule, fixtures: &[Fixture<'_>], how: HowToGet) -> bool {
    fixtures.iter().all(|fixture| {
        let state = state_of(rule, fixture, how);
        compared(rule, fixture.example, &state).outcome == Outcome::Validated
    })
}

/// Runs all examples. `facts_of` turns the files of an example into facts.
pub fn test(set: &RuleSet, facts_of: &dyn Fn(Vec<File>) -> Facts, how: HowToGet) -> TestReport {
    let mut report = TestReport::default();
    for rule in set.rules() {
        for fixture in Fixture::all(rule, facts_of) {
            let state = state_of(rule, &fixture, how);
            report.results.push(compared(rule, fixture.example, &state));
        }
    }
    report
}

fn compared(rule: &Rule, example: &Example, state: &State) -> ExampleResult {
    let found = matches!(state, State::Found(_));
    let mut difference = differences(example, state);
    let outcome = match (example.expect.wants_found(), found) {
        (Some(false), true) => Outcome::Noisy,
        (Some(true), false) => Outcome::Missing,
        _ if difference.is_empty() => Outcome::Validated,
        _ => Outcome::Wrong,
    };
    if matches!(outcome, Outcome::Noisy | Outcome::Missing) && difference.is_empty() {
        difference.push(format!("it ended as `{}`", explain::ending(state)));
    }
    match state {
        State::RuledOut { because, .. } if outcome != Outcome::Validated => {
            difference.extend(because.iter().map(|b| format!("because {}", b.en)));
        }
        State::CannotTell { missing } if outcome != Outcome::Validated => {
            difference.extend(missing.iter().map(|m| format!("missing {}", m.path)));
        }
        _ => {}
    }
    ExampleResult {
        rule: rule.id.clone(),
        example: example.name.clone(),
        outcome,
        difference,
    }
}

fn differences(example: &Example, state: &State) -> Vec<String> {
    let expect = &example.expect;
    let mut out = Vec::new();
    let mut expected = |what: &str, wanted: &str, came: &str| {
        out.push(format!("{what}: expected {wanted}"));
        out.push(format!("{}  came {came}", " ".repeat(what.chars().count())));
    };
    let ending = explain::ending(state);
    if let Some(wanted) = expect.state
        && wanted.to_string() != ending
    {
        expected("state", &wanted.to_string(), ending);
    }
    let findings = match state {
        State::Found(findings) => findings.as_slice(),
        _ => &[],
    };
    if let Some(count) = expect.count
        && count != findings.len()
    {
        expected("count", &count.to_string(), &findings.len().to_string());
    }
    if let Some(first) = findings.first() {
        let confidence = match first.confidence {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        };
        if let Some(wanted) = &expect.confidence
            && wanted != confidence
        {
            expected(
                "confidence",
                wanted,
                &format!("{confidence}: {}", first.confidence_reason.en),
            );
        }
        for (what, wanted, came, holds) in stated(expect, first) {
            if !holds(&one_line(came), &one_line(wanted)) {
                expected(what, &one_line(wanted), &one_line(came));
            }
        }
        if let Some(wanted) = &expect.advice {
            let came: Vec<String> = first.advice.iter().map(told).collect();
            let fits = wanted.len() == came.len()
                && came
                    .iter()
                    .zip(wanted)
                    .all(|(a, b)| a.contains(&one_line(b)));
            if !fits {
                expected("advice", &wanted.join(" | "), &came.join(" | "));
            }
        }
    }
    if let Some(wanted) = &expect.missing {
        let missing = match state {
            State::CannotTell { missing } => missing.as_slice(),
            _ => &[],
        };
        if !missing.iter().any(|m| m.path == *wanted) {
            let came: Vec<&str> = missing.iter().map(|m| m.path.as_str()).collect();
            let came = if came.is_empty() {
                ending.to_owned()
            } else {
                came.join(", ")
            };
            expected("missing", wanted, &came);
        }
    }
    out
}

/// Whether a text that came is the one that was wanted.
type Holds = fn(&str, &str) -> bool;

/// The texts that an example states: key, wanted, came, how they are compared.
pub(super) fn stated<'e>(
    expect: &'e Expect,
    finding: &'e Finding,
) -> impl Iterator<Item = (&'static str, &'e str, &'e str, Holds)> {
    let part: Holds = |came, wanted| came.contains(wanted);
    let exact: Holds = |came, wanted| came == wanted;
    [
        ("says", &expect.says, &finding.says.en, part),
        ("says_zh", &expect.says_zh, &finding.says.zh, part),
        ("text", &expect.text, &finding.says.en, exact),
        ("text_zh", &expect.text_zh, &finding.says.zh, exact),
    ]
    .into_iter()
    .filter_map(|(key, wanted, came, holds)| Some((key, wanted.as_deref()?, came.as_str(), holds)))
}

/// A remedy in one line: its words and its command.
fn told(advice: &Advice) -> String {
    let command = advice.command.as_deref().unwrap_or_default();
    one_line(&format!("{} {command}", advice.text.en))
}

/// Line breaks of YAML do not count.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
