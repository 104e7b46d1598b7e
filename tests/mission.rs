//! The investigations of the mission as golden reports: what the verdict must lead with, what it
//! must also say, and the wrong conclusions that people really drew and that it must not say.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test panics and says where"
)]

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
fn case_05() {
    check(&Case {
        name: "05",
        inputs: &["hosts/address-space-40-bits"],
        root: "address-space-exhausted",
        confidence: "certain",
        leads: &[
            "Virtual address space exhausted",
            "prometheus",
            "1,000 GiB",
            "1 TiB (40 bits)",
            "25 GiB are resident",
            "214 GiB of 256 GiB RAM are available",
            "RLIMIT_AS is unlimited",
            "40 mappings are of 65,530 allowed",
            "vm.overcommit_memory is 0",
        ],
        says: &["ABI 2.0", "shorter retention", "sharding"],
        never: &[
            "add RAM",
            "add memory",
            "raise the container limit",
            "kubectl set resources",
        ],
    });
}

#[test]
fn case_05_control() {
    let json: serde_json::Value =
        serde_json::from_str(&run(&["hosts/address-space-47-bits"], "json", "en")).unwrap();
    assert_eq!(json["verdict"]["outcome"], "nothing_since_boot");
    let ruled_out = json["ruled_out"].as_array().unwrap();
    assert!(
        ruled_out
            .iter()
            .any(|r| r["rule"] == "address-space-exhausted"),
        "{ruled_out:#?}"
    );
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
fn case_07() {
    check(&Case {
        name: "07",
        inputs: &["hosts/oom-spiral"],
        root: "oom-spiral",
        confidence: "certain",
        leads: &[
            "OOM spiral",
            "60 processes in state D",
            "320 dead ones are not reaped",
            "supervise.sh (pid 5100, 260)",
            "rwsem_down_write_slowpath (16)",
            "127.99 GiB of 128 GiB, 98,123,344 times",
            "load average of 3012.44 on 56 processors counts tasks that wait for memory",
        ],
        says: &["8,200 KiB of 16 GiB swap", "restart=no", "sysrq-trigger"],
        never: &["CPU overload", "add processors", "more CPUs"],
    });
}

#[test]
fn case_08() {
    check(&Case {
        name: "08",
        inputs: &["hosts/glibc-arenas"],
        root: "glibc-arenas",
        confidence: "likely",
        leads: &[
            "java (pid 7301)",
            "38 glibc malloc arenas",
            "2.5 GiB are resident",
            "at most 200 MiB",
            "native memory, not heap",
        ],
        says: &["MALLOC_ARENA_MAX=2", "jemalloc", "tcmalloc"],
        never: &["increase -Xmx", "raise -Xmx", "larger heap size"],
    });
}

#[test]
fn case_08_from_pmap_alone() {
    let json: serde_json::Value =
        serde_json::from_str(&run(&["logs/08-java-pmap.txt"], "json", "en")).unwrap();
    assert_eq!(json["verdict"]["root"]["rule"], "glibc-arenas");
    let headline = json["verdict"]["headline"].as_str().unwrap();
    assert!(headline.contains("java (pid 7301)"), "{headline}");
    assert!(headline.contains("14 glibc malloc arenas"), "{headline}");
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

#[test]
fn case_11_overcommit_2() {
    check(&Case {
        name: "11-mode-2",
        inputs: &["hosts/overcommit-strict"],
        root: "overcommit-refuses",
        confidence: "certain",
        leads: &[
            "refused by policy while RAM is free",
            "vm.overcommit_memory is 2",
        ],
        says: &["vm.overcommit_ratio"],
        never: &["out of RAM", "ran out of memory;"],
    });
}

/// A policy or circumstance without a failure must not pretend to be a root cause.
fn check_context(name: &str, host: &str, rule: &str, says: &[&str]) {
    let json: serde_json::Value = serde_json::from_str(&run(&[host], "json", "en")).unwrap();
    let headline = json["verdict"]["headline"].as_str().unwrap();
    assert!(headline.contains("What stands out"), "{name}: {headline}");
    let contributing = json["contributing"].as_array().unwrap();
    assert!(
        contributing.iter().any(|f| f["rule"] == rule),
        "{name}: {rule} is not in {contributing:#?}"
    );
    let plain = run(&[host], "md", "en").replace('\\', "");
    for word in says {
        assert!(
            plain.contains(word),
            "{name}: the report lacks {word:?}:\n{plain}"
        );
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        insta::assert_snapshot!(format!("mission-{name}-en.md"), run(&[host], "md", "en"));
        insta::assert_snapshot!(format!("mission-{name}-zh.md"), run(&[host], "md", "zh"));
    });
}

#[test]
fn case_11_overcommit_1() {
    check_context(
        "11-mode-1",
        "hosts/overcommit-always",
        "overcommit-never-refuses",
        &["no request is ever refused"],
    );
}

#[test]
fn case_12_allocating_task() {
    check_context(
        "12-allocating-task",
        "hosts/kill-allocating-task",
        "oom-kill-allocating-task",
        &["not the largest one", "The highest scores"],
    );
}

#[test]
fn case_12_panic() {
    check_context(
        "12-panic",
        "hosts/panic-on-oom",
        "panic-on-oom",
        &["vm.panic_on_oom is"],
    );
}

#[test]
fn case_12_exempt() {
    check_context(
        "12-exempt",
        "hosts/exempt-hog",
        "large-process-exempt",
        &["is exempt from the OOM killer", "The ten highest scores"],
    );
}

#[test]
fn case_13() {
    let host = &["hosts/ring-buffer-one-hour"];
    let json: serde_json::Value = serde_json::from_str(&run(host, "json", "en")).unwrap();
    let headline = json["verdict"]["headline"].as_str().unwrap();
    assert!(
        headline.contains("Nothing can be said about the time between and outside"),
        "{headline}"
    );
    check_words(
        "13",
        host,
        &[
            "covers only the last 59 min 42 s",
            "var/log/messages from 2026-01-07",
            "No log covers",
            "neither shown nor excluded",
            "log_buf_len=16M",
            "systemd-journald",
        ],
        &[
            "no OOM happened",
            "there was no OOM",
            "No memory failure since boot",
        ],
    );
}

#[test]
fn case_14() {
    let host = &["hosts/unlimited-container"];
    let json: serde_json::Value = serde_json::from_str(&run(host, "json", "en")).unwrap();
    assert_ne!(json["verdict"]["root"]["rule"], "container-without-limit");
    let contributing = json["contributing"].as_array().unwrap();
    assert!(
        contributing
            .iter()
            .any(|f| f["rule"] == "container-without-limit" && f["severity"] == "low"),
        "{contributing:#?}"
    );
    check_words(
        "14",
        host,
        &[
            "no memory limit",
            "neither systemd-oomd nor earlyoom is enabled",
            "systemctl enable --now systemd-oomd",
            "earlyoom",
            "psi=1",
        ],
        &[],
    );
}

/// Words that a report must and must not have, and its golden in both languages.
fn check_words(name: &str, inputs: &[&str], says: &[&str], never: &[&str]) {
    let markdown = run(inputs, "md", "en");
    let plain = markdown.replace('\\', "");
    for word in says {
        assert!(
            plain.contains(word),
            "{name}: the report lacks {word:?}:\n{plain}"
        );
    }
    let lower = plain.to_lowercase();
    for word in never {
        assert!(
            !lower.contains(&word.to_lowercase()),
            "{name}: the report says {word:?}:\n{plain}"
        );
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        insta::assert_snapshot!(format!("mission-{name}-en.md"), markdown);
        insta::assert_snapshot!(format!("mission-{name}-zh.md"), run(inputs, "md", "zh"));
    });
}
