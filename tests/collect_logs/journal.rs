//! Journal files where there is no journalctl: what systemd's own tools wrote is read here, and both
//! must tell the same.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::machine::{Machine, lines, open, text};
use crate::report::say;
use oomscene_bundle::{Outcome, Reader};

/// Writes journal files from the export format.
const WRITER: &str = "/lib/systemd/systemd-journal-remote";
const FOLDER: &str = "var/log/journal/22222222222222222222222222222222";
/// 2026-01-05T03:04:05Z
const START_MICROS: u64 = 1_767_582_245_000_000;

/// Records as the export format writes them, of every kind that makes another line.
fn export(count: u64, boot: char, first: u64) -> Vec<u8> {
    export_from(START_MICROS, count, boot, first)
}

fn export_from(start_micros: u64, count: u64, boot: char, first: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0..count {
        let micros = start_micros + (first + number * 2) * 1_000_000;
        let field = |out: &mut Vec<u8>, name: &str, value: &str| {
            if value.contains('\n') {
                out.extend_from_slice(format!("{name}\n").as_bytes());
                out.extend_from_slice(&(value.len() as u64).to_le_bytes());
                out.extend_from_slice(format!("{value}\n").as_bytes());
            } else {
                out.extend_from_slice(format!("{name}={value}\n").as_bytes());
            }
        };
        field(&mut out, "__REALTIME_TIMESTAMP", &micros.to_string());
        field(
            &mut out,
            "__MONOTONIC_TIMESTAMP",
            &(number * 1_000_000).to_string(),
        );
        field(&mut out, "_BOOT_ID", &boot.to_string().repeat(32));
        field(&mut out, "_HOSTNAME", "db7");
        let fields: &[(&str, String)] = &match number % 5 {
            0 => [
                ("_TRANSPORT", "kernel".to_owned()),
                ("SYSLOG_IDENTIFIER", "kernel".to_owned()),
                (
                    "MESSAGE",
                    format!("Out of memory: Killed process {number} (java) total-vm:1kB"),
                ),
            ],
            1 => [
                ("SYSLOG_IDENTIFIER", "sshd".to_owned()),
                ("_PID", "977".to_owned()),
                ("MESSAGE", format!("login {number} password=hunter{number}")),
            ],
            2 => [
                ("_COMM", "app".to_owned()),
                ("_SOURCE_REALTIME_TIMESTAMP", (micros - 50).to_string()),
                ("MESSAGE", format!("first {number}\nsecond\n  third")),
            ],
            3 => [
                ("SYSLOG_IDENTIFIER", "long".to_owned()),
                ("SYSLOG_PID", "9".to_owned()),
                (
                    "MESSAGE",
                    format!("long {number} {}", "many words and no end ".repeat(100)),
                ),
            ],
            _ => [
                ("PRIORITY", "6".to_owned()),
                ("CODE_LINE", "7".to_owned()),
                ("MESSAGE", format!("内存 {number}")),
            ],
        };
        for (name, value) in fields {
            field(&mut out, name, value);
        }
        out.push(b'\n');
    }
    out
}

/// Lets systemd write a journal file; says so where it cannot.
fn journal(machine: &Machine, name: &str, compact: &str, records: &[u8]) -> bool {
    fs::create_dir_all(machine.path(FOLDER)).unwrap();
    let child = Command::new(WRITER)
        .arg("-o")
        .arg(machine.path(&format!("{FOLDER}/{name}")))
        .arg("-")
        .env("SYSTEMD_JOURNAL_COMPACT", compact)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        say("journal files: systemd-journal-remote is not installed");
        return false;
    };
    child.stdin.take().unwrap().write_all(records).unwrap();
    assert!(child.wait().unwrap().success());
    true
}

