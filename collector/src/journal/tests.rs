//! Journal files made here, object by object: every packing, and everything that can be wrong.

use std::io::Write as _;
use std::process::{Command, Stdio};

use jiff::tz::TimeZone;

use super::*;

/// A file in memory.
#[derive(Debug, Clone)]
struct Memory(Vec<u8>);

impl Bytes for Memory {
    fn read_at(&self, offset: u64, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), Errno> {
        out.clear();
        let from = usize::try_from(offset).map_err(|_| Errno::INVAL)?;
        let rest = self.0.get(from..).unwrap_or_default();
        out.extend_from_slice(rest.get(..bytes_max).unwrap_or(rest));
        Ok(())
    }
}

/// Builds a file with long offsets.
struct Builder {
    bytes: Vec<u8>,
    entries: Vec<u64>,
}

impl Builder {
    fn new() -> Self {
        let mut bytes = vec![0; 256];
        bytes[..8].copy_from_slice(SIGNATURE);
        bytes[88..96].copy_from_slice(&256_u64.to_le_bytes());
        Self {
            bytes,
            entries: Vec::new(),
        }
    }

    fn object(&mut self, kind: u8, flags: u8, content: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = self.bytes.len() as u64;
        self.bytes
            .extend_from_slice(&[kind, flags, 0, 0, 0, 0, 0, 0]);
        let size = OBJECT_HEADER_BYTES + content.len() as u64;
        self.bytes.extend_from_slice(&size.to_le_bytes());
        self.bytes.extend_from_slice(content);
        at
    }

    fn data(&mut self, flags: u8, content: &[u8]) -> u64 {
        self.object(1, flags, &[&[0; 48], content].concat())
    }

    fn entry(&mut self, seconds: u64, fields: &[u64]) {
        let mut content = vec![0; 48];
        content[..8].copy_from_slice(&(self.entries.len() as u64 + 1).to_le_bytes());
        content[8..16].copy_from_slice(&(seconds * 1_000_000).to_le_bytes());
        for field in fields {
            content.extend_from_slice(&field.to_le_bytes());
            content.extend_from_slice(&[0; 8]);
        }
        let at = self.object(3, 0, &content);
        self.entries.push(at);
    }

    fn say(&mut self, seconds: u64, text: &str) {
        let fields = [
            self.data(0, b"_HOSTNAME=db7"),
            self.data(0, b"SYSLOG_IDENTIFIER=kernel"),
            self.data(0, b"_TRANSPORT=kernel"),
            self.data(0, format!("MESSAGE={text}").as_bytes()),
        ];
        self.entry(seconds, &fields);
    }

    /// Lists of four, eight … records, the last one longer than what is in it.
    fn finish(mut self) -> Vec<u8> {
        let entries = std::mem::take(&mut self.entries);
        let mut length = 4;
        let mut rest = entries.as_slice();
        let mut link = 176;
        while !rest.is_empty() {
            let (here, later) = rest.split_at(length.min(rest.len()));
            let mut content = vec![0; 8 + length * 8];
            for (number, entry) in here.iter().enumerate() {
                content[8 + number * 8..][..8].copy_from_slice(&entry.to_le_bytes());
            }
            let at = self.object(6, 0, &content);
            self.bytes[link..link + 8].copy_from_slice(&at.to_le_bytes());
            link = usize::try_from(at + OBJECT_HEADER_BYTES).unwrap();
            rest = later;
            length *= 2;
        }
        self.bytes[152..160].copy_from_slice(&(entries.len() as u64).to_le_bytes());
        self.bytes
    }
}

fn read(bytes: &[u8]) -> Result<(String, File<Memory>), Refusal> {
    let mut file = File::open(Memory(bytes.to_vec()), bytes.len() as u64)?;
    let mut out = Vec::new();
    while let Some(entry) = file.older() {
        record::write(&mut file, &entry, None, &TimeZone::UTC, &mut out);
    }
    Ok((String::from_utf8_lossy(&out).into_owned(), file))
}

fn thirty() -> Vec<u8> {
    some(30)
}

fn some(count: u64) -> Vec<u8> {
    let mut builder = Builder::new();
    for second in 0..count {
        builder.say(second, &format!("line {second}"));
    }
    builder.finish()
}

#[test]
fn newest_first() {
    let (text, file) = read(&thirty()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 30);
    assert_eq!(
        lines[0],
        "1970-01-01T00:00:29.000000+0000 db7 kernel: line 29"
    );
    assert_eq!(
        (file.read, file.damaged, file.torn, file.entries),
        (30, 0, false, 30)
    );
}

