//! The catalogue checks out and every rule proves itself by its own examples.

#![expect(clippy::unwrap_used, reason = "a failing test panics and says where")]

use std::process::Command;

fn analyze(args: &[&str]) -> (bool, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_oomscene-analyze"))
        .args(args)
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    (out.status.success(), text)
}

#[test]
fn the_catalogue_has_no_mistakes() {
    let (ok, text) = analyze(&["rules", "check"]);
    assert!(ok, "{text}");
}

#[test]
fn every_example_holds() {
    let (ok, text) = analyze(&["rules", "test"]);
    assert!(ok, "{text}");
}

#[test]
fn the_catalogue_is_not_empty() {
    let (ok, text) = analyze(&["rules", "list"]);
    assert!(ok, "{text}");
    assert!(text.lines().count() >= 12, "{text}");
}

#[test]
fn every_rule_fires_and_stays_quiet() {
    let (ok, text) = analyze(&["rules", "coverage"]);
    assert!(ok, "{text}");
}

#[test]
fn the_examples_notice_changes_of_the_rules() {
    let (ok, text) = analyze(&["rules", "mutants"]);
    assert!(ok, "{text}");
}
