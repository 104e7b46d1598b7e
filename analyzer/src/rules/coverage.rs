//! What the examples of a catalogue exercise: which rules fire and stay quiet, which facts they hold.

use std::{collections::BTreeSet, fmt};

use super::{
    Rule, RuleSet,
    examples::{Fixture, state_of},
    expr::{Expr, Node, Shape},
    judge::HowToGet,
};
use crate::{
    facts::{Facts, Record, Value, names},
    finding::State,
    intake::File,
};

/// What is exercised and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Coverage {
    /// Rules in the catalogue.
    pub rules: usize,
    /// Rules that no example finds.
    pub never_found: Vec<String>,
    /// Rules that no example leaves quiet.
    pub never_quiet: Vec<String>,
    /// Facts that rules read.
    pub facts: usize,
    /// Facts that a rule reads and no example of that rule holds: rule, fact.
    pub never_known: Vec<(String, String)>,
    /// Declared facts that no rule reads.
    pub unread: usize,
}

impl Coverage {
    /// Whether every rule fires at least once and stays quiet at least once.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.never_found.is_empty() && self.never_quiet.is_empty()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in &self.never_found {
            writeln!(f, "NEVER FOUND  {id}: no example finds it")?;
        }
        for id in &self.never_quiet {
            writeln!(f, "NEVER QUIET  {id}: no example leaves it quiet")?;
        }
        for (id, fact) in &self.never_known {
            writeln!(f, "NEVER KNOWN  {id}: no example of it holds `{fact}`")?;
        }
        let mut lacking: BTreeSet<&String> = self.never_found.iter().collect();
        lacking.extend(&self.never_quiet);
        let good = self.rules - lacking.len();
        let percent = (good * 100).checked_div(self.rules).unwrap_or(100);
        writeln!(
            f,
            "{good} of {} rules fire and stay quiet in their examples: {percent} %",
            self.rules
        )?;
        let known = self.facts - self.never_known.len().min(self.facts);
        let percent = (known * 100).checked_div(self.facts).unwrap_or(100);
        writeln!(
            f,
            "{known} of {} readings of facts are exercised by an example of their rule: {percent} %",
            self.facts
        )?;
        writeln!(f, "{} declared facts are read by no rule", self.unread)
    }
}

/// Runs all examples and looks what they exercise.
pub fn coverage(set: &RuleSet, facts_of: &dyn Fn(Vec<File>) -> Facts, how: HowToGet) -> Coverage {
    let mut result = Coverage::default();
    let mut read_anywhere = BTreeSet::new();
    for rule in set.rules() {
        result.rules += 1;
        let (mut found, mut quiet) = (false, false);
        let mut known = BTreeSet::new();
        for fixture in Fixture::all(rule, facts_of) {
            match state_of(rule, &fixture, how) {
                State::Found(_) => found = true,
                _ => quiet = true,
            }
            names_in(&fixture.facts.root, "", &mut known);
        }
        if !found {
            result.never_found.push(rule.id.clone());
        }
        if !quiet {
            result.never_quiet.push(rule.id.clone());
        }
        let read = facts_read(rule);
        result.facts += read.len();
        for fact in read.difference(&known) {
            result.never_known.push((rule.id.clone(), fact.clone()));
        }
        read_anywhere.extend(read);
    }
    result.unread = names::all()
        .filter(|n| n.kind != names::Kind::List && !read_anywhere.contains(n.path))
        .count();
    result
}

/// Declared names of everything that is known.
fn names_in(record: &Record, prefix: &str, into: &mut BTreeSet<String>) {
    for (key, fact) in &record.fields {
        let path = if prefix.is_empty() {
            key.to_string()
        } else {
            format!("{prefix}.{key}")
        };
        match &fact.value {
            Value::Record(inner) => names_in(inner, &path, into),
            Value::List(list) => {
                for item in &list.items {
                    if let Value::Record(inner) = &item.value {
                        names_in(inner, &format!("{path}[]"), into);
                    }
                }
                into.insert(path);
            }
            _ => {
                into.insert(path);
            }
        }
    }
}

/// Declared names of the facts that a rule names.
pub(super) fn facts_read(rule: &Rule) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    for (_, expr) in rule.expressions() {
        expr.walk(&mut |node| {
            let path = match &node.node {
                Node::Path(path) => declared(rule, path),
                Node::Filter(_, input, arguments) => field_of(input, arguments),
                Node::Field(base, path) => match &base.shape {
                    Shape::Record(prefix) => Some(format!("{prefix}.{}", path.join("."))),
                    _ => None,
                },
                _ => None,
            };
            read.extend(path.filter(|p| names::find(p).is_some()));
        });
    }
    read
}

fn declared(rule: &Rule, path: &[String]) -> Option<String> {
    let (head, rest) = path.split_first()?;
    let each = rule.for_each.as_ref();
    let of_item = |list: &str, rest: &[String]| format!("{list}[].{}", rest.join("."));
    match (each, head.as_str(), rest) {
        (Some(each), head, rest) if head == each.variable => Some(of_item(&each.list, rest)),
        (Some(each), "group", [_, rest @ ..]) => Some(of_item(&each.list, rest)),
        _ => Some(path.join(".")),
    }
}

fn field_of(input: &Expr, arguments: &[Expr]) -> Option<String> {
    match (&input.shape, arguments.first().map(|a| &a.node)) {
        (Shape::Records(list), Some(Node::Text(field))) => Some(format!("{list}[].{field}")),
        _ => None,
    }
}
