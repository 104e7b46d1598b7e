//! Every number of the cases that the logs hold.

use super::*;

const KIB: i128 = 1024;

#[track_caller]
fn event(facts: &Facts, at: usize) -> &Record {
    match facts.root.items("oom_events").get(at).map(|f| &f.value) {
        Some(Value::Record(record)) => record,
        other => panic!("no event {at}: {other:?}"),
    }
}

#[track_caller]
fn item<'a>(facts: &'a Facts, list: &str, at: usize) -> &'a Record {
    match facts.root.items(list).get(at).map(|f| &f.value) {
        Some(Value::Record(record)) => record,
        other => panic!("no {list} {at}: {other:?}"),
    }
}

#[test]
fn case_1_headless_and_torn() {
    let facts = facts(&["01"]);
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(2));
    assert_eq!(facts.root.int("oom_summary.kills_count"), Some(1));
    let first = event(&facts, 0);
    assert_eq!(first.text("constraint"), Some("memcg"));
    assert_eq!(first.text("victim.comm"), Some("prometheus"));
    assert_eq!(first.int("victim.pid"), Some(2_983_827));
    assert_eq!(first.text("victim.source"), Some("oom_reaper"));
    assert_eq!(first.flag("victim.inferred"), Some(true));
    assert_eq!(first.flag("missing_head"), Some(true));
    assert_eq!(first.int("page_size_bytes"), Some(16_384));
    assert_eq!(first.int("victim.rss_pages"), Some(6_558_421));
    assert_eq!(first.int("victim.rss_bytes"), Some(6_558_421 * 16_384));
    assert_eq!(first.int("victim.oom_score_adj"), Some(961));
    assert_eq!(first.text("memcg.qos"), Some("burstable"));
    assert_eq!(first.int("memcg.anon_bytes"), Some(104_844_432 * KIB));
    assert_eq!(
        first.int("memcg.refault_file_bytes"),
        Some(80_994_672 * KIB)
    );
    assert_eq!(first.flag("memcg.limit_lost"), Some(true));
    assert_eq!(first.int("memcg.limit_bytes"), None);
    assert_eq!(first.flag("memcg.victim_only"), Some(true));
    assert_eq!(
        first.text("memcg.pod_uid"),
        Some("b0b4b9ab-69ac-45c9-ba1d-25c0bc5c9e0d")
    );
    let second = event(&facts, 1);
    assert_eq!(second.text("constraint"), Some("memcg"));
    assert_eq!(
        second.text("constraint_reason"),
        Some("the call trace goes through dump_memcg_header")
    );
    assert_eq!(second.flag("victim.known"), Some(false));
    assert_eq!(second.flag("cut_end"), Some(true));
    assert_eq!(second.int("invoker.pid"), Some(3_347_273));
    assert_eq!(second.flag("vendor_hides_kill_lines"), Some(true));
    assert_eq!(second.text("machine"), Some("loongarch64"));
    assert_eq!(second.int("page_size_bytes"), Some(16_384));
    assert!(
        second
            .text("kernel_release")
            .unwrap()
            .starts_with("4.19.0-91")
    );
}

#[test]
fn case_2_fused_second_event() {
    let facts = facts(&["02"]);
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(2));
    let first = event(&facts, 0);
    assert_eq!(first.text("time_text"), Some("四 4月 17 22:43:41 2025"));
    assert_eq!(first.int("memcg.limit_bytes"), Some(104_857_600 * KIB));
    assert_eq!(first.int("memcg.usage_bytes"), Some(104_857_600 * KIB));
    assert_eq!(first.int("memcg.failcnt_count"), Some(434_715));
    assert_eq!(first.int("memcg.anon_bytes"), Some(104_846_544 * KIB));
    assert_eq!(
        first.int("memcg.refault_file_bytes"),
        Some(81_455_616 * KIB)
    );
    assert_eq!(first.int("victim.pid"), Some(4_112_165));
    assert_eq!(first.int("victim.rss_bytes"), Some(6_558_445 * 16_384));
    assert_eq!(first.flag("memcg.victim_only"), Some(true));
    assert_eq!(first.flag("memcg.own_limit"), Some(false));
    assert_eq!(
        first.text("allocation_path"),
        Some("page fault (copy on write)")
    );
    assert!(
        first
            .text("memcg.container_id")
            .unwrap()
            .starts_with("ca3cb3d16034")
    );
    let second = event(&facts, 1);
    assert_eq!(second.text("invoker.comm"), Some("prometheus"));
    assert_eq!(second.int("invoker.pid"), Some(299_393));
    assert_eq!(second.flag("cut_end"), Some(true));
    assert!(
        second
            .text("memcg.container_id")
            .unwrap()
            .starts_with("a7609d64f82e")
    );
    let group = item(&facts, "oom_groups", 0);
    assert_eq!(group.int("events_count"), Some(2));
    assert_eq!(group.int("containers_count"), Some(2));
    assert_eq!(
        group.text("containers_text"),
        Some("ca3cb3d16034, a7609d64f82e")
    );
    assert_eq!(group.number("span_seconds"), Some(f64::from(28 * 60 + 52)));
    assert_eq!(
        group.text("pod_uid"),
        Some("b0b4b9ab-69ac-45c9-ba1d-25c0bc5c9e0d")
    );
}

