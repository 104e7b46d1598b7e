//! Bundles that real kernels left in the lab's guests: the verdict on each stays what the lab judged right.

#![expect(clippy::unwrap_used, reason = "a failing test panics and says where")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every bundle kept in `tests/fixtures/bundles`, sorted by name.
fn bundles() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/bundles");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "gz"))
        .collect();
    found.sort();
    found
}

fn report(bundle: &Path, lang: &str) -> Value {
    let run = Command::new(env!("CARGO_BIN_EXE_oomscene-analyze"))
        .args(["report", "-o", "-", "--format", "json", "--lang", lang])
        .arg(bundle)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {said}", bundle.display());
    serde_json::from_slice(&run.stdout).unwrap()
}

fn rules(report: &Value, list: &str) -> String {
    let rows = report[list].as_array().into_iter().flatten();
    let ids: Vec<&str> = rows.filter_map(|row| row["rule"].as_str()).collect();
    ids.join(", ")
}

#[test]
fn the_verdicts_on_real_bundles_are_golden() {
    let bundles = bundles();
    assert!(bundles.len() >= 10, "only {} bundles", bundles.len());
    let mut told = String::new();
    for bundle in bundles {
        let (en, zh) = (report(&bundle, "en"), report(&bundle, "zh"));
        let root = en["verdict"]["root"]["rule"].as_str().unwrap_or("none");
        assert_eq!(en["verdict"]["root"]["rule"], zh["verdict"]["root"]["rule"]);
        let event = &en["leading_event"];
        writeln!(told, "{}", bundle.file_name().unwrap().to_string_lossy()).unwrap();
        writeln!(
            told,
            "  outcome: {}, root: {root}",
            en["verdict"]["outcome"]
        )
        .unwrap();
        writeln!(
            told,
            "  victim: {}, limit: {}",
            event["killed"]["comm"], event["ran_out"]["limit_bytes"]
        )
        .unwrap();
        for list in [
            "chain",
            "contributing",
            "other_causes",
            "unexplained",
            "ruled_out",
        ] {
            writeln!(told, "  {list}: {}", rules(&en, list)).unwrap();
        }
        for report in [en, zh] {
            writeln!(
                told,
                "  {}",
                report["verdict"]["headline"]
                    .as_str()
                    .unwrap_or("no headline")
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(told);
}
