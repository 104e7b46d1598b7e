//! Torn, shortened and mixed logs: never a panic, never an invented number.

use super::*;

#[test]
fn cut_anywhere() {
    for (name, content) in FIXTURES {
        for end in (0..content.len()).step_by(97) {
            let cut = facts_of(&[(name, &content[..end])]);
            let head = facts_of(&[(name, &content[end..])]);
            assert!(cut.root.int("oom_summary.events_count").unwrap_or(0) <= 2);
            assert!(head.root.int("oom_summary.events_count").unwrap_or(0) <= 2);
        }
    }
}

#[test]
fn any_line_lost() {
    for (name, content) in FIXTURES {
        let lines: Vec<&[u8]> = content.split_inclusive(|b| *b == b'\n').collect();
        for at in 0..lines.len() {
            let mut rest = lines.clone();
            rest.remove(at);
            facts_of(&[(name, &rest.concat())]);
        }
    }
}

/// The victim is found while any line that names it survives.
#[test]
fn the_victim_survives_the_loss_of_any_line() {
    let (name, content) = fixture("05");
    let lines: Vec<&[u8]> = content.split_inclusive(|b| *b == b'\n').collect();
    for at in 0..lines.len() {
        let mut rest = lines.clone();
        rest.remove(at);
        let facts = facts_of(&[(name, &rest.concat())]);
        let Some(Value::Record(event)) = facts.root.items("oom_events").first().map(|f| &f.value)
        else {
            panic!("no event without line {}", at + 1)
        };
        assert_eq!(
            event.text("victim.comm"),
            Some("java"),
            "without line {}",
            at + 1
        );
    }
}

/// Every whole number of a cut log is in the whole log too.
#[test]
fn a_cut_invents_no_number() {
    let (name, content) = fixture("10");
    let whole: std::collections::BTreeSet<String> = numbers(&facts_of(&[(name, content)]));
    for end in (0..content.len()).step_by(29) {
        let cut = facts_of(&[(name, &content[..end])]);
        for number in numbers(&cut) {
            assert!(whole.contains(&number), "cut at {end}: {number}");
        }
    }
}

fn numbers(facts: &Facts) -> std::collections::BTreeSet<String> {
    dump(facts)
        .into_iter()
        .filter(|(path, _)| {
            path.starts_with("oom_events")
                && [
                    "_bytes",
                    "_pages",
                    ".pid",
                    "order",
                    "failcnt_count",
                    "_adj",
                    ".uid",
                ]
                .iter()
                .any(|end| path.ends_with(end))
        })
        .filter(|(path, _)| !path.contains("accounted") && !path.contains("total_bytes"))
        .map(|(path, value)| format!("{path} = {}", value.split(" @").next().unwrap()))
        .collect()
}

#[test]
fn damaged_bytes_do_not_matter() {
    let (name, content) = fixture("02");
    let mut damaged = content.to_vec();
    for at in (0..damaged.len()).step_by(211) {
        if damaged[at] != b'\n' {
            damaged[at] = 0xff;
        }
    }
    facts_of(&[(name, &damaged)]);
}

#[test]
fn the_same_event_in_two_logs_is_one() {
    let kmsg = "4,1,159440496430,-;ls invoked oom-killer: gfp_mask=0x6040c0(GFP_KERNEL|__GFP_COMP), nodemask=(null), order=3, oom_score_adj=0\n\
        3,2,159440498940,-;Out of memory: Kill process 3067998 (java) score 244 or sacrifice child\n SUBSYSTEM=x\n";
    let (name, content) = fixture("05");
    let facts = facts_of(&[("scene/kmsg", kmsg.as_bytes()), (name, content)]);
    assert_eq!(facts.root.int("oom_summary.events_count"), Some(1));
    let Value::Record(event) = &facts.root.items("oom_events")[0].value else {
        panic!("no record")
    };
    let entries: Vec<&str> = event
        .get("victim.pid")
        .unwrap()
        .evidence
        .iter()
        .map(|e| &*e.entry)
        .collect();
    assert!(
        entries.contains(&"scene/kmsg") && entries.contains(&name),
        "{entries:?}"
    );
}

#[test]
fn drift_is_counted_and_shown() {
    let facts = facts_of_text(
        "[    1.000000] a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         [    1.000001] brand new line of Linux 9: 12\n\
         [    1.000002] Out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n",
    );
    assert_eq!(facts.gaps.len(), 1);
    assert!(
        facts.gaps[0].what.en.starts_with("format drift: 1 line"),
        "{:?}",
        facts.gaps
    );
}

#[test]
fn nothing_to_read_is_unknown_not_none() {
    let facts = facts_of_text("hello\nworld\n");
    assert_eq!(facts.root.flag("kernel_log.present"), Some(false));
    assert_eq!(facts.get("oom_events"), None);
}

