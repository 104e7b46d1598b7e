//! Cases built by hand: what the rules would say, and the facts behind it.

mod parts;

use parts::{both, cannot_tell, case, finding, found, log_of, memcg_event, ruled_out};

use crate::{
    facts::{Evidence, Facts, Record, names},
    finding::{Advice, Confidence, Judged, Role, Severity},
    report::Case,
    verdict::{Verdict, reach},
};

/// A case before its verdict.
pub(super) struct Built {
    pub(super) facts: Facts,
    pub(super) judged: Vec<Judged>,
    pub(super) case: Case,
}

impl Built {
    pub(super) fn verdict(&self) -> Verdict {
        let wrong = names::undeclared(&self.facts.root);
        assert!(wrong.is_empty(), "facts that no parser may put: {wrong:?}");
        reach(self.judged.clone(), &self.facts)
    }
}

pub(super) fn all() -> Vec<Built> {
    vec![
        cgroup_limit(),
        machine(),
        nothing(),
        nothing_in_part(),
        not_determined(),
        hostile(),
    ]
}

#[expect(clippy::too_many_lines, reason = "one case is read in one place")]
pub(super) fn cgroup_limit() -> Built {
    let mut facts = Facts::default();
    facts.push(
        "oom_events",
        memcg_event("四 4月 17 18:48:52 2025", 1_744_886_932, 2_983_827),
    );
    facts.push(
        "oom_events",
        memcg_event("四 4月 17 19:35:04 2025", 1_744_889_704, 3_347_264),
    );
    let mut group = Record::new();
    group.put("key", "pod b0b4b9ab-69ac-45c9-ba1d-25c0bc5c9e0d", vec![]);
    group.put("comm", "prometheus", vec![]);
    group.put("events_count", 2, vec![]);
    group.put("containers_count", 2, vec![]);
    group.put("containers_text", "56a6cbd9389e, 3306c4278822", vec![]);
    group.put("victims_text", "2983827, 3347264", vec![]);
    group.put("span_seconds", 2772, vec![]);
    facts.push("oom_groups", group);
    let mut notice = Record::new();
    notice.put(
        "container_id",
        "3306c4278822",
        vec![Evidence::new(
            "messages",
            4,
            "containerd[812]: TaskOOM event container_id=3306c4278822",
        )],
    );
    facts.push("container_ooms", notice);
    log_of(&mut facts, false);
    facts.gap(
        "kernel.log",
        31,
        both(
            "two records are fused: `0x1b20[四 4月 17`",
            "两条记录粘连在一起：`0x1b20[四 4月 17`",
        ),
    );

    let mut root = finding(
        "memcg-limit-reached",
        both(
            "The memory limit of 100 GiB was reached by prometheus (pid 3347264) alone; the machine as a whole was not the limit; 2 such events",
            "prometheus（pid 3347264）独自用满了 Pod 的内存上限 100 GiB：触顶的不是整机内存；此类事件共 2 次",
        ),
        &[0, 1],
    );
    root.confidence_reason = crate::words::Bilingual::as_written(
        "oom.memcg.usage_bytes (100 GiB) >= 0.98 * oom.memcg.limit_bytes (100 GiB)",
    );
    root.why = both(
        "Every page that a process in a memory cgroup touches is charged to the cgroup. When a charge would go over the limit and nothing can be reclaimed, the kernel kills inside that cgroup only.",
        "cgroup 内进程触碰的每一页都会记账到该 cgroup。记账将超过上限且回收不出内存时，内核只在该 cgroup 内选择牺牲者。",
    );
    root.advice = vec![
        Advice {
            text: both(
                "Find out what prometheus keeps in memory before the limit is raised: a leak meets any limit.",
                "提高上限之前先查清 prometheus 到底持有什么：若是泄漏，多大的上限都会被用满。",
            ),
            command: None,
        },
        Advice {
            text: both(
                "If the working set is really that large, raise the limit.",
                "若工作集确实需要这么大，提高上限。",
            ),
            command: Some(
                "kubectl set resources statefulset/NAME -c CONTAINER --limits=memory=NEW"
                    .to_owned(),
            ),
        },
    ];
    root.references =
        vec!["Linux kernel: Documentation/admin-guide/cgroup-v1/memory.rst".to_owned()];
    root.explains = vec!["oom-restart-loop".to_owned()];
    root.supersedes = vec!["oom-kill".to_owned()];
    let mut loops = finding(
        "oom-restart-loop",
        both(
            "Restart loop: 2 OOM events of prometheus in one pod, a new container each time",
            "重启循环：同一 Pod 中 prometheus 发生 2 次 OOM，每次都是新容器",
        ),
        &[],
    );
    loops.severity = Severity::Medium;
    let mut wrapped = finding(
        "kernel-log-wrapped",
        both(
            "The log begins in the middle of a report",
            "日志从一份报告的中间开始",
        ),
        &[],
    );
    wrapped.severity = Severity::Info;
    Built {
        facts,
        judged: vec![
            found(Role::Symptom, loops),
            found(Role::Cause, root),
            found(
                Role::Symptom,
                finding("oom-kill", both("generic", "通用"), &[0, 1]),
            ),
            found(Role::Evidence, wrapped),
            ruled_out(),
            cannot_tell(
                "overcommit-refuses",
                &["policy.overcommit_memory", "memory.commit_limit_bytes"],
            ),
        ],
        case: case("prometheus.log"),
    }
}

