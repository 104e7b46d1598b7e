//! All facts as JSON, and the list of their names as Markdown: the contract with other programs.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::names::{self, Kind};
use super::{Fact, Facts, List, Record, Value};

/// All facts, nested by name, each with unit and evidence; then the gaps. The same facts give the
/// same bytes.
#[must_use]
pub fn to_json(facts: &Facts) -> Json {
    let mut gaps: Vec<&super::Gap> = facts.gaps.iter().collect();
    gaps.sort();
    let gaps: Vec<Json> = gaps
        .into_iter()
        .map(|g| json!({"entry": g.entry, "line": g.line, "what": g.what.en}))
        .collect();
    json!({
        "facts_version": names::VERSION,
        "facts": record(&facts.root, ""),
        "gaps": gaps,
    })
}

fn record(of: &Record, prefix: &str) -> Json {
    let mut out = Map::new();
    for (name, fact) in &of.fields {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        out.insert(name.clone(), one(fact, &path));
    }
    Json::Object(out)
}

fn one(fact: &Fact, path: &str) -> Json {
    match &fact.value {
        Value::Record(inner) => record(inner, path),
        Value::List(list) => items(list, path),
        plain => {
            let mut out = Map::new();
            out.insert("value".to_owned(), scalar(plain));
            out.insert("unit".to_owned(), unit(path));
            out.insert("evidence".to_owned(), evidence(fact));
            Json::Object(out)
        }
    }
}

fn items(list: &List, path: &str) -> Json {
    let below = format!("{path}[]");
    let items: Vec<Json> = list
        .items
        .iter()
        .map(|item| match &item.value {
            Value::Record(inner) => record(inner, &below),
            plain => scalar(plain),
        })
        .collect();
    json!({"unit": unit(path), "partial": list.partial.as_ref().map(|p| &p.en), "items": items})
}

fn scalar(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => json!(flag),
        // JSON readers have 64 bits; a larger figure is kept as text rather than rounded.
        Value::Int(n) => i64::try_from(*n)
            .map(|n| json!(n))
            .or_else(|_| u64::try_from(*n).map(|n| json!(n)))
            .unwrap_or_else(|_| json!(n.to_string())),
        Value::Number(n) => json!(n),
        Value::Text(text) => json!(text),
        Value::List(_) | Value::Record(_) => Json::Null,
    }
}

fn unit(path: &str) -> Json {
    names::find(path).map_or(Json::Null, |name| json!(name.kind))
}

fn evidence(fact: &Fact) -> Json {
    let lines = fact
        .evidence
        .iter()
        .map(|e| json!({"entry": &*e.entry, "line": e.line, "text": &*e.text}));
    Json::Array(lines.collect())
}

/// The declared names as a Markdown page, one table a group.
#[must_use]
pub fn names_markdown() -> String {
    let mut out = format!(
        "# Names of facts, version {}\n\nWhat a rule may read. `[]` marks an item of a list. A name that the evidence does not fill is unknown: never zero, never false.\nGenerated from `analyzer/src/facts/names/`; `oomscene-analyze facts INPUT` prints their values.\n",
        names::VERSION
    );
    for table in names::TABLES {
        let mut group = "";
        for name in *table {
            let head = name.path.split(['.', '[']).next().unwrap_or_default();
            if head != group {
                group = head;
                // Writing to a String cannot fail.
                let _ = write!(
                    out,
                    "\n## {head}\n\n| Name | Kind | Meaning | From |\n|---|---|---|---|\n"
                );
            }
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} |",
                name.path,
                kind_word(name.kind),
                name.what.replace('|', "\\|"),
                name.from
            );
        }
    }
    out
}

fn kind_word(kind: Kind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{facts::Evidence, words::Bilingual};

    #[test]
    fn facts_carry_unit_and_evidence() {
        let mut facts = Facts::default();
        facts.put(
            "memory.total_bytes",
            4096,
            vec![Evidence::new("proc/meminfo", 1, "MemTotal: 4 kB")],
        );
        let mut process = Record::new();
        process.put("comm", "<script>", Vec::new());
        facts.push("processes", process);
        facts.gap("b", 2, Bilingual::as_written("later"));
        facts.gap("a", 1, Bilingual::as_written("first"));
        let json = to_json(&facts);
        assert_eq!(
            json.pointer("/facts/memory/total_bytes/unit"),
            Some(&json!("bytes"))
        );
        assert_eq!(
            json.pointer("/facts/memory/total_bytes/evidence/0/line"),
            Some(&json!(1))
        );
        assert_eq!(
            json.pointer("/facts/processes/items/0/comm/value"),
            Some(&json!("<script>"))
        );
        assert_eq!(json.pointer("/gaps/0/entry"), Some(&json!("a")));
        assert_eq!(json.pointer("/facts_version"), Some(&json!(names::VERSION)));
    }

    #[test]
    fn the_page_lists_every_name() {
        let page = names_markdown();
        assert_eq!(page.matches("\n| `").count(), names::all().count());
    }
}
