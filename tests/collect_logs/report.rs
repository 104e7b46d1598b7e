//! A kernel report as a machine logs it, the lines around it, and the analyser that reads both.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// One kill, shortened to the lines that every report has.
pub(crate) const REPORT: &str = "\
Jan  5 12:00:00 db7 kernel: java invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0
Jan  5 12:00:00 db7 kernel: CPU: 1 PID: 4242 Comm: java Not tainted 3.10.0-957.el7.x86_64 #1
Jan  5 12:00:00 db7 kernel: Call Trace:
Jan  5 12:00:00 db7 kernel: [<ffffffff81686ac8>] dump_header+0x90/0x229
Jan  5 12:00:00 db7 kernel: Mem-Info:
Jan  5 12:00:00 db7 kernel: active_anon:1800000 inactive_anon:100000 isolated_anon:0
Jan  5 12:00:00 db7 kernel: Node 0 Normal free:15360kB min:16000kB low:20000kB high:24000kB
Jan  5 12:00:00 db7 kernel: 2097052 pages RAM
Jan  5 12:00:00 db7 kernel: [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name
Jan  5 12:00:00 db7 kernel: [ 4242]  1000  4242  3000000  1700000    4000        0             0 java
Jan  5 12:00:00 db7 kernel: Out of memory: Kill process 4242 (java) score 900 or sacrifice child
Jan  5 12:00:00 db7 kernel: Killed process 4242 (java) total-vm:12000000kB, anon-rss:6800000kB, file-rss:0kB, shmem-rss:0kB
";

/// An ordinary line; lines of the same second follow each other.
pub(crate) fn quiet(number: usize) -> String {
    let second = number / 10;
    format!(
        "Jan  5 {:02}:{:02}:{:02} db7 app[77]: request {number} was handled in {} ms, nothing to report about it\n",
        second / 3600 % 24,
        second / 60 % 60,
        second % 60,
        number * 7 % 900
    )
}

/// What is in a file.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path).unwrap();
    std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
    bytes
}

/// Loudly, and a failure in CI.
pub(crate) fn say(what: &str) {
    let text = format!("NOT RUN: {what}");
    assert!(std::env::var_os("CI").is_none(), "{text}");
    // Straight to the terminal: the harness hides what a passing test prints.
    if let Ok(mut terminal) = fs::OpenOptions::new().append(true).open("/dev/stderr") {
        let _ = writeln!(terminal, "\n*** {text} ***");
    }
}

/// What the analyser, built beside the collector, says of a bundle.
pub(crate) fn analyser(args: &[&str], bundle: &Path) -> Option<String> {
    let program = Path::new(crate::machine::PROGRAM).with_file_name("oomscene-analyze");
    if !program.exists() {
        say("line numbers as the analyser cites them: run `cargo test --workspace`");
        return None;
    }
    let run = Command::new(program)
        .args(args)
        .arg(bundle)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    Some(String::from_utf8(run.stdout).unwrap())
}

/// All places that are cited as evidence.
pub(crate) fn cited(facts: &serde_json::Value) -> BTreeSet<(String, u64)> {
    let mut places = BTreeSet::new();
    match facts {
        serde_json::Value::Object(fields) => {
            if let (Some(file), Some(line)) = (
                fields
                    .get("file")
                    .or(fields.get("entry"))
                    .and_then(|f| f.as_str()),
                fields.get("line").and_then(serde_json::Value::as_u64),
            ) {
                places.insert((file.to_owned(), line));
            }
            places.extend(fields.values().flat_map(cited));
        }
        serde_json::Value::Array(values) => places.extend(values.iter().flat_map(cited)),
        _ => {}
    }
    places
}
