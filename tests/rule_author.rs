//! What a rule author leans on: borders stated as facts, times with errors, lines of logs,
//! suppressions, the schema, the results for a server.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod rule_harness;

use std::path::Path;

use oomscene_analyzer::{
    facts::{Facts, Record, Value, names},
    finding::State,
    intake::{File, Input},
    rules::{self, RuleSet, diagnostic, ending, named_source},
};
use rule_harness::{found, line, one};

/// Two events with times, their errors, and stamps since boot.
fn events(first: (i64, i64), second: (i64, i64)) -> Facts {
    let mut facts = Facts::default();
    for (list, (time, error)) in [("oom_events", first), ("unit_exits", second)] {
        let mut record = Record::new();
        record.put("time", time, line(1, "time"));
        record.put("time_error_seconds", error, line(1, "time"));
        facts.push(list, record);
    }
    facts
}

fn ends(when: &str, facts: &Facts) -> &'static str {
    ending(&one(&format!("for_each: oom in oom_events\nwhen: {when}"), facts).state)
}

#[test]
fn an_order_is_told_only_when_the_errors_allow_it() {
    let other = "(oom_events | last)";
    let pair = |a, b| {
        let mut facts = events(a, b);
        let Some(Value::List(exits)) = facts.get("unit_exits").map(|f| f.value.clone()) else {
            panic!("a list was put");
        };
        facts.root.list("oom_events").items.extend(exits.items);
        facts
    };
    let first = |when: &str, facts: &Facts| ends(&format!("oom.time == 100 and {when}"), facts);
    let before = format!("before(oom, {other})");
    assert_eq!(first(&before, &pair((100, 1), (110, 2))), "found");
    assert_eq!(first(&before, &pair((100, 1), (103, 2))), "cannot tell");
    assert_eq!(first(&before, &pair((100, 1), (90, 2))), "ruled out");
    let within = format!("within(oom, {other}, 60s)");
    assert_eq!(first(&within, &pair((100, 1), (150, 2))), "found");
    assert_eq!(first(&within, &pair((100, 1), (160, 2))), "cannot tell");
    assert_eq!(first(&within, &pair((100, 1), (220, 2))), "ruled out");
    let state = one(
        &format!("for_each: oom in oom_events\nwhen: oom.time == 100 and {before}"),
        &pair((100, 1), (101, 2)),
    )
    .state;
    let State::CannotTell { missing } = state else {
        panic!("{state:?}");
    };
    assert!(missing[0].how.en.contains("± 1 s"), "{missing:?}");
    assert!(missing[0].how.zh.starts_with("时钟精度不足"), "{missing:?}");
}

#[test]
fn durations_top_ago_and_told() {
    let mut facts = Facts::default();
    facts.put("input.collected_time", 10_000, line(1, "t"));
    for (comm, rss) in [("a", 1), ("b", 5), ("c", 3), ("d", 5)] {
        let mut process = Record::new();
        process.put("comm", comm, line(1, comm));
        process.put("rss_bytes", rss, line(1, comm));
        facts.push("processes", process);
    }
    facts.push("oom_events", {
        let mut oom = Record::new();
        oom.put("time", 9_000, line(2, "e"));
        oom.put("victim.source", "task table, head", line(2, "e"));
        oom
    });
    let says = "{{ processes | top(\"rss_bytes\", 3) | map(\"comm\") | join(\"+\") }} \
        {{ (oom_events | first).time | ago }} {{ (oom_events | first).victim.source | told }} {{ 90s | duration }}";
    let lines = format!(
        "when: input.collected_time - (oom_events | first).time < 20min\nsays: {{en: '{says}', zh: '{says}'}}"
    );
    let findings = found(one(&lines, &facts));
    assert_eq!(
        findings[0].says.en,
        "b+d+c 16 min 40 s ago task table, head 1 min 30 s"
    );
    assert_eq!(
        findings[0].says.zh,
        "b+d+c 16 分 40 秒前 任务表、开头 1 分 30 秒"
    );
}

const OWN: &str = r#"id: app-said-so
severity: low
role: context
title: {en: The application said so, zh: 应用自己报告}
for_each: oom in oom_events
let:
  said: 'log_line("heap is \\d+", "app.log", 60s)'
when: said | any
says: {en: "{{ (said | first).text }}", zh: "{{ (said | first).text }}"}
why: {en: because, zh: 因为}
examples:
  - name: near
    files:
      kernel.log: "2026-04-04T10:11:31Z host kernel: Out of memory: Killed process 7 (app) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"
      app.log: "2026-04-04T10:11:01Z host app: heap is 90\n"
    expect: {state: found, text: heap is 90}
  - name: far
    like: near
    files: {app.log: "2026-04-04T09:11:01Z host app: heap is 90\n"}
    expect: {state: ruled out}
  - name: no such log
    like: near
    files: {app.log: ""}
    facts: {log_searches: []}
    expect: {state: cannot tell}
"#;

