//! JSON Schema of what `oomscene-analyze facts` prints, made from the tables of declared names: a
//! fact that is not declared cannot be in it.

use serde_json::{Map, Value as Json, json};

use super::names::{self, Kind};

/// A node of the tree of names.
#[derive(Default)]
struct Node {
    /// Kind of the fact, when it is one and no record.
    kind: Option<Kind>,
    what: &'static str,
    children: std::collections::BTreeMap<&'static str, Self>,
}

/// The schema, draft 2020-12. Facts that the evidence does not fill are left out of the output:
/// nothing is required below `facts`.
#[must_use]
pub fn schema() -> Json {
    let mut root = Node::default();
    for name in names::all() {
        let mut node = &mut root;
        for part in name.path.split('.') {
            node = node
                .children
                .entry(part.strip_suffix("[]").unwrap_or(part))
                .or_default();
        }
        node.kind = Some(name.kind);
        node.what = name.what;
    }
    let mut defs: Map<String, Json> = PLAIN
        .iter()
        .map(|kind| (kind.word().to_owned(), plain(*kind)))
        .collect();
    let evidence = json!({
        "description": "lines that say it; line 0 is about the whole entry",
        "type": "array",
        "items": place("text"),
    });
    defs.insert("evidence".to_owned(), evidence);
    defs.insert("gap".to_owned(), place("what"));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("oomscene-facts-{}.schema.json", names::VERSION),
        "title": format!("facts of oomscene-analyze, version {}", names::VERSION),
        "type": "object",
        "required": ["facts", "facts_version", "gaps"],
        "additionalProperties": false,
        "properties": {
            "facts": record(&root),
            "facts_version": {"const": names::VERSION},
            "gaps": {"type": "array", "items": {"$ref": "#/$defs/gap"}},
        },
        "$defs": defs,
    })
}

/// A line of an entry, and what it says.
fn place(words: &str) -> Json {
    json!({
        "type": "object",
        "required": ["entry", "line", words],
        "additionalProperties": false,
        "properties": {
            "entry": {"type": "string"},
            "line": {"type": "integer"},
            words: {"type": "string"},
        },
    })
}

fn record(node: &Node) -> Json {
    let properties: Map<String, Json> = node
        .children
        .iter()
        .map(|(name, child)| ((*name).to_owned(), property(child)))
        .collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn property(node: &Node) -> Json {
    let Some(kind) = node.kind else {
        return record(node);
    };
    if let Some(item) = item(kind, node) {
        return json!({
            "description": node.what,
            "type": "object",
            "required": ["items", "partial", "unit"],
            "additionalProperties": false,
            "properties": {
                "items": {"type": "array", "items": item},
                "partial": {
                    "description": "why there may be more; null when the list is whole",
                    "type": ["string", "null"],
                },
                "unit": {"const": kind},
            },
        });
    }
    json!({"description": node.what, "$ref": format!("#/$defs/{}", kind.word())})
}

/// Kinds of facts that are no lists.
const PLAIN: &[Kind] = &[
    Kind::Bytes,
    Kind::Pages,
    Kind::Count,
    Kind::Id,
    Kind::Seconds,
    Kind::Time,
    Kind::Percent,
    Kind::Number,
    Kind::Text,
    Kind::Flag,
];

/// A fact of a kind: value, unit and the lines that say it.
fn plain(kind: Kind) -> Json {
    json!({
        "type": "object",
        "required": ["evidence", "unit", "value"],
        "additionalProperties": false,
        "properties": {
            "evidence": {"$ref": "#/$defs/evidence"},
            "unit": {"const": kind},
            "value": value(kind),
        },
    })
}

/// What a list holds; `None` for what is no list.
fn item(kind: Kind, node: &Node) -> Option<Json> {
    match kind {
        Kind::List => Some(record(node)),
        Kind::Texts => Some(json!({"type": "string"})),
        _ => None,
    }
}

/// A whole number beyond 64 bits is written as a text of its digits, not rounded.
fn value(kind: Kind) -> Json {
    match kind {
        Kind::Bytes | Kind::Pages | Kind::Count | Kind::Id | Kind::Time => {
            json!({"type": ["integer", "string"], "pattern": "^-?[0-9]+$"})
        }
        Kind::Seconds | Kind::Percent | Kind::Number => json!({"type": "number"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Text | Kind::Texts | Kind::List => json!({"type": "string"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_unit() {
        let schema = schema();
        let at = |pointer: &str| {
            schema
                .pointer(&format!("/properties/facts/properties{pointer}"))
                .unwrap_or_else(|| panic!("{pointer}"))
        };
        let list = "/oom_events/properties/items/items/properties";
        let bytes = at(&format!("{list}/memcg/properties/limit_bytes/$ref"));
        assert_eq!(bytes, &json!("#/$defs/bytes"));
        assert_eq!(
            schema.pointer("/$defs/bytes/properties/unit/const"),
            Some(&json!("bytes"))
        );
        assert_eq!(at("/logs/properties/unit/const"), &json!("list"));
        assert_eq!(
            at("/input/properties/files/properties/items/items/type"),
            &json!("string")
        );
        let text = serde_json::to_string(&schema).unwrap();
        for name in names::all().filter(|n| PLAIN.contains(&n.kind)) {
            assert!(text.contains(&format!("#/$defs/{}", name.kind.word())));
        }
    }
}
