//! The sieve, piece by piece: whatever the blocks are, the same lines come out.

use super::*;

const LIMITS: Limits = Limits {
    bytes_max: 1024 * 1024,
    head_lines: 200,
    tail_bytes: 1000,
    since: None,
    changed: 0,
    order: Order::File,
};

fn sifted(log: &[u8], block: usize, limits: Limits) -> Sifted {
    let words = Words::new();
    let mut sieve = Sieve::new(&words, limits);
    for part in log.chunks(block) {
        sieve.feed(part);
    }
    sieve.finish()
}

fn text(log: &[u8], block: usize) -> String {
    String::from_utf8(sifted(log, block, LIMITS).text).unwrap()
}

/// `lines` lines; those in `special` have another text.
fn log(lines: usize, special: &[(usize, &str)]) -> Vec<u8> {
    let mut log = Vec::new();
    for number in 1..=lines {
        let said = special
            .iter()
            .find(|(at, _)| *at == number)
            .map_or("quiet", |(_, said)| said);
        log.extend_from_slice(format!("Jan  5 03:04:05 web x: {number} {said}\n").as_bytes());
    }
    log
}

/// Numbers of the lines of the log, as the cuts tell them, against the numbers in the text.
fn check_numbers(text: &str) -> Vec<u64> {
    let mut next = 1;
    let mut numbers = Vec::new();
    for line in text.lines() {
        if let Some(cut) = oomscene_bundle::cut::parse(line.as_bytes()) {
            assert_eq!(cut.first_line, Some(next), "{line}");
            next += cut.lines;
            continue;
        }
        let number: u64 = line.split(' ').nth(6).unwrap().parse().unwrap();
        assert_eq!(number, next, "{line}");
        numbers.push(number);
        next += 1;
    }
    numbers
}

#[test]
fn windows_are_whole_and_merged() {
    let log = log(
        20_000,
        &[
            (5000, "java invoked oom-killer: gfp"),
            (5300, "Killed process 7"),
            (9000, "Linux version 6.1"),
        ],
    );
    let numbers = check_numbers(&text(&log, 1000));
    let kept: Vec<u64> = (1..=200).chain(4600..=5500).chain(8960..=9150).collect();
    assert_eq!(numbers[..kept.len()], kept);
    assert!(numbers[kept.len()] > 19_950 && numbers.last() == Some(&20_000));
    assert_eq!(sifted(&log, 1000, LIMITS).hits, 3);
}

#[test]
fn blocks_change_nothing() {
    let log = log(3000, &[(900, "Out of memory"), (2990, "OOM")]);
    let whole = text(&log, log.len());
    for block in [1, 7, 64, 4096] {
        assert!(text(&log, block) == whole, "blocks of {block} bytes");
    }
}

#[test]
fn a_short_log_is_whole() {
    let log = log(150, &[]);
    assert_eq!(text(&log, 100).as_bytes(), log);
    assert_eq!(text(b"", 10), "");
    assert_eq!(text(b"no newline", 3), "no newline");
}

#[test]
fn a_table_of_tasks_is_whole() {
    let row = "[ 1234]  1000  1234    56789     1234    200704        0             0 java";
    let mut log = log(3000, &[(3000, "invoked oom-killer")]);
    for _ in 0..5000 {
        log.extend_from_slice(format!("Jan  5 03:04:05 web kernel: {row}\n").as_bytes());
    }
    log.extend_from_slice(b"Jan  5 03:04:05 web kernel: oom-kill:constraint=x\n");
    for _ in 0..9000 {
        log.extend_from_slice(b"Jan  5 03:04:05 web x: quiet\n");
    }
    assert_eq!(text(&log, 5000).matches("java").count(), 5000);
}

#[test]
fn a_line_without_end_is_bounded() {
    let mut log = vec![b'x'; 5_000_000];
    log.extend_from_slice(b"\nJan  5 03:04:05 web Out of memory\n");
    let sifted = sifted(&log, 70_000, LIMITS);
    assert_eq!((sifted.lines, sifted.hits), (2, 1));
    assert!(sifted.text.ends_with(b"Out of memory\n"));
    assert!(sifted.text.len() < 2 * 1024 * 1024);
}

#[test]
fn what_is_older_than_wanted_is_left_out() {
    let mut log = Vec::new();
    for day in 1..=9 {
        for _ in 0..50 {
            log.extend_from_slice(format!("Jan  {day} 12:00:00 web Out of memory\n").as_bytes());
        }
    }
    let day = |day| super::super::stamp::days(2026, 1, day) * 86_400;
    let limits = Limits {
        since: Some(day(7)),
        changed: day(10),
        ..LIMITS
    };
    let text = String::from_utf8(sifted(&log, 999, limits).text).unwrap();
    assert!(
        text.starts_with("[oomscene: left out lines 1-300, "),
        "{text}"
    );
    assert_eq!(text.lines().count(), 151);
    let limits = Limits {
        since: Some(day(20)),
        ..limits
    };
    assert_eq!(
        sifted(&log, 999, limits).text,
        b"[oomscene: left out lines 1-450, 15300 bytes]\n"
    );
}