#[test]
fn own_rules_find_lines_and_the_catalogue_may_not() {
    let texts = || [("my/app-said-so.yaml", OWN)].into_iter();
    let set = RuleSet::from_texts(texts())
        .map_err(|d| diagnostic::text(&d))
        .unwrap();
    let facts_of = |files: Vec<File>| {
        oomscene_analyzer::facts_for(&[Input::from_files("example", files)], &set)
    };
    let report = rules::test(&set, &facts_of, oomscene_analyzer::facts::why_missing);
    assert!(report.passed(), "{report}");
    let refused = RuleSet::catalogue(texts()).unwrap_err();
    insta::assert_snapshot!(diagnostic::text(&refused));
}

#[test]
fn every_rule_of_the_catalogue_fits_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&rules::schema()).unwrap();
    let mut compiler = boon::Compiler::new();
    let mut schemas = boon::Schemas::new();
    compiler.add_resource("rule.json", schema).unwrap();
    let compiled = compiler.compile("rule.json", &mut schemas).unwrap();
    let valid = |text: &str| {
        let rule: serde_json::Value = serde_yaml::from_str(text).unwrap();
        schemas.validate(&rule, compiled).map_err(|e| e.to_string())
    };
    let set = RuleSet::builtin().unwrap();
    for rule in set.rules() {
        let page = set.show(&rule.id).unwrap();
        let (_, text) = page.split_once("\n\n").unwrap();
        valid(text).unwrap_or_else(|e| panic!("{}: {e}", rule.id));
    }
    valid(OWN).unwrap();
    valid("suppress: [{rule: a, reason: b, until: 2026-12-31}]").unwrap();
    for (good, bad) in [
        ("severity: low", "severity: hihg"),
        ("why: {en: because, zh: 因为}", "why: {en: because}"),
        ("role: context", "roel: context"),
        ("state: found", "sate: found"),
    ] {
        assert!(valid(&OWN.replacen(good, bad, 1)).is_err(), "{bad}");
    }
}

#[test]
fn results_for_a_server() {
    let set = RuleSet::from_texts(
        [(
            "app-said-so.yaml",
            OWN.replacen("heap is 90}", "\"<&\\\"\"}", 1).as_str(),
        )]
        .into_iter(),
    )
    .map_err(|d| diagnostic::text(&d))
    .unwrap();
    let facts_of = |files: Vec<File>| {
        oomscene_analyzer::facts_for(&[Input::from_files("example", files)], &set)
    };
    let report = rules::test(&set, &facts_of, named_source);
    insta::assert_snapshot!(rules::junit(&report));
}

/// Suppressions of the built-in rule `swap-exhausted`, judged on facts.
fn suppressed(list: &str, facts: &Facts) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("site.yaml"), list).unwrap();
    let set = RuleSet::builtin().unwrap().with(folder.path());
    let set = set.map_err(|d| diagnostic::text(&d)).unwrap();
    let judged = rules::judge(&set, facts, named_source);
    let (judged, notes) = set.suppress(judged, facts);
    let one = judged.iter().find(|j| j.rule == "swap-exhausted").unwrap();
    let mut told = vec![ending(&one.state).to_owned()];
    told.extend(notes.into_iter().map(|n| n.reason.en));
    told
}

#[test]
fn a_suppression_has_a_reason_and_an_end() {
    let list = |until: &str| {
        format!("suppress:\n  - {{rule: swap-exhausted, reason: ticket 7, until: {until}}}\n")
    };
    let mut facts = Facts::default();
    // 2026-04-04 10:11:01 UTC
    facts.put("input.collected_time", 1_775_297_461_i64, line(1, "t"));
    let mut oom = Record::new();
    oom.put("constraint", "none", line(1, "o"));
    oom.put("memory.swap_total_bytes", 1_i64 << 30, line(1, "o"));
    oom.put("memory.swap_free_bytes", 0, line(1, "o"));
    facts.push("oom_events", oom);
    assert_eq!(
        suppressed(&list("2026-04-04"), &facts),
        ["suppressed", "suppressed until 2026-04-04: ticket 7"]
    );
    assert_eq!(
        suppressed(&list("2026-04-03"), &facts),
        [
            "found",
            "expired on 2026-04-03 and had no effect; remove it or renew it. Its reason was: ticket 7"
        ]
    );
    let nothing = Facts::default();
    assert_eq!(
        suppressed(&list("2026-04-04"), &nothing)[1],
        "not needed here: there was nothing to suppress (until 2026-04-04). Its reason was: ticket 7"
    );
    let folder = tempfile::tempdir().unwrap();
    let wrong = "suppress:\n  - {rule: swap-exhaused, reason: '', until: someday}\n";
    std::fs::write(folder.path().join("site.yaml"), wrong).unwrap();
    let found = RuleSet::builtin().unwrap().with(folder.path()).unwrap_err();
    let text = diagnostic::text(&found);
    insta::assert_snapshot!(text.replace(&folder.path().display().to_string(), "DIR"));
}

#[test]
fn names_of_searches_are_declared() {
    assert!(names::find("log_searches[0].lines[3].text").is_some());
    assert!(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../rules")
            .is_dir()
    );
}
