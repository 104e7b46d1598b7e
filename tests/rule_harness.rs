//! What the tests of rules share: fixture rules, facts made by hand, one small rule at a time.

use std::path::Path;

use oomscene_analyzer::{
    facts::{Evidence, Facts, Record},
    finding::{Finding, Judged, State},
    intake::File,
    rules::{self, RuleSet, judge, named_source},
};

pub(crate) fn fixtures() -> RuleSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/rules");
    RuleSet::load(&folder)
        .map_err(|d| rules::diagnostic::text(&d))
        .unwrap()
}

pub(crate) fn line(n: u32, text: &str) -> Vec<Evidence> {
    vec![Evidence::new("messages", n, text)]
}

pub(crate) fn oom(path: &str, usage: i64, limit: Option<i64>, at: u32) -> Record {
    let mut r = Record::new();
    r.put(
        "constraint",
        "memcg",
        line(at, "constraint=CONSTRAINT_MEMCG"),
    );
    r.put("memcg.path", path, line(at, "oom_memcg="));
    r.put("memcg.usage_bytes", usage, line(at + 1, "memory: usage"));
    r.put_some("memcg.limit_bytes", limit, &line(at + 1, "memory: usage"));
    r.put("victim.comm", "java", line(at + 2, "Killed process"));
    r.put("victim.known", true, line(at + 2, "Killed process"));
    r.put("victim.source", "killed", line(at + 2, "Killed process"));
    r
}

/// The facts of a fixture example: one line, as the fixtures write it.
pub(crate) fn facts_of(files: Vec<File>) -> Facts {
    let mut facts = Facts::default();
    for file in files {
        let text = String::from_utf8(file.content).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["memcg", usage, limit] => {
                facts.push(
                    "oom_events",
                    oom("/a", usage.parse().unwrap(), limit.parse().ok(), 1),
                );
            }
            ["group", n] => {
                let mut group = Record::new();
                group.put("containers_count", n.parse::<i64>().unwrap(), Vec::new());
                facts.push("oom_groups", group);
            }
            ["policy", mode, committed, limit] => {
                let at = line(1, "2");
                facts.put(
                    "policy.overcommit_memory",
                    mode.parse::<i64>().unwrap(),
                    at.clone(),
                );
                facts.put(
                    "memory.committed_bytes",
                    committed.parse::<i64>().unwrap(),
                    at.clone(),
                );
                facts.put(
                    "memory.commit_limit_bytes",
                    limit.parse::<i64>().unwrap(),
                    at,
                );
            }
            other => panic!("unknown line {other:?}"),
        }
    }
    facts
}

/// Judges one rule that differs from a plain one only in the given lines.
#[track_caller]
pub(crate) fn one(lines: &str, facts: &Facts) -> Judged {
    let has = |key: &str| lines.lines().any(|l| l.starts_with(key));
    let mut text = String::from(
        "id: r\nseverity: low\nrole: cause\ntitle: {en: t, zh: 题}\nwhy: {en: w, zh: 因}\n",
    );
    if !has("says:") {
        text.push_str("says: {en: s, zh: 述}\n");
    }
    text.push_str(lines);
    text.push_str("\nexamples:\n - {name: a, files: {}, expect: {count: 1}}\n - {name: b, files: {}, expect: {count: 0}}\n");
    let set = RuleSet::from_texts([("r.yaml", text.as_str())].into_iter())
        .map_err(|d| rules::diagnostic::text(&d))
        .unwrap_or_else(|d| panic!("{d}"));
    judge(&set, facts, named_source).remove(0)
}

#[track_caller]
pub(crate) fn found(judged: Judged) -> Vec<Finding> {
    match judged.state {
        State::Found(findings) => findings,
        other => panic!("{} is {other:?}", judged.rule),
    }
}
