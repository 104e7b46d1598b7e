//! The bundle format: what is written is read back, what is torn is recovered up to the tear, what
//! is hostile is refused with the name of the entry.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test panics and says where"
)]

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use oomscene_bundle::{End, Error, Header, Kind, Line, Outcome, Reader, Writer, layout, limits};
use proptest::prelude::*;

fn header() -> Header {
    Header {
        format_version: layout::FORMAT_VERSION,
        tool: "oomscene-collect 0.1.0".to_owned(),
        hostname: "db-7".to_owned(),
        page_size_bytes: 65536,
        ..Header::default()
    }
}

fn line(path: &str) -> Line {
    Line::new(path, path, Outcome::Captured)
}

/// Two rooms of two entries each.
fn whole() -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), "oomscene-db-7", &header()).unwrap();
    for (room, paths) in [
        ("memory", ["proc/meminfo", "proc/vmstat"]),
        ("logs", ["var/log/messages", "scene/kmsg"]),
    ] {
        for path in paths {
            // Text that does not pack to nothing, so that a cut hits entries and not only the end.
            let text: String = (0..400)
                .map(|i| format!("{path} {}\n", i * 7919 % 1013))
                .collect();
            writer.put(path, text.as_bytes(), line(path)).unwrap();
        }
        let mut denied = Line::new("proc/slabinfo", "proc/slabinfo", Outcome::Denied);
        denied.errno = Some(13);
        writer.note(denied);
        writer.close_room(room).unwrap();
    }
    writer.finish(End::default()).unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    let bundle = Reader::read(whole().as_slice()).unwrap();
    assert_eq!(bundle.header, header());
    assert_eq!(bundle.top, "oomscene-db-7");
    let paths: Vec<_> = bundle.entries.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "proc/meminfo",
            "proc/vmstat",
            "var/log/messages",
            "scene/kmsg"
        ]
    );
    assert_eq!(bundle.ledger.len(), 6);
    assert_eq!(bundle.ledger[2].errno, Some(13));
    assert!(bundle.ledger[0].sha256.as_ref().unwrap().len() == 64);
    let end = bundle.end.unwrap();
    // The header, four entries and two ledger parts.
    assert_eq!(end.entries, 7);
    assert_eq!(bundle.tear, None);
    assert!(bundle.changed.is_empty());
}

#[test]
fn the_first_entry_is_the_header_and_the_last_the_end() {
    let bytes = whole();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|e| e.unwrap().path().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.first().unwrap(), "oomscene-db-7/header.json");
    assert_eq!(names.last().unwrap(), "oomscene-db-7/ledger/end.json");
    assert!(names.contains(&"oomscene-db-7/ledger/00-memory.jsonl".to_owned()));
    assert!(names.contains(&"oomscene-db-7/ledger/01-logs.jsonl".to_owned()));
}

#[test]
fn a_finished_room_survives_a_kill() {
    // Everything that was flushed when the first room closed, and nothing after it.
    struct Pipe(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);
    impl std::io::Write for Pipe {
        fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(buf);
            Ok(buf.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let written = std::rc::Rc::default();
    let mut writer = Writer::begin(Pipe(std::rc::Rc::clone(&written)), "top", &header()).unwrap();
    writer
        .put("proc/meminfo", b"MemTotal: 1 kB\n", line("proc/meminfo"))
        .unwrap();
    writer.close_room("memory").unwrap();
    let at_the_kill = written.borrow().clone();
    let bundle = Reader::read(at_the_kill.as_slice()).unwrap();
    assert_eq!(bundle.entry("proc/meminfo").unwrap(), b"MemTotal: 1 kB\n");
    assert_eq!(bundle.ledger.len(), 1);
    assert!(bundle.end.is_none());
    assert_eq!(bundle.tear.unwrap().after, "proc/meminfo");
    drop(writer);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_bundle_cut_anywhere_gives_a_prefix(share in 0.0_f64..1.0) {
        let bytes = whole();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a small length")]
        let cut = (bytes.len() as f64 * share) as usize;
        match Reader::read(&bytes[..cut]) {
            Ok(bundle) => {
                let full = Reader::read(bytes.as_slice()).unwrap();
                prop_assert!(full.entries.starts_with(&bundle.entries));
                prop_assert!(bundle.tear.is_some() || bundle.end.is_some());
            }
            Err(error) => prop_assert_eq!(error.kind(), Kind::NotABundle),
        }
    }

    #[test]
    fn damaged_bytes_never_panic(at in 0_usize..4000, value: u8) {
        let mut bytes = whole();
        let at = at % bytes.len();
        bytes[at] = value;
        let _ = Reader::read(bytes.as_slice());
    }
}

#[test]
fn a_tear_behind_the_end_record_is_none() {
    let mut raw = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(whole().as_slice()),
        &mut raw,
    )
    .unwrap();
    // Half of the padding after the last entry, and no gzip trailer.
    raw.truncate(raw.len() - 700);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&raw).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() - 8);
    let bundle = Reader::read(bytes.as_slice()).unwrap();
    assert!(bundle.end.is_some());
    assert_eq!(bundle.tear, None);
}

