//! Reasons not to take an item on this machine.

use crate::plan::Depth;
use crate::visit::Visit;

/// Above this much memory a walk over the free lists with interrupts off takes too long.
const WALK_MAX_KIB: u64 = 64 * 1024 * 1024;

/// `/proc/pagetypeinfo` walks the free lists with the zone lock held and interrupts off.
pub fn stalls_allocation(visit: &mut Visit) -> Option<String> {
    if visit.depth == Depth::Deep {
        return None;
    }
    match total_kib(visit) {
        Some(kib) if kib < WALK_MAX_KIB => None,
        Some(kib) => Some(format!(
            "{} GiB of memory: reading it would stall allocation; --deep takes it nevertheless",
            kib >> 20
        )),
        None => {
            Some("the size of memory is not known: reading it could stall allocation; --deep takes it nevertheless".to_owned())
        }
    }
}

/// Commands and other slow things are not for `--quick`.
pub fn not_when_quick(visit: &mut Visit) -> Option<String> {
    (visit.depth == Depth::Quick).then(|| "--quick".to_owned())
}

/// Statistics that the kernel must first add up over all CPUs and descendants, for every cgroup.
pub fn only_when_deep(visit: &mut Visit) -> Option<String> {
    (visit.depth != Depth::Deep).then(|| "slow with many cgroups; --deep takes it".to_owned())
}

fn total_kib(visit: &Visit) -> Option<u64> {
    let meminfo = visit.host.read("proc/meminfo", 16 * 1024).ok()?;
    let text = String::from_utf8_lossy(&meminfo);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse().ok()
}
