//! What rules give: findings with their evidence, grouping, examples, `why`, the manual's rule.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

mod rule_harness;

use std::path::Path;

use oomscene_analyzer::{
    facts::{Evidence, Facts},
    finding::Confidence,
    intake::File,
    rules::{self, RuleSet, judge, named_source},
};
use rule_harness::{facts_of, fixtures, found, line, one, oom};

#[test]
fn the_fixtures_own_examples_are_validated() {
    let report = rules::test(&fixtures(), &facts_of, named_source);
    assert!(report.passed(), "{report}");
    assert_eq!(report.results.len(), 7);
}

#[test]
fn examples_that_do_not_hold_are_told_apart() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/rules");
    let text = std::fs::File::open(folder.join("overcommit-strict.yaml")).unwrap();
    let text = std::io::read_to_string(text).unwrap();
    let wrong = text
        .replace(
            "\"policy 2 98 100\"}, expect: {state: found}",
            "\"policy 2 90 100\"}, expect: {state: found}",
        )
        .replace(
            "\"policy 0 98 100\"}, expect: {state: ruled out}",
            "\"policy 2 99 100\"}, expect: {state: ruled out}",
        )
        + "  - {name: other words, files: {facts: \"policy 2 98 100\"}, expect: {says: 97 B of 100 B, confidence: likely}}\n";
    let set =
        RuleSet::from_texts([("overcommit-strict.yaml", wrong.as_str())].into_iter()).unwrap();
    let report = rules::test(&set, &facts_of, named_source);
    assert!(!report.passed());
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn events_of_one_cgroup_are_one_finding() {
    let mut facts = Facts::default();
    facts.push("oom_events", oom("/a", 100, Some(100), 1));
    facts.push("oom_events", oom("/b", 99, Some(100), 11));
    facts.push("oom_events", oom("/a", 98, Some(100), 21));
    facts.push("oom_events", oom("/a", 10, Some(100), 31));
    let judged = judge(&fixtures(), &facts, named_source);
    let memcg = judged
        .into_iter()
        .find(|j| j.rule == "memcg-limit-reached")
        .unwrap();
    let findings = found(memcg);
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0].group.as_deref(), Some("/a"));
    assert_eq!(
        (findings[0].count, findings[0].items.as_slice()),
        (2, &[0, 2][..])
    );
    assert_eq!(
        findings[0].says.en,
        "/a used 100 B of its limit 100 B (100%); java was killed, 2 times."
    );
    assert_eq!(
        findings[0].says.zh,
        "控制组 /a 已使用 100 B，上限为 100 B（100%）；进程 java 被杀死，共 2 次。"
    );
    assert_eq!(findings[0].confidence, Confidence::Certain);
    assert_eq!(
        findings[0].confidence_reason.en,
        "oom.victim.source == \"killed\" (it is \"killed\")"
    );
    assert!(findings[0].evidence.len() >= 4);
    assert_eq!(findings[0].evidence[0].line, 1);
    assert_eq!(findings[0].explains, ["container-restarted"]);
    // The page cache is unknown, so the first advice is not given.
    assert_eq!(findings[0].advice.len(), 1);
}

#[test]
fn evidence_is_short_and_never_empty() {
    let mut facts = Facts::default();
    facts.put("oom_summary.events_count", 3, Vec::new());
    let finding = found(one("when: oom_summary.events_count > 1", &facts)).remove(0);
    assert_eq!(&*finding.evidence[0].text, "oom_summary.events_count = 3");
    assert_eq!(
        (&*finding.evidence[0].entry, finding.evidence[0].line),
        ("kernel log", 0)
    );
    let many: Vec<Evidence> = (1..100).map(|n| Evidence::new("m", n, "x")).collect();
    facts.put("oom_summary.kills_count", 3, many);
    facts.put("oom_summary.memcg_count", 3, line(7, "the other fact"));
    let both = "when: oom_summary.kills_count > 1 and oom_summary.memcg_count > 1";
    let evidence = found(one(both, &facts)).remove(0).evidence;
    assert_eq!(evidence.len(), 12);
    assert_eq!(&*evidence[1].text, "the other fact");
}

#[test]
fn the_same_facts_give_the_same_judgement() {
    let facts = facts_of(vec![
        File {
            path: "a".into(),
            content: b"memcg 100 100".to_vec(),
        },
        File {
            path: "b".into(),
            content: b"policy 2 98 100".to_vec(),
        },
    ]);
    let first = judge(&fixtures(), &facts, named_source);
    let ids: Vec<&str> = first.iter().map(|j| j.rule.as_str()).collect();
    assert_eq!(
        ids,
        [
            "container-restarted",
            "memcg-limit-reached",
            "overcommit-strict"
        ]
    );
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| assert_eq!(judge(&fixtures(), &facts, named_source), first));
        }
    });
}

#[test]
fn why_shows_the_tree_with_values_and_lines() {
    let mut facts = Facts::default();
    facts.push("oom_events", oom("/a", 50, Some(100), 1));
    facts.push("oom_events", oom("/b", 50, None, 11));
    let set = fixtures();
    insta::assert_snapshot!(
        rules::why(&set, "memcg-limit-reached", &facts, named_source)
            .unwrap()
            .replace(&set.get("memcg-limit-reached").unwrap().file, "FILE")
    );
    assert_eq!(
        rules::why(&set, "memcg-limit-reach", &facts, named_source).unwrap_err(),
        "there is no rule `memcg-limit-reach`; did you mean `memcg-limit-reached`?"
    );
    assert!(
        set.list()
            .starts_with("container-restarted  medium    symptom   A container")
    );
    assert!(set.show("overcommit-strict").unwrap().contains("严格"));
}

#[test]
fn a_folder_replaces_rules_by_id() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/rules");
    assert_eq!(fixtures().with(&folder).unwrap().rules().count(), 3);
    assert!(RuleSet::load(Path::new("/nonexistent")).is_err());
    assert!(RuleSet::builtin().is_ok());
}

#[test]
fn the_rule_of_the_manual_is_a_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| {
        std::io::read_to_string(std::fs::File::open(root.join(path)).unwrap()).unwrap()
    };
    let manual = read("rules/README.md");
    let (_, rest) = manual.split_once("```yaml\n").unwrap();
    let (rule, _) = rest.split_once("```").unwrap();
    let other = read("tests/fixtures/rules/container-restarted.yaml");
    let texts = [
        ("memcg-limit-reached.yaml", rule),
        ("container-restarted.yaml", other.as_str()),
    ];
    let set = RuleSet::from_texts(texts.into_iter()).map_err(|d| rules::diagnostic::text(&d));
    assert!(set.is_ok(), "{}", set.unwrap_err());
    for word in rules::vocabulary::FILTERS
        .iter()
        .map(|w| w.name)
        .chain(rules::vocabulary::FUNCTIONS.iter().map(|w| w.name))
    {
        assert!(manual.contains(word), "the manual does not explain {word}");
    }
}
