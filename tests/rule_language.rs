//! The rule language at work: endings, grouping, evidence, messages, on facts made by hand.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::path::Path;

use oomscene_analyzer::{
    facts::{Evidence, Facts, List, Record, Value},
    finding::{Confidence, Finding, Judged, State},
    intake::File,
    rules::{self, RuleSet, ending, judge, named_source},
};

fn fixtures() -> RuleSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/rules");
    RuleSet::load(&folder)
        .map_err(|d| rules::diagnostic::text(&d))
        .unwrap()
}

fn line(n: u32, text: &str) -> Vec<Evidence> {
    vec![Evidence::new("messages", n, text)]
}

fn oom(path: &str, usage: i64, limit: Option<i64>, at: u32) -> Record {
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
fn facts_of(files: Vec<File>) -> Facts {
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
fn one(lines: &str, facts: &Facts) -> Judged {
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
fn found(judged: Judged) -> Vec<Finding> {
    match judged.state {
        State::Found(findings) => findings,
        other => panic!("{} is {other:?}", judged.rule),
    }
}

fn missing(state: &State) -> Vec<&str> {
    match state {
        State::CannotTell { missing } => missing.iter().map(|m| m.path.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// Flags t (true) and f (false); u is unknown. All three are declared names.
fn flags() -> Facts {
    let mut facts = Facts::default();
    facts.put("kernel_log.present", true, line(1, "t"));
    facts.put("input.torn", false, line(2, "f"));
    facts
}

#[test]
fn kleene_table() {
    let (t, f, u) = ("kernel_log.present", "input.torn", "kernel_log.whole_boot");
    let table = [
        (t, t, "found", "found"),
        (t, f, "ruled out", "found"),
        (t, u, "cannot tell", "found"),
        (f, f, "ruled out", "ruled out"),
        (f, u, "ruled out", "cannot tell"),
        (u, u, "cannot tell", "cannot tell"),
    ];
    for (a, b, and, or) in table {
        for (a, b) in [(a, b), (b, a)] {
            let state = one(&format!("when: {a} and {b}"), &flags()).state;
            assert_eq!(ending(&state), and, "{a} and {b}");
            let state = one(&format!("when: {a} or {b}"), &flags()).state;
            assert_eq!(ending(&state), or, "{a} or {b}");
        }
    }
    for (a, not, known) in [
        (t, "ruled out", "found"),
        (f, "found", "found"),
        (u, "cannot tell", "ruled out"),
    ] {
        assert_eq!(ending(&one(&format!("when: not {a}"), &flags()).state), not);
        assert_eq!(
            ending(&one(&format!("when: {a} is known"), &flags()).state),
            known
        );
        assert_ne!(
            ending(&one(&format!("when: {a} is unknown"), &flags()).state),
            known
        );
    }
}

#[test]
fn only_the_deciding_side_is_the_reason() {
    let judged = one("when: kernel_log.whole_boot and input.torn", &flags());
    let State::RuledOut {
        because, evidence, ..
    } = judged.state
    else {
        panic!("{judged:?}");
    };
    assert_eq!(because, ["input.torn (it is false)"]);
    assert_eq!(evidence.len(), 1);
    let judged = found(one(
        "when: kernel_log.whole_boot or kernel_log.present",
        &flags(),
    ));
    let touched: Vec<&str> = judged[0].touched.iter().map(|t| t.path.as_str()).collect();
    assert_eq!(touched, ["kernel_log.present"]);
}

#[test]
fn the_false_comparison_is_told_with_its_values() {
    let facts = facts_of(vec![File {
        path: "f".into(),
        content: b"policy 0 98 100".to_vec(),
    }]);
    let judged = judge(&fixtures(), &facts, named_source);
    let strict = judged
        .iter()
        .find(|j| j.rule == "overcommit-strict")
        .unwrap();
    let State::RuledOut { because, .. } = &strict.state else {
        panic!("{strict:?}");
    };
    assert_eq!(
        because.as_slice(),
        ["policy.overcommit_memory == 2 (it is 0)"]
    );
}

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
        findings[0].confidence_reason,
        "oom.victim.source == \"killed\" (it is \"killed\")"
    );
    assert!(findings[0].evidence.len() >= 4);
    assert_eq!(findings[0].evidence[0].line, 1);
    assert_eq!(findings[0].explains, ["container-restarted"]);
    // The page cache is unknown, so the first advice is not given.
    assert_eq!(findings[0].advice.len(), 1);
}

#[test]
fn a_partial_list_never_rules_out() {
    let rule = "for_each: oom in oom_events\nwhen: oom.order > 0";
    let mut facts = Facts::default();
    assert_eq!(missing(&one(rule, &facts).state), ["oom_events"]);
    facts.put("oom_events", Value::List(List::default()), Vec::new());
    let State::RuledOut { because, .. } = one(rule, &facts).state else {
        panic!("a whole empty list rules out");
    };
    assert_eq!(because, ["oom_events has no items"]);
    facts.root.list("oom_events").partial = Some("the ring buffer wrapped".into());
    let state = one(rule, &facts).state;
    let State::CannotTell { missing } = state else {
        panic!("{state:?}");
    };
    assert!(missing[0].how.en.contains("the ring buffer wrapped"));
    let bound = |n| ending(&one(&format!("when: (oom_events | count) >= {n}"), &facts).state);
    assert_eq!((bound(0), bound(1)), ("found", "cannot tell"));
    let state = one("when: oom_events | any(\"order\", \">\", 0)", &facts).state;
    assert_eq!(ending(&state), "cannot tell");
}

#[test]
fn an_unknown_item_keeps_the_rule_open_unless_another_decides() {
    let rule = "for_each: oom in oom_events\nwhen: oom.memcg.limit_bytes == 100";
    let mut facts = Facts::default();
    facts.push("oom_events", oom("/a", 1, None, 1));
    facts.push("oom_events", oom("/a", 1, Some(7), 1));
    assert_eq!(
        missing(&one(rule, &facts).state),
        ["oom_events[].memcg.limit_bytes"]
    );
    facts.push("oom_events", oom("/a", 1, Some(100), 1));
    assert_eq!(found(one(rule, &facts))[0].items, [2]);
}

#[test]
fn lists_are_counted_summed_and_searched() {
    let mut facts = Facts::default();
    for (path, usage, limit) in [("/a", 10, Some(1)), ("/b", 30, Some(2)), ("/c", 20, None)] {
        facts.push("oom_events", oom(path, usage, limit, 1));
    }
    for (condition, wanted) in [
        ("(oom_events | count) == 3", "found"),
        ("(oom_events | sum(\"memcg.usage_bytes\")) == 60", "found"),
        ("(oom_events | sum(\"memcg.limit_bytes\")) >= 3", "found"),
        (
            "(oom_events | sum(\"memcg.limit_bytes\")) == 3",
            "cannot tell",
        ),
        (
            "(oom_events | max_by(\"memcg.usage_bytes\")).memcg.path == \"/b\"",
            "found",
        ),
        (
            "(oom_events | first).memcg.path == \"/a\" and (oom_events | last).memcg.path == \"/c\"",
            "found",
        ),
        (
            "(oom_events | where(\"memcg.limit_bytes\", \">\", 1) | count) >= 1",
            "found",
        ),
        (
            "(oom_events | where(\"memcg.limit_bytes\", \">\", 1) | count) == 1",
            "cannot tell",
        ),
        (
            "oom_events | all(\"memcg.usage_bytes\", \">=\", 10)",
            "found",
        ),
        (
            "oom_events | all(\"memcg.limit_bytes\", \">=\", 1)",
            "cannot tell",
        ),
        ("\"/b\" in (oom_events | map(\"memcg.path\"))", "found"),
        ("\"jav\" in (oom_events | first).victim.comm", "found"),
        (
            "ratio(oom_events | sum(\"memcg.usage_bytes\"), 0 * KiB) > 1",
            "cannot tell",
        ),
        (
            "min(3, 2) == 2 and max(1, 2.5) == 2.5 and abs(-3) == 3",
            "found",
        ),
        (
            "1 * GiB == 1024 * MiB and 2 * hour == 120 * minute",
            "found",
        ),
    ] {
        assert_eq!(
            ending(&one(&format!("when: '{condition}'"), &facts).state),
            wanted,
            "{condition}"
        );
    }
    let says = "says: {en: \"{{ oom_events | map('memcg.path') | join(' ') }} {% for o in oom_events | where('memcg.limit_bytes', '>', 0) %}[{{ o.memcg.limit_bytes | bytes }}]{% endfor %}\", zh: \"{{ oom_events | map('memcg.path') | join(' ') }} {% for o in oom_events | where('memcg.limit_bytes', '>', 0) %}[{{ o.memcg.limit_bytes | bytes }}]{% endfor %}\"}\nwhen: 'true'";
    assert_eq!(found(one(says, &facts))[0].says.en, "/a /b /c [1 B][2 B]");
}

#[test]
fn hostile_text_is_only_text() {
    for comm in [
        "{{ 7*7 }}",
        "<script>",
        "{% for %}",
        "|",
        "\u{202e}x",
        "{{ oom_events | count }}",
    ] {
        let mut facts = Facts::default();
        let mut event = oom("/a", 1, Some(1), 1);
        event.put("victim.comm", comm, line(1, comm));
        facts.push("oom_events", event);
        let rule = "for_each: oom in oom_events\ngroup_by: oom.victim.comm\nwhen: oom.victim.comm is known\nsays: {en: \"x{{ oom.victim.comm }}x\", zh: \"x{{ oom.victim.comm }}x\"}";
        let finding = found(one(rule, &facts)).remove(0);
        assert_eq!(finding.says.en, format!("x{comm}x"));
        assert_eq!(finding.group.as_deref(), Some(comm));
    }
}

#[test]
fn an_expression_that_takes_too_long_cannot_tell() {
    let mut facts = Facts::default();
    for _ in 0..2_000 {
        facts.push("oom_events", oom("/a", 1, Some(1), 1));
    }
    let mut lets = String::from("let:\n  a0: (oom_events | count)\n");
    for i in 1..40 {
        lets.push_str(&format!("  a{i}: a{0} + (oom_events | where(\"order\", 1) | count) + (oom_events | where(\"order\", 2) | count) + (oom_events | where(\"order\", 3) | count) + (oom_events | where(\"order\", 4) | count)\n", i - 1));
    }
    let state = one(&format!("{lets}when: a39 > 0"), &facts).state;
    let State::CannotTell { missing } = state else {
        panic!("{}", ending(&state));
    };
    assert!(missing[0].how.en.contains("too many steps"), "{missing:?}");
}

#[test]
fn numbers_never_panic() {
    let mut facts = Facts::default();
    facts.put("memory.total_bytes", i128::MAX, line(1, "x"));
    facts.put("host.load1", f64::NAN, line(1, "x"));
    for condition in [
        "memory.total_bytes + 1 > 0",
        "memory.total_bytes * 2 > 0",
        "-1 * memory.total_bytes - 9 > 0",
        "host.load1 > 1",
        "ratio(memory.total_bytes, memory.total_bytes - memory.total_bytes) > 0",
    ] {
        assert_eq!(
            ending(&one(&format!("when: {condition}"), &facts).state),
            "cannot tell",
            "{condition}"
        );
    }
    let says = "when: memory.total_bytes > 0\nsays: {en: \"{{ memory.total_bytes | bytes }} {{ memory.total_bytes | number }}\", zh: \"{{ memory.total_bytes | bytes }} {{ memory.total_bytes | number }}\"}";
    found(one(says, &facts));
}

#[test]
fn evidence_is_short_and_never_empty() {
    let mut facts = Facts::default();
    facts.put("oom_summary.events_count", 3, Vec::new());
    let finding = found(one("when: oom_summary.events_count > 1", &facts)).remove(0);
    assert_eq!(finding.evidence[0].text, "oom_summary.events_count = 3");
    assert_eq!(
        (finding.evidence[0].entry.as_str(), finding.evidence[0].line),
        ("kernel log", 0)
    );
    let many: Vec<Evidence> = (1..100).map(|n| Evidence::new("m", n, "x")).collect();
    facts.put("oom_summary.kills_count", 3, many);
    facts.put("oom_summary.memcg_count", 3, line(7, "the other fact"));
    let both = "when: oom_summary.kills_count > 1 and oom_summary.memcg_count > 1";
    let evidence = found(one(both, &facts)).remove(0).evidence;
    assert_eq!(evidence.len(), 12);
    assert_eq!(evidence[1].text, "the other fact");
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
