//! The investigations of the mission as golden reports: what the verdict must lead with, what it
//! must also say, and the wrong conclusions that people really drew and that it must not say.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test panics and says where"
)]

#[path = "mission/hosts.rs"]
mod hosts;

use std::path::{Path, PathBuf};
use std::process::Command;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// One case: its inputs, and words that the English Markdown report must and must not have.
struct Case {
    name: &'static str,
    inputs: &'static [&'static str],
    /// Rule id of the root cause.
    root: &'static str,
    /// Confidence of the root cause.
    confidence: &'static str,
    /// In the headline, all of them.
    leads: &'static [&'static str],
    /// Anywhere in the report, all of them.
    says: &'static [&'static str],
    /// Nowhere in the report.
    never: &'static [&'static str],
}

fn run(inputs: &[&str], format: &str, lang: &str) -> String {
    let dir = fixtures();
    let out = Command::new(env!("CARGO_BIN_EXE_oomscene-analyze"))
        .current_dir(&dir)
        .args(["report", "-o", "-", "--format", format, "--lang", lang])
        .args(inputs)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

fn check(case: &Case) {
    let json: serde_json::Value = serde_json::from_str(&run(case.inputs, "json", "en")).unwrap();
    let markdown = run(case.inputs, "md", "en");
    let verdict = &json["verdict"];
    let headline = verdict["headline"].as_str().unwrap_or_default();
    assert_eq!(
        verdict["root"]["rule"], case.root,
        "{}: {headline}",
        case.name
    );
    assert_eq!(
        verdict["root"]["confidence"], case.confidence,
        "{}: {headline}",
        case.name
    );
    for word in case.leads {
        assert!(
            headline.contains(word),
            "{}: the headline lacks {word:?}:\n{headline}",
            case.name
        );
    }
    // Markdown escapes are for the renderer, not for the reader.
    let plain: String = markdown.replace('\\', "");
    for word in case.says {
        assert!(
            plain.contains(word),
            "{}: the report lacks {word:?}:\n{plain}",
            case.name
        );
    }
    let lower = plain.to_lowercase();
    for word in case.never {
        assert!(
            !lower.contains(&word.to_lowercase()),
            "{}: the report says {word:?}:\n{plain}",
            case.name
        );
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        insta::assert_snapshot!(format!("mission-{}-en.md", case.name), markdown);
        insta::assert_snapshot!(
            format!("mission-{}-zh.md", case.name),
            run(case.inputs, "md", "zh")
        );
    });
}

#[test]
fn case_01_alone() {
    check(&Case {
        name: "01",
        inputs: &["logs/01-prometheus-memcg-truncated-head.log"],
        root: "memcg-limit-reached",
        confidence: "likely",
        leads: &["prometheus", "2983827", "oom_reaper"],
        says: &[
            "16 KiB",
            "6,558,421",
            "4.19.0-91.82.152.28.1.tmp.20240925114625.uelc20.loongarch64",
            "961",
            "burstable",
            "refaulted",
            "77.2 GiB",
            "node-out-of-memory",
        ],
        never: &["25 GiB", "25.0 GiB"],
    });
}

#[test]
fn case_01_with_the_log_that_has_the_limit() {
    check(&Case {
        name: "01-02",
        inputs: &[
            "logs/01-prometheus-memcg-truncated-head.log",
            "logs/02-prometheus-memcg-fused-lines.log",
        ],
        root: "memcg-limit-reached",
        confidence: "certain",
        leads: &["100 GiB", "prometheus"],
        says: &[
            "2983827",
            "4112165",
            "Restart loop",
            "4 OOM events of prometheus",
        ],
        never: &["25 GiB", "25.0 GiB"],
    });
}

