//! What happened before: the ends of the logs.

use crate::item::{Item, Root, Take};
use crate::probe::audit;

const PREVIOUS_BOOT: &[&[&str]] = &[
    &[
        "journalctl",
        "--no-pager",
        "-q",
        "-k",
        "-b",
        "-1",
        "-o",
        "short-iso-precise",
        "-n",
        "20000",
    ],
    &[
        "journalctl",
        "--no-pager",
        "-q",
        "-k",
        "-b",
        "-1",
        "-o",
        "short-iso",
        "-n",
        "20000",
    ],
];
const JOURNAL: &[&[&str]] = &[
    &[
        "journalctl",
        "--no-pager",
        "-o",
        "short-iso-precise",
        "-n",
        "20000",
    ],
    // systemd 219 does not know the precise form.
    &["journalctl", "--no-pager", "-o", "short-iso", "-n", "20000"],
];

/// Rows of this room.
pub const ITEMS: &[Item] = &[
    Item::glob(
        "sys/fs/pstore/*",
        100,
        "what the kernel said before it crashed",
    )
    .kib(512)
    .root(Root::Needed),
    Item::glob(
        "var/lib/systemd/pstore/*",
        100,
        "the same, moved away by systemd",
    )
    .kib(512)
    .root(Root::Needed),
    Item::new(
        "var/crash/*/*dmesg*",
        Take::Tail { files_max: 10 },
        "kernel log of a crash dump",
    )
    .kib(2048)
    .root(Root::Needed),
    log("var/log/kern.log", "kernel log on disk (Debian family)"),
    log("var/log/kern.log.1", "kernel log before the last rotation"),
    log("var/log/messages", "system log (Red Hat and SUSE family)"),
    log("var/log/messages.1", "system log before the last rotation"),
    log(
        "var/log/messages-*",
        "system log before the last rotation, dated",
    ),
    log("var/log/syslog", "system log (Debian family)"),
    log("var/log/syslog.1", "system log before the last rotation"),
    log("var/log/daemon.log", "services: who was restarted"),
    Item::new(
        "var/log/audit/audit.log",
        Take::Tail { files_max: 1 },
        "abnormal ends, failed mmap and brk calls",
    )
    .kib(1024)
    .filter(audit::relevant)
    .root(Root::Needed),
    log("var/log/boot.log", "start of services"),
    log("var/log/dmesg", "kernel log of the last boot"),
    journal(
        "scene/journal/boots.txt",
        &[&["journalctl", "--no-pager", "--list-boots"]],
        "when the machine was restarted",
    ),
    journal(
        "scene/journal/kernel-previous-boot.txt",
        PREVIOUS_BOOT,
        "what the kernel said before the last restart",
    )
    .kib(4 * 1024),
    journal("scene/journal/all.txt", JOURNAL, "what all services said")
        .kib(4 * 1024)
        .patience(15),
];

const fn log(path: &'static str, why: &'static str) -> Item {
    Item::new(path, Take::Tail { files_max: 2 }, why)
        .kib(2048)
        .root(Root::Needed)
}

const fn journal(
    path: &'static str,
    tries: &'static [&'static [&'static str]],
    why: &'static str,
) -> Item {
    Item::new(path, Take::Command { tries }, why)
        .patience(5)
        .root(Root::Better)
        .live_only()
        .gate(crate::probe::gate::not_when_quick)
}
