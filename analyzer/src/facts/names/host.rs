//! Names of facts about the input and the machine.

use super::{Kind, Name, name};

#[rustfmt::skip] // a table is read by row
pub(super) const NAMES: &[Name] = &[
    name("input.kind", Kind::Text, "what was read: bundle, folder or log", "the input"),
    name("input.files", Kind::Texts, "names of the inputs of this case", "the input"),
    name("input.torn", Kind::Flag, "the bundle has no end record: the collector was stopped", "ledger/end.json"),
    name("input.tool", Kind::Text, "collector and version", "header.json"),
    name("input.collected_time", Kind::Time, "when the bundle was begun", "header.json"),
    name("input.holes_count", Kind::Count, "items that were denied, timed out, failed or cut", "ledger"),
    name("host.name", Kind::Text, "node name of the machine", "scene/uname"),
    name("host.kernel_release", Kind::Text, "uname -r", "scene/uname"),
    name("host.machine", Kind::Text, "architecture, uname -m", "scene/uname"),
    name("host.page_size_bytes", Kind::Bytes, "size of a memory page", "scene/auxv.json"),
    name("host.page_size_reason", Kind::Text, "how the page size is known", "scene/auxv.json"),
    name("host.clock_ticks_count", Kind::Count, "clock ticks per second of /proc/PID/stat", "header.json"),
    name("host.boot_id", Kind::Text, "identity of the boot", "proc/sys/kernel/random/boot_id"),
    name("host.boot_time", Kind::Time, "when the machine booted", "proc/stat"),
    name("host.uptime_seconds", Kind::Seconds, "time since boot", "proc/uptime"),
    name("host.utc_offset_seconds", Kind::Seconds, "local time minus UTC", "header.json"),
    name("host.os_name", Kind::Text, "PRETTY_NAME of the distribution", "etc/os-release"),
    name("host.cpu_count", Kind::Count, "processors online", "proc/stat"),
    name("host.load1", Kind::Number, "load average of one minute: runnable plus uninterruptible tasks", "proc/loadavg"),
    name("host.load5", Kind::Number, "load average of five minutes", "proc/loadavg"),
    name("host.load15", Kind::Number, "load average of fifteen minutes", "proc/loadavg"),
    name("host.runnable_count", Kind::Count, "tasks running or waiting for a processor", "proc/loadavg"),
    name("host.threads_count", Kind::Count, "all tasks (threads) of the machine", "proc/loadavg"),
    name("host.effective_uid", Kind::Id, "user that the collector ran as", "header.json"),
    name("host.view", Kind::Text, "host or container: what the collector could see", "scene/view.json"),
    name("host.virtualisation", Kind::Text, "hypervisor, or none", "scene/virtualisation.json"),
    name("host.product_name", Kind::Text, "DMI product name", "scene/virtualisation.json"),
    name("host.balloon_driver", Kind::Text, "loaded balloon driver; empty when none is", "scene/virtualisation.json"),
    name("host.command_line", Kind::Text, "kernel command line", "proc/cmdline"),
    name("host.user_address_bits_count", Kind::Count, "bits of the user address space, probed", "scene/address-space.json"),
    name("host.user_address_bytes", Kind::Bytes, "size of the user address space, probed", "scene/address-space.json"),
];
