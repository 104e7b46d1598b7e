//! One report in every carrier gives the same facts; reports of several kernel generations.

use super::*;

/// A global OOM as 3.10 kernels print it (4 KiB pages, swap exhausted).
const EL7: &str = "\
java invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0
java cpuset=/ mems_allowed=0
CPU: 3 PID: 4711 Comm: java Kdump: loaded Not tainted 3.10.0-957.el7.x86_64 #1
Call Trace:
 [<ffffffffb5362e41>] dump_stack+0x19/0x1b
 [<ffffffffb4dba036>] oom_kill_process+0x256/0x400
Mem-Info:
active_anon:1790000 inactive_anon:120000 isolated_anon:0
 active_file:210 inactive_file:480 isolated_file:0
 slab_reclaimable:9000 slab_unreclaimable:17000
 mapped:4000 shmem:6000 pagetables:9000 bounce:0
 free:20227 free_pcp:120 free_cma:0
Node 0 DMA free:15908kB min:132kB low:164kB high:196kB active_anon:0kB present:15992kB managed:15908kB all_unreclaimable? yes
lowmem_reserve[]: 0 2800 7800 7800
Node 0 Normal free:65000kB min:65536kB low:81920kB high:98304kB active_anon:4700000kB present:5242880kB managed:5120000kB pages_scanned:6000 all_unreclaimable? yes
lowmem_reserve[]: 0 0 0 0
Node 0 DMA: 1*4kB (U) 0*8kB 0*16kB 1*32kB (U) 2*64kB (U) 3*4096kB (M) = 15908kB
Node 0 Normal: 2250*4kB (UEM) 3000*8kB (UEM) 1000*16kB (UE) 500*32kB (E) 0*64kB = 65000kB
Node 0 hugepages_total=512 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB
12000 total pagecache pages
5300 pages in swap cache
Swap cache stats: add 250000, delete 244700, find 96000/110000
Free swap  = 0kB
Total swap = 2097148kB
2000000 pages RAM
0 pages HighMem/MovableOnly
52000 pages reserved
[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name
[  612]     0   612    28000      120      60       80         -1000 sshd
[ 1822]     0  1822    90000      400      90      300             0 (sd-pam)
[ 4709]  1001  4709  3000000  1820000    4200   420000             0 java
Out of memory: Kill process 4709 (java) score 904 or sacrifice child
Killed process 4709 (java), UID 1001, total-vm:12000000kB, anon-rss:7276000kB, file-rss:4000kB, shmem-rss:0kB
";

/// Puts a prefix before line number n.
type Carrier = Box<dyn Fn(usize, &str) -> String>;

fn carried(line: impl Fn(usize, &str) -> String) -> Facts {
    let text: String = EL7
        .lines()
        .enumerate()
        .map(|(n, text)| line(n, text))
        .collect();
    facts_of_text(&text)
}

/// Leaves of the events, without what depends on the carrier.
fn events(facts: &Facts) -> Vec<(String, String)> {
    dump(facts)
        .into_iter()
        .filter(|(path, _)| path.starts_with("oom_events["))
        .filter(|(path, _)| {
            ![
                "time_text",
                "time",
                "time_error_seconds",
                "time_source",
                "boot_index",
                "uptime_seconds",
                "host",
            ]
            .iter()
            .any(|end| path.ends_with(&format!("].{end}")))
        })
        .collect()
}

#[test]
fn every_carrier_gives_the_same_facts() {
    let bare = events(&facts_of_text(EL7));
    assert!(bare.len() > 60, "{}", bare.len());
    let carriers: Vec<(&str, Carrier)> = vec![
        ("dmesg", Box::new(|n, t| format!("[ 1234.{n:06}] {t}\n"))),
        (
            "dmesg, CRLF",
            Box::new(|n, t| format!("[ 1234.{n:06}] {t}\r\n")),
        ),
        ("raw", Box::new(|n, t| format!("<4>[ 1234.{n:06}] {t}\n"))),
        (
            "caller",
            Box::new(|n, t| format!("[ 1234.{n:06}][ T4711] {t}\n")),
        ),
        (
            "dmesg -T",
            Box::new(|_, t| format!("[Thu Aug 17 17:29:27 2023] {t}\n")),
        ),
        (
            "zh",
            Box::new(|_, t| format!("[四 8月 17 17:29:27 2023] {t}\n")),
        ),
        (
            "de",
            Box::new(|_, t| format!("[Do Aug 17 17:29:27 2023] {t}\n")),
        ),
        (
            "dmesg -x",
            Box::new(|_, t| format!("kern  :warn  : [Thu Aug 17 17:29:27 2023] {t}\n")),
        ),
        (
            "dmesg iso",
            Box::new(|n, t| format!("2023-08-17T17:29:27,{n:06}+08:00 {t}\n")),
        ),
        (
            "syslog",
            Box::new(|_, t| format!("Aug 17 17:29:27 h kernel: {t}\n")),
        ),
        (
            "syslog, uptime",
            Box::new(|n, t| format!("Aug 17 17:29:27 h kernel: [ 1234.{n:06}] {t}\n")),
        ),
        (
            "syslog, iso",
            Box::new(|n, t| format!("2023-08-17T17:29:27.{n:06}+08:00 h kernel: {t}\n")),
        ),
        (
            "journalctl short-iso",
            Box::new(|_, t| format!("2023-08-17T17:29:27+0800 h kernel: {t}\n")),
        ),
        (
            "journalctl short-precise",
            Box::new(|n, t| format!("Aug 17 17:29:27.{n:06} h kernel: {t}\n")),
        ),
        (
            "journalctl short-monotonic",
            Box::new(|n, t| format!("[ 1234.{n:06}] h kernel: {t}\n")),
        ),
        (
            "rfc 5424",
            Box::new(|n, t| format!("<4>1 2023-08-17T17:29:27.{n:06}Z h kernel - - - {t}\n")),
        ),
        ("kmsg", Box::new(|n, t| format!("4,{n},1234{n:06},-;{t}\n"))),
    ];
    for (name, carrier) in carriers {
        let facts = carried(carrier);
        assert_eq!(events(&facts), bare, "{name}");
        assert!(facts.gaps.is_empty(), "{name}: {:?}", facts.gaps);
    }
}

#[track_caller]
fn only(facts: &Facts) -> &Record {
    match facts.root.items("oom_events") {
        [
            super::super::super::Fact {
                value: Value::Record(record),
                ..
            },
        ] => record,
        other => panic!("{} events", other.len()),
    }
}

#[test]
fn the_numbers_of_a_3_10_report() {
    let facts = facts_of_text(EL7);
    let event = only(&facts);
    let page = 4096;
    assert_eq!(event.int("page_size_bytes"), Some(page));
    assert_eq!(
        event.text("page_size_reason"),
        Some("the smallest free block in the free lists is 4 kB")
    );
    assert_eq!(event.int("memory.anon_bytes"), Some(1_910_000 * page));
    assert_eq!(event.int("memory.file_bytes"), Some(690 * page));
    assert_eq!(event.int("memory.free_bytes"), Some(20_227 * page));
    assert_eq!(event.int("memory.ram_bytes"), Some(1_948_000 * page));
    assert_eq!(event.int("memory.swap_total_bytes"), Some(2_097_148 * 1024));
    assert_eq!(event.int("memory.swap_free_bytes"), Some(0));
    assert_eq!(event.int("memory.hugepages_bytes"), Some(1 << 30));
    assert_eq!(event.items("zones").len(), 2);
    assert_eq!(event.int("free_blocks_count"), Some(7 + 6750));
    assert_eq!(event.int("victim.swap_bytes"), Some(420_000 * page));
    assert_eq!(event.int("victim.uid"), Some(1001));
    assert_eq!(event.text("exempt_largest.comm"), Some("sshd"));
    assert_eq!(event.text("constraint"), Some("none"));
}

#[test]
fn a_6_8_report_with_nine_columns() {
    let facts = facts_of_text(
        "node invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=0\n\
         CPU: 2 UID: 1000 PID: 21044 Comm: node Not tainted 6.12.9-1-amd64 #1 SMP PREEMPT_DYNAMIC\n\
         [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name\n\
         [  21044]  1000 21044  5200000  3050000  3046000     3000      1000 26000000        0             0 node\n\
         [    777]     0   777     4500      900      200      700         0    90112        0         -1000 (sd-pam)\n\
         oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/user.slice/user-1000.slice/session-3.scope,task=node,pid=21044,uid=1000\n\
         Out of memory: Killed process 21044 (node) total-vm:20800000kB, anon-rss:12184000kB, file-rss:12000kB, shmem-rss:4000kB, UID:1000 pgtables:25390kB oom_score_adj:0\n\
         oom_reaper: reaped process 21044 (node), now anon-rss:0kB, file-rss:0kB, shmem-rss:4000kB\n",
    );
    let event = only(&facts);
    assert_eq!(event.int("victim.anon_bytes"), Some(12_184_000 * 1024));
    assert_eq!(event.int("victim.rss_pages"), Some(3_050_000));
    assert_eq!(event.text("machine"), Some("x86_64"));
    assert_eq!(event.text("memcg.unit"), Some("session-3.scope"));
    assert_eq!(event.text("victim.source"), Some("killed"));
}

#[test]
fn two_kills_without_dumps_are_two_events() {
    let facts = facts_of_text(
        "[   10.000000] Memory cgroup out of memory: Kill process 10 (a) score 9 or sacrifice child\n\
         [   10.000001] Killed process 10 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n\
         [   10.100000] Memory cgroup out of memory: Kill process 11 (a) score 9 or sacrifice child\n\
         [   10.100001] Killed process 11 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n\
         [   10.200000] oom_reaper: reaped process 10 (a), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n",
    );
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(2));
    assert_eq!(facts.root.int("oom_summary.kills_count"), Some(2));
}

