//! What the collector itself costs, and that it is the first to go.

use std::path::Path;

use procfs::FromRead as _;
use procfs::process::Stat;
use rustix::process::setpriority_process;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::capture::reader::record::LeftBehind;
use crate::host::Door;

/// Politeness: others go first, but a machine full of runnable tasks must not starve the
/// collection beyond its deadline.
const NICE: i32 = 10;
/// Buffers from this size on are mappings of their own.
#[cfg(target_env = "gnu")]
const MMAP_BYTES: libc::c_int = 64 * 1024;
/// `IOPRIO_WHO_PROCESS` and the idle class of `include/uapi/linux/ioprio.h`.
const IOPRIO_WHO_PROCESS: libc::c_long = 1;
const IOPRIO_IDLE: libc::c_long = 3 << 13;

/// Makes this process a late one when a CPU or a disk is wanted, and gives it `oom_score_adj`. Its
/// children inherit all three. A refusal costs nothing.
pub fn lower(oom_score_adj: i16) {
    let _ = std::fs::write("/proc/self/oom_score_adj", oom_score_adj.to_string());
    let _ = setpriority_process(None, NICE);
    idle_io();
    give_back();
}

/// Freed buffers go back to the machine at once. glibc raises this limit each time a large buffer is
/// freed, and then keeps the next ones: a log of 4 MiB would be held three times.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "mallopt(3) has no wrapper anywhere")]
fn give_back() {
    // SAFETY: two numbers; only the allocator's own settings change.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_BYTES) };
}

/// Other C libraries do so anyway.
#[cfg(not(target_env = "gnu"))]
const fn give_back() {}

#[expect(unsafe_code, reason = "ioprio_set(2) has no wrapper anywhere")]
fn idle_io() {
    // SAFETY: three numbers; no memory is touched. The process is this one.
    unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE) };
}

/// `scene/collector.json`: what this run cost the machine, so that it can be told from the machine's
/// own load.
#[must_use]
pub fn record(readers: &[u32], cost: (u64, u64), left_behind: &[LeftBehind]) -> Vec<u8> {
    let own = proc_file("self/status").unwrap_or_default();
    let io = proc_file("self/io").unwrap_or_default();
    let number = |text: &str, key: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let bytes = |key: &str| number(&own, key).map(|kib| kib * 1024);
    let left: Vec<_> = left_behind
        .iter()
        .map(|left| json!({"pid": left.pid, "hangs_at": left.path, "state": left.state}))
        .collect();
    let value = json!({
        "pid": std::process::id(),
        "rss_bytes": bytes("VmRSS:"),
        "peak_rss_bytes": bytes("VmHWM:"),
        "cpu_micros": cpu_micros(),
        "read_bytes": number(&io, "rchar:"),
        "disk_read_bytes": number(&io, "read_bytes:"),
        "written_bytes": number(&io, "wchar:"),
        "oom_score_adj": proc_file("self/oom_score_adj").and_then(|text| text.trim().parse::<i64>().ok()),
        "readers": {"pids": readers, "cpu_micros": cost.0, "peak_rss_bytes": cost.1},
        "left_behind": left,
    });
    let mut text = serde_json::to_vec_pretty(&value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Largest resident set of this program in bytes (`VmHWM`).
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    peak_rss_bytes_of(std::process::id())
}

/// Largest resident set of the process `pid` in bytes.
#[must_use]
pub fn peak_rss_bytes_of(pid: u32) -> Option<u64> {
    // VmHWM, not ru_maxrss: that one is inherited from the program that started this one.
    let text = proc_file(&format!("{pid}/status"))?;
    let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// CPU time of this process in microseconds.
#[must_use]
pub fn cpu_micros() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let micros = time
        .tv_sec
        .saturating_mul(1_000_000)
        .saturating_add(time.tv_nsec / 1000);
    u64::try_from(micros).unwrap_or(0)
}

/// CPU time of the process `pid` in microseconds; 0 when it is gone.
#[must_use]
pub fn cpu_micros_of(pid: u32) -> u64 {
    let Some(stat) = proc_file(&format!("{pid}/stat")) else {
        return 0;
    };
    let Ok(stat) = Stat::from_read(stat.as_bytes()) else {
        return 0;
    };
    (stat.utime + stat.stime) * 1_000_000 / rustix::param::clock_ticks_per_second()
}

/// State letter of the process `pid` and where in the kernel it waits.
#[must_use]
pub fn state_of(pid: u32) -> String {
    let stat = proc_file(&format!("{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    let wchan = proc_file(&format!("{pid}/wchan")).unwrap_or_default();
    match state {
        Some(state) if wchan.is_empty() || wchan == "0" => state.to_string(),
        Some(state) => format!("{state}, waiting in {wchan}"),
        None => "gone".to_owned(),
    }
}

/// A file of the running kernel about this program or its children.
fn proc_file(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let door = Door::new(Path::new("/")).ok()?;
    door.read_into(&format!("proc/{path}"), 16 * 1024, &mut bytes)
        .ok()?;
    String::from_utf8(bytes).ok()
}
