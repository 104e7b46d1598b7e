//! What cases are built from.

use crate::{
    facts::{Evidence, Facts, Record, names},
    finding::{Confidence, Finding, Judged, MissingFact, Role, Severity, State, Touched},
    report::Case,
    words::Bilingual,
};

pub(super) const POD: &str = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podb0b4b9ab_69ac_45c9_ba1d_25c0bc5c9e0d.slice/cri-containerd-3306c4278822cedfcaffcddb48647aeaf3d47ed4a1948eb70f03c13ea24d8174.scope";

pub(super) fn both(en: &str, zh: &str) -> Bilingual {
    Bilingual::new(en, zh)
}

pub(super) fn finding(rule: &str, says: Bilingual, items: &[usize]) -> Finding {
    Finding {
        rule: rule.to_owned(),
        title: both(&rule.replace('-', " "), &format!("{rule}（标题）")),
        severity: Severity::High,
        confidence: Confidence::Certain,
        confidence_reason: Bilingual::default(),
        says,
        why: Bilingual::default(),
        advice: Vec::new(),
        references: Vec::new(),
        evidence: vec![Evidence::new(
            "kernel.log",
            7,
            "Memory cgroup out of memory: Killed process 42 (hog)",
        )],
        touched: items
            .iter()
            .map(|i| Touched {
                path: format!("oom_events[{i}].constraint"),
                value: "memcg".to_owned(),
            })
            .collect(),
        group: None,
        count: items.len().max(1),
        shown: items.first().copied(),
        items: items.to_vec(),
        explains: Vec::new(),
        supersedes: Vec::new(),
    }
}

pub(super) fn judged(role: Role, state: State, rule: &str) -> Judged {
    Judged {
        explains: Vec::new(),
        rule: rule.to_owned(),
        title: both(&rule.replace('-', " "), &format!("{rule}（标题）")),
        severity: Severity::High,
        role,
        state,
    }
}

pub(super) fn found(role: Role, finding: Finding) -> Judged {
    let rule = finding.rule.clone();
    judged(role, State::Found(vec![finding]), &rule)
}

pub(super) fn ruled_out() -> Judged {
    judged(
        Role::Cause,
        State::RuledOut {
            says: both(
                "no report is about the whole machine",
                "没有任何报告涉及整机内存",
            ),
            because: vec![Bilingual::as_written(
                "oom.constraint == \"none\" (\"memcg\")",
            )],
            evidence: Vec::new(),
            only_seen: None,
        },
        "node-out-of-memory",
    )
}

pub(super) fn cannot_tell(rule: &str, missing: &[&str]) -> Judged {
    judged(
        Role::Cause,
        State::CannotTell {
            missing: missing
                .iter()
                .map(|path| MissingFact {
                    path: (*path).to_owned(),
                    what: names::find(path).unwrap().what.to_owned(),
                    how: both(
                        "run oomscene-collect on the machine",
                        "在该主机上运行 oomscene-collect",
                    ),
                })
                .collect(),
        },
        rule,
    )
}

pub(super) fn memcg_event(time: &str, utc: i64, pid: i64) -> Record {
    let mut e = Record::new();
    let line = vec![Evidence::new(
        "kernel.log",
        7,
        "Memory cgroup out of memory",
    )];
    e.put("time_text", time, line.clone());
    e.put("time", utc, vec![]);
    e.put("constraint", "memcg", line);
    e.put("invoker.comm", "prometheus", vec![]);
    e.put("invoker.pid", pid + 9, vec![]);
    e.put("invoker.same_program", true, vec![]);
    e.put("allocation_path", "page fault", vec![]);
    e.put("order", 0, vec![]);
    e.put("request_bytes", 16_384, vec![]);
    e.put("gfp_flags", "GFP_KERNEL", vec![]);
    e.put("victim.comm", "prometheus", vec![]);
    e.put("victim.pid", pid, vec![]);
    e.put("victim.rss_bytes", 104_936_720_i64 << 10, vec![]);
    e.put("victim.rss_pages", 6_558_545, vec![]);
    e.put("victim.oom_score_adj", 961, vec![]);
    e.put("victim.source", "oom_reaper", vec![]);
    e.put("victim.inferred", true, vec![]);
    e.put("memcg.path", POD, vec![]);
    e.put("memcg.limit_bytes", 100_i64 << 30, vec![]);
    e.put("memcg.usage_bytes", 100_i64 << 30, vec![]);
    e.put("memcg.failcnt_count", 434_715, vec![]);
    e.put("memcg.anon_bytes", 104_844_432_i64 << 10, vec![]);
    e.put("memcg.file_bytes", 8_448_i64 << 10, vec![]);
    e.put("memcg.shmem_bytes", 0, vec![]);
    e.put("memcg.refault_file_bytes", 80_994_672_i64 << 10, vec![]);
    e.put(
        "memcg.pod_uid",
        "b0b4b9ab-69ac-45c9-ba1d-25c0bc5c9e0d",
        vec![],
    );
    e.put("memcg.qos", "burstable", vec![]);
    e.put("page_size_bytes", 16_384, vec![]);
    e.put(
        "page_size_reason",
        "rss pages of the table against anon-rss of the kill line",
        vec![],
    );
    e.put(
        "kernel_release",
        "4.19.0-91.82.152.28.1.uelc20.loongarch64",
        vec![],
    );
    e.put("machine", "loongarch64", vec![]);
    e
}

pub(super) fn log_of(facts: &mut Facts, whole: bool) {
    facts.put("kernel_log.present", true, vec![]);
    facts.put("kernel_log.source", "a log file", vec![]);
    facts.put("kernel_log.whole_boot", whole, vec![]);
    facts.put("kernel_log.first_text", "四 4月 17 18:48:52 2025", vec![]);
    facts.put("kernel_log.last_text", "四 4月 17 19:35:04 2025", vec![]);
    facts.put("kernel_log.covers_seconds", 2772, vec![]);
}

pub(super) fn case(name: &str) -> Case {
    Case {
        inputs: vec![(name.to_owned(), "log")],
        ..Case::default()
    }
}