/// Collects with nothing in the search path.
fn collect_alone(machine: &Machine, more: &[&str]) -> Reader {
    let bundle = machine.path("bundle.tar.gz");
    let run = Command::new(crate::machine::PROGRAM)
        .arg("--root")
        .arg(machine.path(""))
        .arg("-o")
        .arg(&bundle)
        .args(more)
        .env("PATH", machine.path("no-such-folder"))
        .output()
        .unwrap();
    assert!(run.status.code().is_some_and(|code| code < 2), "{run:?}");
    open(&bundle)
}

fn journalctl(machine: &Machine, more: &[&str]) -> Option<String> {
    let run = Command::new("journalctl")
        .args(["--no-pager", "--quiet", "-o", "short-iso-precise", "-D"])
        .arg(machine.path(FOLDER))
        .args(more)
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .output();
    let Ok(run) = run else {
        say("journal files: journalctl is not installed");
        return None;
    };
    Some(text(&run.stdout))
}

#[test]
fn files_tell_what_journalctl_tells() {
    for compact in ["0", "1"] {
        let machine = Machine::new();
        if !journal(&machine, "system.journal", compact, &export(500, '1', 0))
            || !journal(
                &machine,
                "user-1000.journal",
                compact,
                &export(60, '3', 101),
            )
        {
            return;
        }
        let bundle = collect_alone(&machine, &[]);
        for (entry, matches) in [
            ("scene/journal/all.txt", &[][..]),
            ("scene/journal/kernel.txt", &["_TRANSPORT=kernel"]),
        ] {
            let Some(want) = journalctl(&machine, matches) else {
                return;
            };
            let masked: Vec<String> = want.lines().map(mask).collect();
            let got = text(bundle.entry(entry).unwrap());
            let got: Vec<&str> = got.lines().collect();
            assert_eq!(got.len(), masked.len(), "{entry}");
            for (got, want) in got.iter().zip(&masked) {
                assert_eq!(got, want);
            }
            let line = lines(&bundle, entry)[0];
            assert_eq!(line.outcome, Outcome::Captured, "{}", line.reason);
            assert!(
                line.reason.contains("560 records of 2 journal files"),
                "{}",
                line.reason
            );
        }
        let peak = bundle.end.as_ref().unwrap().peak_rss_bytes.unwrap();
        assert!(peak <= super::RSS_MAX, "peak RSS {peak}");
    }
}

/// What the collector makes of `password=hunter7`.
fn mask(line: &str) -> String {
    match line.split_once("password=") {
        Some((head, _)) => format!("{head}password=<masked>"),
        None => line.to_owned(),
    }
}

#[test]
fn the_newest_come_first_and_since_ends_it() {
    let machine = Machine::new();
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_micros();
    // The middle record is two days old.
    let start = u64::try_from(now).unwrap() - (2 * 86_400 + 500) * 1_000_000;
    if !journal(
        &machine,
        "system.journal",
        "0",
        &export_from(start, 500, '1', 0),
    ) {
        return;
    }
    let bundle = collect_alone(&machine, &["--since", "2d"]);
    let content = text(bundle.entry("scene/journal/all.txt").unwrap());
    assert!(content.contains("Killed process 495 (java)"));
    assert!(content.contains("Killed process 260 (java)"));
    assert!(!content.contains("Killed process 245 (java)"));
}

#[test]
fn of_too_many_records_the_newest_stay() {
    let machine = Machine::new();
    // Every fifth record is a kill, so that nothing between them is left out.
    if !journal(&machine, "system.journal", "0", &export(9000, '1', 0)) {
        return;
    }
    let bundle = collect_alone(&machine, &["--deadline", "120s"]);
    let content = text(bundle.entry("scene/journal/all.txt").unwrap());
    let line = lines(&bundle, "scene/journal/all.txt")[0];
    assert!(
        content.contains("Killed process 8995 (java)"),
        "{}",
        line.reason
    );
    assert!(content.contains("[oomscene: left out "), "{}", line.reason);
    assert_eq!(line.outcome, Outcome::Truncated);
}

