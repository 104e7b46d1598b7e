//! All facts as JSON, and the list of their names as Markdown: the contract with other programs.

use std::fmt::Write as _;

use serde::{Serialize, Serializer, ser::SerializeMap as _, ser::SerializeSeq as _};
use serde_json::{Value as Json, json};

use super::names::{self, Kind};
use super::{Fact, Facts, Record, Value};

/// All facts, nested by name, each with unit and evidence; then the gaps. The same facts give the
/// same bytes. They are written as they are walked: a case of many reports has more text than
/// memory is given for.
#[derive(Debug, Clone, Copy)]
pub struct AsJson<'a>(pub &'a Facts);

/// [`AsJson`] as a tree, for programs that look into it.
#[must_use]
pub fn to_json(facts: &Facts) -> Json {
    // Neither a key that is no text nor a writer can fail here.
    serde_json::to_value(AsJson(facts)).unwrap_or_default()
}

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut gaps: Vec<&super::Gap> = self.0.gaps.iter().collect();
        gaps.sort();
        let gaps: Vec<Json> = gaps
            .into_iter()
            .map(|g| json!({"entry": g.entry, "line": g.line, "what": g.what}))
            .collect();
        let mut map = out.serialize_map(Some(3))?;
        map.serialize_entry("facts", &OfRecord(&self.0.root, ""))?;
        map.serialize_entry("facts_version", &names::VERSION)?;
        map.serialize_entry("gaps", &gaps)?;
        map.end()
    }
}

/// A record and the path of its parent; keys are in the order of their letters everywhere.
struct OfRecord<'a>(&'a Record, &'a str);

impl Serialize for OfRecord<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self(record, prefix) = *self;
        let mut map = out.serialize_map(Some(record.fields.len()))?;
        for (name, fact) in &record.fields {
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}.{name}")
            };
            map.serialize_entry(name, &OfFact(fact, &path))?;
        }
        map.end()
    }
}

struct OfFact<'a>(&'a Fact, &'a str);

impl Serialize for OfFact<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self(fact, path) = *self;
        match &fact.value {
            Value::Record(inner) => OfRecord(inner, path).serialize(out),
            Value::List(list) => {
                let below = format!("{path}[]");
                let mut map = out.serialize_map(Some(3))?;
                map.serialize_entry("items", &OfItems(&list.items, &below))?;
                map.serialize_entry("partial", &list.partial)?;
                map.serialize_entry("unit", &unit(path))?;
                map.end()
            }
            plain => {
                let mut map = out.serialize_map(Some(3))?;
                map.serialize_entry("evidence", &fact.evidence)?;
                map.serialize_entry("unit", &unit(path))?;
                map.serialize_entry("value", &scalar(plain))?;
                map.end()
            }
        }
    }
}

struct OfItems<'a>(&'a [Fact], &'a str);

impl Serialize for OfItems<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut items = out.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            match &item.value {
                Value::Record(inner) => items.serialize_element(&OfRecord(inner, self.1))?,
                plain => items.serialize_element(&scalar(plain))?,
            }
        }
        items.end()
    }
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

fn unit(path: &str) -> Option<Kind> {
    names::find(path).map(|name| name.kind)
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
    use crate::facts::Evidence;

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
        facts.gap("b", 2, "later");
        facts.gap("a", 1, "first");
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
