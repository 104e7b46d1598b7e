//! Times all rules on 10 to 10,000 OOM events: `cargo run --release --example rule_speed`.
//! Exit status 1 when 1,000 events take a second or more.

use std::{fmt::Write as _, io::Write as _, process::ExitCode, time::Instant};

use oomscene_analyzer::{
    facts,
    intake::{File, Input},
    rules::{self, RuleSet},
};

/// What 1,000 events may take, in seconds.
const SECONDS_MAX: f64 = 1.0;

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let Ok(set) = RuleSet::builtin() else {
        let _ = writeln!(
            out,
            "the catalogue is faulty: `oomscene-analyze rules check`"
        );
        return ExitCode::from(2);
    };
    let mut slow = false;
    let mut before: Option<f64> = None;
    for count in [10_u32, 100, 1_000, 10_000] {
        let file = File {
            path: "kernel.log".to_owned(),
            content: log(count).into_bytes(),
        };
        let facts = facts::gather(&[Input::from_files("bench", vec![file])]);
        let events = facts.root.items("oom_events").len();
        let start = Instant::now();
        let judged = rules::judge(&set, &facts, facts::why_missing);
        let seconds = start.elapsed().as_secs_f64();
        let growth = before.map_or_else(String::new, |b| format!("  ×{:.1}", seconds / b));
        let _ = writeln!(
            out,
            "{events:6} events × {} rules: {:9.2} ms{growth}",
            judged.len(),
            seconds * 1e3
        );
        slow |= count == 1_000 && seconds >= SECONDS_MAX;
        before = Some(seconds);
    }
    if slow {
        let _ = writeln!(out, "1,000 events took more than {SECONDS_MAX} s");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Reports of a memory cgroup, each with another process, cgroup and time.
fn log(count: u32) -> String {
    let mut text = String::new();
    for i in 0..count {
        let (at, pid) = (1000 + i * 10, 5000 + i);
        let group = format!("/system.slice/unit{}.service", i % 500);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "[{at:8}.001000] hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
             [{at:8}.001010] CPU: 1 PID: {pid} Comm: hog Not tainted 6.1.0-18-amd64 #1\n\
             [{at:8}.001020] memory: usage 65536kB, limit 65536kB, failcnt 812\n\
             [{at:8}.001030] swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n\
             [{at:8}.001040] Memory cgroup stats for {group}:\n\
             [{at:8}.001050] anon 66060288\n\
             [{at:8}.001051] file 0\n\
             [{at:8}.001070] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n\
             [{at:8}.001080] [{pid:7}]     0 {pid:5}    17000    16128   172032        0             0 hog\n\
             [{at:8}.001090] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={group},task_memcg={group},task=hog,pid={pid},uid=0\n\
             [{at:8}.001100] Memory cgroup out of memory: Killed process {pid} (hog) total-vm:68000kB, anon-rss:64512kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:168kB oom_score_adj:0\n"
        );
    }
    text
}
