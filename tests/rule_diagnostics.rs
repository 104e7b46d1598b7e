//! Wrong rule files: each with its golden diagnostic, drawn as the user sees it.

use oomscene_analyzer::rules::{RuleSet, diagnostic};

const GOOD: &str = r#"id: good
severity: low
role: cause
title: {en: A title, zh: 标题}
for_each: oom in oom_events
group_by: oom.memcg.path
let:
  share: ratio(oom.memcg.usage_bytes, oom.memcg.limit_bytes)
when: share > 0.9
confidence: {certain: oom.victim.known}
explains: []
says: {en: "{{ oom.victim.comm }}", zh: "进程 {{ oom.victim.comm }}"}
why: {en: because, zh: 因为}
advice:
  - when: oom.order > 0
    do: {en: do this, zh: 这样做}
    command: kill {{ oom.victim.pid }}
examples:
  - {name: fires, files: {a: b}, expect: {count: 1}}
  - {name: quiet, files: {a: b}, expect: {state: ruled out}}
"#;

/// The diagnostics of the good rule with `old` replaced by `new`.
#[track_caller]
fn wrong(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old} is not in the rule");
    let text = GOOD.replacen(old, new, 1);
    match RuleSet::from_texts([("rules/good.yaml", text.as_str())].into_iter()) {
        Ok(_) => format!("nothing is wrong with {new}"),
        Err(found) => diagnostic::text(&found),
    }
}

#[test]
fn the_good_rule_is_good() {
    assert_eq!(
        wrong("id: good", "id: good"),
        "nothing is wrong with id: good"
    );
}

macro_rules! golden {
    ($($name:ident: $old:expr => $new:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), wrong($old, $new));
        }
    )*};
}

golden! {
    unknown_key: "severity: low" => "severety: low";
    unknown_key_below: "  - when: oom.order > 0" => "  - whn: oom.order > 0";
    unknown_severity: "severity: low" => "severity: hihg";
    missing_key: "role: cause\n" => "";
    not_yaml: "role: cause" => "role: \"cause";
    wrong_type: "role: cause" => "role: [cause]";
    wrong_id: "id: good" => "id: well";
    unknown_fact: "share > 0.9" => "share > 0.9 and memory.availabel_bytes > 0";
    unknown_field_of_the_item: "share > 0.9" => "share > 0.9 and oom.memcg.limit_byte > 0";
    unknown_fact_in_a_block: "when: share > 0.9" => "when: >\n  share > 0.9\n  and (oom.order > 0\n  or oom.ordr == 1)";
    unknown_fact_in_quotes: "when: share > 0.9" => "when: 'oom.victim.comm == \"it''s\" or oom.vitcim.comm == \"b\"'";
    unknown_fact_in_a_chinese_message: "进程 {{ oom.victim.comm }}" => "内存不足，进程 {{ oom.victim.com }}";
    unknown_fact_in_a_command: "kill {{ oom.victim.pid }}" => "kill {{ oom.victim.pdi }}";
    value_in_quotes_of_a_command: "kill {{ oom.victim.pid }}" => "kill '{{ oom.victim.pid }}'";
    unknown_list: "in oom_events" => "in oom_event";
    odd_for_each: "oom in oom_events" => "oom_events";
    list_used_as_record: "share > 0.9" => "oom_events.order > 0";
    unknown_filter: "when: oom.order > 0" => "when: (oom_events | cuont) > 0";
    unknown_field_of_a_filter: "when: oom.order > 0" => "when: oom_events | any(\"victm.known\")";
    unknown_function: "ratio(" => "ration(";
    unknown_test: "certain: oom.victim.known" => "certain: oom.victim.pid is knwon";
    defined_is_not_known: "certain: oom.victim.known" => "certain: oom.victim.pid is defined";
    filter_as_function: "when: oom.order > 0" => "when: count(oom_events) > 0";
    number_of_arguments: "oom.memcg.usage_bytes, oom.memcg.limit_bytes" => "oom.memcg.usage_bytes";
    division: "ratio(oom.memcg.usage_bytes, oom.memcg.limit_bytes)" => "oom.memcg.usage_bytes / oom.memcg.limit_bytes";
    number_with_text: "share > 0.9" => "oom.order == \"memcg\"";
    bytes_with_count: "share > 0.9" => "oom.memcg.usage_bytes > oom.killed_count";
    bytes_with_pages: "share > 0.9" => "oom.victim.rss_bytes > oom.victim.rss_pages";
    bytes_with_seconds: "share > 0.9" => "oom.memcg.usage_bytes > 5 * minute";
    percent_with_ratio: "share > 0.9" => "oom.victim.share_percent > share";
    identifier_is_not_ordered: "share > 0.9" => "oom.victim.pid > 1000";
    ratio_of_different_kinds: "oom.memcg.usage_bytes, oom.memcg.limit_bytes" => "oom.memcg.usage_bytes, oom.order";
    sum_of_different_kinds: "share > 0.9" => "oom.memcg.usage_bytes + oom.order > 0";
    text_in_numbers: "share > 0.9" => "oom.constraint in [1, 2]";
    condition_is_a_number: "share > 0.9" => "share";
    condition_part_is_a_number: "share > 0.9" => "share and true";
    index: "share > 0.9" => "oom.tasks[0].rss_bytes > 0";
    slice: "share > 0.9" => "oom.victim.comm[1:] == \"x\"";
    map: "when: share > 0.9" => "when: 'oom.order in {1: 2}'";
    comparisons_in_a_row: "share > 0.9" => "0.1 < share < 0.9";
    none: "share > 0.9" => "share == none";
    syntax: "share > 0.9" => "share > and 1";
    template_syntax: "en: \"{{ oom.victim.comm }}\"" => "en: \"{{ oom.victim.comm }\"";
    template_statement: "en: \"{{ oom.victim.comm }}\"" => "en: \"{% set x = 1 %}{{ oom.victim.comm }}\"";
    bytes_without_unit: "en: \"{{ oom.victim.comm }}\"" => "en: \"{{ oom.victim.comm }} {{ oom.memcg.usage_bytes }}\"";
    list_in_a_message: "en: because" => "en: \"{{ oom.tasks }}\"";
    wrong_kind_for_a_filter: "en: because" => "en: \"{{ oom.order | bytes }}\"";
    languages_differ: "zh: \"进程 {{ oom.victim.comm }}\"" => "zh: 进程被杀";
    empty_chinese: "zh: 因为" => "zh: ''";
    placeholder_in_a_title: "zh: 标题" => "zh: '{{ oom.victim.comm }}'";
    unknown_rule: "explains: []" => "explains: [godo]";
    explains_itself: "explains: []" => "explains: [good]";
    otherwise_uses_the_item: "why: {en: because, zh: 因为}" => "why: {en: because, zh: 因为}\notherwise: {en: \"{{ oom.order }}\", zh: \"{{ oom.order }}\"}";
    local_name_is_taken: "  share: " => "  memory: ";
    no_quiet_example: "expect: {state: ruled out}" => "expect: {state: found}";
    example_expects_nothing: "expect: {state: ruled out}" => "expect: {}";
    example_misses_an_unknown_fact: "expect: {state: ruled out}" => "expect: {missing: memory.total_byte}";
    bytes_with_a_bare_number: "share > 0.9" => "oom.memcg.usage_bytes > 1000000";
    seconds_with_a_bare_number: "share > 0.9" => "host.uptime_seconds > 3600";
    odd_duration: "share > 0.9" => "host.uptime_seconds > 60sec";
    distance_without_unit: "share > 0.9" => "within(oom, host.boot_time, 60)";
    order_of_something_without_a_time: "share > 0.9" => "before(oom, memory)";
    never_true: "share > 0.9" => "oom.order > 3 and oom.victim.known and oom.order < 2";
    always_true: "share > 0.9" => "share > 0.9 or true";
    two_texts_at_once: "share > 0.9" => "oom.constraint == 'memcg' and oom.constraint == 'none'";
    top_of_a_text: "when: oom.order > 0" => "when: (oom_events | top(\"constraint\", 2) | count) > 1";
    no_regular_expression: "share > 0.9" => "log_line('a(', 'messages') | any";
    value_read_as_an_option: "kill {{ oom.victim.pid }}" => "pkill {{ oom.victim.comm }}";
    example_like_nothing: "{name: quiet, files: {a: b}," => "{name: quiet, like: fries,";
    example_states_an_unknown_fact: "{name: quiet, files: {a: b}," => "{name: quiet, facts: {oom.ordr: 1},";
    example_states_a_wrong_value: "{name: quiet, files: {a: b}," => "{name: quiet, facts: {oom.order: many},";
    example_state: "expect: {state: ruled out}" => "expect: {state: ruledout}";
    local_name_before_its_definition: "  share: ratio(oom.memcg.usage_bytes, oom.memcg.limit_bytes)" => "  a: share\n  share: 1";
}

