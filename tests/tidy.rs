//! Style that matters is a test: file headers, lengths, walls between rooms, docs that name files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a failing test panics and says where"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Files that git tracks or would track, relative to the root.
fn project_files() -> Vec<String> {
    let out = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git must be there: the tidy test asks it which files are the project's");
    assert!(
        out.status.success(),
        "git ls-files failed: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8(out.stdout).unwrap();
    let mut files: Vec<String> = text.lines().map(str::to_owned).collect();
    files.retain(|f| root().join(f).is_file());
    assert!(
        files.len() > 50,
        "only {} files: the listing cannot be right",
        files.len()
    );
    files
}

fn read(path: &str) -> String {
    let bytes = fs::read(root().join(path)).unwrap();
    String::from_utf8(bytes).unwrap_or_else(|_| panic!("{path} is not UTF-8"))
}

fn rust_files() -> Vec<String> {
    let mut files = project_files();
    files.retain(|f| f.ends_with(".rs"));
    files
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    for file in rust_files() {
        assert!(
            read(&file).starts_with("//! "),
            "{file}: the first line must be `//! what it is for`"
        );
    }
}

#[test]
fn files_stay_small() {
    for file in rust_files() {
        let lines = read(&file).lines().count();
        assert!(
            lines <= 450,
            "{file}: {lines} lines; split it where it holds two ideas"
        );
    }
}

#[test]
fn no_unfinished_work_is_left() {
    // Spelled in parts, so that this file does not find itself.
    let marks = [
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "todo".to_owned() + "!(",
    ];
    for file in project_files() {
        if file.starts_with("tests/fixtures/")
            || file == "Cargo.lock"
            || file.starts_with("LICENSE")
        {
            continue;
        }
        let Ok(text) = String::from_utf8(fs::read(root().join(&file)).unwrap()) else {
            continue;
        };
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{file} has {mark}");
        }
    }
}

/// The "may not" column of ARCHITECTURE.md, as far as text can show it.
#[test]
fn rooms_keep_to_their_walls() {
    let walls: &[(&str, &[&str], &str)] = &[
        (
            "collector/src/sources",
            &["std::fs", "rustix::fs", "File::open"],
            "sources may not touch the disk",
        ),
        (
            "analyzer/src/facts",
            &[
                "std::fs",
                "SystemTime::now",
                "std::env",
                "Timestamp::now",
                "Zoned::now",
            ],
            "facts may not touch the disk or this machine's clock",
        ),
        (
            "analyzer/src/rules",
            &["Regex::new", "SystemTime::now", "memcg", "oom-killer"],
            "the engine may not know any particular problem",
        ),
        (
            "analyzer/src/verdict",
            &["Regex::new", "std::fs", "facts.put"],
            "the verdict may not add facts",
        ),
        (
            "analyzer/src/report",
            &["Severity::High =>", "facts.put"],
            "the report may not decide severity",
        ),
        (
            "analyzer/src",
            &["target_os = \"linux\""],
            "only `live` is Linux-only",
        ),
    ];
    for file in rust_files() {
        // Tests may build problems and read files.
        if file.contains("/tests/") || file.ends_with("/tests.rs") || file.ends_with("/testing.rs")
        {
            continue;
        }
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (room, banned, why) in walls {
            if !(file.starts_with(&format!("{room}/")) || file == format!("{room}.rs")) {
                continue;
            }
            if *room == "analyzer/src"
                && (file.contains("live")
                    || file.contains("cli")
                    || file.ends_with("lib.rs")
                    || file.ends_with("main.rs"))
            {
                continue;
            }
            for word in *banned {
                let found = code
                    .lines()
                    .find(|l| l.contains(word) && !l.trim_start().starts_with("//"));
                assert!(
                    found.is_none(),
                    "{file}: {word:?} ({why}): {}",
                    found.unwrap_or_default()
                );
            }
        }
    }
}

/// Words in backquotes that look like paths of the project must exist.
#[test]
fn docs_name_only_files_that_exist() {
    let tops = [
        "bundle/",
        "collector/",
        "analyzer/",
        "rules/",
        "tests/",
        "benches/",
        ".ci/",
        ".cargo/",
    ];
    let mut checked = 0;
    for doc in project_files().iter().filter(|f| f.ends_with(".md")) {
        let text = read(doc);
        let mut named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).collect();
        named.extend(
            text.split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next()),
        );
        for word in named {
            let word = word
                .trim_start_matches("./")
                .split(['#', ' '])
                .next()
                .unwrap_or_default();
            let is_path =
                tops.iter().any(|t| word.starts_with(t)) && !word.contains(['*', '<', '…', '{']);
            if is_path {
                assert!(
                    root().join(word).exists(),
                    "{doc} names `{word}`, which does not exist"
                );
                checked += 1;
            }
        }
    }
    assert!(
        checked >= 10,
        "only {checked} paths found in the docs: the check looks at nothing"
    );
}

#[test]
fn every_golden_file_and_fixture_is_used() {
    let files = project_files();
    let sources: String = files
        .iter()
        .filter(|f| f.ends_with(".rs") || f.ends_with(".sh") || f.as_str() == ".ci/run")
        .map(|f| read(f))
        .collect();
    // tests/real_bundles.rs judges every file of this folder.
    let judged_whole = "tests/fixtures/bundles/";
    let fixtures = files.iter().filter(|f| f.starts_with("tests/fixtures/"));
    for file in fixtures.filter(|f| !f.starts_with(judged_whole)) {
        // Hosts are folders, named by their folder; logs are named by their file.
        let mut parts = file.split('/').skip(2);
        let kind = parts.next().unwrap_or_default();
        let name = parts.next().unwrap_or(kind);
        let known = sources.contains(name.trim_end_matches(".log").trim_end_matches(".txt"));
        assert!(known, "{file} is used by no test");
    }
}

#[test]
fn dependencies_have_a_reason() {
    for manifest in [
        "bundle/Cargo.toml",
        "collector/Cargo.toml",
        "analyzer/Cargo.toml",
    ] {
        let text = read(manifest);
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with('[') {
                inside = line.contains("dependencies");
            } else if inside && line.contains('=') {
                assert!(
                    line.contains('#'),
                    "{manifest}: `{line}` has no reason behind it"
                );
            }
        }
    }
}
