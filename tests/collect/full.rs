//! No room: a small disk, a disk that fills up during the run, a limit of the operator.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use oomscene_bundle::Outcome;

use crate::machine::{Machine, PROGRAM, lines, open, text};
use crate::place::{Mount, cannot_run};

/// Text that hardly packs.
fn noise(bytes: usize) -> String {
    let mut state = 88_172_645_463_325_252_u64;
    let mut text = String::with_capacity(bytes + 8);
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("Jan  5 03:04:05 db7 app: {state:016x}\n"));
    }
    text
}

/// A machine whose evidence has about 3 MiB when packed.
fn noisy() -> Machine {
    let machine = Machine::new();
    machine.write("proc/cpuinfo", &noise(250_000));
    machine.write("proc/zoneinfo", &noise(900_000));
    for number in 0..8 {
        machine.write(&format!("etc/modprobe.d/{number}.conf"), &noise(900_000));
    }
    machine.write("var/log/messages", &noise(900_000));
    machine
}

#[test]
fn small_disk_gets_a_whole_bundle_without_the_least_valuable() {
    let machine = noisy();
    let disk = machine.path("disk");
    let Some(_mount) = Mount::new("tmpfs", &disk, "size=1m") else {
        return cannot_run("the small disk needs root");
    };
    let path = disk.join("x.tar.gz");
    let output = Command::new(PROGRAM)
        .arg("--root")
        .arg(machine.folder.path())
        .arg("-o")
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let bundle = open(&path);
    assert!(bundle.end.as_ref().unwrap().stopped.is_some());
    assert!(bundle.entry("proc/zoneinfo").is_some(), "worth most");
    let cut = lines(&bundle, "etc/modprobe.d/*.conf");
    let outcomes: Vec<Outcome> = cut.iter().map(|line| line.outcome).collect();
    assert!(
        outcomes.contains(&Outcome::Skipped) || outcomes.contains(&Outcome::Truncated),
        "{outcomes:?}"
    );
    assert!(
        cut.iter()
            .any(|line| line.remedy.contains("-o on a disk with more room")),
        "{cut:?}"
    );
}

#[test]
fn disk_that_fills_up_leaves_a_readable_prefix_and_another_place() {
    let machine = noisy();
    // Time to fill the disk: the run waits half a second for each.
    (20..24).for_each(|pid| machine.stuck(pid));
    let disk = machine.path("disk");
    let Some(_mount) = Mount::new("tmpfs", &disk, "size=1m") else {
        return cannot_run("the full disk needs root");
    };
    let path = disk.join("x.tar.gz");
    let child = Command::new(PROGRAM)
        .arg("--root")
        .arg(machine.folder.path())
        .arg("-o")
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let partial = disk.join("x.tar.gz.partial");
    let until = Instant::now() + Duration::from_secs(10);
    while fs::metadata(&partial).map_or(0, |m| m.len()) < 10_000 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Somebody else's file takes the rest; writing it ends with the same error.
    let _ = fs::write(disk.join("other"), vec![0; 1 << 20]);
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("x.tar.gz.partial"), "{said}");
    assert!(said.contains(" free: oomscene-collect -o /"), "{said}");
    let bundle = open(&partial);
    assert!(bundle.tear.is_some());
    assert_eq!(bundle.changed, [""; 0]);
    assert!(bundle.entry("proc/meminfo").is_some());
}

#[test]
fn max_size_is_kept_and_the_most_valuable_is_there() {
    let machine = noisy();
    for (limit, bytes) in [("300K", 300 << 10), ("1M", 1 << 20)] {
        let (output, path) = machine.collect(&["--max-size", limit]);
        let size = fs::metadata(&path).unwrap().len();
        assert!(size <= bytes, "{size} bytes for {limit}");
        assert!(
            size > bytes / 3,
            "{size} bytes for {limit}: the room is used"
        );
        assert_eq!(output.status.code(), Some(1));
        let bundle = open(&path);
        assert!(bundle.end.as_ref().unwrap().stopped.is_some());
        assert!(bundle.entry("proc/all/status.000").is_some());
        let low = lines(&bundle, "etc/modprobe.d/*.conf");
        assert!(low.iter().any(|l| l.outcome == Outcome::Skipped), "{low:?}");
    }
    let (_, path) = machine.collect(&["--max-size", "50M"]);
    let bundle = open(&path);
    assert_eq!(bundle.end.as_ref().unwrap().stopped, None);
    assert_eq!(
        bundle.entry("etc/modprobe.d/7.conf").unwrap().len(),
        900_000_usize.div_ceil(42) * 42
    );
}
