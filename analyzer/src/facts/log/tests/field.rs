//! Reports as people paste them into tickets, mails and pages, and texts that only talk about them.
//! Every text here is made up; hosts, names and numbers are none of a real machine.

use super::*;

/// A pasted log; for each event: invoker, victim, constraint. A dash stands for what the text does
/// not say.
type Pasted = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

const PASTED: &[Pasted] = &[
    // Quoted-printable, as mail archives keep it.
    (
        "[   90.000001] mixer invoked oom-killer: gfp_mask=3D0xcc0(GFP_KER=\nNEL), order=3D0, oom_score_adj=3D0\n\
         [   90.000002] Out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:=\n800kB, file-rss:0kB, shmem-rss:0kB\n",
        &[("mixer", "mixer 812", "none")],
    ),
    // Events of a cluster.
    (
        "  Warning  OOMKilling  3m (x2 over 9m)  kernel-monitor  Memory cgroup out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n\
         3m  Warning  OOMKilling  node/edge-4  Memory cgroup out of memory: Killed process 999 (tuner) total-vm:900kB, anon-rss:800kB\n",
        &[("-", "mixer 812", "memcg"), ("-", "tuner 999", "memcg")],
    ),
    // Talos.
    (
        "kern:    info: [2025-04-17T14:23:17.527201795Z]: oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),task=mixer,pid=812,uid=0\n\
         kern:     err: [2025-04-17T14:23:17.527285605Z]: Memory cgroup out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n",
        &[("-", "mixer 812", "memcg")],
    ),
    // The date cut off, and a summary broken inside a path.
    (
        "kernel: mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         kernel:  dump_header+0x4a/0x1ec\n\
         kernel: oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,\n   task_memcg=/user.slice/\n   app.slice,task=mixer,pid=812,uid=1000\n",
        &[("mixer", "mixer 812", "none")],
    ),
    // Another language.
    (
        "déc. 03 10:26:07 edge-4 kernel: mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         déc. 03 10:26:07 edge-4 kernel: Out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n",
        &[("mixer", "mixer 812", "none")],
    ),
    // Linux 2.6.9, and a container of OpenVZ.
    (
        "May  3 10:26:07 edge-4 kernel: oom-killer: gfp_mask=0xd0\n\
         May  3 10:26:07 edge-4 kernel: DMA per-cpu:\n\
         May  3 10:26:07 edge-4 kernel: Out of Memory: Killed process 812 (mixer).\n",
        &[("-", "mixer 812", "none")],
    ),
    (
        "[198204.529636] Out of memory in UB 4711: OOM killed process 812 (mixer) score 0 vm:900kB, rss:800kB, swap:0kB\n",
        &[("-", "mixer 812", "-")],
    ),
    // A guest's console in the log of its host.
    (
        "2025-04-17T10:49:30.127Z In(05) vcpu-5 - Guest: <3>[39291577.009543] Memory cgroup out of memory: Kill process 812 (mixer) score 2040 or sacrifice child\n\
         2025-04-17T10:49:30.127Z In(05) vcpu-5 - Guest: <3>[39291577.009560] Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n",
        &[("-", "mixer 812", "memcg")],
    ),
    // A group that dies together, its title filtered out.
    (
        "[   90.000001] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=mixer,pid=812,uid=0\n\
         [   90.000002] Memory cgroup out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n\
         [   90.000003] Memory cgroup out of memory: Killed process 813 (tini) total-vm:900kB, anon-rss:0kB\n\
         [   90.000004] Memory cgroup out of memory: Killed process 814 (tuner) total-vm:900kB, anon-rss:0kB\n",
        &[("-", "mixer 812", "memcg")],
    ),
    // OpenWrt writes facility and level where others write the host.
    (
        "Sat Nov 11 14:33:09 2023 kern.warn kernel: [  801.790001] mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         Sat Nov 11 14:33:09 2023 kern.err kernel: [  802.319144] Out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n",
        &[("mixer", "mixer 812", "none")],
    ),
    // A console so slow that one report takes minutes, and a syslog daemon that stamps late.
    (
        "May  5 19:33:13 edge-4 kernel: mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         May  5 19:33:40 edge-4 kernel: CPU: 1 PID: 27 Comm: mixer Not tainted 4.9.1 #2\n\
         May  5 19:34:12 edge-4 kernel: Out of memory: Kill process 812 (tuner) score 6 or sacrifice child\n",
        &[("mixer", "tuner 812", "none")],
    ),
    (
        "Nov  2 11:48:02 edge-4 kernel: [ 5953.666806] mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         Nov  2 11:50:37 edge-4 sshd[9]: late\n\
         Nov  2 11:51:37 edge-4 kernel: [ 5953.666827] Out of memory: Killed process 812 (tuner) total-vm:900kB, anon-rss:800kB\n",
        &[("mixer", "tuner 812", "none")],
    ),
    // Old kernels: no pid, and lines that lost their newlines.
    (
        "__alloc_pages: 0-order allocation failed (gfp=0x1d2/0)\nVM: killing process mixer\n",
        &[("-", "mixer 0", "none")],
    ),
    (
        "> Killed process 811 (tuner)Out of memory: kill process 812 (mixer) score 7899 or a childKilled process 812 (mixer)Killed process 812 (mixer)\n",
        &[("-", "tuner 811", "-"), ("-", "mixer 812", "none")],
    ),
    // Keys broken by a mail program.
    (
        "> [   90.000001] Out of memory: Killed process 812 (mixer) total-\nvm:\n> 900kB, anon-rss:800kB, file-rss:0kB, shmem-rss:0kB, UID:1000 \npgtables:\n> 136kB oom_score_adj:200\n",
        &[("-", "mixer 812", "none")],
    ),
    (
        "> Nov 18 12:31:49 edge-4 kernel: [89580.599207] Memory cgroup\n> out of memory: Killed process 812 (mixer)total-vm:900kB, anon-rss:800kB,\n> file-rss:0kB\n",
        &[("-", "mixer 812", "memcg")],
    ),
    // A date without its year.
    (
        "[Tue Sep 16 03:14:22] Out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n",
        &[("-", "mixer 812", "none")],
    ),
    // The same lines of two files, and a block that was pasted twice.
    (
        "/var/log/kern.log:Jan 10 01:27:05 edge-4 kernel: [ 1683.797227] Memory cgroup out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n\
         /var/log/syslog:Jan 10 01:27:05 edge-4 kernel: [ 1683.797227] Memory cgroup out of memory: Killed process 812 (mixer) total-vm:900kB, anon-rss:800kB\n",
        &[("-", "mixer 812", "memcg")],
    ),
    (
        "[   90.000001] mixer invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n\
         [   90.000002] Task in /a killed as a result of limit of /a\n\
         [   90.000003] memory: usage 204800kB, limit 204800kB, failcnt 4563\n\
         [   90.000002] Task in /a killed as a result of limit of /a\n\
         [   90.000003] memory: usage 204800kB, limit 204800kB, failcnt 4563\n\
         [   90.000004] Memory cgroup out of memory: Kill process 812 (mixer) score 1020 or sacrifice child\n",
        &[("mixer", "mixer 812", "memcg")],
    ),
    // NONE for a limit, as some kernels print it.
    (
        "[   90.000001] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=mixer,pid=812,uid=0\n",
        &[("-", "mixer 812", "memcg")],
    ),
    // A report that broke off, a whole one and the end of a third within seconds.
    (
        "[  100.000001] tuner invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         [  100.000002] CPU: 1 PID: 50 Comm: tuner Not tainted 5.4.0 #1\n\
         [  101.000001] mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=1, oom_score_adj=0\n\
         [  101.000002] CPU: 1 PID: 60 Comm: mixer Not tainted 5.4.0 #1\n\
         [  101.000006] Node 0 Normal free:650kB min:655kB low:819kB high:983kB present:5242kB managed:5120kB\n\
         [  101.000009] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n\
         [  101.000010] [    812]     0   812     4000     3000     4096        0             0 mixer\n\
         [  101.000012] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=mixer,pid=812,uid=0\n\
         [  101.000013] Out of memory: Killed process 812 (mixer) total-vm:16000kB, anon-rss:12000kB, file-rss:0kB, shmem-rss:0kB\n\
         [  103.000010] [    813]     0   813     4000     1000     4096        0             0 organ\n\
         [  103.000012] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=organ,pid=813,uid=0\n",
        &[
            ("tuner", "- 0", "-"),
            ("mixer", "mixer 812", "none"),
            ("-", "organ 813", "none"),
        ],
    ),
];

