//! Kills by user-space killers of all versions, in their own words.

use super::{
    super::said::testing::{kept, line},
    *,
};

fn kills(lines: &[(&str, &str)]) -> Vec<Said<UserKill>> {
    let mut killers = Killers::default();
    for (index, (program, text)) in (0..).zip(lines) {
        let before = killers.kills.len();
        killers.feed(&line(program, text), index);
        // Lines without a program's name are those of a file of its own, or of a cut carrier.
        let told = killers.kills.len() > before && !program.is_empty();
        assert!(!told || kept(program, text), "{text}");
    }
    killers.kills
}

#[test]
fn systemd_oomd_by_pressure_and_by_swap() {
    let [first, second] = kills(&[
        ("systemd-oomd", "Considered 60 cgroups for killing, top candidates were:"),
        ("systemd-oomd", "Killed /system.slice/a.service due to memory pressure for /system.slice being 91.50% > 60.00% for > 30s with reclaim activity"),
        ("systemd-oomd", "Killed /user.slice/b.scope due to memory used (8000) / total (9000) and swap used (950) / total (1000) being more than 90.00%"),
        ("systemd-oomd", "oomd dry-run: Would have tried to kill /user.slice/c.scope with recurse=true"),
    ]).try_into().unwrap();
    assert_eq!(first.value.target, "/system.slice/a.service");
    assert_eq!(first.value.pressure_percent, Some(91.5));
    assert_eq!(second.value.swap_used_bytes, Some(950));
    assert_eq!(second.value.memory_total_bytes, Some(9000));
    let [marked] = kills(&[
        ("systemd-oomd", "Marked /system.slice/a.service for killing due to memory pressure for /system.slice being 91.50% > 60.00% for > 30s with reclaim activity"),
        ("systemd-oomd", "Killed /system.slice/a.service due to memory pressure for /system.slice being 91.50% > 60.00% for > 30s with reclaim activity"),
    ]).try_into().unwrap();
    assert_eq!(marked.evidence.len(), 2);
    for cut in ["memory p>", "m>", "memory pressure for /system.slice be>"] {
        let line = format!("Killed /system.slice/a.service due to {cut}");
        let [kill] = kills(&[("systemd-oomd", line.as_str())])
            .try_into()
            .unwrap();
        assert_eq!(kill.value.target, "/system.slice/a.service", "{cut}");
    }
    let short = "Marked …b.scope for killing due to memory used (8000) / total (9000) and swap used (950) / total (1000) being more than 90.00%";
    assert_eq!(kills(&[("systemd-oomd", short)]).len(), 1);
    assert!(kills(&[("systemd-oomd", "Killed /a due to something else")]).is_empty());
}

