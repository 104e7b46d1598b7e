//! The cases that have no log: hosts made up by `tests/make-hosts.py`, and a `pmap` output.

use std::path::Path;

use super::{Case, check, run};

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