#[test]
fn circles_and_double_ids() {
    let rule = |id: &str, explains: &str| {
        GOOD.replace("id: good", &format!("id: {id}"))
            .replace("explains: []", &format!("explains: [{explains}]"))
    };
    let (a, b, c) = (rule("a", "b"), rule("b", "c"), rule("c", "a"));
    let texts = [
        ("x/a.yaml", &a),
        ("x/b.yaml", &b),
        ("x/c.yaml", &c),
        ("y/c.yaml", &c),
    ];
    let found = RuleSet::from_texts(texts.iter().map(|(n, t)| (*n, t.as_str()))).unwrap_err();
    insta::assert_snapshot!(diagnostic::text(&found));
}

#[test]
fn a_rule_that_is_always_replaced() {
    let general = GOOD.replace("id: good", "id: general");
    let special = GOOD
        .replace("id: good", "id: special")
        .replace("explains: []", "supersedes: [general]");
    let texts = [("x/general.yaml", &general), ("x/special.yaml", &special)];
    let found = RuleSet::from_texts(texts.iter().map(|(n, t)| (*n, t.as_str()))).unwrap_err();
    insta::assert_snapshot!(diagnostic::text(&found));
}

#[test]
fn depth_and_length_are_limited() {
    let deep = format!("{}share > 0.9{}", "(".repeat(40), ")".repeat(40));
    let nots = format!("{}true", "not ".repeat(120));
    let long = format!("share > 0.9{}", " and true".repeat(2000));
    let chain = format!("share > 0.9{}", " and true".repeat(300));
    let path = format!("oom{} > 1", ".a".repeat(3000));
    for text in [nots, long, chain, path] {
        let text = wrong("share > 0.9", &text);
        assert!(
            text.contains("nested deeper") || text.contains("longer than"),
            "{text}"
        );
    }
    assert!(wrong("share > 0.9", &deep).starts_with("nothing is wrong"));
}

#[test]
fn json_has_the_same_figures() {
    let text = GOOD.replace("share > 0.9", "shar > 0.9");
    let found = RuleSet::from_texts([("good.yaml", text.as_str())].into_iter()).unwrap_err();
    insta::assert_snapshot!(diagnostic::json(&found));
}