#[test]
fn a_group_kill_is_one_event_with_many_kills() {
    let facts = facts_of_text(
        "[   10.000000] Memory cgroup out of memory: Killed process 10 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n\
         [   10.000001] Tasks in /x are going to be killed due to memory.oom.group set\n\
         [   10.000002] Memory cgroup out of memory: Killed process 10 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n\
         [   10.000003] Memory cgroup out of memory: Killed process 11 (b) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n",
    );
    let event = only(&facts);
    assert_eq!(event.int("killed_count"), Some(2));
    assert_eq!(event.flag("group_killed"), Some(true));
    assert_eq!(event.int("victim.pid"), Some(10));
    assert_eq!(event.flag("victim.pids_disagree"), Some(false));
}

#[test]
fn sysrq_and_panic() {
    let facts = facts_of_text(
        "[   10.000000] sysrq: Manual OOM execution\n\
         [   10.000001] kworker/0:2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0\n\
         [   10.000002] Out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n",
    );
    assert_eq!(only(&facts).flag("sysrq"), Some(true));
    let facts = facts_of_text(
        "[   10.000001] a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         [   10.000002] Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled\n",
    );
    let event = only(&facts);
    assert_eq!(event.flag("panicked"), Some(true));
    assert_eq!(event.flag("victim.known"), Some(false));
}

#[test]
fn an_allocation_failure_is_no_kill() {
    let facts = facts_of_text(
        "[   10.0] kworker/u8:2: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null),cpuset=/,mems_allowed=0\n\
         [   10.0] Mem-Info:\n\
         [   10.0] active_anon:900000 inactive_anon:2200000 isolated_anon:0\n",
    );
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(0));
    let Value::Record(failure) = &facts.root.items("allocation_failures")[0].value else {
        panic!("no record")
    };
    assert_eq!(failure.int("order"), Some(4));
    assert_eq!(failure.text("comm"), Some("kworker/u8:2"));
}

#[test]
fn user_space_killers() {
    let facts = facts_of_text(
        "Aug 17 17:29:27 h systemd-oomd[12]: Killed /user.slice/a.scope due to memory pressure for /user.slice being 70.00% > 60.00% for > 20s with reclaim activity\n\
         Aug 17 17:29:28 h earlyoom[13]: sending SIGTERM to process 99 uid 1000 \"chrome\": oom_score 900, oom_score_adj 300, VmRSS 900 MiB, cmdline \"x\"\n",
    );
    assert_eq!(facts.root.items("user_kills").len(), 2);
}