#[test]
fn a_changed_entry_is_named() {
    let mut stated = line("proc/meminfo");
    stated.sha256 = Some("0".repeat(64));
    let ledger = format!("{}\n", serde_json::to_string(&stated).unwrap());
    let bytes = archive(&[
        file("top/header.json", &serde_json::to_vec(&header()).unwrap()),
        file("top/proc/meminfo", b"MemTotal: 1 kB\n"),
        file("top/ledger/00-memory.jsonl", ledger.as_bytes()),
        file(
            "top/ledger/end.json",
            br#"{"entries":3,"bytes":1,"micros":1}"#,
        ),
    ]);
    assert_eq!(
        Reader::read(bytes.as_slice()).unwrap().changed,
        ["proc/meminfo"]
    );
}

/// One raw entry of a hand-made archive.
struct Raw {
    path: String,
    kind: tar::EntryType,
    content: Vec<u8>,
}

fn file(path: &str, content: &[u8]) -> Raw {
    Raw {
        path: path.to_owned(),
        kind: tar::EntryType::Regular,
        content: content.to_vec(),
    }
}

/// Packs entries without the checks of the `tar` crate's builder.
fn archive(entries: &[Raw]) -> Vec<u8> {
    // The best compression, so that the bomb below is a real one.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..entry.path.len()].copy_from_slice(entry.path.as_bytes());
        header.set_entry_type(entry.kind);
        header.set_size(entry.content.len() as u64);
        header.set_mode(0o600);
        if entry.kind.is_symlink() || entry.kind.is_hard_link() {
            header.set_link_name("/etc/shadow").unwrap();
        }
        header.set_cksum();
        gzip.write_all(header.as_bytes()).unwrap();
        gzip.write_all(&entry.content).unwrap();
        gzip.write_all(&vec![0; (512 - entry.content.len() % 512) % 512])
            .unwrap();
    }
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}

fn refused(second: Raw) -> Error {
    let bytes = archive(&[
        file("top/header.json", &serde_json::to_vec(&header()).unwrap()),
        second,
    ]);
    Reader::read(bytes.as_slice()).unwrap_err()
}

#[test]
fn dangerous_paths_are_refused_by_name() {
    for path in [
        "/etc/passwd",
        "top/../../etc/passwd",
        "../x",
        "top//x",
        "top/./x",
        "top/a\\..\\b",
        "other/x",
        "top/a\nb",
    ] {
        let error = refused(file(path, b"x"));
        assert_eq!(error.kind(), Kind::BadPath, "{path}: {error}");
        let shown = error.to_string();
        assert!(shown.contains("entry") && !shown.contains('\n'), "{shown}");
    }
}

#[test]
fn links_and_devices_are_refused_by_name() {
    use tar::EntryType as T;
    for kind in [T::Symlink, T::Link, T::Char, T::Block, T::Fifo] {
        let error = refused(Raw {
            path: "top/proc/x".to_owned(),
            kind,
            content: Vec::new(),
        });
        assert_eq!(error.kind(), Kind::BadType, "{kind:?}: {error}");
        assert!(error.to_string().contains("proc/x"), "{error}");
    }
}

#[test]
fn too_large_an_entry_is_refused_before_it_is_read() {
    let mut bytes = archive(&[file(
        "top/header.json",
        &serde_json::to_vec(&header()).unwrap(),
    )]);
    // A header that claims more than the limit, with nothing behind it.
    let mut claim = tar::Header::new_gnu();
    claim.set_path("top/big").unwrap();
    claim.set_entry_type(tar::EntryType::Regular);
    claim.set_size(limits::ENTRY_BYTES_MAX + 1);
    claim.set_mode(0o600);
    claim.set_cksum();
    let mut raw = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(bytes.as_slice()),
        &mut raw,
    )
    .unwrap();
    raw.truncate(raw.len() - 1024);
    raw.extend_from_slice(claim.as_bytes());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&raw).unwrap();
    bytes = gzip.finish().unwrap();
    let error = Reader::read(bytes.as_slice()).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge, "{error}");
    assert!(error.to_string().contains("big"), "{error}");
}

#[test]
fn too_many_entries_are_refused() {
    let mut entries = vec![file(
        "top/header.json",
        &serde_json::to_vec(&header()).unwrap(),
    )];
    entries.extend((0..limits::ENTRIES_MAX).map(|i| file(&format!("top/e/{i}"), b"")));
    let error = Reader::read(archive(&entries).as_slice()).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge, "{error}");
    assert!(
        error.to_string().contains("top/e/") || error.to_string().contains("e/"),
        "{error}"
    );
}

#[test]
fn a_compression_bomb_is_refused() {
    let zeros = vec![0_u8; usize::try_from(limits::RATIO_FROM_BYTES).unwrap() + 8 * 1024 * 1024];
    let bytes = archive(&[
        file("top/header.json", &serde_json::to_vec(&header()).unwrap()),
        file("top/zeros", &zeros),
    ]);
    let error = Reader::read(bytes.as_slice()).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge, "{error}");
    assert!(error.to_string().contains("compression bomb"), "{error}");
}

#[test]
fn an_unknown_version_says_what_to_do() {
    let bytes = archive(&[file(
        "top/header.json",
        br#"{"format_version": 99, "new_field": {}}"#,
    )]);
    let error = Reader::read(bytes.as_slice()).unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownVersion);
    assert!(
        error.to_string().contains("newer oomscene-analyze"),
        "{error}"
    );
}

#[test]
fn what_is_no_bundle_is_called_so() {
    for bytes in [
        Vec::new(),
        b"hello".to_vec(),
        archive(&[file("top/x", b"x")]),
        archive(&[]),
    ] {
        assert_eq!(
            Reader::read(bytes.as_slice()).unwrap_err().kind(),
            Kind::NotABundle
        );
    }
}
