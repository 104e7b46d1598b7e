//! The mission logs: golden facts, and every number of the cases by name.

use super::*;
use crate::facts::{Value, names};

mod cases;
mod eras;
mod field;
mod robust;
mod time;

/// The mission logs by name; fixtures of this project.
macro_rules! fixtures {
    ($($name:literal),* $(,)?) => {
        const FIXTURES: &[(&str, &[u8])] = &[$((
            $name,
            include_bytes!(concat!("../../../../tests/fixtures/logs/", $name)),
        )),*];
    };
}
fixtures![
    "01-prometheus-memcg-truncated-head.log",
    "02-prometheus-memcg-fused-lines.log",
    "03-java-zookeeper-audit.log",
    "03-java-zookeeper-memcg-callbacks-suppressed.log",
    "04-java-global-kill.log",
    "04-prometheus-kubectl-describe-pod.txt",
    "05-ls-order3-java-victim.log",
    "09-python-consumer-global-swap.log",
    "09-python-consumer-strace.txt",
    "10-xray-memcg-v2-socket-buffers.log",
];

fn fixture(name: &str) -> (&'static str, &'static [u8]) {
    *FIXTURES
        .iter()
        .find(|(n, _)| n.starts_with(name))
        .unwrap_or_else(|| panic!("no fixture {name}"))
}

/// Facts of some logs given together, without a header.
fn facts_of(logs: &[(&str, &[u8])]) -> Facts {
    let logs: Vec<Log<'_>> = logs
        .iter()
        .map(|(entry, content)| Log {
            entry,
            source: Source::Text,
            content,
            first_line: 1,
            condensed: None,
            cut: None,
            excerpt: true,
        })
        .collect();
    let mut facts = Facts::default();
    read(&logs, &Machine::default(), &mut facts);
    assert_eq!(names::undeclared(&facts.root), Vec::<String>::new());
    facts
}

/// Facts of fixtures by the start of their names.
fn facts(fixtures: &[&str]) -> Facts {
    let logs: Vec<_> = fixtures.iter().map(|name| fixture(name)).collect();
    facts_of(&logs)
}

/// Facts of one text.
fn facts_of_text(text: &str) -> Facts {
    facts_of(&[("log", text.as_bytes())])
}

/// Every leaf as `path: value @line,line`, so that a golden file reads like the log.
fn dump(facts: &Facts) -> std::collections::BTreeMap<String, String> {
    let mut all = std::collections::BTreeMap::new();
    walk(&facts.root, "", &mut all);
    for (n, gap) in facts.gaps.iter().enumerate() {
        all.insert(
            format!("gap {n}"),
            format!("{}:{} {}", gap.entry, gap.line, gap.what.en),
        );
    }
    all
}

fn walk(record: &Record, prefix: &str, all: &mut std::collections::BTreeMap<String, String>) {
    for (key, fact) in &record.fields {
        let path = format!("{prefix}{key}");
        match &fact.value {
            Value::Record(inner) => walk(inner, &format!("{path}."), all),
            Value::List(list) => {
                let whole = list.partial.as_ref().map_or("whole", |p| p.en.as_str());
                all.insert(
                    format!("{path} #"),
                    format!("{} ({whole})", list.items.len()),
                );
                for (n, item) in list.items.iter().enumerate() {
                    if let Value::Record(inner) = &item.value {
                        walk(inner, &format!("{path}[{n:02}]."), all);
                    }
                }
            }
            value => {
                let text = match value {
                    Value::Flag(v) => v.to_string(),
                    Value::Int(v) => v.to_string(),
                    Value::Number(v) => v.to_string(),
                    Value::Text(v) => format!("`{v}`"),
                    Value::List(_) | Value::Record(_) => String::new(),
                };
                let lines: Vec<String> = fact.evidence.iter().map(|e| e.line.to_string()).collect();
                all.insert(path, format!("{text} @{}", lines.join(",")));
            }
        }
    }
}

#[track_caller]
fn check(fixtures: &[&str]) {
    let name = fixtures.join("+");
    insta::with_settings!({snapshot_path => "../../../../tests/golden/facts", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!(name, dump(&facts(fixtures)));
    });
}

#[test]
fn golden() {
    check(&["01"]);
    check(&["02"]);
    check(&["01", "02"]);
    check(&["03-java-zookeeper-m"]);
    check(&["03-java-zookeeper-m", "03-java-zookeeper-a"]);
    check(&["04-java"]);
    check(&["04-prom"]);
    check(&["05"]);
    check(&["09-python-consumer-g", "09-python-consumer-s"]);
    check(&["10"]);
}
