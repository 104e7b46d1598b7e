//! Lines keep their numbers, whatever the blocks; what has no words of a report is left out.

use super::*;

const KILL: &str = "[    5.000000] Out of memory: Killed process 7 (a) total-vm:8kB";

/// Hands out a few bytes at a time, as a pipe does.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.0 = later;
        Ok(n)
    }
}

fn log(lines: usize, kills: &[usize]) -> String {
    (1..=lines)
        .map(|n| {
            if kills.contains(&n) {
                format!("{KILL} line {n}\n")
            } else {
                format!(
                    "Aug 17 03:12:59 host app[12]: request {n} took {} ms\n",
                    n % 97
                )
            }
        })
        .collect()
}

/// Every kept line with its number in the file.
fn numbered(kept: &[u8], told: &Condensed) -> Vec<(u32, String)> {
    let mut all = Vec::new();
    let mut jumps = told.jumps.iter().peekable();
    let mut number = 0;
    let mut offset = 0;
    for line in kept.split_inclusive(|b| *b == b'\n') {
        number += 1;
        if let Some(jump) = jumps.next_if(|j| j.offset == offset) {
            assert!(
                jump.line > number || offset == 0,
                "{jump:?} jumps back or nowhere"
            );
            number = jump.line;
        }
        offset += line.len();
        all.push((number, String::from_utf8_lossy(line).trim_end().to_owned()));
    }
    assert_eq!(jumps.next(), None, "a jump inside a line");
    all
}

#[test]
fn kept_lines_are_those_of_the_file_under_their_numbers() {
    let kills = [1, 700, 720, 5_000, 12_345, 19_999];
    for text in [
        log(20_000, &kills),
        log(20_000, &kills).trim_end().to_owned(),
    ] {
        let lines: Vec<&str> = text.lines().collect();
        for (head, step) in [(0, 700_000), (10, 4_099), (100_000, 65_536), (0, 131)] {
            let (head, rest) = text.as_bytes().split_at(head);
            let (kept, told, end) = read(head, &mut Drip(rest, step), usize::MAX);
            end.unwrap();
            assert_eq!(
                (told.lines, told.bytes),
                (20_000, text.len() as u64),
                "step {step}"
            );
            let kept = numbered(&kept, &told);
            for (number, line) in &kept {
                assert_eq!(lines[*number as usize - 1], line, "step {step}");
            }
            for kill in kills {
                for near in kill.saturating_sub(32).max(1)..=(kill + 96).min(20_000) {
                    assert!(
                        kept.iter().any(|(n, _)| *n as usize == near),
                        "step {step}: {near}"
                    );
                }
            }
            assert!(kept.len() < 1_200, "step {step}: {} lines kept", kept.len());
            assert_eq!((kept[0].0, kept[kept.len() - 1].0), (1, 20_000));
        }
    }
}

#[test]
fn a_table_of_any_length_stays_whole() {
    let mut text = log(1_000, &[900]);
    text.push_str(
        "[ pid ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n",
    );
    for pid in 0..3_000 {
        text.push_str(&format!(
            "[{pid:>7}]     0 {pid} 26512 181 221184 37 0 sshd\n"
        ));
    }
    text.push_str(&log(1_000, &[]));
    let (kept, told, _) = read(b"", &mut text.as_bytes(), usize::MAX);
    let kept = numbered(&kept, &told);
    assert_eq!(
        kept.iter().filter(|(_, l)| l.ends_with("sshd")).count(),
        3_000
    );
    assert!(kept.len() < 3_500);
}

#[test]
fn a_line_without_end_needs_no_memory_of_its_length() {
    let mut text = vec![b'x'; 9 * 1024 * 1024];
    text.extend_from_slice(b"\n");
    text.extend_from_slice(log(500, &[250]).as_bytes());
    let (kept, told, _) = read(b"", &mut text.as_slice(), usize::MAX);
    assert_eq!(told.lines, 501);
    let text = String::from_utf8_lossy(&kept).into_owned();
    assert!(text.contains("line 250"));
}

#[test]
fn what_does_not_fit_is_said() {
    let text = log(5_000, &[1_000, 2_000, 3_000, 4_000]);
    let (kept, told, _) = read(b"", &mut text.as_bytes(), 20_000);
    assert!(told.full && kept.len() <= 20_000 && kept.len() > 5_000);
    assert_eq!(told.lines, 5_000);
}