#[test]
fn pasted_reports() {
    for (text, expect) in PASTED {
        let facts = facts_of(&[("log", text.as_bytes())]);
        let found: Vec<(String, String, String)> = facts
            .root
            .items("oom_events")
            .iter()
            .filter_map(|fact| match &fact.value {
                Value::Record(event) => Some(event),
                _ => None,
            })
            .map(|event| {
                let text = |path| event.text(path).unwrap_or("-").to_owned();
                let pid = event.int("victim.pid").unwrap_or(0);
                let victim = format!("{} {pid}", text("victim.comm"));
                (text("invoker.comm"), victim, text("constraint"))
            })
            .collect();
        let expect: Vec<(String, String, String)> = expect
            .iter()
            .map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(found, expect, "{text}");
    }
}

/// Names of the tasks whose allocation failed.
fn failures(text: &str) -> Vec<String> {
    let facts = facts_of(&[("log", text.as_bytes())]);
    facts
        .root
        .items("allocation_failures")
        .iter()
        .filter_map(|fact| match &fact.value {
            Value::Record(failure) => Some(failure.text("comm").unwrap_or("-").to_owned()),
            _ => None,
        })
        .collect()
}

#[test]
fn pasted_failures() {
    for (text, comm) in [
        (
            "edge-4 login: mixer: page allocation failure. order:0, mode:0x20\n",
            "mixer",
        ),
        (
            "2) kworker/u128:7: page allocation failure: order:5,\nmode:0xdc0(GFP_KERNEL|__GFP_ZERO),\nnodemask=(null),cpuset=/,mems_allowed=0\n",
            "kworker/u128:7",
        ),
        (
            "page allocation failure: order:3, mode:0x820(GFP_ATOMIC)\nCall Trace:\n warn_alloc+0xf4/0x190\n",
            "-",
        ),
        (
            "[  +0.002367] CPU: 0 PID: 34 Comm: mixer Not tainted 6.1.66-2 #1\n[  +0.001980]  dump_stack_lvl from warn_alloc+0x110/0x19c\n[  +0.001805]  warn_alloc from __alloc_pages+0xe9c/0xfe8\n",
            "mixer",
        ),
        (
            "[   90.000001] [04-17 10:05:52.172] mixer: page allocation failure: order:0, mode:0xc00(GFP_NOIO), nodemask=(null),cpuset=/,mems_allowed=0\n",
            "mixer",
        ),
    ] {
        assert_eq!(failures(text), [comm], "{text}");
    }
}

