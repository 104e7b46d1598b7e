//! Every kind of input, and what is refused.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use oomscene_bundle::{End, Writer};

use super::*;

fn bundle() -> Vec<u8> {
    let header = Header {
        format_version: 1,
        hostname: "n1".to_owned(),
        ..Header::default()
    };
    let mut writer = Writer::begin(Vec::new(), "oomscene-n1-20260101T000000Z", &header).unwrap();
    let line = Line::new("proc/meminfo", "proc/meminfo", Outcome::Captured);
    writer
        .put("proc/meminfo", b"MemTotal: 4 kB\n", line)
        .unwrap();
    writer.close_room("memory").unwrap();
    let line = Line::new("proc/vmstat", "proc/vmstat", Outcome::Captured);
    writer.put("proc/vmstat", b"oom_kill 1\n", line).unwrap();
    writer.finish(End::default()).unwrap()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(text).unwrap();
    gz.finish().unwrap()
}

fn stream(bytes: &[u8]) -> Result<Input, IntakeError> {
    let mut inputs = open(&["-".to_owned()], &mut &*bytes)?;
    Ok(inputs.pop().unwrap())
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("oomscene-intake-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, path: &str, content: &[u8]) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn open(&self) -> Result<Input, IntakeError> {
        let mut inputs = open(&[self.0.to_str().unwrap().to_owned()], &mut io::empty())?;
        Ok(inputs.pop().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_whole_bundle_on_standard_input() {
    let input = stream(&bundle()).unwrap();
    assert_eq!(input.kind, InputKind::Bundle);
    assert_eq!(input.header.unwrap().hostname, "n1");
    assert_eq!(input.files.len(), 2);
    assert!(input.end.is_some() && input.tear.is_none());
}

#[test]
fn a_torn_bundle_keeps_its_rooms() {
    let whole = bundle();
    let input = stream(&whole[..whole.len() - 60]).unwrap();
    assert_eq!(input.kind, InputKind::Bundle);
    assert!(input.tear.is_some());
    assert!(input.files.iter().any(|f| f.path == "proc/meminfo"));
}

#[test]
fn logs_plain_and_gzipped() {
    let plain = stream(b"[1.0] hello\n").unwrap();
    assert_eq!(
        (plain.kind, plain.files[0].path.as_str()),
        (InputKind::Log, "standard input")
    );
    let packed = stream(&gzip(b"[1.0] hello\n")).unwrap();
    assert_eq!(
        (packed.kind, packed.files[0].content.as_slice()),
        (InputKind::Log, b"[1.0] hello\n".as_slice())
    );
    assert_eq!(stream(b"").unwrap().files[0].content, b"");
}

#[test]
fn a_damaged_gzipped_log_keeps_what_came_before() {
    let text: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| format!("line {n} {}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect();
    let packed = gzip(&text);
    let input = stream(&packed[..packed.len() / 2]).unwrap();
    assert!(input.files[0].content.len() > 1000);
    assert_eq!(input.ledger[0].outcome, Outcome::Truncated);
}

#[test]
fn what_is_not_opened_is_named_with_a_remedy() {
    for (head, remedy) in [
        (b"PK\x03\x04rest".as_slice(), "unpack it"),
        (b"LPKSHHRHrest", "journalctl --file"),
        (b"age-encryption.org/v1\n", "age -d"),
    ] {
        let said = stream(head).unwrap_err().to_string();
        assert!(said.contains(remedy), "{said}");
    }
    let missing = open(&["/no/such/file".to_owned()], &mut io::empty()).unwrap_err();
    assert!(missing.to_string().contains("check the path"), "{missing}");
}

/// An archive with one top folder, as support tools write them.
fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut put = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, path, content).unwrap();
    };
    put("sosreport-n1/proc/meminfo", b"MemTotal: 4 kB\n");
    put("sosreport-n1/var/log/messages-1.gz", &gzip(b"hello\n"));
    put(
        "sosreport-n1/sos_commands/kernel/uname_-a",
        b"Linux n1 6.1\n",
    );
    let mut link = |path: &str, target: &str| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, path, target).unwrap();
    };
    link("sosreport-n1/uname", "sos_commands/kernel/uname_-a");
    link("sosreport-n1/etc/secret", "../../../../etc/shadow");
    tar.into_inner().unwrap()
}