#[expect(clippy::too_many_lines, reason = "one case is read in one place")]
pub(super) fn machine() -> Built {
    let mut facts = Facts::default();
    let mut e = Record::new();
    e.put("time_text", "Dec 24 16:02:24", vec![]);
    e.put("constraint", "none", vec![]);
    e.put("invoker.comm", "ls", vec![]);
    e.put("invoker.pid", 4711, vec![]);
    e.put("invoker.same_program", false, vec![]);
    e.put("order", 3, vec![]);
    e.put("request_bytes", 32_768, vec![]);
    e.put("victim.comm", "python", vec![]);
    e.put("victim.pid", 32_132, vec![]);
    e.put("victim.pids_disagree", true, vec![]);
    e.put(
        "victim.pids_text",
        "32132 (kill line), 2132 (oom_reaper)",
        vec![],
    );
    e.put("victim.rss_bytes", 7_603_356_i64 << 10, vec![]);
    e.put("victim.swap_bytes", 1_887_436_800_i64, vec![]);
    e.put("memory.ram_bytes", 8_i64 << 30, vec![]);
    e.put("memory.free_bytes", 60_i64 << 20, vec![]);
    e.put("memory.anon_bytes", 7_400_i64 << 20, vec![]);
    e.put("memory.file_bytes", 12_i64 << 20, vec![]);
    e.put("memory.slab_unreclaimable_bytes", 90_i64 << 20, vec![]);
    e.put("memory.swap_total_bytes", 2_i64 << 30, vec![]);
    e.put("memory.swap_free_bytes", 0, vec![]);
    e.put("failed_unit", "consumer.service", vec![]);
    e.put("missing_text", "trace, statistics", vec![]);
    facts.push("oom_events", e);
    facts.put("host.name", "worker-3", vec![]);
    facts.put("host.kernel_release", "3.10.0-1160.el7.x86_64", vec![]);
    facts.put("host.page_size_bytes", 4096, vec![]);
    facts.put("host.page_size_reason", "AT_PAGESZ of the bundle", vec![]);
    facts.put("memory.total_bytes", 8_i64 << 30, vec![]);
    facts.put("memory.free_bytes", 5_i64 << 30, vec![]);
    facts.put("memory.anon_bytes", 1_i64 << 30, vec![]);
    facts.put("memory.cached_bytes", 1_i64 << 30, vec![]);
    facts.put("memory.shmem_bytes", 100_i64 << 20, vec![]);
    facts.put("memory.unaccounted_bytes", 512_i64 << 20, vec![]);
    facts.put("memory.available_bytes", 6_i64 << 30, vec![]);
    facts.put("input.tool", "oomscene-collect 0.1.0", vec![]);
    facts.put("input.collected_time", 1_744_900_000, vec![]);
    let mut denied = oomscene_bundle::Line::new(
        "proc/slabinfo",
        "proc/slabinfo",
        oomscene_bundle::Outcome::Denied,
    );
    denied.remedy = "run as root".to_owned();
    facts.ledger.push(denied);

    let mut root = finding(
        "one-process-filled-the-machine",
        both(
            "The machine ran out of RAM and swap: python (pid 32132) alone held 7.2 GiB in RAM and 1.7 GiB in swap, 99 % of what was listed",
            "整机的物理内存与交换空间都已耗尽：python（pid 32132）独占 7.2 GiB 物理内存与 1.7 GiB 交换空间，占列表总量的 99 %",
        ),
        &[0],
    );
    root.severity = Severity::Critical;
    root.explains = vec!["unit-failed-by-kill".to_owned()];
    let unit = finding(
        "unit-failed-by-kill",
        both(
            "consumer.service failed because its main process was the killed python",
            "consumer.service 因其主进程 python 被杀而失败",
        ),
        &[0],
    );
    let mut other = finding(
        "high-order-request-failed",
        both("An order-3 request failed", "一次 order-3 申请失败"),
        &[0],
    );
    other.confidence = Confidence::Likely;
    let mut swap = finding(
        "swap-exhausted",
        both("Swap was full", "交换空间已满"),
        &[0],
    );
    swap.severity = Severity::Low;
    let mut case = case("bundle.tar.gz");
    case.id = Some("CASE-77".to_owned());
    case.labels.insert("site".to_owned(), "北京".to_owned());
    Built {
        facts,
        judged: vec![
            found(Role::Cause, other),
            found(Role::Cause, root),
            found(Role::Symptom, unit),
            found(Role::Context, swap),
        ],
        case,
    }
}

