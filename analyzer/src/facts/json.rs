//! All facts as JSON, and the list of their names as Markdown: the contract with other programs.

use std::fmt::Write as _;

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeStruct as _},
};
use serde_json::{Value as Json, json};

use super::names::{self, Kind};
use super::{Evidence, Fact, Facts, Gap, List, Record, Value};

/// All facts, nested by name, each with unit and evidence; then the gaps. The same facts give the
/// same bytes. Nothing is copied: the facts of thousands of processes are written one by one.
#[must_use]
pub fn to_json(facts: &Facts) -> impl Serialize + '_ {
    Whole(facts)
}

struct Whole<'f>(&'f Facts);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut gaps: Vec<&Gap> = self.0.gaps.iter().collect();
        gaps.sort();
        let mut out = to.serialize_struct("Facts", 3)?;
        out.serialize_field("facts", &fields(&self.0.root, ""))?;
        out.serialize_field("facts_version", &names::VERSION)?;
        out.serialize_field("gaps", &gaps)?;
        out.end()
    }
}

impl Serialize for Gap {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("Gap", 3)?;
        out.serialize_field("entry", &self.entry)?;
        out.serialize_field("line", &self.line)?;
        out.serialize_field("what", &self.what.en)?;
        out.end()
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("Evidence", 3)?;
        out.serialize_field("entry", &*self.entry)?;
        out.serialize_field("line", &self.line)?;
        out.serialize_field("text", &*self.text)?;
        out.end()
    }
}

/// A record below a declared name.
struct Fields<'f> {
    of: &'f Record,
    prefix: &'f str,
}

fn fields<'f>(of: &'f Record, prefix: &'f str) -> Fields<'f> {
    Fields { of, prefix }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_map(Some(self.of.fields.len()))?;
        for (name, fact) in &self.of.fields {
            let path = if self.prefix.is_empty() {
                name.clone()
            } else {
                format!("{}.{name}", self.prefix)
            };
            out.serialize_entry(name, &One { fact, path: &path })?;
        }
        out.end()
    }
}

/// A fact with its declared name.
struct One<'f> {
    fact: &'f Fact,
    path: &'f str,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.fact.value {
            Value::Record(inner) => fields(inner, self.path).serialize(to),
            Value::List(list) => {
                let mut out = to.serialize_struct("List", 3)?;
                let below = format!("{}[]", self.path);
                out.serialize_field(
                    "items",
                    &Items {
                        list,
                        below: &below,
                    },
                )?;
                out.serialize_field("partial", &list.partial.as_ref().map(|p| &p.en))?;
                out.serialize_field("unit", &unit(self.path))?;
                out.end()
            }
            plain => {
                let mut out = to.serialize_struct("Fact", 3)?;
                out.serialize_field("evidence", &self.fact.evidence)?;
                out.serialize_field("unit", &unit(self.path))?;
                out.serialize_field("value", &scalar(plain))?;
                out.end()
            }
        }
    }
}

/// The items of a list, with the declared name of what is in it.
struct Items<'f> {
    list: &'f List,
    below: &'f str,
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.list.items.iter().map(|item| Item {
            value: &item.value,
            below: self.below,
        }))
    }
}

struct Item<'f> {
    value: &'f Value,
    below: &'f str,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Record(inner) => fields(inner, self.below).serialize(to),
            plain => scalar(plain).serialize(to),
        }
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

fn unit(path: &str) -> Json {
    names::find(path).map_or(Json::Null, |name| json!(name.kind))
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
    use crate::words::Bilingual;

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
        let json = serde_json::to_value(to_json(&facts)).unwrap();
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
