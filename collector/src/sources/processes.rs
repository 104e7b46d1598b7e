//! Who holds the memory: all processes packed, the most telling ones in detail.

use crate::item::{Item, Root, Take, Value};
use crate::probe::{environment, processes, top_processes};

/// Rows of this room.
pub const ITEMS: &[Item] = &[
    all(
        "proc/[pid]/stat",
        "proc/all/stat",
        &["stat"],
        "state, size, start time and flags of every process",
    )
    .value(Value::High)
    .watch(processes::watch_stat),
    all(
        "proc/[pid]/oom_score",
        "proc/all/oom_score",
        &["oom_score"],
        "whom the kernel would kill next",
    )
    .value(Value::High)
    .watch(processes::watch_oom_score),
    Item::made(
        "scene/top-processes.json",
        top_processes::entry,
        "which processes are taken in detail, and why these",
    ),
    // Neither waits for a lock, so they come before what may find the process stuck.
    top(
        "proc/[top]/wchan",
        top_processes::all,
        &["wchan"],
        "where in the kernel it waits",
    )
    .can_be_slow(500)
    .root(Root::Better),
    top(
        "proc/[top]/stack",
        top_processes::all,
        &["stack"],
        "how it got there: the evidence for a stuck process",
    )
    .can_be_slow(500)
    .root(Root::Needed),
    all(
        "proc/[pid]/status",
        "proc/all/status",
        &["status"],
        "memory of every process by kind, peak, swap, threads",
    )
    .value(Value::High),
    all(
        "proc/[pid]/statm",
        "proc/all/statm",
        &["statm"],
        "memory of every process in pages",
    ),
    all(
        "proc/[pid]/oom_score_adj",
        "proc/all/oom_score_adj",
        &["oom_score_adj"],
        "who is protected from the OOM killer and who is offered to it",
    )
    .value(Value::High),
    all(
        "proc/[pid]/comm",
        "proc/all/comm",
        &["comm"],
        "name of every process as the kernel log writes it",
    ),
    // Takes the lock of all cgroups: stuck when one of them is stuck.
    all(
        "proc/[pid]/cgroup",
        "proc/all/cgroup",
        &["cgroup"],
        "which limit applies to every process",
    )
    .value(Value::High)
    .can_be_slow(1000),
    all(
        "proc/[pid]/cmdline",
        "proc/all/cmdline",
        &["cmdline"],
        "what every process is: JVM flags, script names",
    )
    .value(Value::High)
    .kib(64)
    .can_block(500),
    top(
        "proc/[top]/limits",
        top_processes::all,
        &["limits"],
        "resource limits that apply to it",
    )
    .root(Root::Better),
    top(
        "proc/[top]/smaps_rollup",
        top_processes::cheap,
        &["smaps_rollup"],
        "its fair share of shared memory",
    )
    .can_block(2000)
    .root(Root::Needed),
    top(
        "proc/[top]/maps",
        top_processes::with_memory,
        &["maps"],
        "its mappings: count, holes, files",
    )
    .value(Value::Low)
    .kib(4 * 1024)
    .can_block(2000)
    .root(Root::Needed),
    top(
        "proc/[top]/smaps",
        top_processes::largest,
        &["smaps"],
        "its memory mapping by mapping",
    )
    .value(Value::Low)
    .kib(4 * 1024)
    .can_block(2000)
    .root(Root::Needed),
    top(
        "proc/[top]/environ",
        top_processes::with_memory,
        &["environ"],
        "allocator and runtime settings; only variables on a fixed list are written",
    )
    .kib(256)
    .can_block(500)
    .filter(environment::allowed)
    .root(Root::Needed),
];

const fn all(
    path: &'static str,
    into: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Item {
    Item::new(
        path,
        Take::Packed {
            into,
            find: processes::folders,
            names,
        },
        why,
    )
    .kib(64)
}

const fn top(
    path: &'static str,
    find: crate::item::Find,
    names: &'static [&'static str],
    why: &'static str,
) -> Item {
    Item::new(path, Take::Each { find, names }, why)
}
