//! Checks across rules: ids are unique, what is named exists, nothing explains itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::{
    Rule,
    diagnostic::Diagnostic,
    place::{Place, Places},
    vocabulary::nearest,
};

/// Complaints about a whole catalogue.
pub(in crate::rules) fn across(rules: &[Rule]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut by_id: BTreeMap<&str, &Rule> = BTreeMap::new();
    for rule in rules {
        if let Some(first) = by_id.insert(&rule.id, rule) {
            let message = format!("the id `{}` is already in {}", rule.id, first.file);
            found.push(at(rule, "id", message, None));
        }
    }
    for rule in rules {
        for (key, named) in [
            ("explains", &rule.explains),
            ("supersedes", &rule.supersedes),
        ] {
            for (i, id) in named.iter().enumerate() {
                let place = format!("{key}[{i}]");
                if *id == rule.id {
                    let message = format!("`{id}` names itself in `{key}`");
                    found.push(at(rule, &place, message, None));
                } else if !by_id.contains_key(id.as_str()) {
                    let help = nearest(id, by_id.keys().copied())
                        .map(|near| format!("did you mean `{near}`?"));
                    found.push(at(rule, &place, format!("there is no rule `{id}`"), help));
                }
            }
        }
        for (i, id) in rule.supersedes.iter().enumerate() {
            if let Some(other) = by_id.get(id.as_str())
                && hides(rule, other)
            {
                let message = format!(
                    "`{id}` can never be shown: this rule replaces it and has the same condition"
                );
                found.push(at(rule, &format!("supersedes[{i}]"), message, None));
            }
        }
        for (key, edges) in [
            ("explains", (|r| &r.explains) as fn(&Rule) -> &Vec<String>),
            ("supersedes", |r| &r.supersedes),
        ] {
            if let Some(way) = circle(rule, &by_id, edges) {
                let message = format!("`{key}` goes in a circle: {}", way.join(" → "));
                found.push(at(rule, key, message, None));
            }
        }
    }
    found.sort();
    found
}

/// Complaint about a rule of the catalogue that looks into logs by itself.
pub(in crate::rules) fn reads_logs(rule: &Rule) -> Option<Diagnostic> {
    const WORD: &str = "log_line";
    rule.log_searches().first()?;
    let lines = rule.text.lines().enumerate();
    let (line, before) = lines
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
        .find_map(|(i, line)| Some((i + 1, line.split_once(WORD)?.0)))?;
    let place = Place {
        line,
        column: before.chars().count() + 1,
        length: WORD.len(),
    };
    Some(Diagnostic::new(
        &rule.file,
        &rule.text,
        place,
        "a rule of the catalogue does not read logs".to_owned(),
        Some(
            "write a parser that gives a fact; `log_line` is for rules of `--rules DIR`".to_owned(),
        ),
    ))
}

/// Whether `other` holds only where `rule` does, which replaces it.
fn hides(rule: &Rule, other: &Rule) -> bool {
    let of = |rule: &Rule| {
        let lets: Vec<String> = rule
            .lets
            .iter()
            .map(|(n, e)| format!("{n} = {e}"))
            .collect();
        (
            rule.each().map(|(v, l)| (v.to_owned(), l.to_owned())),
            lets,
            rule.when.to_string(),
        )
    };
    of(rule) == of(other)
}

fn at(rule: &Rule, key: &str, message: String, help: Option<String>) -> Diagnostic {
    let place = Places::read(&rule.text).key(key);
    Diagnostic::new(&rule.file, &rule.text, place, message, help)
}

/// The way from a rule back to itself, if it is the smallest id on it (so that it is told once).
fn circle<'r>(
    start: &'r Rule,
    by_id: &BTreeMap<&str, &'r Rule>,
    edges: fn(&Rule) -> &Vec<String>,
) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.id.as_str()]];
    while let Some(way) = ways.pop() {
        let rule = way.last().and_then(|id| by_id.get(id))?;
        for next in edges(rule) {
            if *next == start.id {
                // A rule that names itself is told by its name, not as a circle.
                if way.len() == 1 {
                    continue;
                }
                let smallest = way.iter().all(|id| start.id.as_str() <= *id);
                let mut way: Vec<String> = way.iter().map(|id| (*id).to_owned()).collect();
                way.push(next.clone());
                return smallest.then_some(way);
            }
            if by_id.contains_key(next.as_str()) && seen.insert(next.as_str()) {
                let mut longer = way.clone();
                longer.push(next);
                ways.push(longer);
            }
        }
    }
    None
}