#[test]
fn case_3_jit_thread_and_zookeeper() {
    let facts = facts(&["03-java-zookeeper-m", "03-java-zookeeper-a"]);
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(1));
    let event = event(&facts, 0);
    assert_eq!(event.text("invoker.comm"), Some("C1 CompilerThre"));
    assert_eq!(event.flag("invoker.same_program"), Some(true));
    assert_eq!(event.int("invoker.oom_score_adj"), Some(-997));
    assert_eq!(event.text("victim.comm"), Some("java"));
    assert_eq!(event.int("victim.pid"), Some(585_588));
    assert_eq!(event.text("victim.program"), Some("zookeeper"));
    assert_eq!(event.int("memcg.limit_bytes"), Some(409_600 * KIB));
    assert_eq!(event.int("memcg.failcnt_count"), Some(13_061));
    assert_eq!(event.text("memcg.qos"), Some("guaranteed"));
    assert_eq!(event.flag("memcg.victim_only"), Some(true));
    assert_eq!(event.int("suppressed_before_count"), Some(1520));
    assert_eq!(event.flag("container_notice"), Some(true));
    assert_eq!(event.flag("vendor_hides_kill_lines"), Some(true));
    assert_eq!(event.text("host"), Some("cc-zzhk-loongarch-controller-1"));
    assert_eq!(event.int("page_size_bytes"), Some(16_384));
    assert_eq!(event.int("killed_count"), Some(1));
    assert_eq!(facts.root.int("kernel_log.suppressed_count"), Some(1520));
    let exec = item(&facts, "execs", 0);
    assert_eq!(exec.int("pid"), Some(2_180_007));
    assert_eq!(exec.text("program"), Some("zookeeper"));
    assert_eq!(
        exec.text("executable"),
        Some("/opt/jdk/jdk8u402-b06/bin/java")
    );
    assert!(
        item(&facts, "container_ooms", 0)
            .text("container_id")
            .unwrap()
            .starts_with("198301288f14")
    );
}

#[test]
fn case_4_one_line() {
    let facts = facts(&["04-java"]);
    let event = event(&facts, 0);
    assert_eq!(event.int("victim.pid"), Some(134_320));
    assert_eq!(event.number("victim.score"), Some(1003.0));
    assert_eq!(event.text("victim.source"), Some("kill"));
    assert_eq!(event.text("constraint"), Some("none"));
    assert_eq!(event.text("time_text"), Some("一 4月 28 10:11:01 2025"));
}

#[test]
fn case_4_the_container_had_ended_before_the_kill() {
    let facts = facts(&["04-java", "04-prom"]);
    let container = item(&facts, "pod_containers", 0);
    assert_eq!(container.text("name"), Some("prometheus"));
    assert_eq!(container.text("last_reason"), Some("Error"));
    assert_eq!(container.int("last_exit_code"), Some(137));
    assert_eq!(container.text("qos"), Some("burstable"));
    assert_eq!(container.int("limit_bytes"), Some(100 << 30));
    assert_eq!(container.int("request_bytes"), Some(20 << 30));
    assert_eq!(container.int("restarts_count"), Some(1));
    // 2025-04-28 10:10:20 and 10:11:39 of +08:00.
    assert_eq!(container.int("last_finished_time"), Some(1_745_806_220));
    assert_eq!(container.int("started_time"), Some(1_745_806_299));
    // The kill was logged at 10:11:01 of a zone that the line does not name: 41 s after the end.
    let kill = event(&facts, 0);
    assert_eq!(kill.text("time_text"), Some("一 4月 28 10:11:01 2025"));
    // The pod's description beside it names a zone, the only one in the case.
    assert_eq!(kill.int("time"), Some(1_745_806_261));
    let here = Machine {
        utc_offset_seconds: Some(8 * 3600),
        ..Machine::default()
    };
    let (entry, content) = fixture("04-java");
    let log = Log {
        entry,
        source: Source::Text,
        content,
        first_line: 1,
        condensed: None,
        cut: None,
        excerpt: true,
    };
    let mut zoned = Facts::default();
    read(&[log], &here, &mut zoned);
    let seconds = event(&zoned, 0).int("time").unwrap() - 1_745_806_220;
    assert_eq!(seconds, 41);
    assert_eq!(
        event(&zoned, 0).get("time_error_seconds"),
        None,
        "dmesg -T computed it: nothing bounds its error"
    );
}

