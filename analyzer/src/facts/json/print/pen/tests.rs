//! The pen draws what the library makes of the same facts.

use super::*;
use crate::facts::{Facts, json::to_json};
use crate::words::Bilingual;

/// What the pen draws of all facts beside what the library makes of them.
fn check(facts: &Facts) {
    let record = Fact {
        value: facts.root.clone().into(),
        evidence: Vec::new(),
    };
    let mut drawn = Vec::new();
    let mut pen = Pen::new(&mut drawn);
    pen.fact(&record, Some(names::tree()), 1).unwrap();
    let whole = serde_json::to_string_pretty(&to_json(facts)).unwrap();
    let (_, rest) = whole.split_once("{\n  \"facts\": ").unwrap();
    let (text, _) = rest.split_once(",\n  \"facts_version\"").unwrap();
    assert_eq!(String::from_utf8(drawn).unwrap(), text);
}

fn quotes(lines: &[u32]) -> Vec<Evidence> {
    let quote = |line: &u32| Evidence::new("messages", *line, &format!("line {line}"));
    lines.iter().map(quote).collect()
}

#[test]
fn evidence_of_neighbours_and_at_other_depths() {
    let mut facts = Facts::default();
    check(&facts);
    let lines: [&[u32]; 6] = [&[], &[1], &[1, 2], &[2], &[2, 1], &[1]];
    for round in 0..3 {
        for (n, quoted) in lines.iter().enumerate() {
            let evidence = quotes(quoted);
            facts.put(&format!("a{round}.b{n}"), n, evidence.clone());
            facts.put(&format!("a{round}.deep.er.b{n}"), n, evidence.clone());
            facts.put(&format!("c{round}{n}"), n, evidence);
        }
    }
    // The same place with another text, as a case of two files of one name has it.
    let other = vec![Evidence::new("messages", 1, "another line")];
    facts.put("d.a", true, quotes(&[1]));
    facts.put("d.b", true, other);
    facts.put("d.c", true, vec![Evidence::new("syslog", 1, "line 1")]);
    check(&facts);
}

#[test]
fn more_evidence_than_is_remembered() {
    let mut facts = Facts::default();
    for n in 0..200_u32 {
        let kept = HEADS as u32 + 1;
        facts.put(&format!("a.{n:03}"), n, quotes(&[n * n % kept]));
    }
    check(&facts);
}

#[test]
fn values_texts_and_names_of_all_kinds() {
    let mut facts = Facts::default();
    let long = Value::Int(i128::from(u64::MAX) * 2);
    facts.put("odd.long", long, quotes(&[1]));
    facts.put("odd.most", u64::MAX, quotes(&[1]));
    facts.put("odd.least", i64::MIN, quotes(&[1]));
    for (n, number) in [0.0, -1.5, 1e300, f64::NAN].into_iter().enumerate() {
        facts.put(&format!("odd.number{n}"), number, Vec::new());
    }
    for byte in 0..=0x7f_u8 {
        let text = format!("四{}", char::from(byte));
        facts.put(&format!("texts.{byte}"), text.clone(), Vec::new());
        let quote = Evidence::new(&text, 0, &text);
        facts.put("oom_summary.\"odd\\\n name\"", byte, vec![quote]);
    }
    facts.put("empty", Record::new(), Vec::new());
    facts.root.list("lists.empty");
    facts.root.list("lists.values").items.push(Fact {
        value: "a\tb".into(),
        evidence: quotes(&[1]),
    });
    facts.push("lists.records", Record::new());
    facts
        .root
        .set_partial("lists.records", Bilingual::as_written("\"cut\""));
    check(&facts);
}

#[test]
fn declared_names_and_units_need_no_escape() {
    for name in names::all() {
        for word in [name.path, name.kind.word()] {
            let text = serde_json::to_string(word).unwrap();
            assert_eq!(text, format!("\"{word}\""));
        }
    }
}

#[test]
fn declared_names_have_their_units() {
    let mut facts = Facts::default();
    for name in names::all().filter(|name| !name.path.contains('[')) {
        if !names::is_record(name.path) {
            facts.put(name.path, 1, quotes(&[1]));
        }
    }
    let mut row = Record::new();
    // Before, between and after the declared ones.
    for field in ["a", "pid", "comm", "qqq", "uid", "rss_bytes", "zzz"] {
        row.put(field, 1, quotes(&[1]));
    }
    let mut event = Record::new();
    event.push("tasks", row);
    facts.root.list("oom_events").items.clear();
    facts.push("oom_events", event);
    check(&facts);
}
