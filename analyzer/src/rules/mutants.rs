//! Mutation check: would a rule's own examples notice if its condition were wrong?
//!
//! Each comparison, connective, flag and threshold is changed, one at a time, and the examples are
//! run again. A change that no example notices is a part of the rule that nothing holds in place.

mod changes;
mod suggest;

use std::fmt;

use super::{
    Rule, RuleSet,
    examples::{Fixture, verdicts_hold},
    expr::{Expr, Part},
    judge::HowToGet,
    place::{Place, Places},
};
use crate::{facts::Facts, intake::File};

/// Share of changes that the examples of a catalogue must notice, in percent.
const CAUGHT_PERCENT_MIN: usize = 95;

/// One change that no example noticed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Survivor {
    /// Id of the rule.
    pub rule: String,
    /// File of the rule.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column, counted from 1.
    pub column: usize,
    /// Key of the expression.
    pub key: String,
    /// What was changed into what.
    pub change: String,
    /// An example that would notice, when one was found.
    pub suggestion: Option<String>,
}

/// Result of a mutation check.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct MutantReport {
    /// Changes that were tried.
    pub tried: usize,
    /// Changes that some example noticed.
    pub caught: usize,
    /// The others.
    pub survivors: Vec<Survivor>,
}

impl MutantReport {
    /// Whether enough of the changes were noticed.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.caught * 100 >= self.tried * CAUGHT_PERCENT_MIN
    }
}

impl fmt::Display for MutantReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for s in &self.survivors {
            writeln!(
                f,
                "SURVIVED  {}:{}:{}  {}: {}",
                s.file, s.line, s.column, s.key, s.change
            )?;
            if let Some(yaml) = &s.suggestion {
                writeln!(f, "{yaml}")?;
            }
        }
        let permille = (self.caught * 1000).checked_div(self.tried).unwrap_or(1000);
        writeln!(
            f,
            "{} of {} changes noticed by the rules' own examples: {}.{} % (the bar is {CAUGHT_PERCENT_MIN} %)",
            self.caught,
            self.tried,
            permille / 10,
            permille % 10
        )
    }
}

/// Whether examples that would notice a survivor are looked for: that takes minutes where many are
/// missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggest {
    /// Only count.
    Nothing,
    /// Look for an example for each survivor.
    Examples,
}

/// Changes every rule in every way and runs its examples each time.
pub fn mutants(
    set: &RuleSet,
    facts_of: &dyn Fn(Vec<File>) -> Facts,
    how: HowToGet,
    suggest: Suggest,
) -> MutantReport {
    let mut report = MutantReport::default();
    for rule in set.rules() {
        let fixtures = Fixture::all(rule, facts_of);
        let mut suggested = Vec::new();
        let places = Places::read(&rule.text);
        let whole: Option<serde_yaml::Value> = serde_yaml::from_str(&rule.text).ok();
        for (number, (key, expr)) in rule.expressions().into_iter().enumerate() {
            // What is shown is held by the texts of the examples, what decides is changed here.
            if !changes::decides(rule, &key, number) {
                continue;
            }
            for change in changes::of(expr, &key) {
                let mut mutant = rule.clone();
                let Some(target) = mutant.nth(number).and_then(|e| e.below(&change.way)) else {
                    continue;
                };
                let span = target.span;
                *target = change.new;
                report.tried += 1;
                if !verdicts_hold(&mutant, &fixtures, how) {
                    report.caught += 1;
                    continue;
                }
                let value = whole.as_ref().and_then(|w| scalar(w, &key));
                let place = value.map_or_else(
                    || places.key(&key),
                    |value| places.inside(&key, &value, span),
                );
                let mut survivor = survivor(rule, key.clone(), place, change.what);
                if suggest == Suggest::Examples
                    && !suggest::noticed(&mutant, &suggested, how)
                    && let Some(found) = suggest::find(rule, &mutant, &fixtures, how)
                {
                    survivor.suggestion = Some(found.yaml.clone());
                    suggested.push(found);
                }
                report.survivors.push(survivor);
            }
        }
    }
    report
}

fn survivor(rule: &Rule, key: String, place: Place, change: String) -> Survivor {
    Survivor {
        rule: rule.id.clone(),
        file: rule.file.clone(),
        line: place.line,
        column: place.column,
        key,
        change,
        suggestion: None,
    }
}

/// The text at a key such as `advice[1].when`.
fn scalar(whole: &serde_yaml::Value, key: &str) -> Option<String> {
    let mut node = whole;
    for part in key.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        node = node.get(name)?;
        if let Some(index) = index {
            node = node.get(index)?;
        }
    }
    node.as_str().map(str::to_owned)
}

impl Rule {
    /// The expression of [`Rule::expressions`] with this number, to be changed.
    fn nth(&mut self, number: usize) -> Option<&mut Expr> {
        let mut all: Vec<&mut Expr> = Vec::new();
        all.extend(self.lets.iter_mut().map(|(_, e)| e));
        all.push(&mut self.when);
        all.extend(self.group_by.iter_mut());
        all.extend(self.certain.iter_mut());
        all.extend(self.likely.iter_mut());
        for message in [&mut self.says, &mut self.why]
            .into_iter()
            .chain(&mut self.otherwise)
        {
            Part::expressions_mut(&mut message.en, &mut all);
            Part::expressions_mut(&mut message.zh, &mut all);
        }
        for advice in &mut self.advice {
            all.extend(advice.when.iter_mut());
            Part::expressions_mut(&mut advice.text.en, &mut all);
            Part::expressions_mut(&mut advice.text.zh, &mut all);
            if let Some(command) = &mut advice.command {
                Part::expressions_mut(command, &mut all);
            }
        }
        all.into_iter().nth(number)
    }
}

impl Expr {
    /// The node at the end of a way of child numbers.
    fn below(&mut self, way: &[usize]) -> Option<&mut Self> {
        let mut node = self;
        for step in way {
            node = node.children_mut().into_iter().nth(*step)?;
        }
        Some(node)
    }
}