#[test]
fn case_6_order_3_and_a_wrong_pid() {
    let facts = facts(&["05"]);
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(1));
    let event = event(&facts, 0);
    assert_eq!(event.text("invoker.comm"), Some("ls"));
    assert_eq!(event.flag("invoker.same_program"), Some(false));
    assert_eq!(event.int("order"), Some(3));
    assert_eq!(event.int("request_bytes"), Some(32 * KIB));
    assert_eq!(event.text("gfp_flags"), Some("GFP_KERNEL|__GFP_COMP"));
    assert_eq!(event.text("victim.comm"), Some("java"));
    assert_eq!(event.int("victim.pid"), Some(3_067_998));
    assert_eq!(event.flag("victim.pids_disagree"), Some(true));
    assert_eq!(
        event.text("victim.pids_text"),
        Some(
            "Kill process 3067998 (line 4), Killed process 367998 (line 5), oom_reaper 3067998 (line 6)"
        )
    );
    assert_eq!(event.int("victim.anon_bytes"), Some(3_581_268 * KIB));
    assert_eq!(event.number("victim.score"), Some(244.0));
    assert_eq!(event.text("failed_unit"), Some("bes.service"));
    assert_eq!(event.text("tainted"), Some("GOE"));
    assert_eq!(event.number("uptime_seconds"), Some(159_440.496_43));
    assert_eq!(event.get("free_blocks_count"), None);
    assert_eq!(item(&facts, "unit_exits", 0).text("result"), Some("signal"));
}

#[test]
fn case_9_python_is_the_largest() {
    let facts = facts(&["09-python-consumer-g", "09-python-consumer-s"]);
    let event = event(&facts, 0);
    assert_eq!(event.int("victim.pid"), Some(32_132));
    assert_eq!(event.text("victim.comm"), Some("python"));
    assert_eq!(event.int("victim.anon_bytes"), Some(7_473_936 * KIB));
    assert_eq!(event.int("victim.swap_bytes"), Some(467_803 * 4096));
    assert_eq!(event.flag("victim.largest"), Some(true));
    assert!(event.number("victim.share_percent").unwrap() > 98.9);
    assert_eq!(event.int("page_size_bytes"), Some(4096));
    assert_eq!(event.int("tasks_count"), Some(26));
    assert_eq!(event.text("constraint"), Some("none"));
    let failed = item(&facts, "syscalls", 0);
    assert_eq!(
        (failed.text("call"), failed.text("error")),
        (Some("mmap"), Some("ENOMEM"))
    );
    assert_eq!(failed.int("size_bytes"), Some(552_960));
    assert_eq!(item(&facts, "syscalls", 1).text("error"), Some("SIGKILL"));
}

#[test]
fn case_10_sockets() {
    let facts = facts(&["10"]);
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(1));
    let event = event(&facts, 0);
    assert_eq!(event.int("memcg.sock_bytes"), Some(183_623_680));
    assert_eq!(event.int("memcg.anon_bytes"), Some(28_139_520));
    assert_eq!(event.int("memcg.usage_bytes"), Some(208_204 * KIB));
    assert_eq!(event.int("memcg.limit_bytes"), Some(204_800 * KIB));
    assert_eq!(event.int("memcg.failcnt_count"), Some(7470));
    assert_eq!(
        event.int("memcg.accounted_bytes"),
        Some(28_139_520 + 8192 + 1_343_488 + 183_623_680)
    );
    assert_eq!(event.flag("memcg.own_limit"), Some(true));
    assert_eq!(event.flag("memcg.stats_cut"), Some(false));
    assert_eq!(event.int("victim.oom_score_adj"), Some(-997));
    assert_eq!(event.int("victim.pid"), Some(1_586_608));
    assert_eq!(event.text("memcg.qos"), Some("guaranteed"));
    assert_eq!(event.text("kernel_release"), Some("5.14.0-333.el9.x86_64"));
    assert_eq!(event.text("missing_text"), Some(""));
    assert!(facts.gaps.is_empty(), "{:?}", facts.gaps);
}
