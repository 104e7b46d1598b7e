//! What the owner of a machine does before a bundle leaves: look, and take out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use oomscene_bundle::{Outcome, packed};

use crate::machine::{Machine, collect, open, text};
use crate::shell;

fn show(path: &Path, more: &[&str]) -> String {
    let mut args = vec!["show", path.to_str().unwrap()];
    args.extend(more);
    let output = collect(&args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn show_lists_every_entry_and_what_tells_much() {
    let machine = Machine::new();
    machine.write("proc/7/environ", "JAVA_OPTS=-Dpassword=hunter2\0");
    let (_, path) = machine.collect(&[]);
    let listing = show(&path, &[]);
    for entry in &open(&path).entries {
        assert!(
            listing.contains(&format!("  {}", entry.path)),
            "{}: {listing}",
            entry.path
        );
    }
    for said in [
        "machine  db7, kernel 4.19.90-52.el7",
        "whole    yes",
        "skipped     scene/kmsg  not the running machine",
        "proc/all/comm.000  (2 files)",
        "command lines: arguments, users, file names",
        "remove BUNDLE PATTERN",
    ] {
        assert!(listing.contains(said), "{said}: {listing}");
    }
    assert!(!listing.contains("masked values: 0 "), "{listing}");
}

#[test]
fn show_prints_an_entry_that_cannot_harm_the_terminal() {
    let machine = Machine::new();
    machine.process(9, "\u{1b}[2Jevil", "run\0--all\0");
    let (_, path) = machine.collect(&[]);
    assert!(show(&path, &["proc/meminfo"]).starts_with("MemTotal:"));
    let comm = show(&path, &["/proc/9/comm"]);
    assert_eq!(comm, "==> proc/9/comm <==\n\\u{1b}[2Jevil\n");
    let missing = collect(&["show", path.to_str().unwrap(), "proc/9/comn"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("no such entry"));
}

#[test]
fn remove_takes_out_entries_and_packed_files_and_says_so() {
    let machine = Machine::new();
    machine.write(
        "var/log/messages",
        "Jan  1 00:00:00 db7 app: secret-in-a-log\n",
    );
    machine.process(9, "python3", "python3\0secret-argument\0");
    let (_, path) = machine.collect(&[]);
    let before = open(&path);
    let output = collect(&[
        "remove",
        path.to_str().unwrap(),
        "proc/9/cmdline",
        "var/log/**",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(
        said.contains("removed  1 file in proc/all/cmdline.000"),
        "{said}"
    );
    assert!(
        said.contains("removed  var/log/messages") && said.contains("still holds all"),
        "{said}"
    );
    let reduced = path.with_file_name("bundle-reduced.tar.gz");
    shell(
        path.parent().unwrap(),
        "sha256sum -c bundle-reduced.tar.gz.sha256",
    );
    let unpacked = shell(
        path.parent().unwrap(),
        "tar xzOf bundle-reduced.tar.gz | tr -d '\\0'",
    );
    assert!(!unpacked.contains("secret-"), "it is still in there");
    let after = open(&reduced);
    assert_eq!((after.tear.as_ref(), after.changed.len()), (None, 0));
    assert_eq!(after.header, before.header);
    let line = |name: &str| after.ledger.iter().find(|line| line.path == name).unwrap();
    assert_eq!(
        (
            line("var/log/messages").outcome,
            line("var/log/messages").reason.as_str()
        ),
        (
            Outcome::Skipped,
            "removed by the customer; no word of a memory failure in 1 lines"
        )
    );
    let packed_line = line("proc/all/cmdline.000");
    assert_eq!(packed_line.outcome, Outcome::Truncated);
    assert_eq!(
        packed_line.reason,
        "1 file removed by the customer; 3 files"
    );
    let files = packed::split(after.entry("proc/all/cmdline.000").unwrap());
    let left: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(left, ["proc/1/cmdline", "proc/7/cmdline"]);
    // All else is as it was.
    let touched: BTreeSet<&str> =
        ["var/log/messages", "proc/all/cmdline.000", "proc/9/cmdline"].into();
    for entry in before
        .entries
        .iter()
        .filter(|e| !touched.contains(e.path.as_str()))
    {
        assert!(
            after.entry(&entry.path) == Some(entry.content.as_slice()),
            "{}",
            entry.path
        );
    }
}

#[test]
fn remove_leaves_nothing_behind_when_nothing_fits() {
    let machine = Machine::new();
    let (_, path) = machine.collect(&[]);
    let output = collect(&["remove", path.to_str().unwrap(), "no/such/*"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nothing in it fits"));
    let folder = path.parent().unwrap();
    assert!(fs::read_dir(folder).unwrap().all(|e| {
        let name = e.unwrap().file_name().into_string().unwrap();
        !name.contains("reduced")
    }));
    // The header and the ledger are what makes it a bundle.
    let output = collect(&["remove", path.to_str().unwrap(), "ledger/**", "header.json"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn remove_works_on_a_torn_bundle() {
    let machine = Machine::new();
    let (_, path) = machine.collect(&[]);
    let whole = fs::read(&path).unwrap();
    for tenths in 3..10 {
        let torn = path.with_file_name("torn.tar.gz");
        fs::write(&torn, &whole[..whole.len() * tenths / 10]).unwrap();
        let before = open(&torn);
        let output = collect(&["remove", torn.to_str().unwrap(), "proc/meminfo"]);
        if before.entry("proc/meminfo").is_none() {
            assert_eq!(output.status.code(), Some(2));
            continue;
        }
        let after = open(&path.with_file_name("torn-reduced.tar.gz"));
        assert!(after.end.is_none() && after.tear.is_some());
        assert_eq!(after.entries.len() + 1, before.entries.len(), "{tenths}/10");
        assert!(
            after
                .ledger
                .iter()
                .any(|l| l.path == "proc/meminfo" && l.is_removed())
        );
        assert!(show(&torn, &[]).contains("whole    no: torn after"));
    }
}

#[test]
fn remove_needs_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tar.gz");
    let file = fs::File::create(&path).unwrap();
    let header = oomscene_bundle::Header {
        format_version: 1,
        ..Default::default()
    };
    let mut writer = oomscene_bundle::Writer::begin(file, "oomscene-x", &header).unwrap();
    let mut large = Vec::new();
    for pid in 0..200 {
        packed::push(
            &mut large,
            &format!("proc/{pid}/cmdline"),
            &vec![b'x'; 300_000],
        );
    }
    let line = oomscene_bundle::Line::new("proc/[pid]/cmdline", "", Outcome::Captured);
    writer.put("proc/all/cmdline.000", &large, line).unwrap();
    writer.finish(oomscene_bundle::End::default()).unwrap();
    let line = format!(
        "ulimit -v 60000; {} remove large.tar.gz 'proc/1*/cmdline'",
        crate::machine::PROGRAM
    );
    let said = shell(folder.path(), &line);
    assert!(said.contains("removed  111 files"), "{said}");
}