#[test]
fn case_02() {
    check(&Case {
        name: "02",
        inputs: &["logs/02-prometheus-memcg-fused-lines.log"],
        root: "memcg-limit-reached",
        confidence: "certain",
        leads: &[
            "100 GiB",
            "prometheus",
            "4112165",
            "b0b4b9ab-69ac-45c9-ba1d-25c0bc5c9e0d",
        ],
        says: &[
            "Restart loop",
            "2 OOM events of prometheus",
            "ca3cb3d16034",
            "a7609d64f82e",
            "434,715",
            "28 min 52 s",
        ],
        never: &["3 OOM events", "1 OOM event "],
    });
}

#[test]
fn case_03() {
    check(&Case {
        name: "03",
        inputs: &[
            "logs/03-java-zookeeper-memcg-callbacks-suppressed.log",
            "logs/03-java-zookeeper-audit.log",
        ],
        root: "jvm-limit-too-small",
        confidence: "certain",
        leads: &[
            "400 MiB",
            "guaranteed",
            "-997",
            "java",
            "585588",
            "zookeeper",
            "C1 CompilerThre is a thread of the same java",
        ],
        says: &[
            "1520 callbacks suppressed",
            "does not mean 1520 kills",
            "198301288f14",
            "cc-zzhk-loongarch-controller-1",
            "TaskOOM",
        ],
        never: &[
            "C1 CompilerThre was killed",
            "Killed: C1",
            "1,520 kills were",
            "1520 processes",
        ],
    });
}

#[test]
fn case_04() {
    check(&Case {
        name: "04",
        inputs: &[
            "logs/04-java-global-kill.log",
            "logs/04-prometheus-kubectl-describe-pod.txt",
        ],
        root: "kill-only-coincides",
        confidence: "likely",
        leads: &[
            "java",
            "134320",
            "did not end the container prometheus",
            "41 s earlier",
            "unless the two clocks differ by more than 41 s",
        ],
        says: &[
            "positive oom_score_adj",
            "BestEffort",
            "137 is a SIGKILL, which a full address space alone never gives",
            "the reason is Error, not OOMKilled",
            "100 GiB",
            "burstable",
            "Near in time is not cause, and here even the order is against it",
        ],
        never: &[
            "caused by the java",
            "because of the java OOM",
            "ended by the java",
        ],
    });
}

#[test]
fn case_06() {
    check(&Case {
        name: "06",
        inputs: &["logs/05-ls-order3-java-victim.log"],
        root: "high-order-request-failed",
        confidence: "likely",
        leads: &["order-3", "32 KiB", "ls only asked", "java"],
        says: &[
            "bes.service failed because its main process was the killed java",
            "3067998",
            "367998",
            "GFP_KERNEL|__GFP_COMP",
            "memory table",
        ],
        never: &["caused by ls", "ls used"],
    });
}

#[test]
fn case_09() {
    check(&Case {
        name: "09",
        inputs: &[
            "logs/09-python-consumer-global-swap.log",
            "logs/09-python-consumer-strace.txt",
        ],
        root: "one-process-filled-the-machine",
        confidence: "certain",
        leads: &[
            "RAM and swap",
            "python",
            "32132",
            "7.1 GiB",
            "1.8 GiB",
            "99 %",
        ],
        says: &[
            "ENOMEM",
            "SIGKILL",
            "beyond what a kernel log can show",
            "月 12日 24 16:02:24 2022",
        ],
        never: &[
            "container limit",
            "kubectl set resources",
            "raise the memory limit",
        ],
    });
}

#[test]
fn case_10() {
    check(&Case {
        name: "10",
        inputs: &["logs/10-xray-memcg-v2-socket-buffers.log"],
        root: "memcg-socket-buffers",
        confidence: "certain",
        leads: &[
            "200 MiB",
            "Socket buffers",
            "175.1 MiB",
            "26.8 MiB",
            "the heap is not the problem",
        ],
        says: &["203.3 MiB", "tcp_mem", "-997 did not protect xray", "7,470"],
        never: &["memory leak in xray", "leak in xray"],
    });
}
