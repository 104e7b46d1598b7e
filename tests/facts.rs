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

use oomscene_analyzer::facts::{Facts, gather, json, names};
use oomscene_analyzer::intake;

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
