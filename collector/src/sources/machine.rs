//! What kind of machine this is.

use crate::item::{Item, Root, Value};
use crate::probe::{address_space, auxv, identity, kernel_config, view, virtualisation};

/// Rows of this room.
pub const ITEMS: &[Item] = &[
    Item::made("scene/uname", identity::uname, "kernel release and machine").live_only(),
    Item::made(
        "scene/view.json",
        view::entry,
        "whether this is the host or a container: pids and limits differ",
    )
    .live_only(),
    Item::made(
        "scene/address-space.json",
        address_space::entry,
        "how much a process can map: probed, because the CPU's width is not the limit",
    )
    .live_only(),
    Item::made(
        "scene/auxv.json",
        auxv::entry,
        "page size and clock ticks, from the kernel",
    )
    .live_only(),
    Item::made(
        "scene/virtualisation.json",
        virtualisation::entry,
        "hypervisor, machine names, balloon drivers: memory that another machine may have taken",
    ),
    Item::made(
        "scene/kernel-config",
        kernel_config::take,
        "how the kernel was built: address bits, memcg, PSI",
    )
    .value(Value::Low)
    .kib(512),
    Item::file("proc/version", "kernel release and compiler"),
    Item::file("proc/cpuinfo", "CPU model and address sizes")
        .value(Value::Low)
        .kib(256),
    Item::file(
        "proc/stat",
        "boot time, number of forks, running and blocked tasks",
    ),
    Item::file("proc/loadavg", "load: runnable and stuck tasks"),
    Item::file("proc/uptime", "time since boot"),
    Item::file("proc/sys/kernel/random/boot_id", "which boot this is"),
    Item::file("proc/modules", "loaded modules and their size")
        .value(Value::Low)
        .kib(512)
        .can_be_slow(1000),
    Item::file("proc/filesystems", "which file systems the kernel knows"),
    Item::file(
        "proc/iomem",
        "memory map: what firmware and crash kernel keep",
    )
    .value(Value::Low)
    .root(Root::Better),
    Item::glob("etc/*-release", 16, "distribution and version"),
    Item::file("etc/machine-info", "site name and chassis"),
    Item::file("etc/timezone", "time zone of the log stamps"),
    Item::file("etc/hostname", "name of the machine"),
];
