//! What the kernel, the login and systemd were told to do when memory runs out.

use crate::item::{Item, Root, Take, Value};
use crate::probe::units;

/// Rows of this room.
pub const ITEMS: &[Item] = &[
    // Reading stat_refresh makes every CPU flush its counters.
    Item::glob(
        "proc/sys/vm/*",
        200,
        "overcommit, OOM, watermark, swap and map count settings",
    )
    .value(Value::High)
    .except(&["stat_refresh"])
    .root(Root::Better),
    Item::file("proc/sys/kernel/threads-max", "most threads of the machine"),
    Item::file(
        "proc/sys/kernel/pid_max",
        "most process ids: fork fails beyond it",
    ),
    Item::glob(
        "proc/sys/kernel/printk*",
        16,
        "which kernel lines are dropped or delayed",
    ),
    Item::glob(
        "proc/sys/kernel/panic*",
        16,
        "when the machine restarts itself",
    ),
    Item::glob(
        "proc/sys/kernel/hung_task*",
        16,
        "when a stuck task is reported",
    ),
    Item::file(
        "proc/sys/kernel/dmesg_restrict",
        "who may read the kernel log",
    ),
    Item::file(
        "proc/sys/kernel/sysrq",
        "whether the operator can ask the kernel for an OOM kill",
    ),
    Item::glob("proc/sys/kernel/shm*", 16, "limits of shared memory"),
    Item::file(
        "proc/sys/kernel/core_pattern",
        "where core dumps go: a pipe delays the end of a killed process",
    ),
    Item::file(
        "proc/sys/kernel/tainted",
        "which foreign modules the kernel has",
    ),
    Item::file(
        "proc/sys/kernel/numa_balancing",
        "whether pages follow their tasks between nodes",
    ),
    Item::glob("proc/sys/net/ipv4/tcp_*mem", 8, "memory limits of TCP"),
    Item::file("proc/sys/net/ipv4/udp_mem", "memory limits of UDP"),
    Item::file(
        "proc/sys/fs/file-nr",
        "open files: kernel memory that processes hold",
    ),
    Item::file(
        "proc/cmdline",
        "mem=, crashkernel=, hugepages=, cgroup and psi switches",
    ),
    Item::file("etc/security/limits.conf", "limits of login sessions"),
    Item::glob("etc/security/limits.d/*", 100, "limits of login sessions"),
    Item::file(
        "etc/sysctl.conf",
        "settings that come back at the next boot",
    ),
    Item::glob(
        "etc/sysctl.d/*.conf",
        100,
        "settings that come back at the next boot",
    )
    .value(Value::Low),
    Item::glob(
        "run/sysctl.d/*.conf",
        100,
        "settings that come back at the next boot",
    ),
    Item::glob(
        "usr/lib/sysctl.d/*.conf",
        100,
        "settings of the distribution",
    )
    .value(Value::Low),
    Item::new(
        "scene/systemd/units.txt",
        Take::Packed {
            into: "scene/systemd/units.txt",
            find: units::files,
            names: &[],
        },
        "OOMScoreAdjust, OOMPolicy, Memory* and Limit* of every unit file and drop-in",
    )
    .kib(2048)
    .filter(units::settings)
    .root(Root::Better),
    Item::file("etc/systemd/system.conf", "default limits of all services"),
    Item::glob(
        "etc/systemd/system.conf.d/*.conf",
        50,
        "default limits of all services",
    ),
    Item::file("etc/systemd/user.conf", "default limits of user services"),
    Item::glob(
        "etc/modprobe.d/*.conf",
        100,
        "module options such as zram and balloon sizes",
    )
    .value(Value::Low),
];
