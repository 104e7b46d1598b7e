//! Wall time of a stamp, how far it may be off, and what it is computed from.

use super::{Machine, stamp::Stamp};

/// A wall time.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// Seconds since 1970-01-01 UTC.
    pub utc_seconds: i64,
    /// How far it may be off, either way; `None` when nothing bounds it.
    pub error_seconds: Option<f64>,
    /// What it is computed from.
    pub source: &'static str,
}

/// The kernel corrects its clock by 500 parts in a million at most (`MAXFREQ`, include/linux/timex.h),
/// and stamps of printk are not corrected at all.
const DRIFT_MAX: f64 = 500e-6;
/// Stamps are printed in whole seconds mostly.
const STAMP_SECONDS: f64 = 1.0;

/// Wall time of `stamp`. `this_boot`: it is one of `/dev/kmsg` of the boot that the header
/// describes. `computed`: its log was written by `dmesg -T`, which computes wall times itself.
#[must_use]
pub fn when(stamp: &Stamp, this_boot: bool, computed: bool, machine: &Machine) -> Option<When> {
    if this_boot && let (Some(clocks), Some(uptime_us)) = (&machine.clocks, stamp.uptime_us) {
        let boot_ns = clocks.realtime_ns.checked_sub(clocks.monotonic_ns)?;
        let at_ns = boot_ns.checked_add(i128::from(uptime_us) * 1000)?;
        // Time asleep is counted by BOOTTIME alone, and it may lie before or after the stamp.
        let asleep = (clocks.boottime_ns - clocks.monotonic_ns).max(0);
        let since = (clocks.monotonic_ns - i128::from(uptime_us) * 1000).max(0);
        let error = seconds(clocks.spread_ns.max(0)) + seconds(asleep) + seconds(since) * DRIFT_MAX;
        return Some(When {
            utc_seconds: i64::try_from(at_ns.div_euclid(1_000_000_000)).ok()?,
            error_seconds: Some(error),
            source: "seconds since boot and the clocks of the bundle",
        });
    }
    let utc_seconds = stamp.utc_seconds(machine.utc_offset_seconds)?;
    let own_zone = stamp.wall.as_ref()?.offset_seconds.is_some();
    Some(When {
        utc_seconds,
        error_seconds: (!computed).then_some(STAMP_SECONDS),
        source: match (computed, own_zone) {
            (true, _) => "dmesg -T, which computes it from the time of the boot",
            (false, true) => "the stamp with its zone",
            (false, false) => "the stamp and the zone of the bundle",
        },
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a machine's life, far below 2^52 ns of error"
)]
fn seconds(ns: i128) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use oomscene_bundle::header::Clocks;

    #[test]
    fn the_error_grows_with_sleep_and_distance() {
        let machine = Machine {
            clocks: Some(Clocks {
                realtime_ns: 1_000_000_000_000_000_000,
                monotonic_ns: 20_000_000_000_000,
                boottime_ns: 20_030_000_000_000,
                spread_ns: 1_000,
            }),
            ..Machine::default()
        };
        let stamp = Stamp {
            uptime_us: Some(10_000_000_000),
            ..Stamp::default()
        };
        let when = when(&stamp, true, false, &machine).unwrap();
        assert_eq!(when.utc_seconds, 1_000_000_000 - 10_000);
        let error = when.error_seconds.unwrap();
        assert!((error - (30.0 + 5.0)).abs() < 0.01, "{error}");
    }

    #[test]
    fn without_a_zone_there_is_no_time() {
        let stamp = Stamp {
            wall: super::super::stamp::wall_of_unix(1_000_000_000).map(|mut wall| {
                wall.offset_seconds = None;
                wall
            }),
            ..Stamp::default()
        };
        assert_eq!(when(&stamp, false, false, &Machine::default()), None);
        let here = Machine {
            utc_offset_seconds: Some(3600),
            ..Machine::default()
        };
        let found = when(&stamp, false, false, &here).unwrap();
        assert_eq!(
            (found.utc_seconds, found.error_seconds),
            (1_000_000_000 - 3600, Some(1.0))
        );
        assert_eq!(
            when(&stamp, false, true, &here).unwrap().error_seconds,
            None
        );
    }
}
