//! Names of facts about settings that decide who gets memory and who is killed.

use super::{Kind, Name, name};

#[rustfmt::skip] // a table is read by row
pub(super) const NAMES: &[Name] = &[
    name("policy.overcommit_memory", Kind::Id, "0 heuristic, 1 always, 2 strict", "proc/sys/vm/overcommit_memory"),
    name("policy.overcommit_ratio_percent", Kind::Percent, "share of RAM in CommitLimit", "proc/sys/vm/overcommit_ratio"),
    name("policy.overcommit_bytes", Kind::Bytes, "overcommit_kbytes; 0 when the ratio is used", "proc/sys/vm/overcommit_kbytes"),
    name("policy.panic_on_oom", Kind::Id, "0 kill, 1 panic on a global OOM, 2 panic always", "proc/sys/vm/panic_on_oom"),
    name("policy.oom_kill_allocating_task", Kind::Id, "1: the task that asked is killed, whatever its size", "proc/sys/vm/oom_kill_allocating_task"),
    name("policy.oom_dump_tasks", Kind::Id, "1: the report lists all tasks", "proc/sys/vm/oom_dump_tasks"),
    name("policy.min_free_bytes", Kind::Bytes, "min_free_kbytes", "proc/sys/vm/min_free_kbytes"),
    name("policy.watermark_scale_factor", Kind::Number, "distance of the watermarks in 1/10000 of a zone", "proc/sys/vm/watermark_scale_factor"),
    name("policy.swappiness", Kind::Number, "0 to 200", "proc/sys/vm/swappiness"),
    name("policy.max_map_count", Kind::Count, "most mappings of one process", "proc/sys/vm/max_map_count"),
    name("policy.admin_reserve_bytes", Kind::Bytes, "admin_reserve_kbytes", "proc/sys/vm/admin_reserve_kbytes"),
    name("policy.user_reserve_bytes", Kind::Bytes, "user_reserve_kbytes", "proc/sys/vm/user_reserve_kbytes"),
    name("policy.threads_max_count", Kind::Count, "most threads of the machine", "proc/sys/kernel/threads-max"),
    name("policy.pid_max_count", Kind::Count, "highest pid plus one", "proc/sys/kernel/pid_max"),
    name("policy.panic_seconds", Kind::Seconds, "reboot this long after a panic; 0 never", "proc/sys/kernel/panic"),
    name("policy.dmesg_restrict", Kind::Id, "1: the ring buffer is for root", "proc/sys/kernel/dmesg_restrict"),
    name("policy.units", Kind::List, "systemd units with settings on memory", "scene/systemd/units.txt"),
    name("policy.units[].unit", Kind::Text, "name of the unit", "scene/systemd/units.txt"),
    name("policy.units[].oom_score_adjust", Kind::Number, "OOMScoreAdjust", "scene/systemd/units.txt"),
    name("policy.units[].oom_policy", Kind::Text, "OOMPolicy", "scene/systemd/units.txt"),
    name("policy.units[].memory_max", Kind::Text, "MemoryMax or MemoryLimit as written", "scene/systemd/units.txt"),
    name("policy.earlyoom_enabled", Kind::Flag, "earlyoom is enabled", "scene/systemd/wants.txt"),
    name("policy.oomd_enabled", Kind::Flag, "systemd-oomd is enabled", "scene/systemd/wants.txt"),
];
