//! The rule language at work: three values, lists, numbers, hostile text, on facts made by hand.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

mod rule_harness;

use oomscene_analyzer::{
    facts::{Facts, List, Value},
    finding::State,
    intake::File,
    rules::{ending, judge, named_source},
    words::Bilingual,
};
use rule_harness::{facts_of, fixtures, found, line, one, oom};

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
    assert_eq!(because[0].en, "input.torn (it is false)");
    assert_eq!(because[0].zh, "input.torn（实际为 false）");
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
    assert_eq!(because.len(), 1);
    assert_eq!(because[0].en, "policy.overcommit_memory == 2 (it is 0)");
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
    assert_eq!(because[0].en, "oom_events has no items");
    assert_eq!(because[0].zh, "oom_events 中没有记录");
    facts.root.set_partial(
        "oom_events",
        Bilingual::new("the ring buffer wrapped", "环形缓冲区已被覆盖"),
    );
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
            "(oom_events | count) == 3 and min(3, 2) == 2 and max(1, 2.5) == 2.5 and abs(-3) == 3",
            "found",
        ),
        (
            "(oom_events | count) == 3 and 1 * GiB == 1024 * MiB and 2 * hour == 120 * minute and 2h == 120min",
            "found",
        ),
    ] {
        assert_eq!(
            ending(&one(&format!("when: '{condition}'"), &facts).state),
            wanted,
            "{condition}"
        );
    }
    let says = "says: {en: \"{{ oom_events | map('memcg.path') | join(' ') }} {% for o in oom_events | where('memcg.limit_bytes', '>', 0) %}[{{ o.memcg.limit_bytes | bytes }}]{% endfor %}\", zh: \"{{ oom_events | map('memcg.path') | join(' ') }} {% for o in oom_events | where('memcg.limit_bytes', '>', 0) %}[{{ o.memcg.limit_bytes | bytes }}]{% endfor %}\"}\nwhen: oom_events | any";
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

/// Advice is copied into a root shell: a name of the machine stays one word of it.
#[test]
fn hostile_text_in_a_command_is_one_word() {
    for (unit, comm, command) in [
        (
            "a.service",
            "java",
            "systemctl stop -- a.service && pkill -- java",
        ),
        (
            "x; rm -rf /",
            "it's",
            r"systemctl stop -- 'x; rm -rf /' && pkill -- 'it'\''s'",
        ),
        (
            "$(reboot)",
            "a\nreboot",
            r"systemctl stop -- '$(reboot)' && pkill -- $'a\nreboot'",
        ),
    ] {
        let mut facts = Facts::default();
        let mut event = oom("/a", 1, Some(1), 1);
        event.put("memcg.unit", unit, line(1, unit));
        event.put("victim.comm", comm, line(1, comm));
        facts.push("oom_events", event);
        let rule = "for_each: oom in oom_events\nwhen: oom.victim.comm is known\nadvice:\n - do: {en: d, zh: 做}\n   command: systemctl stop -- {{ oom.memcg.unit }} && pkill -- {{ oom.victim.comm }}";
        let finding = found(one(rule, &facts)).remove(0);
        assert_eq!(finding.advice[0].command.as_deref(), Some(command));
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
