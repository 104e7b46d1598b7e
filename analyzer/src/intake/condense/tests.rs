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

/// Whether a program wrote the line `n` of [`log`].
const fn is_of_a_program(n: usize) -> bool {
    n.is_multiple_of(3)
}

fn log(lines: usize, kills: &[usize]) -> String {
    (1..=lines)
        .map(|n| {
            if kills.contains(&n) {
                format!("{KILL} line {n}\n")
            } else {
                let tag = if is_of_a_program(n) {
                    "app[12]"
                } else {
                    "kernel"
                };
                format!(
                    "Aug 17 03:12:59 host {tag}: request {n} took {} ms\n",
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
            let (kept, told, end) = read_stream(head, &mut Drip(rest, step), usize::MAX);
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
                    let in_report = |kill: usize| (kill..=kill + 96).contains(&near);
                    if kills.into_iter().any(in_report) && is_of_a_program(near) {
                        continue;
                    }
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

/// What programs wrote between the lines of a report is left out, unless it has a word; nothing is left
/// out of a report that carries a program's tag itself.
#[test]
fn lines_of_programs_are_no_part_of_a_report() {
    let filler = |n: usize| "Aug 17 03:12:58 host app[12]: x\n".repeat(n);
    let report = |tag: &str| {
        [
            format!("{tag}: a invoked oom-killer: gfp_mask=0x1, order=0"),
            "app[12]: dropped".to_owned(),
            format!("{tag}: RAX: 0"),
            "app[12]: a message of two lines".to_owned(),
            "  of which this is the second".to_owned(),
            format!("{tag}: RBX: 0"),
            "app[12]: kept for what comes next".to_owned(),
            "systemd[1]: a.service: Failed with result 'signal'.".to_owned(),
            "app[12]: kept for what came before".to_owned(),
            format!("{tag}: Killed process 7 (a) total-vm:8kB"),
        ]
        .map(|text| match text.strip_prefix(' ') {
            Some(_) => format!("{text}\n"),
            None => format!("Aug 17 03:12:59 host {text}\n"),
        })
        .concat()
    };
    let text = filler(500) + &report("kernel") + &filler(500);
    let (kept, told) = same(text.as_bytes(), "kernel");
    let kept = numbered(&kept, &told);
    let of_report: Vec<u32> = kept
        .iter()
        .map(|(n, _)| *n)
        .filter(|n| (500..=600).contains(n))
        .collect();
    assert_eq!(of_report, [500, 501, 503, 506, 507, 508, 509, 510]);
    let over: Vec<Over> = told.jumps.iter().map(|jump| jump.over).collect();
    assert_eq!(
        over,
        [
            Over::Anything,
            Over::Anything,
            Over::Programs,
            Over::Programs,
            Over::Anything
        ]
    );
    let text = filler(500) + &report("vector[9]") + &filler(500);
    let (kept, told) = same(text.as_bytes(), "vector");
    let kept = numbered(&kept, &told);
    assert!((469..=510 + 96).all(|near| kept.iter().any(|(n, _)| *n == near)));
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
    let (kept, told, _) = read_stream(b"", &mut text.as_bytes(), usize::MAX);
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
    let (kept, told, _) = read_stream(b"", &mut text.as_slice(), usize::MAX);
    assert_eq!(told.lines, 501);
    let text = String::from_utf8_lossy(&kept).into_owned();
    assert!(text.contains("line 250"));
}

#[test]
fn what_does_not_fit_is_said() {
    let text = log(5_000, &[1_000, 2_000, 3_000, 4_000]);
    let (kept, told, _) = read_stream(b"", &mut text.as_bytes(), 20_000);
    assert!(told.full && kept.len() <= 20_000 && kept.len() > 5_000);
    assert_eq!(told.lines, 5_000);
}

impl Place for &[u8] {
    /// Gives less than was asked for, as a file on a network may.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(at).unwrap().min(self.len());
        let some = &self[from..self.len().min(from + 100_003)];
        let mut rest = some;
        rest.read(buffer)
    }
}

/// Both ways through the same log, which must not differ in a byte.
fn same(text: &[u8], what: &str) -> (Vec<u8>, Condensed) {
    let pieces = Drip(text, 70_001);
    let (kept, told, end) =
        read_stream(&text[..9.min(text.len())], &mut pieces.skip(9), usize::MAX);
    end.unwrap();
    let place = read_place(
        &text,
        &text[..9.min(text.len())],
        text.len() as u64,
        usize::MAX,
    );
    place.2.unwrap();
    assert_eq!(told, place.1, "{what}");
    assert!(kept == place.0, "{what}: other bytes are kept");
    (kept, told)
}

impl<'a> Drip<'a> {
    fn skip(&self, bytes: usize) -> Self {
        Self(&self.0[bytes.min(self.0.len())..], self.1)
    }
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % below).unwrap()
    }
}

#[test]
fn threads_keep_the_same_as_one_reader() {
    let mut dice = Dice(7);
    for round in 0..24 {
        let size = 1 + dice.roll(1_200_000);
        let mut text = if round % 6 == 5 {
            let entry = b"__CURSOR=1\n_PID=12\nMESSAGE=veth1: link becomes ready\n\n";
            entry.repeat(1 + size / entry.len())
        } else {
            let line = b"Aug 17 03:12:59 host app[12]: request 12 took 7 ms\n";
            line.repeat(1 + size / line.len())
        };
        // Some logs have lines that are longer than a block, or than what is held of one.
        if round % 4 == 3 {
            let from = dice.roll(text.len() as u64);
            let to = text.len().min(from + dice.roll(1_500_000));
            text[from..to].fill(b'x');
        }
        for _ in 0..dice.roll(6) {
            let words: [&[u8]; 4] = [
                b"\nx: Out of memory: Killed process 7 (a)\n",
                b"oom-kill",
                b"TaskOOM",
                b"alloc",
            ];
            let word = words[dice.roll(4)];
            // At any place, or across the border of a block.
            let block = dice.roll(1 + text.len() as u64 / BLOCK_BYTES as u64) * BLOCK_BYTES;
            let near = (block + dice.roll(64)).saturating_sub(dice.roll(64));
            let at = if dice.roll(2) == 0 {
                near
            } else {
                dice.roll(text.len() as u64)
            };
            let end = text.len().min(at + word.len());
            if at < end {
                text[at..end].copy_from_slice(&word[..end - at]);
            }
        }
        same(&text, &format!("round {round}"));
    }
}

#[test]
fn a_word_across_two_blocks_is_kept() {
    for back in [0, 1, 4, 13, 16, 29, 30] {
        let mut text = log(16_000, &[]).into_bytes();
        let at = 8 * BLOCK_BYTES - back;
        text[at..at + 30].copy_from_slice(b"\na: Out of memory: Killed pro\n");
        let (kept, told) = same(&text, &format!("{back} bytes before"));
        let kept = numbered(&kept, &told);
        assert!(
            kept.iter().any(|(_, line)| line.contains("Killed")),
            "{back} bytes before"
        );
        let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
        for (number, line) in kept {
            assert_eq!(lines[number as usize - 1].trim_ascii_end(), line.as_bytes());
        }
    }
}

/// A file on the disk, whatever its line ends.
#[test]
fn a_file_keeps_the_same_as_a_stream_whatever_its_line_ends() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("lf", log(90_000, &[1, 30_000, 61_000, 90_000])),
        ("no newline", log(90_000, &[45_000]).trim_end().to_owned()),
        ("crlf", log(70_000, &[35_000, 69_999]).replace('\n', "\r\n")),
        ("one line", "x".repeat(5_000_000) + KILL),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, &text).unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let placed = read_place(&file, b"", text.len() as u64, usize::MAX);
        placed.2.unwrap();
        let (kept, told) = same(text.as_bytes(), name);
        assert_eq!(placed.1, told, "{name}");
        assert!(placed.0 == kept, "{name}: other bytes are kept");
        let kept = String::from_utf8_lossy(&kept);
        assert!(kept.contains("Killed process 7"), "{name}");
    }
}