pub(super) fn nothing() -> Built {
    let mut facts = Facts::default();
    log_of(&mut facts, true);
    facts.root.list("oom_events");
    facts.put("vmstat.oom_kill_count", 0, vec![]);
    Built {
        facts,
        judged: vec![ruled_out()],
        case: case("calm.tar.gz"),
    }
}

pub(super) fn nothing_in_part() -> Built {
    let mut facts = Facts::default();
    log_of(&mut facts, false);
    facts.root.set_partial(
        "oom_events",
        both("the ring buffer has wrapped", "环形缓冲区已被覆盖"),
    );
    Built {
        facts,
        judged: vec![cannot_tell(
            "memcg-limit-reached",
            &["oom_events[].constraint"],
        )],
        case: case("part.log"),
    }
}

pub(super) fn not_determined() -> Built {
    let mut facts = Facts::default();
    let mut e = Record::new();
    e.put("victim.comm", "java", vec![]);
    e.put("victim.pid", 77, vec![]);
    facts.push("oom_events", e);
    Built {
        facts,
        judged: vec![
            cannot_tell(
                "three-facts-short",
                &[
                    "memory.total_bytes",
                    "memory.free_bytes",
                    "memory.anon_bytes",
                ],
            ),
            cannot_tell("one-fact-short", &["oom_events[].constraint"]),
            cannot_tell(
                "two-facts-short",
                &["memory.total_bytes", "memory.swap_total_bytes"],
            ),
        ],
        case: case("short.log"),
    }
}

pub(super) fn hostile() -> Built {
    const NAME: &str = "<script>alert(1)</script>|`x`\u{202e}gpj\n# forged";
    let mut facts = Facts::default();
    let mut e = memcg_event("<b>now</b>", 1_744_886_932, 1);
    e.put("victim.comm", NAME, vec![]);
    e.put(
        "invoker.comm",
        "``` [click](http://x.example) **bold** $(reboot)",
        vec![],
    );
    e.put("invoker.same_program", false, vec![]);
    e.put("memcg.path", "/a|b/`c`/\u{1b}[31m", vec![]);
    e.put("failed_unit", NAME, vec![]);
    facts.push("oom_events", e);
    facts.put("host.name", NAME, vec![]);
    facts.gap(NAME, 3, both(NAME, NAME));
    let mut root = finding(
        "memcg-limit-reached",
        both(&format!("Killed: {NAME}"), &format!("被杀：{NAME}")),
        &[0],
    );
    root.evidence = vec![Evidence::new(
        NAME,
        9,
        "````\n```` Killed process 1 (<img src=x onerror=alert(1)>)\u{202e}",
    )];
    root.group = Some(NAME.to_owned());
    root.advice = vec![Advice {
        text: both(NAME, NAME),
        command: Some(format!("echo '```{NAME}'")),
    }];
    let mut case = case(NAME);
    case.id = Some(NAME.to_owned());
    case.labels.insert(NAME.to_owned(), NAME.to_owned());
    Built {
        facts,
        judged: vec![found(Role::Cause, root), ruled_out()],
        case,
    }
}