#[test]
fn a_foreign_archive_is_the_folder_that_it_holds() {
    let tar = archive();
    for packed in [
        tar.clone(),
        gzip(&tar),
        zstd::encode_all(tar.as_slice(), 1).unwrap(),
    ] {
        let input = stream(&packed).unwrap();
        assert_eq!((input.kind, input.tear), (InputKind::Folder, None));
        let files: Vec<_> = input
            .files
            .iter()
            .map(|f| (f.path.as_str(), f.content.as_slice()))
            .collect();
        assert_eq!(
            files,
            [
                ("proc/meminfo", b"MemTotal: 4 kB\n".as_slice()),
                ("var/log/messages-1.gz", b"hello\n"),
                ("sos_commands/kernel/uname_-a", b"Linux n1 6.1\n"),
            ]
        );
        // A link within the archive loses nothing; the one that leads out is told, not followed.
        let notes: Vec<_> = input
            .ledger
            .iter()
            .map(|l| (l.path.as_str(), l.outcome))
            .collect();
        assert_eq!(notes, [("etc/secret", Outcome::Skipped)]);
    }
}

#[test]
fn a_cut_archive_keeps_what_came_before_and_says_so() {
    let tar = archive();
    let input = stream(&tar[..1200]).unwrap();
    assert_eq!(input.files.len(), 1);
    let said = &input.ledger[0].reason;
    assert!(said.contains("ends or is damaged here"), "{said}");
    assert_eq!(input.ledger[0].outcome, Outcome::Truncated);
    let nothing = stream(&tar[..300]).unwrap_err().to_string();
    assert!(nothing.contains("no readable file"), "{nothing}");
}

#[test]
fn a_folder_mirrors_the_machine() {
    let folder = Folder::new("loose");
    folder.put("proc/meminfo", b"MemTotal: 4 kB\n");
    folder.put("var/log/messages-20260101.gz", &gzip(b"hello\n"));
    let input = folder.open().unwrap();
    assert_eq!(input.kind, InputKind::Folder);
    let paths: Vec<_> = input.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["proc/meminfo", "var/log/messages-20260101.gz"]);
    assert_eq!(input.files[1].content, b"hello\n");
}

#[test]
fn an_unpacked_bundle_one_folder_down() {
    let folder = Folder::new("unpacked");
    folder.put("oomscene-n1/header.json", br#"{"format_version":1,"tool":"t","tool_target":"x","hostname":"n1","kernel_release":"5","machine":"m","page_size_bytes":4096,"clock_ticks_per_second":100,"clocks":{"realtime_ns":0,"monotonic_ns":0,"boottime_ns":0,"spread_ns":0},"effective_uid":0}"#);
    folder.put("oomscene-n1/proc/meminfo", b"changed\n");
    folder.put("oomscene-n1/ledger/00-memory.jsonl", b"{\"item\":\"proc/meminfo\",\"path\":\"proc/meminfo\",\"outcome\":\"captured\",\"sha256\":\"00\"}\nnot json\n");
    let input = folder.open().unwrap();
    assert_eq!(input.header.as_ref().unwrap().hostname, "n1");
    assert_eq!(input.changed, ["proc/meminfo"]);
    assert!(input.tear.is_some(), "no end record");
    assert_eq!(input.ledger.len(), 2, "the bad line is noted");
    folder.put("oomscene-n1/header.json", br#"{"format_version":9,"tool":"t","tool_target":"x","hostname":"n1","kernel_release":"5","machine":"m","page_size_bytes":4096,"clock_ticks_per_second":100,"clocks":{"realtime_ns":0,"monotonic_ns":0,"boottime_ns":0,"spread_ns":0},"effective_uid":0}"#);
    assert!(
        folder
            .open()
            .unwrap_err()
            .to_string()
            .contains("newer oomscene-analyze")
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = Folder::new("links");
    folder.put("proc/meminfo", b"x\n");
    std::os::unix::fs::symlink("/etc/passwd", folder.0.join("passwd")).unwrap();
    std::os::unix::fs::symlink("/", folder.0.join("proc/root")).unwrap();
    let input = folder.open().unwrap();
    assert_eq!(input.files.len(), 1);
    assert_eq!(
        input
            .ledger
            .iter()
            .filter(|l| l.outcome == Outcome::Skipped)
            .count(),
        2
    );
}
