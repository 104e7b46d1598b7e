//! How a bundle leaves the site: opened with the real `age`, checked with the real `sha256sum`,
//! joined with the real `cat`, looked at and cut down by its owner.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failing test panics"
)]

#[path = "collect/machine.rs"]
#[expect(dead_code, reason = "shared with the tests of collecting")]
mod machine;
#[path = "handover/owner.rs"]
mod owner;
#[path = "handover/pages.rs"]
mod pages;
#[path = "handover/plan.rs"]
mod plan;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use machine::{Machine, collect, open, text};

/// Runs `line` in `folder` and wants it to succeed.
fn shell(folder: &Path, line: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Says loudly that a test could not run; a failure in CI.
fn not_run(why: &str) {
    let said = format!("NOT RUN: {why}");
    assert!(std::env::var_os("CI").is_none(), "{said}");
    // Straight to the terminal: the harness hides what a passing test prints.
    let _ = fs::write("/dev/stderr", format!("\n*** {said} ***\n"));
}

/// Whether the tool is there.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    if !found {
        not_run(&format!("{tool} is not installed (apt-get install {tool})"));
    }
    found
}

/// A new key: the file with the identity, and the recipient.
fn key(folder: &Path, name: &str) -> (PathBuf, String) {
    let path = folder.join(name);
    let line = format!("age-keygen -o {name} 2>&1 | sed -n 's/^Public key: //p'");
    let recipient = shell(folder, &line).trim().to_owned();
    (path, recipient)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_age_tool_opens_an_encrypted_bundle_for_each_recipient() {
    if !has("age") {
        return;
    }
    let machine = Machine::new();
    let folder = tempfile::tempdir().unwrap();
    let (one, to_one) = key(folder.path(), "one.key");
    let (two, to_two) = key(folder.path(), "two.key");
    let root = machine.folder.path().to_str().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let args = [
        "--root",
        root,
        "-o",
        out.to_str().unwrap(),
        "--encrypt-to",
        &to_one,
        "--encrypt-to",
        &to_two,
    ];
    let output = collect(&args);
    assert_ne!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let there = names(&out);
    assert_eq!(there.len(), 2, "{there:?}");
    assert!(there[0].ends_with(".tar.gz.age"), "{there:?}");
    assert_eq!(there[1], format!("{}.sha256", there[0]));
    shell(&out, &format!("sha256sum -c {}", there[1]));
    let file = fs::File::open(out.join(&there[0])).unwrap();
    assert!(
        oomscene_bundle::Reader::read(file).is_err(),
        "it must not be readable as it is"
    );
    for identity in [&one, &two] {
        shell(
            &out,
            &format!(
                "age -d -i {} -o plain {}; test -s plain",
                identity.display(),
                there[0]
            ),
        );
        let bundle = open(&out.join("plain"));
        assert_eq!(
            (bundle.tear, bundle.header.hostname.as_str()),
            (None, "db7")
        );
        fs::remove_file(out.join("plain")).unwrap();
    }
    // Nobody else can read it, and the owner is told what to do instead.
    let (stranger, _) = key(folder.path(), "three.key");
    let line = format!("age -d -i {} {} 2>&1 || true", stranger.display(), there[0]);
    assert!(shell(&out, &line).contains("no identity matched"));
    let shown = collect(&["show", out.join(&there[0]).to_str().unwrap()]);
    assert_eq!(shown.status.code(), Some(2));
    assert!(
        text(&shown.stderr).contains("--no-encrypt"),
        "{}",
        text(&shown.stderr)
    );
}

#[test]
fn a_cut_encrypted_stream_opens_up_to_the_cut() {
    if !has("age") {
        return;
    }
    let machine = Machine::new();
    // Text that does not pack, so that there are many chunks of 64 KiB.
    let mut state = 7_u64;
    let noise: String = (0..60_000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{:x}\n", state >> 16)
        })
        .collect();
    machine.write("proc/slabinfo", &noise);
    let folder = tempfile::tempdir().unwrap();
    let (identity, recipient) = key(folder.path(), "one.key");
    let root = machine.folder.path().to_str().unwrap();
    let output = collect(&["--root", root, "-o", "-", "--encrypt-to", &recipient]);
    let whole = output.stdout;
    assert!(whole.len() > 300_000, "{}", whole.len());
    fs::write(folder.path().join("cut.age"), &whole[..whole.len() / 2]).unwrap();
    let line = format!(
        "age -d -i {} cut.age > cut.tar.gz; test $? -ne 0",
        identity.display()
    );
    shell(folder.path(), &line);
    let bundle = open(&folder.path().join("cut.tar.gz"));
    assert!(bundle.tear.is_some());
    assert!(bundle.entry("proc/meminfo").is_some());
}

