//! What changed between two cases of one machine (before and after, good node and bad node): in
//! facts, and in what the rules found.
//!
//! A fact that only one side knows is no change: it is listed apart.

mod tell;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::names::{self, Kind};
use crate::facts::{Facts, List, Record, Value};
use crate::finding::{Judged, State};
use crate::words::Bilingual;

pub use tell::{Detail, json, text};

/// Lists whose items are the same thing on both sides: list, the fields that name an item, the
/// field that weighs it.
const KEYED: &[(&str, &[&str], &str)] = &[
    ("cgroups", &["path"], "usage_bytes"),
    ("processes", &["comm", "pid"], "rss_bytes"),
    ("memory.slabs", &["name"], "used_bytes"),
    ("memory.tmpfs", &["mount_point"], "used_bytes"),
    ("memory.nodes", &["node"], "total_bytes"),
    ("memory.swap_devices", &["path"], "used_bytes"),
    ("policy.units", &["unit"], ""),
];

/// Lists of which only the largest are kept: one that is missing may just have become smaller.
const LARGEST_ONLY: &[&str] = &["memory.slabs"];

/// One case: what it is called, its facts, what the rules found in it.
#[derive(Debug)]
pub struct Side {
    /// Names of its inputs.
    pub name: String,
    /// Its facts.
    pub facts: Facts,
    /// How the rules ended.
    pub judged: Vec<Judged>,
}

/// A fact of which both sides know a value, and another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Name of the fact; items of a list by their names: `cgroups[/a].usage_bytes`.
    pub path: String,
    /// What it is measured in.
    pub kind: Kind,
    /// Value on the first side.
    pub before: Value,
    /// Value on the second side.
    pub after: Value,
}

impl Change {
    /// How much it grew, for numbers.
    #[must_use]
    pub fn grew_by(&self) -> Option<f64> {
        Some(number(&self.after)? - number(&self.before)?)
    }

    /// Less than 1 % and less than a MiB, a second or one: what changes while one looks.
    #[must_use]
    pub fn is_small(&self) -> bool {
        let (Some(by), Some(before)) = (self.grew_by(), number(&self.before)) else {
            return false;
        };
        let least = match self.kind {
            Kind::Bytes => 1024.0 * 1024.0,
            Kind::Pages => 256.0,
            _ => return false,
        };
        by.abs() < least || by.abs() < 0.01 * before.abs()
    }
}

/// An item of a list that only one side has.
#[derive(Debug, Clone, PartialEq)]
pub struct Lone {
    /// Its name: `cgroups[/a]`.
    pub path: String,
    /// Its weight in bytes, if that is known.
    pub bytes: Option<i128>,
}

/// A rule that holds on one side only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// Id of the rule.
    pub rule: String,
    /// Its title.
    pub title: Bilingual,
    /// How it ended on the other side: ruled out, or not known.
    pub other_side_known: bool,
}

/// All that differs.
#[derive(Debug, Default)]
pub struct Difference {
    /// Changed facts, in the order of the declared names.
    pub changes: Vec<Change>,
    /// Items of lists that only the first or only the second side has, heaviest first.
    pub only: [Vec<Lone>; 2],
    /// Lists of which a side holds only a part: an item that is missing there may exist.
    pub partial: BTreeSet<String>,
    /// Rules found on the first or on the second side only.
    pub found_only: [Vec<Turned>; 2],
    /// Facts that only the first or only the second side knows.
    pub known_only: [Vec<String>; 2],
}

/// Compares two cases.
#[must_use]
pub fn compare(sides: &[Side; 2]) -> Difference {
    let [before, after] = sides;
    let mut difference = Difference::default();
    scalars(&before.facts, &after.facts, &mut difference);
    for keyed in KEYED {
        items(keyed, &before.facts, &after.facts, &mut difference);
    }
    for lone in &mut difference.only {
        lone.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    }
    difference.found_only = [
        found_only(&before.judged, &after.judged),
        found_only(&after.judged, &before.judged),
    ];
    difference
}

