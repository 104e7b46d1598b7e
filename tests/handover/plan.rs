//! What `--dry-run` says, against what a collection does.

use std::fs;
use std::process::Command;

use oomscene_bundle::Outcome;
use oomscene_collector::sources::all;

use crate::machine::{Machine, PROGRAM, collect, open, text};

/// The line about an item.
fn about<'a>(said: &'a str, path: &str) -> &'a str {
    let is_it = |line: &&str| {
        let rest = line.get(8..).unwrap_or_default();
        rest == path || rest.starts_with(&format!("{path}: "))
    };
    said.lines()
        .find(is_it)
        .unwrap_or_else(|| panic!("no line about {path}: {said}"))
}

#[test]
fn dry_run_tells_every_item_and_writes_nothing() {
    let machine = Machine::new();
    machine.write("var/log/messages", &"x".repeat(5000));
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM)
        .args([
            "--root",
            machine.folder.path().to_str().unwrap(),
            "--dry-run",
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    for (_, item) in all() {
        about(&said, item.path);
    }
    assert!(about(&said, "proc/[pid]/status").contains("take  proc/[pid]/status: 2 as files"));
    assert_eq!(
        about(&said, "scene/uname"),
        "  skip  scene/uname: not the running machine"
    );
    assert_eq!(
        about(&said, "proc/vmstat"),
        "  none  proc/vmstat: not on this machine"
    );
    assert!(said.ends_with("nothing was written\n"));
}

/// What it says is what is done, on the real machine: taken is not absent, skipped is skipped, and
/// the size is of the right order.
#[test]
fn dry_run_agrees_with_the_collection() {
    let said = text(&collect(&["--dry-run"]).stdout);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    collect(&["-o", path.to_str().unwrap(), "--no-encrypt"]);
    let bundle = open(&path);
    for (_, item) in all() {
        let line = about(&said, item.path);
        let outcomes: Vec<Outcome> = bundle
            .ledger
            .iter()
            .filter(|l| l.item == item.path)
            .map(|l| l.outcome)
            .collect();
        let all_are = |wanted: Outcome| outcomes.iter().all(|outcome| *outcome == wanted);
        match line.get(2..6).unwrap() {
            "skip" => assert!(all_are(Outcome::Skipped), "{line} {outcomes:?}"),
            "none" => assert!(
                !outcomes.contains(&Outcome::Captured),
                "{line} {outcomes:?}"
            ),
            "take" | "deny" => {}
            other => panic!("{other}: {line}"),
        }
    }
    let bytes = fs::metadata(&path).unwrap().len();
    let summary = said
        .lines()
        .find(|line| line.starts_with("in all"))
        .unwrap();
    let guess = summary.split("a bundle of about ").nth(1).unwrap();
    let (number, unit) = guess.split(',').next().unwrap().split_once(' ').unwrap();
    let unit = match unit {
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        _ => 1.0,
    };
    let ratio = number.parse::<f64>().unwrap() * unit / bytes as f64;
    assert!(
        (0.2..5.0).contains(&ratio),
        "{summary}, but it has {bytes} bytes"
    );
}
