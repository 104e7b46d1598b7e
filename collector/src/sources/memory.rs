//! Where the memory is at this moment.

use crate::item::{Item, Root, Value};
use crate::probe::{gate, tmpfs, vmalloc};

/// Rows of this room.
pub const ITEMS: &[Item] = &[
    Item::file(
        "proc/meminfo",
        "how much is free, available, cache, anonymous, slab, huge pages",
    )
    .value(Value::High)
    .twice(),
    Item::file(
        "proc/vmstat",
        "counters of reclaim, compaction, swapping and OOM kills since boot",
    )
    .value(Value::High)
    .twice(),
    Item::file(
        "proc/pressure/memory",
        "share of time that tasks waited for memory",
    )
    .twice(),
    Item::file(
        "proc/pressure/cpu",
        "share of time that tasks waited for a CPU",
    )
    .twice(),
    Item::file(
        "proc/pressure/io",
        "share of time that tasks waited for a disk",
    )
    .twice(),
    Item::file(
        "proc/zoneinfo",
        "watermarks and free pages of each zone: why an allocation failed although memory is free",
    )
    .value(Value::High),
    Item::file("proc/buddyinfo", "free blocks by size: fragmentation").value(Value::High),
    Item::file("proc/pagetypeinfo", "free blocks by size and mobility")
        .value(Value::Low)
        .root(Root::Needed)
        .gate(gate::stalls_allocation)
        .can_be_slow(3000),
    Item::file(
        "proc/slabinfo",
        "kernel memory by cache: dentry, inode and socket leaks",
    )
    .value(Value::High)
    .kib(4 * 1024)
    .root(Root::Needed)
    .can_be_slow(5000),
    Item::made(
        "scene/vmallocinfo.txt",
        vmalloc::summary,
        "vmalloc memory by caller: driver leaks",
    )
    .root(Root::Needed),
    Item::file("proc/swaps", "swap devices, their size and use").can_be_slow(1000),
    Item::glob(
        "sys/kernel/mm/hugepages/*/*",
        64,
        "huge page pools: reserved memory that nobody else can use",
    ),
    Item::glob(
        "sys/devices/system/node/node*/meminfo",
        256,
        "memory of each NUMA node: one may be full while others are not",
    ),
    Item::glob(
        "sys/devices/system/node/node*/numastat",
        256,
        "allocations that missed their node",
    ),
    Item::glob(
        "sys/devices/system/node/node*/cpulist",
        256,
        "which CPUs belong to which node",
    ),
    Item::glob(
        "sys/devices/system/node/node*/hugepages/*/*",
        512,
        "huge page pools of each node",
    ),
    Item::glob(
        "sys/kernel/mm/transparent_hugepage/*",
        32,
        "transparent huge pages: memory that grows by 2 MiB steps",
    ),
    Item::glob(
        "sys/kernel/mm/transparent_hugepage/khugepaged/*",
        32,
        "how eagerly pages are merged into huge ones",
    ),
    Item::glob(
        "sys/block/zram*/disksize",
        64,
        "size of compressed swap in memory",
    ),
    Item::glob(
        "sys/block/zram*/mm_stat",
        64,
        "memory that compressed swap takes",
    )
    .root(Root::Better),
    Item::glob(
        "sys/block/zram*/comp_algorithm",
        64,
        "how compressed swap is compressed",
    ),
    Item::glob(
        "sys/module/zswap/parameters/*",
        32,
        "compressed cache in front of swap",
    ),
    Item::made(
        "scene/tmpfs.json",
        tmpfs::space,
        "files in memory: /dev/shm, /run, /tmp",
    )
    .live_only(),
    Item::file(
        "proc/sysvipc/shm",
        "shared memory segments, also those that no process holds any more",
    )
    .kib(2048)
    .can_be_slow(1000),
    Item::file("proc/net/sockstat", "memory of network sockets"),
    Item::file("proc/net/sockstat6", "memory of IPv6 sockets"),
    Item::glob(
        "sys/kernel/dmabuf/buffers/*/size",
        2000,
        "buffers of graphics and media drivers, in no process's memory",
    ),
    Item::glob(
        "sys/kernel/dmabuf/buffers/*/exporter_name",
        2000,
        "which driver made each buffer",
    )
    .value(Value::Low),
    Item::file(
        "proc/self/mountinfo",
        "tmpfs and huge page mounts with their limits, cgroup version",
    )
    .value(Value::High)
    .kib(4 * 1024),
];