/// A report that lies across the border of two parts that different threads look at stays whole.
#[test]
fn a_report_across_the_border_of_two_parts_stays_whole() {
    let report: String = ["a invoked oom-killer: gfp_mask=0x1, order=0"]
        .into_iter()
        .chain(["Call Trace:"; 40])
        .chain(["Out of memory: Killed process 7 (a) total-vm:8kB"])
        .map(|line| format!("[    5.000000] {line}\n"))
        .collect();
    for back in [0, 1, 60, 400, report.len() - 1, report.len()] {
        let mut text = log(60_000, &[]).into_bytes();
        let border = 16 * BLOCK_BYTES - back;
        let start = text[..border].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        text.splice(start..start, report.bytes());
        let (kept, _) = same(&text, &format!("{back} bytes before"));
        let kept = String::from_utf8_lossy(&kept);
        assert!(kept.contains(&report), "{back} bytes before");
    }
}

#[test]
fn a_file_that_is_cut_while_it_is_read_says_so() {
    let text = log(60_000, &[200, 50_000]);
    let half = &text.as_bytes()[..text.len() / 2];
    let (kept, told, end) = read_place(&half, b"", text.len() as u64, usize::MAX);
    assert!(end.unwrap_err().to_string().contains("shorter"));
    assert!(kept.len() > 10_000 && told.bytes == half.len() as u64);
}