#[test]
fn every_packing() {
    let text = format!("MESSAGE={}", "Out of memory ".repeat(100));
    let run = |program: &[&str]| {
        let mut child = Command::new(program[0])
            .args(&program[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(text.as_bytes()).ok()?;
        Some(child.wait_with_output().ok()?.stdout)
    };
    let lz4 = [
        (text.len() as u64).to_le_bytes().as_slice(),
        &lz4_flex::block::compress(text.as_bytes()),
    ]
    .concat();
    for (flag, packed) in [
        (1, run(&["xz", "-c", "--check=none", "--lzma2=dict=1MiB"])),
        (2, Some(lz4)),
        (4, run(&["zstd", "-q", "-c"])),
    ] {
        let Some(packed) = packed else {
            assert!(std::env::var_os("CI").is_none(), "xz and zstd are needed");
            continue;
        };
        let mut builder = Builder::new();
        let data = builder.data(flag, &packed);
        builder.entry(5, &[data]);
        let (line, _) = read(&builder.finish()).unwrap();
        let want = format!("unknown: {}", "Out of memory ".repeat(100));
        assert!(line.trim_end_matches('\n').ends_with(&want), "{flag}");
        // Torn in the middle: what came before, or nothing; never a fault.
        for length in 0..packed.len() {
            let mut builder = Builder::new();
            let data = builder.data(flag, &packed[..length]);
            builder.entry(5, &[data]);
            read(&builder.finish()).unwrap();
        }
    }
}

#[test]
fn control_characters_cannot_forge_lines() {
    let mut builder = Builder::new();
    builder.say(5, "one\ntwo\r\u{1b}[2J\u{7f}\tx\n");
    let (text, _) = read(&builder.finish()).unwrap();
    let indent = " ".repeat("1970-01-01T00:00:05.000000+0000 db7 kernel: ".len());
    assert_eq!(
        text,
        format!(
            "1970-01-01T00:00:05.000000+0000 db7 kernel: one\n{indent}two\\x0d\\x1b[2J\\x7f\tx\n"
        )
    );
}

#[test]
fn cut_at_any_byte() {
    let whole = some(6);
    let (text, _) = read(&whole).unwrap();
    for length in 0..whole.len() {
        let Ok((part, file)) = read(&whole[..length]) else {
            assert!(length < 208, "{length}");
            continue;
        };
        assert!(file.torn || file.damaged > 0 || file.read < 6 || part == text);
        assert!(part.lines().all(|line| text.contains(line)), "{length}");
    }
}

#[test]
fn any_byte_wrong() {
    let whole = some(6);
    for at in 0..whole.len() {
        for value in [0, 3, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let _ = read(&bytes);
        }
    }
}

/// Several fields of eight bytes at once, of the kind that mislead: offsets and sizes.
#[test]
fn many_numbers_wrong() {
    let whole = some(6);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..next() % 6 {
            let words = (bytes.len() / 8) as u64;
            let at = usize::try_from(next() % words).unwrap() * 8;
            let value = match next() % 4 {
                0 => next() % words * 8,
                1 => u64::MAX - next() % 64,
                2 => next() % 4096,
                _ => next(),
            };
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        let _ = read(&bytes);
    }
}

#[test]
fn circles_end() {
    let mut bytes = thirty();
    let first = u64_at(&bytes, 176);
    let next = usize::try_from(first + OBJECT_HEADER_BYTES).unwrap();
    bytes[next..next + 8].copy_from_slice(&first.to_le_bytes());
    let (text, file) = read(&bytes).unwrap();
    assert_eq!((text.lines().count(), file.torn), (4, true));
}

/// A file that promises more records than there are bytes in the world.
#[test]
fn promises_are_not_believed() {
    struct Endless(Vec<u8>);
    impl Bytes for Endless {
        fn read_at(&self, offset: u64, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), Errno> {
            out.clear();
            let from = usize::try_from(offset).map_err(|_| Errno::INVAL)?;
            out.extend_from_slice(self.0.get(from..).unwrap_or_default());
            // Beyond its start every byte is there, and every offset points nowhere.
            out.resize(bytes_max, 0xf7);
            Ok(())
        }
    }
    let mut builder = Builder::new();
    builder.bytes[176..184].copy_from_slice(&256_u64.to_le_bytes());
    let array = builder.object(6, 0, &[0; 8]);
    let size = usize::try_from(array).unwrap() + 8;
    builder.bytes[size..size + 8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    let mut file = File::open(Endless(builder.bytes), u64::MAX).unwrap();
    assert_eq!(file.older(), None);
    assert!(file.torn);
}

#[test]
fn what_is_no_journal_says_so() {
    assert_eq!(
        read(b"Jan  5 x").err(),
        Some(Refusal::Form("it is shorter than a header".to_owned()))
    );
    let text = vec![b'x'; 4096];
    assert_eq!(
        read(&text).err(),
        Some(Refusal::Form("it is no journal".to_owned()))
    );
    let mut strange = thirty();
    strange[13] = 1;
    assert!(matches!(read(&strange).err(), Some(Refusal::Form(words)) if words.contains("0x100")));
}

#[test]
fn files_are_merged() {
    let mut odd = Builder::new();
    let mut even = Builder::new();
    for second in 0..40 {
        let builder = if second % 2 == 0 { &mut even } else { &mut odd };
        builder.say(second, &format!("line {second}"));
    }
    let files = [odd.finish(), even.finish(), thirty(), b"x".to_vec()];
    let closed = (0..files.len()).map(|number| merge::Closed {
        path: number.to_string(),
        bytes: files[number].len() as u64,
        newest_micros: [39, 38, 29, 50][number] * 1_000_000,
    });
    let mut opener = |closed: &merge::Closed| {
        let number: usize = closed.path.parse().unwrap();
        File::open(Memory(files[number].clone()), closed.bytes)
    };
    let mut merge = merge::Merge::new(closed.collect(), &mut opener);
    let mut out = Vec::new();
    let mut times = Vec::new();
    while let Some(micros) = merge.older(Some(b"kernel"), &TimeZone::UTC, &mut out) {
        times.push(micros);
    }
    assert_eq!(times.len(), 70);
    assert!(times.is_sorted_by(|a, b| a >= b));
    assert_eq!(out.split(|b| *b == b'\n').count(), 71);
    assert_eq!(merge.troubles.len(), 1);
    assert_eq!(merge.troubles[0].path, "3");
}