#[test]
fn earlyoom_of_all_versions() {
    let [kill] = kills(&[
        ("earlyoom", "low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%"),
        ("earlyoom", r#"sending SIGTERM to process 4242 uid 1000 "web "x" page": oom_score 900, oom_score_adj 300, VmRSS 200 MiB, cmdline "web""#),
        ("earlyoom", "escalating to SIGKILL after 0.502 seconds"),
    ]).try_into().unwrap();
    assert_eq!(kill.value.target, r#"web "x" page"#);
    assert_eq!(kill.value.rss_bytes, Some(200 << 20));
    assert_eq!(kill.value.signal.as_deref(), Some("SIGKILL"));
    assert_eq!(kill.evidence.len(), 3);
    assert!(kill.value.reason.unwrap().starts_with("low memory!"));
    for (text, pid) in [
        (
            r#"sending SIGKILL to process 12 "a b": badness 700, VmRSS 10 MiB"#,
            Some(12),
        ),
        ("Killing process 12 a b", Some(12)),
        ("Killing process 'a b' with signal 'SIGKILL'", None),
        (
            "killing process 12 \"a b\" with signal 15: badness 550, VmRSS 7609 MiB",
            Some(12),
        ),
        (
            "Killing process 'a b' with signal 15, pid: 12, badness: 538, VmRSS: 3160 MiB",
            Some(12),
        ),
    ] {
        let [kill] = kills(&[("earlyoom", text)]).try_into().unwrap();
        assert_eq!(kill.value.target, "a b", "{text}");
        assert_eq!(kill.value.pid, pid, "{text}");
    }
    assert!(kills(&[("earlyoom", "mem avail: 100 of 7000 MiB (1.40%)")]).is_empty());
    assert!(kills(&[("sshd", r#"sending SIGKILL to process 12 "a": badness 7"#)]).is_empty());
}

#[test]
fn nohang_names_its_victim_in_a_block() {
    let [kill] = kills(&[
        ("nohang", "Victim status (found in 4ms):"),
        ("nohang", "  Name:      stress"),
        ("nohang", "  PID:       4242"),
        ("nohang", "  badness:   812, oom_score: 812"),
        ("nohang", "  VmRSS:     900 MiB"),
        ("nohang", "Implementing a corrective action:"),
        ("nohang", "  Sending SIGTERM to the victim"),
        ("nohang", "  Sending SIGKILL to the victim"),
    ])
    .try_into()
    .unwrap();
    assert_eq!(
        (kill.value.target.as_str(), kill.value.pid),
        ("stress", Some(4242))
    );
    assert_eq!(kill.value.rss_bytes, Some(900 << 20));
    assert_eq!(kill.value.score, Some(812));
}

#[test]
fn nohang_in_its_own_file_and_of_old() {
    let [kill] = kills(&[
        ("", "Memory status that requires corrective actions:"),
        (
            "",
            "  MemAvailable [100 MiB, 4.0 %] <= soft_threshold_min_mem [125 MiB, 5.0 %]",
        ),
        ("", "  PID: 4242, name: web server, badness: 812"),
        ("", "Memory status that requires corrective actions:"),
        ("", "Implementing a corrective action:"),
        ("", "  Sending SIGTERM to the victim"),
    ])
    .try_into()
    .unwrap();
    assert_eq!(kill.value.target, "web server");
    assert_eq!((kill.value.pid, kill.value.score), (Some(4242), Some(812)));
    let [old] = kills(&[
        ("nohang", "Implement a corrective action:"),
        (
            "nohang",
            "  Send SIGTERM to the victim; total response time: 46 ms",
        ),
    ])
    .try_into()
    .unwrap();
    assert_eq!(old.value.signal.as_deref(), Some("SIGTERM"));
    assert!(kills(&[("", "Sending SIGTERM to the victim")]).is_empty());
}

#[test]
fn oomd_and_android() {
    for (program, text, killer, target) in [
        (
            "",
            "oomd kill: 0.50 0.20 0.10 work.slice/a.service 4096 ruleset:[r] detectorgroup:[d] killer:[kill_by_memory_size_or_growth] v2",
            "oomd",
            "work.slice/a.service",
        ),
        (
            "",
            "oomd kill: 0.50 0.20 0.10 work.slice/a.service 4096 detector:d,killer:k",
            "oomd",
            "work.slice/a.service",
        ),
        (
            "",
            r#"[talos] Sending SIGKILL to cgroup {"component": "c", "controller": "runtime.OOMController", "cgroup": "/sys/fs/cgroup/kubepods/pod7"}"#,
            "talos",
            "/sys/fs/cgroup/kubepods/pod7",
        ),
        (
            "lmkd",
            "Kill 'com.x.y' (4242), uid 10100, oom_score_adj 900 to free 4096kB rss, 0kB swap; reason: device is low on swap",
            "lowmemorykiller",
            "com.x.y",
        ),
        (
            "kernel",
            "lowmemorykiller: Killing 'com.x.y' (4242), adj 900,",
            "lowmemorykiller",
            "com.x.y",
        ),
        (
            "kernel",
            "lowmemorykiller: send sigkill to 4242 (com.x.y), adj 9, size 1024",
            "lowmemorykiller",
            "com.x.y",
        ),
    ] {
        let [kill] = kills(&[(program, text)]).try_into().unwrap();
        assert_eq!(
            (kill.value.killer, kill.value.target.as_str()),
            (killer, target),
            "{text}"
        );
    }
    let dry =
        "oomd kill: 0.5 0.2 0.1 a.service 4096 ruleset:[r] detectorgroup:[d] killer:[(dry) k] v2";
    assert!(kills(&[("", dry)]).is_empty());
}