/// Texts about reports: none of them is one.
#[test]
fn talk_is_no_event() {
    let text = "Subject: Re: mixer: page allocation failure. order:1,\n mode:0x20\n\
        Subject: mixer invoked oom-killer: gfp_mask=0xd0, order=0\n\
        +\tpr_warn(\"%s invoked oom-killer: gfp_mask=%#x(%pGg), order=%d\\n\",\n\
        +\tpr_err(\"%s: Killed process %d (%s) total-vm:%lukB\\n\",\n\
        now and then there is a 'mixer: page allocation failure. order:0, mode:0x20' but\n\
        Fix: page allocation failure: order:4 on resume\n\
        it ends with \"kernel panic - not syncing: out of memory and no killable processes\"\n\
        Out of memory and no killable processes means that nothing was left\n\
        the kernel invoked oom-killer\n\
        dmesg | grep -E 'invoked oom-killer|Killed process 812'\n\
        vm.panic_on_oom = 0\n\
        `Killed process 812 (mixer) total-vm:900kB` is the line to look for\n\
        # [Mon Jun  3 02:15:22 2024] Out of memory: Kill process 812 (mixer) score 9 or sacrifice child\n\
        \x20   text = \"Sep 15 12:08:17 edge-4 kernel: Out of memory: Killed process 812 (mixer) total-vm:9kB\"\n\
        what does “kernel: mixer: page allocation failure: order:4, mode:0x104020” mean\n\
        a line like “kernel: mixer: page allocation failure: order:4, mode:0x104020”\n\
        printk(\"VM: killing process %s\\n\", current->comm);\n";
    let facts = facts_of(&[("log", text.as_bytes())]);
    for list in ["oom_events", "allocation_failures", "user_kills"] {
        assert!(facts.root.items(list).is_empty(), "{list}");
    }
}

/// Broken at a column in the middle of a key, and in the middle of a number.
#[test]
fn a_kill_line_broken_inside_a_key_or_a_number() {
    for (at, line) in [
        ("anon-r", "ss:4kB, file-rss:0kB, shmem-rss:0kB"),
        ("anon-rss:", "4kB, file-rss:0kB, shmem-rss:0kB"),
        ("anon-rss:4", "kB, file-rss:0kB, shmem-rss:0kB"),
    ] {
        let log = format!(
            "> Mar 26 12:32:37 edge-kitchen-7 kernel: [126764.423039] Killed process 531 (mixer) total-vm:8kB, {at}\n> {line}\n"
        );
        let facts = facts_of_text(&log);
        let [event] = facts.root.items("oom_events") else {
            panic!("{log}")
        };
        let Value::Record(event) = &event.value else {
            panic!("{log}")
        };
        assert_eq!(event.int("victim.anon_bytes"), Some(4096), "{log}");
        assert_eq!(event.int("victim.shmem_bytes"), Some(0), "{log}");
    }
}
