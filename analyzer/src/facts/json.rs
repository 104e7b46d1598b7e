//! All facts as JSON, and the list of their names as Markdown: the contract with other programs.

use std::fmt::Write as _;

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeStruct as _},
};

use super::names::{self, Kind, Tree};
use super::{Evidence, Fact, Facts, Gap, List, Record, Value};

mod print;

pub use print::print;

/// What is declared below a name; `None` below one that is not declared.
type Below = Option<&'static Tree>;

/// All facts, nested by name, each with unit and evidence; then the gaps. The same facts give the
/// same bytes. Nothing is copied: the facts of thousands of processes are written one by one.
#[must_use]
pub fn to_json(facts: &Facts) -> impl Serialize + '_ {
    Whole(facts)
}

struct Whole<'f>(&'f Facts);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("Facts", 3)?;
        out.serialize_field("facts", &fields(&self.0.root, Some(names::tree())))?;
        out.serialize_field("facts_version", &names::VERSION)?;
        out.serialize_field("gaps", &sorted_gaps(self.0))?;
        out.end()
    }
}

fn sorted_gaps(facts: &Facts) -> Vec<&Gap> {
    let mut gaps: Vec<&Gap> = facts.gaps.iter().collect();
    gaps.sort();
    gaps
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
    names: Below,
}

fn fields(of: &Record, names: Below) -> Fields<'_> {
    Fields { of, names }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_map(Some(self.of.fields.len()))?;
        for (name, fact) in &self.of.fields {
            let names = self.names.and_then(|names| names.get(name));
            out.serialize_entry(name, &One { fact, names })?;
        }
        out.end()
    }
}

/// A fact with its declared name and what is declared below it.
struct One<'f> {
    fact: &'f Fact,
    names: Below,
}

impl One<'_> {
    fn unit(&self) -> Option<Kind> {
        self.names.and_then(|names| names.kind)
    }
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.fact.value {
            Value::Record(inner) => fields(inner, self.names).serialize(to),
            Value::List(list) => {
                let mut out = to.serialize_struct("List", 3)?;
                let names = self.names.and_then(|names| names.get("[]"));
                out.serialize_field("items", &Items { list, names })?;
                out.serialize_field("partial", &list.partial.as_ref().map(|p| &p.en))?;
                out.serialize_field("unit", &self.unit())?;
                out.end()
            }
            plain => {
                let mut out = to.serialize_struct("Fact", 3)?;
                out.serialize_field("evidence", &self.fact.evidence)?;
                out.serialize_field("unit", &self.unit())?;
                out.serialize_field("value", &Scalar(plain))?;
                out.end()
            }
        }
    }
}

/// The items of a list, with what is declared of each.
struct Items<'f> {
    list: &'f List,
    names: Below,
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.list.items.iter().map(|item| Item {
            value: &item.value,
            names: self.names,
        }))
    }
}

struct Item<'f> {
    value: &'f Value,
    names: Below,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Record(inner) => fields(inner, self.names).serialize(to),
            plain => Scalar(plain).serialize(to),
        }
    }
}

struct Scalar<'f>(&'f Value);

impl Serialize for Scalar<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Flag(flag) => to.serialize_bool(*flag),
            // JSON readers have 64 bits; a larger figure is kept as text rather than rounded.
            Value::Int(n) => match (i64::try_from(*n), u64::try_from(*n)) {
                (Ok(n), _) => to.serialize_i64(n),
                (_, Ok(n)) => to.serialize_u64(n),
                _ => to.collect_str(n),
            },
            Value::Number(n) => to.serialize_f64(*n),
            Value::Text(text) => to.serialize_str(text),
            Value::List(_) | Value::Record(_) => to.serialize_unit(),
        }
    }
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
                name.kind.word(),
                name.what.replace('|', "\\|"),
                name.from
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
