//! JSON Schema of a rule file, so that an editor completes keys and marks mistakes while typing.
//!
//! It describes the shape of the file. Names, kinds and languages of expressions are beyond a
//! schema: `rules check` looks at those.

use serde_json::{Value, json};

use super::vocabulary::{FILTERS, FUNCTIONS};

/// The schema, as text.
#[must_use]
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&value()).unwrap_or_default();
    text.push('\n');
    text
}

fn value() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "oomscene rule",
        "description": "One root cause: one file. A file may hold `suppress` instead of a rule.",
        "oneOf": [{"$ref": "#/$defs/rule"}, {"$ref": "#/$defs/suppressions"}],
        "$defs": {
            "rule": rule(),
            "suppressions": suppressions(),
            "texts": {
                "type": "object",
                "description": "One text in both languages; placeholders are the same in both.",
                "properties": {
                    "en": {"type": "string", "minLength": 1},
                    "zh": {"type": "string", "minLength": 1}
                },
                "required": ["en", "zh"],
                "additionalProperties": false
            },
            "expression": {
                "description": expression_words(),
                "type": ["string", "boolean", "number"]
            },
            "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"},
            "example": example()
        }
    })
}

fn rule() -> Value {
    json!({
        "type": "object",
        "properties": {
            "id": {"$ref": "#/$defs/id", "description": "Name of the problem; the file is ID.yaml."},
            "severity": {"enum": ["info", "low", "medium", "high", "critical"], "description": "How bad it is when true."},
            "role": {"enum": ["cause", "symptom", "context", "evidence"], "description": "Which place a finding can take in the cause tree; only a cause can lead."},
            "title": {"$ref": "#/$defs/texts"},
            "for_each": {"type": "string", "pattern": "^\\s*[a-z][a-z0-9_]*\\s+in\\s+[a-z_.]+\\s*$", "description": "`name in list`: one evaluation per item."},
            "group_by": {"$ref": "#/$defs/expression", "description": "Items with the same value make one finding."},
            "let": {"type": "object", "additionalProperties": {"$ref": "#/$defs/expression"}, "description": "Local names; each may use the ones before it."},
            "when": {"$ref": "#/$defs/expression"},
            "confidence": {
                "type": "object",
                "properties": {
                    "certain": {"$ref": "#/$defs/expression"},
                    "likely": {"$ref": "#/$defs/expression"}
                },
                "additionalProperties": false
            },
            "explains": {"type": "array", "items": {"$ref": "#/$defs/id"}, "description": "Rules whose findings are symptoms of this one."},
            "supersedes": {"type": "array", "items": {"$ref": "#/$defs/id"}, "description": "Rules whose findings this one replaces."},
            "says": {"$ref": "#/$defs/texts"},
            "otherwise": {"$ref": "#/$defs/texts"},
            "why": {"$ref": "#/$defs/texts"},
            "advice": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "when": {"$ref": "#/$defs/expression"},
                        "do": {"$ref": "#/$defs/texts"},
                        "command": {"type": "string"}
                    },
                    "required": ["do"],
                    "additionalProperties": false
                }
            },
            "references": {"type": "array", "items": {"type": "string"}},
            "examples": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/example"}}
        },
        "required": ["id", "severity", "role", "title", "when", "says", "why", "examples"],
        "additionalProperties": false
    })
}

fn example() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "files": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Text by path, as on the machine without the leading /."},
            "like": {"type": "string", "description": "Name of an example above, whose files and facts this one has too."},
            "facts": {"type": "object", "description": "Facts stated by name; null makes one unknown. The loop variable means the first item."},
            "expect": {
                "type": "object",
                "minProperties": 1,
                "properties": {
                    "count": {"type": "integer", "minimum": 0},
                    "state": {"enum": ["found", "ruled out", "cannot tell"]},
                    "confidence": {"enum": ["certain", "likely", "possible"]},
                    "says": {"type": "string", "description": "A part of the English message."},
                    "says_zh": {"type": "string", "description": "A part of the Chinese message."},
                    "text": {"type": "string", "description": "The whole English message."},
                    "text_zh": {"type": "string", "description": "The whole Chinese message."},
                    "advice": {"type": "array", "items": {"type": "string"}, "description": "All remedies in order: a part of each."},
                    "missing": {"type": "string", "description": "A fact that must be named as missing."}
                },
                "additionalProperties": false
            }
        },
        "required": ["name", "expect"],
        "anyOf": [{"required": ["files"]}, {"required": ["like"]}, {"required": ["facts"]}],
        "additionalProperties": false
    })
}

fn suppressions() -> Value {
    json!({
        "type": "object",
        "properties": {
            "suppress": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "rule": {"$ref": "#/$defs/id"},
                        "group": {"type": "string", "description": "Only findings of this group."},
                        "reason": {"type": "string", "minLength": 1},
                        "until": {"type": "string", "format": "date", "description": "Last day on which it holds, by the clock of the evidence."}
                    },
                    "required": ["rule", "reason", "until"],
                    "additionalProperties": false
                }
            }
        },
        "required": ["suppress"],
        "additionalProperties": false
    })
}

/// What an expression may hold, for the bubble of an editor.
fn expression_words() -> String {
    let filters: Vec<&str> = FILTERS.iter().map(|w| w.name).collect();
    let functions: Vec<&str> = FUNCTIONS.iter().map(|w| w.name).collect();
    format!(
        "Expression over facts. Filters: {}. Functions: {}. Units: KiB MiB GiB minute hour day, 60s 5min 2h 1d.",
        filters.join(" "),
        functions.join(" ")
    )
}
