//! Writes the texts that came into the examples that state others; all else of a file stays as it
//! is, comments included.

use std::{fs, path::Path};

use super::{
    Rule, RuleSet,
    examples::{Fixture, one_line, state_of, stated},
    file::RuleFile,
    judge::HowToGet,
    place::Places,
};
use crate::{facts::Facts, finding::State, intake::File};

/// Corrects the stated texts of the examples in the files of these rules. Gives the files that
/// were changed.
///
/// # Errors
///
/// A sentence when a file cannot be written, or its text cannot be changed safely.
pub fn update(
    set: &RuleSet,
    facts_of: &dyn Fn(Vec<File>) -> Facts,
    how: HowToGet,
) -> Result<Vec<String>, String> {
    let mut changed = Vec::new();
    for rule in set.rules() {
        let corrected = corrected(rule, facts_of, how)?;
        if corrected != rule.text {
            write(Path::new(&rule.file), &corrected)?;
            changed.push(rule.file.clone());
        }
    }
    Ok(changed)
}

/// The text of a rule with the texts of its examples as they come now.
fn corrected(
    rule: &Rule,
    facts_of: &dyn Fn(Vec<File>) -> Facts,
    how: HowToGet,
) -> Result<String, String> {
    let mut text = rule.text.clone();
    for (i, fixture) in Fixture::all(rule, facts_of).into_iter().enumerate() {
        let State::Found(findings) = state_of(rule, &fixture, how) else {
            continue;
        };
        let Some(first) = findings.first() else {
            continue;
        };
        for (key, wanted, came, holds) in stated(&fixture.example.expect, first) {
            let came = one_line(came);
            if holds(&came, &one_line(wanted)) {
                continue;
            }
            let path = format!("examples[{i}].expect.{key}");
            text = replaced(&text, &path, &came)
                .ok_or_else(|| format!("{}: cannot write the new text of `{path}`", rule.file))?;
        }
    }
    Ok(text)
}

/// The file with another value at `path`; nothing when it would not read back as meant.
fn replaced(text: &str, path: &str, value: &str) -> Option<String> {
    let range = Places::read(text).range(path)?;
    let before: String = text.chars().take(range.start).collect();
    let after: String = text.chars().skip(range.end).collect();
    // A JSON string is a double-quoted YAML scalar.
    let new = format!("{before}{}{after}", serde_json::to_string(value).ok()?);
    serde_yaml::from_str::<RuleFile>(&new).ok()?;
    let range = Places::read(&new).range(path)?;
    let written: String = new
        .chars()
        .skip(range.start)
        .take(range.end - range.start)
        .collect();
    (serde_json::from_str::<String>(&written).ok()? == value).then_some(new)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if !path.is_file() {
        return Err(format!(
            "{} is built into the program: give the folder of the rules to update them",
            path.display()
        ));
    }
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"id: a
severity: low
role: cause
title: {en: a, zh: 甲}
when: memory.total_bytes > 0
says: {en: a, zh: 甲}
why: {en: a, zh: 甲}
examples:
  - name: one # kept
    files: {}
    expect:
      says: >-
        old
        words
      count: 1 # kept too
  - {name: two, files: {}, expect: {text_zh: 旧, count: 1}}
"#;

    #[test]
    fn only_the_text_changes() {
        let value = "a \"new\" text: 中 #1";
        let block = replaced(RULE, "examples[0].expect.says", value).unwrap();
        let old = ">-\n        old\n        words\n";
        let new = "\"a \\\"new\\\" text: 中 #1\"\n";
        assert_eq!(block, RULE.replace(old, new));
        let flow = replaced(RULE, "examples[1].expect.text_zh", "新").unwrap();
        assert_eq!(flow, RULE.replace("旧", "\"新\""));
        assert_eq!(replaced(RULE, "examples[7].expect.says", "x"), None);
    }
}
