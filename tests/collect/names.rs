//! Names that a bundle does not take: a newline, bytes that are not UTF-8, very long ones.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use crate::machine::{Machine, lines, open};

#[test]
fn logs_with_a_newline_and_bytes_that_are_no_text_in_their_names() {
    let machine = Machine::new();
    machine.write("var/log/messages-a\nb", "Jan  5 03:04:05 db7 kernel: one\n");
    let raw = OsStr::from_bytes(b"messages-\xff\xfe");
    fs::write(
        machine.path("var/log").join(raw),
        "Jan  5 03:04:05 db7 kernel: two\n",
    )
    .unwrap();
    machine.write("etc/sysctl.d/\u{202e}日志\\..\\x.conf", "vm.swappiness=1\n");
    machine.write(
        &format!("etc/sysctl.d/{}.conf", "x".repeat(240)),
        "vm.swappiness=2\n",
    );
    let (output, path) = machine.collect(&[]);
    assert!(output.status.code().is_some_and(|code| code < 2));
    let bundle = open(&path);
    assert_eq!((bundle.tear.as_ref(), bundle.changed.len()), (None, 0));
    assert!(
        bundle
            .entry("var/log/messages-a%0Ab")
            .unwrap()
            .ends_with(b"one\n")
    );
    assert!(
        bundle
            .entry("var/log/messages-%FF%FE")
            .unwrap()
            .ends_with(b"two\n")
    );
    let settings = lines(&bundle, "etc/sysctl.d/*.conf");
    assert_eq!(settings.len(), 2, "{settings:?}");
    for line in settings {
        assert!(bundle.entry(&line.path).is_some(), "{line:?}");
    }
}

#[test]
fn process_named_like_a_path_keeps_its_name() {
    let machine = Machine::new();
    machine.process(77, "../../etc/x\n<b>", "../../x\0");
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    let files = oomscene_bundle::packed::split(bundle.entry("proc/all/comm.000").unwrap());
    let comm = files
        .iter()
        .find(|file| file.path == "proc/77/comm")
        .unwrap();
    assert_eq!(comm.content, b"../../etc/x\n<b>\n");
}