#[test]
fn torn_and_made_up_files_cost_only_themselves() {
    let machine = Machine::new();
    if !journal(&machine, "system.journal", "1", &export(500, '1', 0)) {
        return;
    }
    let whole = crate::report::bytes(&machine.path(&format!("{FOLDER}/system.journal")));
    let write = |name: &str, bytes: &[u8]| {
        fs::write(machine.path(&format!("{FOLDER}/{name}")), bytes).unwrap();
    };
    write("system@torn.journal~", &whole[..whole.len() / 40]);
    write(
        "system@text.journal",
        b"this is no journal, whatever its name says",
    );
    let mut noise = whole;
    for at in (4096..noise.len()).step_by(997) {
        noise[at] ^= 0x55;
    }
    write("system@noise.journal", &noise);
    let bundle = collect_alone(&machine, &[]);
    let content = text(bundle.entry("scene/journal/all.txt").unwrap());
    for number in (0..500).step_by(5) {
        let kill = format!("Killed process {number} (java)");
        assert!(content.contains(&kill), "{number}");
    }
    let about = lines(&bundle, "scene/journal/all.txt");
    let reason = |name: &str| {
        let line = about.iter().find(|line| line.path.ends_with(name));
        line.map(|line| line.reason.clone()).unwrap_or_default()
    };
    assert!(
        reason("torn.journal~").contains("it is damaged"),
        "{about:?}"
    );
    assert!(
        reason("text.journal").contains("shorter than a header"),
        "{about:?}"
    );
    let own = about
        .iter()
        .find(|line| line.path == "scene/journal/all.txt");
    assert_eq!(own.unwrap().outcome, Outcome::Truncated);
    assert!(own.unwrap().remedy.contains("journalctl -D"));
}

/// A user who may not read them is told so once for each file, and what helps.
#[test]
fn files_of_root_are_denied_to_others() {
    let machine = Machine::new();
    if !rustix::process::geteuid().is_root() {
        say("journal files that only root may read: run as root");
        return;
    }
    fs::set_permissions(machine.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir_all(machine.path(FOLDER)).unwrap();
    for number in 0..30 {
        let path = machine.path(&format!("{FOLDER}/user-{number}.journal"));
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let program = machine.path("oomscene-collect");
    fs::copy(crate::machine::PROGRAM, &program).unwrap();
    let bundle = machine.path("x.tar.gz");
    let run = Command::new(&program)
        .arg("--root")
        .arg(machine.path(""))
        .arg("-o")
        .arg(&bundle)
        .env("PATH", machine.path("no-such-folder"))
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    let bundle = open(&bundle);
    let about = lines(&bundle, "scene/journal/all.txt");
    let own = about
        .iter()
        .rfind(|line| line.path == "scene/journal/all.txt")
        .unwrap();
    assert_eq!(own.outcome, Outcome::Denied, "{}", own.reason);
    assert_eq!(own.remedy, "run as root");
    assert_eq!(about.len(), 22, "20 files, how many more, and the whole");
}

/// The analyser judges both ways of reading the same.
#[test]
fn the_verdict_does_not_need_journalctl() {
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/journal/one-kill.journal.xz");
    let machine = Machine::new();
    fs::create_dir_all(machine.path(FOLDER)).unwrap();
    let out = fs::File::create(machine.path(&format!("{FOLDER}/system.journal"))).unwrap();
    let unpacked = Command::new("xz")
        .arg("-dc")
        .arg(fixture)
        .stdout(out)
        .status();
    if !unpacked.is_ok_and(|status| status.success()) {
        say("the journal: xz is not installed");
        return;
    }
    let alone = collect_alone(&machine, &[]);
    let (_, path) = machine.collect(&[]);
    let with = open(&path);
    for entry in ["scene/journal/kernel.txt", "scene/journal/all.txt"] {
        assert_eq!(alone.entry(entry).map(text), with.entry(entry).map(text));
    }
}