#[test]
fn a_whole_ring_buffer_makes_the_list_whole() {
    let log = Log {
        entry: "scene/kmsg",
        source: Source::Kmsg,
        content: b"6,0,0,-;Linux version 6.8.0\n",
        first_line: 1,
        condensed: None,
        cut: None,
        excerpt: false,
    };
    let mut facts = Facts::default();
    facts.put("kernel_log.whole_boot", true, Vec::new());
    read(std::slice::from_ref(&log), &Machine::default(), &mut facts);
    let Some(Value::List(list)) = facts.get("oom_events").map(|f| &f.value) else {
        panic!("no list")
    };
    assert_eq!((list.items.len(), list.partial.as_ref()), (0, None));
    let mut facts = Facts::default();
    read(&[log], &Machine::default(), &mut facts);
    let Some(Value::List(list)) = facts.get("oom_events").map(|f| &f.value) else {
        panic!("no list")
    };
    assert!(list.partial.as_ref().unwrap().en.contains("wrapped"));
}

#[test]
fn uptime_becomes_wall_time_through_the_clocks() {
    let log = Log {
        entry: "scene/kmsg",
        source: Source::Kmsg,
        content: b"3,2,5000000,-;Out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n",
        first_line: 1,
        condensed: None,
        cut: None,
        excerpt: false,
    };
    let machine = Machine {
        clocks: Some(oomscene_bundle::header::Clocks {
            realtime_ns: 1_000_000_000_000_000_000,
            monotonic_ns: 65_000_000_000,
            boottime_ns: 65_000_000_000,
            spread_ns: 100,
        }),
        ..Machine::default()
    };
    let mut facts = Facts::default();
    read(&[log], &machine, &mut facts);
    let Value::Record(event) = &facts.root.items("oom_events")[0].value else {
        panic!("no record")
    };
    assert_eq!(event.int("time"), Some(1_000_000_000 - 60));
    assert_eq!(event.number("uptime_seconds"), Some(5.0));
}

/// The ring buffer knows only the time since boot, the journal only the wall clock: the header's
/// clocks bring them together.
#[test]
fn a_unit_in_the_journal_belongs_to_a_kill_in_the_ring_buffer() {
    let kmsg = "3,2,5000000,-;Out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n";
    // 1000000000 s is 2001-09-09T01:46:40Z.
    let journal = "2001-09-09T09:45:41+0800 h systemd[1]: a.service: Main process exited, code=killed, status=9/KILL\n\
        2001-09-09T09:46:39+0800 h systemd[1]: later.service: Main process exited, code=killed, status=9/KILL\n";
    let log = |entry, source, content| Log {
        entry,
        source,
        content,
        first_line: 1,
        condensed: None,
        cut: None,
        excerpt: false,
    };
    let logs = [
        log("scene/kmsg", Source::Kmsg, kmsg.as_bytes()),
        log("scene/journal/all", Source::Text, journal.as_bytes()),
    ];
    let machine = Machine {
        clocks: Some(oomscene_bundle::header::Clocks {
            realtime_ns: 1_000_000_000_000_000_000,
            monotonic_ns: 65_000_000_000,
            boottime_ns: 65_000_000_000,
            spread_ns: 100,
        }),
        utc_offset_seconds: Some(8 * 3600),
        ..Machine::default()
    };
    let mut facts = Facts::default();
    read(&logs, &machine, &mut facts);
    let Value::Record(event) = &facts.root.items("oom_events")[0].value else {
        panic!("no record")
    };
    assert_eq!(event.text("failed_unit"), Some("a.service"));
    assert_eq!(facts.root.items("unit_exits").len(), 2);
}

const DUMP: &str = "[   10.000000] Node 0 DMA: 1*4kB (U) 0*8kB = 4kB\n\
    [   10.000000] something new: 12 of 14\n\
    [   10.000000] 2000000 pages RAM\n\
    [   10.000000] usb 1-1: new device\n";

#[test]
fn unknown_lines_inside_a_failure_are_shown() {
    let head = "[   10.000000] a: page allocation failure: order:2, mode:0xcc0(GFP_KERNEL)\n";
    let facts = facts_of_text(&format!("{head}{DUMP}"));
    let [gap] = facts.gaps.as_slice() else {
        panic!("{:?}", facts.gaps)
    };
    assert_eq!(gap.line, 3);
    assert!(
        gap.what.en.contains("1 lines inside an allocation failure"),
        "{gap:?}"
    );
}

#[test]
fn unknown_lines_inside_a_report_without_its_head_are_shown() {
    let kill = "[   10.000000] Out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n";
    let facts = facts_of_text(&format!("{DUMP}{kill}[   10.000000] another line\n"));
    let [gap] = facts.gaps.as_slice() else {
        panic!("{:?}", facts.gaps)
    };
    assert_eq!(gap.line, 2);
    assert!(
        gap.what.en.contains("2 lines inside an OOM report"),
        "{gap:?}"
    );
}

