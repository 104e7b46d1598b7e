//! Rotated and packed logs, with the programs that pack them: small and large dictionaries, torn ones.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use oomscene_bundle::Outcome;

use crate::RSS_MAX;
use crate::machine::{Machine, open, text};
use crate::report::{self, REPORT, quiet, say};

pub(crate) fn pack(machine: &Machine, path: &str, program: &[&str], text: &str) -> bool {
    machine.write(path, "");
    let file = fs::File::create(machine.path(path)).unwrap();
    let child = Command::new(program[0])
        .args(&program[1..])
        .stdin(Stdio::piped())
        .stdout(file)
        .spawn();
    let Ok(mut child) = child else {
        say(&format!(
            "logs packed by {}: it is not installed",
            program[0]
        ));
        return false;
    };
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    true
}

#[test]
fn rotated_and_packed_logs_of_every_family() {
    let machine = Machine::new();
    let quiet: String = (0..3000).map(quiet).collect();
    let log = format!("{quiet}{REPORT}{quiet}");
    let named = [
        (
            "var/log/syslog.2.gz",
            &["gzip", "-c"][..],
            "var/log/syslog.2",
        ),
        (
            "var/log/messages-20260105.xz",
            &["xz", "-c"],
            "var/log/messages-20260105",
        ),
        (
            "var/log/kern.log.3.bz2",
            &["bzip2", "-c"],
            "var/log/kern.log.3",
        ),
        (
            "var/log/daemon.log.1.zst",
            &["zstd", "-q", "-c"],
            "var/log/daemon.log.1",
        ),
    ];
    let mut entries = vec!["var/log/messages.0", "var/log/warn-20260101"];
    for entry in &entries {
        machine.write(entry, &log);
    }
    for (path, program, entry) in named {
        if pack(&machine, path, program, &log) {
            entries.push(entry);
        }
    }
    // A text is no log because of its place.
    machine.write("var/log/secure", &log);
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    for entry in entries {
        let content = text(bundle.entry(entry).unwrap_or_else(|| panic!("no {entry}")));
        assert!(content.contains(REPORT), "{entry}");
        assert!(content.contains("[oomscene: left out lines "), "{entry}");
        let line = bundle
            .ledger
            .iter()
            .find(|line| line.path == entry)
            .unwrap();
        assert_eq!(line.outcome, Outcome::Captured, "{}", line.reason);
    }
    assert!(bundle.entry("var/log/secure").is_none());
}

/// `xz -9` and `zstd --long` take 64 and 128 MiB: their own programs unpack what they packed, as long
/// as the machine has plenty.
#[test]
fn large_dictionaries_are_unpacked_outside() {
    let machine = Machine::new();
    let quiet: String = (0..900_000).map(quiet).collect();
    let log = format!("{quiet}{REPORT}{quiet}");
    if !pack(
        &machine,
        "var/log/messages.1.xz",
        &["xz", "-c", "-9"],
        REPORT,
    ) || !pack(
        &machine,
        "var/log/messages.2.zst",
        &["zstd", "-q", "-c", "--long=27"],
        &log,
    ) {
        return;
    }
    let mut bytes = report::bytes(&machine.path("var/log/messages.1.xz"));
    let whole = bytes.len();
    fs::write(machine.path("var/log/messages.3.xz"), &bytes[..whole / 2]).unwrap();
    // The size of the dictionary: 4 GiB.
    bytes[16] = 40;
    fs::write(machine.path("var/log/messages.4.xz"), &bytes).unwrap();
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    let line = |path: &str| bundle.ledger.iter().find(|line| line.path == path).unwrap();
    for (entry, how) in [
        (
            "var/log/messages.1",
            "by xz in a process of its own with 64 MiB",
        ),
        (
            "var/log/messages.2",
            "by zstd in a process of its own with 128 MiB",
        ),
    ] {
        assert!(
            text(bundle.entry(entry).unwrap()).contains(REPORT),
            "{entry}"
        );
        assert_eq!(
            line(entry).outcome,
            Outcome::Captured,
            "{}",
            line(entry).reason
        );
        assert!(line(entry).reason.contains(how), "{}", line(entry).reason);
    }
    let torn = line("var/log/messages.3");
    assert_eq!(torn.outcome, Outcome::Truncated);
    assert!(
        torn.reason.contains("the rest cannot be read: xz: "),
        "{}",
        torn.reason
    );
    let huge = line("var/log/messages.4.xz");
    assert_eq!(huge.outcome, Outcome::Skipped);
    assert!(
        huge.reason.contains("4096 MiB of memory, and of the "),
        "{}",
        huge.reason
    );
    let peak = bundle.end.as_ref().unwrap().peak_rss_bytes.unwrap();
    assert!(peak <= RSS_MAX, "peak RSS {peak}");
}

#[test]
fn a_large_dictionary_without_its_program_is_left_out_with_a_reason() {
    let machine = Machine::new();
    if !pack(
        &machine,
        "var/log/messages.1.xz",
        &["xz", "-c", "-9"],
        REPORT,
    ) {
        return;
    }
    machine.write("var/log/messages", "Jan  5 03:04:05 db7 app: still here\n");
    machine.write("var/log/messages.2.gz", "\u{1f}not gzip");
    let bundle = machine.path("bundle.tar.gz");
    Command::new(crate::machine::PROGRAM)
        .arg("--root")
        .arg(machine.path(""))
        .arg("-o")
        .arg(&bundle)
        .env("PATH", machine.path("no-such-folder"))
        .output()
        .unwrap();
    let bundle = open(&bundle);
    let line = |path: &str| bundle.ledger.iter().find(|line| line.path == path).unwrap();
    let refused = line("var/log/messages.1.xz");
    assert_eq!(refused.outcome, Outcome::Skipped);
    assert!(
        refused
            .reason
            .contains("64 MiB of memory, and xz is not installed"),
        "{}",
        refused.reason
    );
    assert_eq!(line("var/log/messages").outcome, Outcome::Captured);
}

#[test]
fn torn_archives_give_what_came_before() {
    let machine = Machine::new();
    let quiet: String = (0..30_000).map(quiet).collect();
    if !pack(
        &machine,
        "var/log/syslog.2.gz",
        &["gzip", "-c"],
        &format!("{REPORT}{quiet}"),
    ) {
        return;
    }
    let whole = fs::File::options()
        .write(true)
        .open(machine.path("var/log/syslog.2.gz"))
        .unwrap();
    whole.set_len(whole.metadata().unwrap().len() / 2).unwrap();
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert!(text(bundle.entry("var/log/syslog.2").unwrap()).contains(REPORT));
    let line = bundle
        .ledger
        .iter()
        .find(|line| line.path == "var/log/syslog.2")
        .unwrap();
    assert_eq!(line.outcome, Outcome::Truncated);
    assert!(
        line.reason.contains("the rest cannot be read"),
        "{}",
        line.reason
    );
}