/// Facts outside lists, and how long each list is.
fn scalars(before: &Facts, after: &Facts, difference: &mut Difference) {
    for name in names::all().filter(|n| !n.path.contains("[]")) {
        let value = |facts: &Facts| facts.get(name.path).and_then(|f| plain(&f.value));
        let kind = match name.kind {
            Kind::List | Kind::Texts => Kind::Count,
            kind => kind,
        };
        let path = match name.kind {
            Kind::List | Kind::Texts => format!("{}[]", name.path),
            _ => name.path.to_owned(),
        };
        match (value(before), value(after)) {
            (Some(before), Some(after)) if before != after => {
                difference.changes.push(Change {
                    path,
                    kind,
                    before,
                    after,
                });
            }
            (Some(_), None) => difference.known_only[0].push(path),
            (None, Some(_)) => difference.known_only[1].push(path),
            _ => {}
        }
    }
}

/// A value that can be compared: that of a list is its length.
fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::Record(_) => None,
        Value::List(list) => Some(Value::Int(i128::try_from(list.items.len()).ok()?)),
        value => Some(value.clone()),
    }
}

fn number(value: &Value) -> Option<f64> {
    let mut record = Record::new();
    record.put("n", value.clone(), Vec::new());
    record.number("n")
}

type Items<'a> = BTreeMap<String, &'a Record>;

/// Items by their names. Of two with one name the first counts.
fn by_key<'a>(list: &'a List, keys: &[&str]) -> Items<'a> {
    let mut items = Items::new();
    for item in &list.items {
        if let Value::Record(record) = &item.value {
            let names: Vec<String> = keys
                .iter()
                .filter_map(|k| record.get(k))
                .map(|fact| tell::plain_text(&fact.value))
                .collect();
            items.entry(names.join(" ")).or_insert(record);
        }
    }
    items
}

fn items(
    (path, keys, weight): &(&str, &[&str], &str),
    before: &Facts,
    after: &Facts,
    difference: &mut Difference,
) {
    let list = |facts: &'_ Facts| match facts.get(path).map(|f| f.value.clone()) {
        Some(Value::List(list)) => Some(list),
        _ => None,
    };
    let (Some(first), Some(second)) = (list(before), list(after)) else {
        return;
    };
    if first.partial.is_some() || second.partial.is_some() || LARGEST_ONLY.contains(path) {
        difference.partial.insert((*path).to_owned());
    }
    let (first, second) = (by_key(&first, keys), by_key(&second, keys));
    for (key, record) in &first {
        if let Some(other) = second.get(key) {
            fields(path, key, record, other, difference);
        }
    }
    let [only_first, only_second] = &mut difference.only;
    for (here, there, only) in [
        (&first, &second, only_first),
        (&second, &first, only_second),
    ] {
        let lone = here.iter().filter(|(key, _)| !there.contains_key(*key));
        only.extend(lone.map(|(key, record)| Lone {
            path: format!("{path}[{key}]"),
            bytes: record.int(weight),
        }));
    }
}

fn fields(path: &str, key: &str, before: &Record, after: &Record, difference: &mut Difference) {
    for (field, fact) in &before.fields {
        let Some(name) = names::find(&format!("{path}[].{field}")) else {
            continue;
        };
        let (Some(before), Some(after)) = (
            plain(&fact.value),
            after.get(field).and_then(|f| plain(&f.value)),
        ) else {
            continue;
        };
        if before != after {
            difference.changes.push(Change {
                path: format!("{path}[{key}].{field}"),
                kind: name.kind,
                before,
                after,
            });
        }
    }
}

fn found_only(here: &[Judged], there: &[Judged]) -> Vec<Turned> {
    let is_found = |judged: &Judged| matches!(judged.state, State::Found(_));
    here.iter()
        .filter(|judged| is_found(judged))
        .filter_map(|judged| {
            let other = there.iter().find(|other| other.rule == judged.rule)?;
            (!is_found(other)).then(|| Turned {
                rule: judged.rule.clone(),
                title: judged.title.clone(),
                other_side_known: matches!(other.state, State::RuledOut { .. }),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
