//! Facts that an example states instead of lines: the borders of a condition without a page of log.
//!
//! `like` takes the files of an example above; `facts` then puts, changes or removes single facts.

use super::{
    eval::{Scope, Val},
    file::Example,
    lower,
};
use crate::{
    facts::{
        Evidence, Fact, Facts, List, Record, Value,
        names::{self, Kind},
    },
    words::{Bilingual, Lang},
};

/// What an example states about one fact.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    /// It has this value.
    Is(Value),
    /// It is unknown.
    Unknown,
    /// The list may have more items than the evidence shows.
    Partial,
}

/// Reads the value that an example states for the fact `path`.
///
/// # Errors
///
/// What is wrong, and the nearest name.
pub(super) fn read(
    path: &str,
    written: &serde_yaml::Value,
) -> Result<Given, (String, Option<String>)> {
    let Some(name) = names::find(path) else {
        let declared = super::eval::declared(path);
        let near = super::vocabulary::nearest(&declared, names::all().map(|n| n.path));
        return Err((
            format!("unknown fact `{path}`"),
            near.map(|n| format!("did you mean `{n}`?")),
        ));
    };
    value(name.kind, written).ok_or_else(|| {
        let wants = match name.kind {
            Kind::Text => "a text",
            Kind::Flag => "true or false",
            Kind::Texts => "a list of texts",
            Kind::List => "[] for empty, or `partial`",
            _ => "a number, or an expression such as 64 * MiB",
        };
        (
            format!("this value does not fit `{path}`"),
            Some(format!("write {wants}; `null` makes it unknown")),
        )
    })
}

fn value(kind: Kind, written: &serde_yaml::Value) -> Option<Given> {
    use serde_yaml::Value as Yaml;
    let value = match (kind, written) {
        (_, Yaml::Null) => return Some(Given::Unknown),
        (Kind::List, Yaml::String(word)) if word == "partial" => return Some(Given::Partial),
        (Kind::List, Yaml::Sequence(items)) if items.is_empty() => Value::List(List::default()),
        (Kind::Flag, Yaml::Bool(flag)) => Value::Flag(*flag),
        (Kind::Text, Yaml::String(text)) => Value::Text(text.clone()),
        (Kind::Texts, Yaml::Sequence(items)) => Value::List(List {
            items: items
                .iter()
                .map(|item| {
                    Some(Fact {
                        value: item.as_str()?.into(),
                        evidence: Vec::new(),
                    })
                })
                .collect::<Option<_>>()?,
            partial: None,
        }),
        (Kind::Text | Kind::Flag | Kind::Texts | Kind::List, _) => return None,
        (kind, Yaml::Number(n)) => number(kind, n.as_i64().map(i128::from), n.as_f64())?,
        (kind, Yaml::String(text)) => {
            let expr = lower::expression(text).ok()?;
            if !expr.is_constant() {
                return None;
            }
            let nothing = Facts::default();
            let mut scope = Scope::new(&nothing, &[], None, None, Lang::En);
            match scope.run(&expr).0 {
                Val::Int(n) => number(kind, Some(n), None)?,
                Val::Number(n) => number(kind, None, Some(n))?,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Given::Is(value))
}

fn number(kind: Kind, whole: Option<i128>, real: Option<f64>) -> Option<Value> {
    match (kind, whole, real) {
        (_, Some(n), _) => Some(Value::Int(n)),
        (Kind::Bytes | Kind::Pages | Kind::Count | Kind::Id, None, _) => None,
        (_, None, Some(n)) if n.is_finite() => Some(Value::Number(n)),
        _ => None,
    }
}

/// The full name of a fact: the loop variable means the first item.
pub(super) fn full_path(path: &str, each: Option<(&str, &str)>) -> String {
    match (each, path.split_once('.')) {
        (Some((variable, list)), Some((head, rest))) if head == variable => {
            format!("{list}[0].{rest}")
        }
        _ => path.to_owned(),
    }
}

/// Puts, changes or removes what the example states.
pub(super) fn apply(example: &Example, each: Option<(&str, &str)>, facts: &mut Facts) {
    for (path, written) in &example.facts {
        let path = full_path(path, each);
        // A check has refused what cannot be read.
        if let Ok(given) = read(&path, written) {
            set(&mut facts.root, &path, &path, &given);
        }
    }
}

/// Walks down to the last record of `path` and changes its field.
pub(super) fn set(record: &mut Record, path: &str, whole: &str, given: &Given) {
    let Some((list, rest)) = path.split_once('[') else {
        change(record, path, whole, given);
        return;
    };
    let Some((index, rest)) = rest.split_once("].") else {
        return;
    };
    let index: usize = index.parse().unwrap_or(0);
    let items = &mut record.list(list).items;
    // An item that is not there is made; a gap before it is not.
    if index == items.len() {
        items.push(Fact {
            value: Value::Record(Record::new()),
            evidence: Vec::new(),
        });
    }
    if let Some(Value::Record(item)) = items.get_mut(index).map(|fact| &mut fact.value) {
        set(item, rest, whole, given);
    }
}

fn change(record: &mut Record, path: &str, whole: &str, given: &Given) {
    match given {
        Given::Is(value) => {
            let line = Evidence::new("example", 0, &format!("{whole} is stated"));
            record.put(path, value.clone(), vec![line]);
        }
        Given::Partial => {
            record.set_partial(path, Bilingual::new("the example says so", "示例如此设定"))
        }
        Given::Unknown => remove(record, path),
    }
}

fn remove(record: &mut Record, path: &str) {
    match path.split_once('.') {
        None => {
            record.fields.remove(path);
        }
        Some((head, rest)) => {
            if let Some(Value::Record(inner)) = record.fields.get_mut(head).map(|f| &mut f.value) {
                remove(inner, rest);
            }
        }
    }
}
