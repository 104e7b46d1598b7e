//! Boots, years, zones and coverage over several logs.

use super::*;

const KILL: &str =
    "Out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB";

fn read_all(logs: &[(&str, Source, &str)], machine: &Machine) -> Facts {
    let logs: Vec<Log<'_>> = logs
        .iter()
        .map(|(entry, source, content)| Log {
            entry,
            source: *source,
            content: content.as_bytes(),
            first_line: 1,
            condensed: None,
            cut: None,
            excerpt: false,
        })
        .collect();
    let mut facts = Facts::default();
    read(&logs, machine, &mut facts);
    assert_eq!(names::undeclared(&facts.root), Vec::<String>::new());
    facts
}

#[track_caller]
fn items<'a>(facts: &'a Facts, list: &str) -> Vec<&'a Record> {
    facts
        .root
        .items(list)
        .iter()
        .map(|fact| match &fact.value {
            Value::Record(record) => record,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// 2024-01-10T00:00:00Z, 9000 s after boot.
fn machine() -> Machine {
    Machine {
        clocks: Some(oomscene_bundle::header::Clocks {
            realtime_ns: 1_704_844_800_000_000_000,
            monotonic_ns: 9_000_000_000_000,
            boottime_ns: 9_000_000_000_000,
            spread_ns: 1000,
        }),
        utc_offset_seconds: Some(0),
        ..Machine::default()
    }
}

#[test]
fn one_event_of_three_logs_in_the_second_boot() {
    // The boot began at 21:30:00 on the 9th; the event came 600 s later.
    let kmsg = format!("3,900,600000000,-;{KILL}\n4,901,8000000000,-;later\n");
    let messages = format!(
        "Dec 31 10:00:00 h kernel: [  100.000000] {KILL}\n\
         Jan  9 21:30:01 h kernel: [    0.000000] Linux version 6.1.0 (x) #1\n\
         Jan  9 21:40:00 h kernel: [  600.000000] {KILL}\n"
    );
    let journal = format!(
        "2024-01-09T21:40:00+0000 h kernel: {KILL}\n2024-01-09T22:00:00+0000 h kernel: x\n"
    );
    let facts = read_all(
        &[
            ("scene/kmsg", Source::Kmsg, &kmsg),
            ("var/log/messages", Source::Text, &messages),
            ("scene/journal/0", Source::Text, &journal),
        ],
        &machine(),
    );
    let events = items(&facts, "oom_events");
    let of = |at: usize| (events[at].int("boot_index"), events[at].int("time"));
    assert_eq!(events.len(), 2);
    // 2023-12-31T10:00:00Z and 2024-01-09T21:40:00Z.
    assert_eq!(of(0), (Some(1), Some(1_704_016_800)));
    assert_eq!(of(1), (Some(2), Some(1_704_836_400)));
    assert_eq!(facts.root.items("oom_events")[1].evidence.len(), 3);
    let error = events[1].number("time_error_seconds").unwrap();
    assert!((error - 8400.0 * 500e-6).abs() < 0.001, "{error}");
    let boots = items(&facts, "boots");
    assert_eq!(boots.len(), 2);
    assert_eq!(boots[1].text("kernel_release"), Some("6.1.0"));
    assert_eq!(boots[1].int("start_time"), Some(1_704_835_800));
    assert_eq!(
        items(&facts, "logs")[1].text("year_source"),
        Some("the time of the collection")
    );
}

#[test]
fn a_failure_in_two_logs_is_one() {
    let line = "a: page allocation failure: order:2, mode:0xcc0(GFP_KERNEL)";
    let dmesg = format!("[  600.000000] {line}\n");
    let messages = format!(
        "Jan  9 21:40:00 h kernel: [  600.000001] {line}\nJan  9 21:41:00 h kernel: [  660.000000] {line}\n"
    );
    let facts = read_all(
        &[
            ("scene/dmesg.txt", Source::Text, &dmesg),
            ("var/log/messages", Source::Text, &messages),
        ],
        &machine(),
    );
    assert_eq!(items(&facts, "allocation_failures").len(), 2);
    let both = facts.root.get("allocation_failures").unwrap();
    let Value::List(list) = &both.value else {
        panic!()
    };
    let Value::Record(first) = &list.items[0].value else {
        panic!()
    };
    assert_eq!(first.get("comm").unwrap().evidence.len(), 2);
}

#[test]
fn journal_boot_ids_tell_boots_apart() {
    let entry = |boot: &str, us: u64, message: &str| {
        format!(
            r#"{{"_BOOT_ID":"{boot}","__REALTIME_TIMESTAMP":"{us}","_TRANSPORT":"kernel","MESSAGE":"{message}"}}"#
        ) + "\n"
    };
    let log = entry("aa", 1_704_000_000_000_000, "x")
        + &entry("bb", 1_704_000_100_000_000, KILL)
        + &entry("bb", 1_704_000_200_000_000, "x");
    let facts = read_all(&[("j", Source::Text, &log)], &Machine::default());
    let boots = items(&facts, "boots");
    assert_eq!(boots.len(), 2);
    assert_eq!(boots[1].text("boot_id"), Some("bb"));
    assert_eq!(items(&facts, "oom_events")[0].int("boot_index"), Some(2));
}

#[test]
fn stamps_that_fall_back_are_a_boot_and_pieces_out_of_order_are_not() {
    let boots = |log: &str| {
        let facts = read_all(&[("l", Source::Text, log)], &Machine::default());
        items(&facts, "boots")
            .iter()
            .map(|b| b.flag("certain").unwrap())
            .collect::<Vec<_>>()
    };
    let line =
        |clock: &str, uptime: u32| format!("Jan  9 {clock} h kernel: [{uptime:>5}.000000] x\n");
    let reboot = line("10:00:00", 5000) + &line("10:02:00", 3);
    assert_eq!(boots(&reboot), [true, true]);
    let swapped = line("10:00:00", 5000) + &line("09:58:20", 4900);
    assert_eq!(boots(&swapped), [true]);
    let bare = "[ 5000.000000] x\n[    0.000000] Linux version 6.1.0 (y) #1\n";
    assert_eq!(boots(bare), [true, true]);
    let pieces = "[ 5000.000000] x\n[ 4000.000000] y\n";
    assert_eq!(
        boots(pieces),
        [true, false],
        "it may be a piece put in another order"
    );
}

#[test]
fn what_no_log_covers_is_a_gap() {
    let old = "Jan  1 10:00:00 h kernel: a\nJan  2 10:00:00 h kernel: b\n";
    let now = "3,1,8000000000,-;a\n3,2,8900000000,-;b\n";
    let logs = [
        ("scene/kmsg", Source::Kmsg, now),
        ("var/log/messages-20240102", Source::Text, old),
    ];
    let facts = read_all(&logs, &machine());
    assert_eq!(items(&facts, "log_spans").len(), 2);
    let gaps = items(&facts, "log_gaps");
    let [gap] = gaps.as_slice() else {
        panic!("{gaps:?}")
    };
    // From 2024-01-02T10:00:00Z to 2024-01-09T23:43:20Z.
    assert_eq!(gap.int("from_time"), Some(1_704_189_600));
    assert_eq!(gap.int("to_time"), Some(1_704_843_800));
    assert_eq!(gap.number("missing_seconds"), Some(654_200.0));
    assert_eq!(
        items(&facts, "logs")[1].text("year_source"),
        Some("the name of the file")
    );
}

#[test]
fn losses_of_a_log_are_facts() {
    let log = "Jan  9 10:00:00 h systemd-journald[1]: Missed 31 kernel messages\n\
        Jan  9 10:00:01 h kernel: [    1.000000] ** 7 printk messages dropped **\n\
        Jan  9 10:00:02 h rsyslogd: imjournal: 400 messages lost due to rate-limiting\n";
    let facts = read_all(&[("l", Source::Text, log)], &machine());
    let kinds: Vec<_> = items(&facts, "log_losses")
        .iter()
        .map(|l| (l.text("kind").unwrap().to_owned(), l.int("lines_count")))
        .collect();
    assert_eq!(
        kinds,
        [
            ("journald missed kernel lines".to_owned(), Some(31)),
            ("printk dropped".to_owned(), Some(7)),
            ("syslog rate limit".to_owned(), Some(400)),
        ]
    );
    assert_eq!(facts.root.int("kernel_log.lost_records_count"), Some(38));
}
