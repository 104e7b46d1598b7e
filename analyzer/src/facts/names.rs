//! The declared names of facts: the contract with rule authors, version 1.
//!
//! Each row says the path, the kind with its unit, what it means, and which item of a collection
//! it comes from. `[]` marks an item of a list. Adding a fact = a row here and a `put` in a parser.

use std::{collections::BTreeMap, sync::LazyLock};

mod cgroups;
mod host;
mod logs;
mod memory;
mod oom;
mod policy;
mod processes;

/// Version of the set of names.
pub const VERSION: u32 = 1;

/// What a fact is measured in. Comparing kinds that do not fit is a rule error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes, whole.
    Bytes,
    /// Memory pages of the machine.
    Pages,
    /// A count of things or events.
    Count,
    /// A number that names something (pid, uid): only equality makes sense.
    Id,
    /// Seconds.
    Seconds,
    /// Seconds since 1970-01-01 UTC.
    Time,
    /// Percent, 0 to 100 (load and scores have no unit: [`Kind::Number`]).
    Percent,
    /// A number without a unit.
    Number,
    /// Text as the machine wrote it.
    Text,
    /// Yes or no.
    Flag,
    /// A list of texts.
    Texts,
    /// A list of records; its fields are declared with `[]`.
    List,
}

impl Kind {
    /// Its word, as the JSON and the manual have it: lower-case letters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Pages => "pages",
            Self::Count => "count",
            Self::Id => "id",
            Self::Seconds => "seconds",
            Self::Time => "time",
            Self::Percent => "percent",
            Self::Number => "number",
            Self::Text => "text",
            Self::Flag => "flag",
            Self::Texts => "texts",
            Self::List => "list",
        }
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

/// One declared name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// Dotted path; `[]` after the name of a list.
    pub path: &'static str,
    /// Kind and unit.
    pub kind: Kind,
    /// What it means.
    pub what: &'static str,
    /// Item of the collection that it comes from, or `kernel log`.
    pub from: &'static str,
}

const fn name(path: &'static str, kind: Kind, what: &'static str, from: &'static str) -> Name {
    Name {
        path,
        kind,
        what,
        from,
    }
}

/// All tables, in the order of the manual.
pub const TABLES: &[&[Name]] = &[
    host::NAMES,
    memory::NAMES,
    policy::NAMES,
    processes::NAMES,
    cgroups::NAMES,
    logs::NAMES,
    oom::NAMES,
];

/// All declared names.
pub fn all() -> impl Iterator<Item = &'static Name> {
    TABLES.iter().copied().flatten()
}

static BY_PATH: LazyLock<BTreeMap<&'static str, &'static Name>> =
    LazyLock::new(|| all().map(|name| (name.path, name)).collect());

/// The declaration of `path`; indexes like `[3]` are read as `[]`.
#[must_use]
pub fn find(path: &str) -> Option<&'static Name> {
    let mut bare = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => {
                inside = true;
                bare.push_str("[]");
            }
            ']' => inside = false,
            _ if inside => {}
            _ => bare.push(c),
        }
    }
    BY_PATH.get(bare.as_str()).copied()
}

/// The declared names as a tree, so that facts and their declarations are walked together.
#[derive(Debug, Default)]
pub struct Tree {
    /// Kind of the name that ends here.
    pub kind: Option<Kind>,
    below: BTreeMap<&'static str, Self>,
}

impl Tree {
    /// What is declared below `part`, one part of a dotted path; `[]` for the items of a list.
    #[must_use]
    pub fn get(&self, part: &str) -> Option<&Self> {
        self.below.get(part)
    }

    /// All that is declared below, in the order of the parts.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &Self)> {
        self.below.iter().map(|(part, below)| (*part, below))
    }
}

/// The tree of all declared names.
pub fn tree() -> &'static Tree {
    static TREE: LazyLock<Tree> = LazyLock::new(|| {
        let mut root = Tree::default();
        for name in all() {
            let parts = name.path.split('.').flat_map(|part| {
                let list = part.strip_suffix("[]");
                [list.or(Some(part)), list.map(|_| "[]")]
            });
            let mut at = &mut root;
            for part in parts.flatten() {
                at = at.below.entry(part).or_default();
            }
            at.kind = Some(name.kind);
        }
        root
    });
    &TREE
}

/// Whether some declared name lies below `path` (it is a record).
#[must_use]
pub fn is_record(path: &str) -> bool {
    all().any(|n| {
        n.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Paths of the facts that are put but not declared: must be empty.
#[must_use]
pub fn undeclared(root: &super::Record) -> Vec<String> {
    let mut wrong = std::collections::BTreeSet::new();
    walk(root, "", &mut wrong);
    wrong.into_iter().collect()
}

fn walk(record: &super::Record, prefix: &str, wrong: &mut std::collections::BTreeSet<String>) {
    for (key, fact) in &record.fields {
        let path = if prefix.is_empty() {
            key.to_string()
        } else {
            format!("{prefix}.{key}")
        };
        match &fact.value {
            super::Value::Record(inner) => walk(inner, &path, wrong),
            super::Value::List(list) => {
                if find(&path).is_none() {
                    wrong.insert(path.clone());
                }
                for item in &list.items {
                    if let super::Value::Record(inner) = &item.value {
                        walk(inner, &format!("{path}[]"), wrong);
                    }
                }
            }
            value => {
                if !find(&path).is_some_and(|n| fits(n.kind, value)) {
                    wrong.insert(path);
                }
            }
        }
    }
}

fn fits(kind: Kind, value: &super::Value) -> bool {
    use super::Value;
    match kind {
        Kind::Bytes | Kind::Pages | Kind::Count | Kind::Id => matches!(value, Value::Int(_)),
        Kind::Seconds | Kind::Time | Kind::Percent | Kind::Number => {
            matches!(value, Value::Int(_) | Value::Number(_))
        }
        Kind::Text => matches!(value, Value::Text(_)),
        Kind::Flag => matches!(value, Value::Flag(_)),
        Kind::Texts | Kind::List => matches!(value, Value::List(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lists_declared() {
        let mut seen = std::collections::BTreeSet::new();
        for n in all() {
            assert!(seen.insert(n.path), "{} is declared twice", n.path);
            assert!(
                !n.what.is_empty() && !n.from.is_empty(),
                "{} lacks words",
                n.path
            );
            let mut at = 0;
            while let Some(found) = n.path[at..].find("[]") {
                let list = &n.path[..at + found];
                assert!(
                    all().any(|l| l.path == list && l.kind == Kind::List),
                    "{list} is no list"
                );
                at += found + 2;
            }
        }
    }

    #[test]
    fn the_name_says_the_unit() {
        for n in all() {
            let last = n.path.rsplit('.').next().unwrap();
            match n.kind {
                Kind::Bytes => assert!(last.ends_with("_bytes"), "{}", n.path),
                Kind::Pages => assert!(last.ends_with("_pages"), "{}", n.path),
                Kind::Seconds => assert!(last.ends_with("_seconds"), "{}", n.path),
                Kind::Percent => assert!(last.ends_with("_percent"), "{}", n.path),
                _ => assert!(
                    !["_bytes", "_pages", "_percent", "_kb"]
                        .iter()
                        .any(|u| last.ends_with(u)),
                    "{}",
                    n.path
                ),
            }
        }
    }
}
