//! Which limits apply to whom. Inner paths are those of the machine.

use crate::item::{Item, Root, Take, Value};
use crate::probe::{cgroup_tree, gate};

/// `memory.events` and its like: counters whose growth within a second matters.
const EVENTS: &[&str] = &[
    "memory.events",
    "memory.events.local",
    "memory.swap.events",
    "memory.current",
    "memory.swap.current",
    "memory.pressure",
];
const EVENTS_V1: &[&str] = &[
    "memory.oom_control",
    "memory.failcnt",
    "memory.memsw.failcnt",
    "memory.usage_in_bytes",
];

const MEMORY: &[&str] = &[
    "memory.current",
    "memory.max",
    "memory.high",
    "memory.min",
    "memory.low",
    "memory.peak",
    "memory.stat",
    "memory.swap.current",
    "memory.swap.max",
    "memory.swap.high",
    "memory.swap.peak",
    "memory.swap.events",
    "memory.events",
    "memory.events.local",
    "memory.oom.group",
    "memory.pressure",
    "memory.zswap.current",
    "memory.zswap.max",
    "memory.zswap.writeback",
    "pids.max",
    "pids.current",
    "pids.peak",
    "pids.events",
    "cgroup.stat",
    "cgroup.events",
    "cgroup.type",
    "cgroup.controllers",
    "cgroup.subtree_control",
    "cpuset.mems.effective",
    "cpuset.cpus.effective",
    "cpu.max",
    "cpu.pressure",
    "io.pressure",
];

const MEMORY_V1: &[&str] = &[
    "memory.usage_in_bytes",
    "memory.limit_in_bytes",
    "memory.max_usage_in_bytes",
    "memory.failcnt",
    "memory.memsw.usage_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.memsw.max_usage_in_bytes",
    "memory.memsw.failcnt",
    "memory.kmem.usage_in_bytes",
    "memory.kmem.limit_in_bytes",
    "memory.kmem.max_usage_in_bytes",
    "memory.kmem.failcnt",
    "memory.kmem.tcp.usage_in_bytes",
    "memory.kmem.tcp.limit_in_bytes",
    "memory.kmem.tcp.failcnt",
    "memory.soft_limit_in_bytes",
    "memory.stat",
    "memory.oom_control",
    "memory.swappiness",
    "memory.use_hierarchy",
    "memory.move_charge_at_immigrate",
    // Vendor kernels (openEuler, Anolis, TencentOS) have the v2 names on v1 too.
    "memory.events",
    "memory.events.local",
    "memory.min",
    "memory.low",
    "memory.high",
    "memory.pressure",
    "memory.oom.group",
    "memory.qos_level",
    "memory.priority",
    "memory.wmark_ratio",
];

/// Rows of this room.
pub const ITEMS: &[Item] = &[
    Item::file(
        "proc/cgroups",
        "controllers and number of cgroups: far more than there are folders means dying ones",
    )
    .can_be_slow(1000),
    Item::file(
        "proc/self/cgroup",
        "where this program runs: host or container",
    )
    .can_be_slow(1000),
    packed(
        "sys/fs/cgroup/**/memory.events",
        "sys/fs/cgroup/all/memory.events",
        cgroup_tree::memory_v2,
        EVENTS,
        "who is at the limit now (cgroup v2)",
    )
    .value(Value::High)
    .twice(),
    packed(
        "sys/fs/cgroup/memory/**/memory.failcnt",
        "sys/fs/cgroup/all/memory.events",
        cgroup_tree::memory_v1,
        EVENTS_V1,
        "who is at the limit now (cgroup v1)",
    )
    .twice(),
    packed(
        "sys/fs/cgroup/**",
        "sys/fs/cgroup/all/memory",
        cgroup_tree::memory_v2,
        MEMORY,
        "limits, use, peaks, kills and pressure of every cgroup (v2)",
    )
    .value(Value::High)
    .can_be_slow(3000),
    packed(
        "sys/fs/cgroup/memory/**",
        "sys/fs/cgroup/all/memory",
        cgroup_tree::memory_v1,
        MEMORY_V1,
        "limits, use, peaks and kills of every cgroup (v1)",
    )
    .value(Value::High)
    .can_be_slow(3000),
    packed(
        "sys/fs/cgroup/**/memory.numa_stat",
        "sys/fs/cgroup/all/memory.numa_stat",
        cgroup_tree::memory_v2,
        &["memory.numa_stat"],
        "memory of every cgroup by node (v2)",
    )
    .can_be_slow(3000)
    .gate(gate::only_when_deep),
    packed(
        "sys/fs/cgroup/memory/**/memory.numa_stat",
        "sys/fs/cgroup/all/memory.numa_stat",
        cgroup_tree::memory_v1,
        &["memory.numa_stat"],
        "memory of every cgroup by node (v1)",
    )
    .can_be_slow(3000)
    .gate(gate::only_when_deep),
    packed(
        "sys/fs/cgroup/pids/**",
        "sys/fs/cgroup/all/pids",
        cgroup_tree::pids_v1,
        &["pids.max", "pids.current", "pids.events"],
        "who may not fork any more (v1)",
    ),
    packed(
        "sys/fs/cgroup/cpuset/**",
        "sys/fs/cgroup/all/cpuset",
        cgroup_tree::cpuset_v1,
        &[
            "cpuset.mems",
            "cpuset.effective_mems",
            "cpuset.cpus",
            "cpuset.memory_migrate",
        ],
        "who may use which memory node (v1)",
    ),
    packed(
        "sys/fs/cgroup/unified/**",
        "sys/fs/cgroup/all/unified",
        cgroup_tree::unified,
        &[
            "cgroup.stat",
            "cgroup.events",
            "cgroup.type",
            "cgroup.controllers",
        ],
        "dying cgroups of a hybrid hierarchy",
    ),
];

const fn packed(
    path: &'static str,
    into: &'static str,
    find: crate::item::Find,
    names: &'static [&'static str],
    why: &'static str,
) -> Item {
    Item::new(path, Take::Packed { into, find, names }, why)
        .kib(128)
        .root(Root::Better)
}
