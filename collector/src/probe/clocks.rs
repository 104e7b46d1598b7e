//! The three clocks read back to back.

use oomscene_bundle::header::Clocks;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// How often the triple is read; the tightest reading wins.
const TRIES: usize = 5;

/// The tightest of some readings: a preempted one would be wrong by milliseconds.
#[must_use]
pub fn read() -> Clocks {
    let readings = (0..TRIES).map(|_| once());
    readings
        .min_by_key(|clocks| clocks.spread_ns)
        .unwrap_or_default()
}

fn once() -> Clocks {
    let before = nanoseconds(clock_gettime(ClockId::Monotonic));
    let realtime_ns = nanoseconds(clock_gettime(ClockId::Realtime));
    let boottime_ns = nanoseconds(clock_gettime(ClockId::Boottime));
    let after = nanoseconds(clock_gettime(ClockId::Monotonic));
    Clocks {
        realtime_ns,
        monotonic_ns: before.midpoint(after),
        boottime_ns,
        spread_ns: after - before,
    }
}

fn nanoseconds(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}
