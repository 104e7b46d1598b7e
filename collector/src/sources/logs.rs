//! What happened before: the ends of the logs.

use crate::item::{Item, Root, Take};
use crate::probe::audit;

/// Where distributions and their syslog programs write; rotation adds to the name.
const SYSTEM_LOGS: &[&str] = &[
    "var/log/messages*",
    "var/log/syslog*",
    "var/log/kern*",
    "var/log/daemon*",
    "var/log/warn*",
    "var/log/dmesg*",
    "var/log/boot*",
    "var/log/debug*",
    "var/log/user*",
    "var/log/cron*",
    "var/log/localmessages*",
    "var/log/everything*",
    "var/log/everything/*",
    "var/log/system.log*",
    "var/log/*oom*",
    "var/log/nohang/*",
    "var/log/docker*",
    "var/log/containerd*",
    "var/log/kubelet*",
    "var/log/crio*",
    "var/log/remote/*",
    "var/adm/messages*",
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
    Item::new(
        "var/log/*",
        Take::Logs {
            patterns: SYSTEM_LOGS,
        },
        "what the kernel and the services said around every failure of memory, rotated and packed logs too",
    )
    .kib(3 * 1024)
    .root(Root::Needed),
    Item::new(
        "var/log/audit/audit.log",
        Take::Tail { files_max: 1 },
        "abnormal ends, failed mmap and brk calls",
    )
    .kib(1024)
    .filter(audit::relevant)
    .root(Root::Needed),
    Item::new(
        "var/log/audit/*",
        Take::Logs {
            patterns: &["var/log/audit/audit.log.*", "var/log/audit/audit.log-*"],
        },
        "the same of rotated audit logs, around every abnormal end and every ENOMEM",
    )
    .kib(1024)
    .filter(audit::relevant)
    .root(Root::Needed),
    journal(
        "scene/journal/boots.txt",
        &[&["journalctl", "--no-pager", "--list-boots"]],
        "when the machine was restarted",
    ),
    of_journal(
        "scene/journal/kernel.txt",
        &["_TRANSPORT=kernel"],
        "what the kernel said, in earlier boots too",
    )
    .kib(4 * 1024)
    .patience(8),
    of_journal(
        "scene/journal/all.txt",
        &[],
        "what all services said around every failure of memory",
    )
    .kib(4 * 1024)
    .patience(15),
    journal(
        "scene/journal/logread.txt",
        &[&["logread"]],
        "the log that OpenWrt and busybox keep in memory",
    )
    .kib(2 * 1024),
];

const fn of_journal(
    path: &'static str,
    matches: &'static [&'static str],
    why: &'static str,
) -> Item {
    Item::new(path, Take::Journal { matches }, why)
        .root(Root::Better)
        .gate(crate::probe::gate::not_when_quick)
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