#[test]
fn parts_join_to_identical_bytes() {
    let machine = Machine::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("the bundle's.tar.gz");
    let root = machine.folder.path().to_str().unwrap();
    let args = ["--root", root, "-o", path.to_str().unwrap(), "--no-encrypt"];
    collect(&args);
    let whole = fs::read(&path).unwrap();
    let output = collect(&["seal", path.to_str().unwrap(), "--split", "1K"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let there = names(folder.path());
    let parts = there
        .iter()
        .filter(|name| name.ends_with(char::is_numeric) && !name.ends_with("256"));
    let count = parts.count();
    assert_eq!(count, whole.len().div_ceil(1024), "{there:?}");
    assert!(
        !path.exists() && there.iter().all(|name| !name.ends_with(".partial")),
        "{there:?}"
    );
    shell(folder.path(), "sha256sum -c *.parts.sha256");
    let said = text(&output.stdout);
    let join = said
        .lines()
        .find_map(|line| line.strip_prefix("join     "))
        .unwrap();
    shell(folder.path(), join);
    assert!(fs::read(&path).unwrap() == whole);
    assert!(shell(folder.path(), "sha256sum -c *gz.sha256").contains("OK"));
    let beside = fs::read_to_string(folder.path().join("the bundle's.tar.gz.join.txt")).unwrap();
    assert!(
        beside.contains(join) && beside.contains("copy /b"),
        "{beside}"
    );
    // A second run must not mix its parts with these.
    let again = collect(&["seal", path.to_str().unwrap(), "--split", "1K"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is there already"));
}

#[test]
fn split_while_collecting() {
    let machine = Machine::new();
    let (output, path) = machine.collect(&["--split", "2K"]);
    assert!(
        text(&output.stdout)
            .contains("\njoin     cat bundle.tar.gz.[0-9][0-9][0-9] > bundle.tar.gz\n")
    );
    assert!(!path.exists());
    shell(
        path.parent().unwrap(),
        "sha256sum -c bundle.tar.gz.parts.sha256 && cat bundle.tar.gz.0?? > bundle.tar.gz && sha256sum -c bundle.tar.gz.sha256",
    );
    assert_eq!(open(&path).tear, None);
    let root = machine.folder.path().to_str().unwrap();
    let refused = collect(&["--root", root, "-o", "-", "--split", "2K"]);
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0));
}

#[test]
fn a_full_disk_while_splitting_leaves_the_bundle_whole() {
    if !rustix::process::geteuid().is_root() {
        return not_run("mounting a tmpfs needs root");
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = folder.path().display().to_string();
    shell(
        folder.path(),
        &format!("mount -t tmpfs -o size=1m tmpfs {mount}"),
    );
    let path = folder.path().join("b.tar.gz");
    fs::write(&path, vec![7; 800 * 1024]).unwrap();
    let output = collect(&["seal", path.to_str().unwrap(), "--split", "500K"]);
    let there = names(folder.path());
    let bytes = fs::metadata(&path).map(|m| m.len()).ok();
    shell(Path::new("/"), &format!("umount {mount}"));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert_eq!(bytes, Some(800 * 1024), "{there:?}");
    assert_eq!(there, ["b.tar.gz", "b.tar.gz.sha256"]);
}

#[test]
fn pages_are_up_to_date() {
    for (name, made) in pages::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man");
        let there = fs::read(folder.join(name)).unwrap_or_default();
        assert!(
            there == made,
            "docs/man/{name} is old: cargo run -p oomscene-collector --example pages"
        );
    }
    for (args, holds) in [
        (["completions", "bash"].as_slice(), "--encrypt-to"),
        (&["completions", "zsh"], "#compdef oomscene-collect"),
        (&["completions", "fish"], "complete -c oomscene-collect"),
        (&["man"], ".TH oomscene-collect 1"),
    ] {
        let output = collect(args);
        assert!(
            output.status.success() && text(&output.stdout).contains(holds),
            "{args:?}"
        );
    }
    let bash = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man/oomscene-collect.bash");
    shell(Path::new("/"), &format!("bash -n {}", bash.display()));
}