/// A log that is nothing but kills: the first and the last ones are kept, the others are counted and
/// that is said.
#[test]
fn a_storm_of_kills_is_counted() {
    let log: String = (0..7_000)
        .map(|n| {
            format!("[{n:>7}.000000] Out of memory: Killed process {} (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n", 1000 + n)
        })
        .collect();
    let facts = facts_of(&[("messages", log.as_bytes())]);
    let Some(Value::List(events)) = facts.get("oom_events").map(|f| &f.value) else {
        panic!("no events")
    };
    let line = |fact: &crate::facts::Fact| fact.evidence[0].line;
    assert_eq!(events.items.len(), 5_000);
    assert_eq!(events.items.first().map(line), Some(1));
    assert_eq!(events.items.get(1_999).map(line), Some(2_000));
    assert_eq!(events.items.get(2_000).map(line), Some(4_001));
    assert_eq!(events.items.last().map(line), Some(7_000));
    for count in ["events_count", "kills_count", "global_count"] {
        let path = format!("oom_summary.{count}");
        assert_eq!(facts.root.int(&path), Some(7_000), "{path}");
    }
    let told = "2000 of them (at least 2000 kills), from line 2001 to line 4000, were only counted";
    assert!(facts.gaps.iter().any(|gap| gap.what.en.contains(told)));
    let partial = events.partial.as_ref().map(|why| why.en.as_str());
    assert!(partial.is_some_and(|why| why.contains("2000 further events")));
}

/// In a second log the same events may stand: nothing is counted twice.
#[test]
fn a_storm_in_two_logs_is_not_counted_twice() {
    let log: String = (0..6_100)
        .map(|n| format!("[{n:>7}.000000] Out of memory: Killed process {} (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n", 1000 + n))
        .collect();
    let few: String = log
        .lines()
        .skip(3_000)
        .take(10)
        .fold(String::new(), |all, line| all + line + "\n");
    let facts = facts_of(&[("messages", log.as_bytes()), ("dmesg", few.as_bytes())]);
    let kept = facts.root.items("oom_events").len();
    let count = facts.root.int("oom_summary.events_count");
    assert_eq!(count, i128::try_from(kept).ok());
    let told = "other logs may show them too";
    assert!(facts.gaps.iter().any(|gap| gap.what.en.contains(told)));
}

/// The same for the lists of what is no OOM event: a line that a log repeats without end.
#[test]
fn a_storm_of_other_lines_is_counted() {
    let failures = (0..3_000).map(|n| {
        format!("[{n:>7}.000000] worker/{n}: page allocation failure: order:2, mode:0x20\n")
    });
    let notices = (3_000..12_000).map(|n| {
        format!("[{n:>7}.000000] vmap allocation for size 8192 failed: use vmalloc=<size> to increase size\n")
    });
    let log: String = failures.chain(notices).collect();
    let facts = facts_of(&[("messages", log.as_bytes())]);
    for (list, kept_max, told) in [
        ("allocation_failures", 1_500, "from line 501 to line"),
        ("kernel_notices", 6_600, "from line 5001 to line"),
    ] {
        let Some(Value::List(kept)) = facts.get(list).map(|f| &f.value) else {
            panic!("no {list}")
        };
        assert!(kept.items.len() < kept_max, "{list}: {}", kept.items.len());
        let said = |what: &str| what.contains(list) && what.contains(told);
        assert!(
            facts.gaps.iter().any(|gap| said(&gap.what.en)),
            "{list}: {:?}",
            facts.gaps
        );
        let partial = kept.partial.as_ref().map(|why| why.en.as_str());
        assert!(partial.is_some_and(|why| why.contains("further entries")));
    }
}

/// Some kernels print the task table behind the kill: it is no second event.
#[test]
fn a_table_behind_the_kill_is_of_that_kill() {
    const TABLE: &str = "[   10.000002] Tasks state (memory values in pages):\n\
        [   10.000003] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n\
        [   10.000004] [     12]     0    12        2        1     4096        0             0 a\n\
        [   10.000005] [     13]     0    13        2        1     4096        0             0 b\n";
    let kill = |pid: u32| {
        format!(
            "[   10.000001] Out of memory: Killed process {pid} (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"
        )
    };
    let facts = facts_of_text(&format!("{}{TABLE}", kill(12)));
    let [event] = facts.root.items("oom_events") else {
        panic!("{:?}", facts.get("oom_events"))
    };
    let Value::Record(event) = &event.value else {
        panic!("no record")
    };
    assert_eq!(event.items("tasks").len(), 2);
    assert_eq!(event.int("victim.pid"), Some(12));
    // A table without the task that was killed is that of another report.
    let facts = facts_of_text(&format!("{}{TABLE}", kill(14)));
    assert_eq!(facts.root.items("oom_events").len(), 2);
    // And one that goes on to a kill of its own.
    let next = kill(13).replace("10.000001", "10.000009");
    let facts = facts_of_text(&format!("{}{TABLE}{next}", kill(12)));
    assert_eq!(facts.root.items("oom_events").len(), 2);
}
