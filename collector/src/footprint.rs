//! What the collector itself costs, and that it is the first to go.

use procfs::FromRead as _;
use procfs::process::Stat;
use rustix::process::setpriority_process;
use rustix::time::{ClockId, clock_gettime};

use crate::host::Host;

/// Politeness: others go first, but a machine full of runnable tasks must not starve the
/// collection beyond its deadline.
const NICE: i32 = 10;

/// Makes this process the kernel's first choice when memory ends, and a late one when a CPU is
/// wanted. Its children inherit both. A refusal costs nothing.
pub fn lower() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let _ = setpriority_process(None, NICE);
}

/// Largest resident set of this program in bytes (`VmHWM`).
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    // VmHWM, not ru_maxrss: that one is inherited from the program that started this one.
    let host = Host::new(std::path::Path::new("/")).ok()?;
    let status = host.read("proc/self/status", 16 * 1024).ok()?;
    let text = String::from_utf8_lossy(&status);
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
    let stat = Host::new(std::path::Path::new("/"))
        .and_then(|host| host.read(&format!("proc/{pid}/stat"), 4096));
    let Ok(stat) = stat else { return 0 };
    let Ok(stat) = Stat::from_read(stat.as_slice()) else {
        return 0;
    };
    (stat.utime + stat.stime) * 1_000_000 / rustix::param::clock_ticks_per_second()
}
