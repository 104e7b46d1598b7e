//! Facts of the made-up hosts: every policy is read, every name is declared, and the JSON of one
//! host is golden, because other programs read it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads files of this project"
)]

use std::path::{Path, PathBuf};

use oomscene_analyzer::facts::{Facts, gather, json, names, schema};
use oomscene_analyzer::intake;
use serde_json::Value as Json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The five hosts of mission cases 11 and 12, and what sets each apart.
const HOSTS: &[(&str, &str, i128)] = &[
    ("overcommit-strict", "policy.overcommit_memory", 2),
    ("overcommit-always", "policy.overcommit_memory", 1),
    ("kill-allocating-task", "policy.oom_kill_allocating_task", 1),
    ("panic-on-oom", "policy.panic_on_oom", 1),
    ("exempt-hog", "tasks.exempt_largest_bytes", 23 << 30),
];

fn facts_of(host: &str) -> Facts {
    let folder = root().join("tests/fixtures/hosts").join(host);
    let name = folder.to_string_lossy().into_owned();
    let mut inputs = intake::open(&[name], &mut std::io::empty()).unwrap();
    // The report and the golden file must not hold the path of this checkout.
    host.clone_into(&mut inputs[0].name);
    gather(&inputs)
}

#[test]
fn the_hosts_are_read_whole() {
    for (host, path, value) in HOSTS {
        let facts = facts_of(host);
        assert_eq!(facts.root.int(path), Some(*value), "{host}: {path}");
        assert_eq!(
            names::undeclared(&facts.root),
            Vec::<String>::new(),
            "{host}"
        );
        assert_eq!(facts.gaps, [], "{host}");
        assert_eq!(facts.root.flag("input.torn"), Some(false), "{host}");
        assert_eq!(
            facts.root.flag("kernel_log.whole_boot"),
            Some(true),
            "{host}"
        );
    }
}

#[test]
fn a_host_under_strict_overcommit_has_memory_and_no_promises_left() {
    let facts = facts_of("overcommit-strict");
    let figure = |path: &str| facts.root.number(path).unwrap();
    assert!(figure("memory.committed_bytes") / figure("memory.commit_limit_bytes") > 0.99);
    assert!(figure("memory.available_bytes") / figure("memory.total_bytes") > 0.5);
}

#[test]
fn the_json_is_golden_and_the_same_every_time() {
    let text = || serde_json::to_string_pretty(&json::to_json(&facts_of("panic-on-oom"))).unwrap();
    let first = text();
    assert_eq!(first, text());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("facts-panic-on-oom.json", first));
}

#[test]
fn the_manual_of_names_is_up_to_date() {
    let page = json::names_markdown();
    let kept = root().join("rules/FACTS.md");
    if std::fs::read_to_string(&kept).unwrap_or_default() != page {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("FACTS.md");
        std::fs::write(&fresh, page).unwrap();
        panic!(
            "rules/FACTS.md is not what the tables say: copy {} over it",
            fresh.display()
        );
    }
}

/// The schema that other programs may rely on; a change of it is a change of the contract.
#[test]
fn the_schema_is_golden() {
    let text = serde_json::to_string_pretty(&schema::schema()).unwrap() + "\n";
    let kept = root().join(format!("docs/facts-{}.schema.json", names::VERSION));
    if std::fs::read_to_string(&kept).unwrap_or_default() != text {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("facts.schema.json");
        std::fs::write(&fresh, text).unwrap();
        panic!(
            "{} is not what the tables say: copy {} over it",
            kept.display(),
            fresh.display()
        );
    }
}

/// A key that the check below does not know would be a check that cannot fail.
fn only_known_keys(schema: &Json) {
    let known = [
        "$schema",
        "$id",
        "$defs",
        "$ref",
        "title",
        "description",
        "type",
        "const",
        "pattern",
        "required",
        "additionalProperties",
        "properties",
        "items",
    ];
    for key in schema.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "the check lacks {key}");
    }
}

/// Where `value` does not fit `schema`: the part of JSON Schema that ours uses, and nothing else.
fn misfits(value: &Json, schema: &Json, whole: &Json, at: &str, wrong: &mut Vec<String>) {
    only_known_keys(schema);
    if let Some(reference) = schema.get("$ref") {
        let target = reference.as_str().unwrap().trim_start_matches('#');
        return misfits(value, whole.pointer(target).unwrap(), whole, at, wrong);
    }
    if let Some(wanted) = schema.get("const")
        && wanted != value
    {
        wrong.push(format!("{at}: {value} is not {wanted}"));
    }
    let is = |kind: &Json| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("type {other}"),
    };
    let fits = match schema.get("type") {
        Some(Json::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => true,
    };
    if !fits {
        wrong.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if let (Some(pattern), Some(text)) = (schema.get("pattern"), value.as_str()) {
        assert_eq!(pattern, "^-?[0-9]+$", "the check knows one pattern");
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            wrong.push(format!("{at}: {value} does not fit {pattern}"));
        }
    }
    for required in schema
        .get("required")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        if value.get(required.as_str().unwrap()).is_none() {
            wrong.push(format!("{at}: lacks {required}"));
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        match schema.get("properties").and_then(|p| p.get(key)) {
            Some(of) => misfits(inner, of, whole, &format!("{at}/{key}"), wrong),
            None => wrong.push(format!("{at}: {key} is not declared")),
        }
    }
    if let Some(of) = schema.get("items") {
        for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
            misfits(inner, of, whole, &format!("{at}/{n}"), wrong);
        }
    }
}

fn misfits_of(facts: &Facts) -> Vec<String> {
    let schema = schema::schema();
    let output = serde_json::to_value(json::to_json(facts)).unwrap();
    let mut wrong = Vec::new();
    misfits(&output, &schema, &schema, "", &mut wrong);
    wrong
}

#[test]
fn what_is_printed_fits_the_schema() {
    for (host, ..) in HOSTS {
        assert_eq!(misfits_of(&facts_of(host)), Vec::<String>::new(), "{host}");
    }
    let logs = root().join("tests/fixtures/logs");
    for file in std::fs::read_dir(logs).unwrap() {
        let name = file.unwrap().path().to_string_lossy().into_owned();
        let facts =
            gather(&intake::open(std::slice::from_ref(&name), &mut std::io::empty()).unwrap());
        assert_eq!(misfits_of(&facts), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_check_against_the_schema_can_fail() {
    let mut facts = Facts::default();
    facts.put("memory.total_bytes", "much", Vec::new());
    facts.put("memory.invented_bytes", 1, Vec::new());
    let wrong = misfits_of(&facts);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}
