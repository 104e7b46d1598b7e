//! Runs the examples of rules: the proof that each rule fires when it should and only then.

use std::fmt;

use super::{
    Rule, RuleSet, explain,
    file::Example,
    judge::{HowToGet, judge},
};
use crate::{
    facts::Facts,
    finding::{Confidence, State},
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

/// Runs all examples. `facts_of` turns the files of an example into facts.
pub fn test(set: &RuleSet, facts_of: &dyn Fn(Vec<File>) -> Facts, how: HowToGet) -> TestReport {
    let mut report = TestReport::default();
    for rule in set.rules() {
        for example in &rule.examples {
            let files = example.files.iter().map(|(path, text)| File {
                path: path.clone(),
                content: text.clone().into_bytes(),
            });
            let facts = facts_of(files.collect());
            let alone = RuleSet::one(rule);
            let state = judge(&alone, &facts, how)
                .into_iter()
                .next()
                .map(|j| j.state);
            let state = state.unwrap_or(State::CannotTell {
                missing: Vec::new(),
            });
            report.results.push(compared(rule, example, &state));
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
            difference.extend(because.iter().map(|b| format!("because {b}")));
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
                &format!("{confidence}: {}", first.confidence_reason),
            );
        }
        let texts = [
            ("says", &expect.says, &first.says.en),
            ("says_zh", &expect.says_zh, &first.says.zh),
        ];
        for (what, wanted, came) in texts {
            if let Some(wanted) = wanted
                && !one_line(came).contains(&one_line(wanted))
            {
                expected(what, &one_line(wanted), &one_line(came));
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

/// Line breaks of YAML do not count.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
