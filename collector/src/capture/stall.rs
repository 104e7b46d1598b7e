//! How long reading may hold a process up: an estimate from its size, corrected by what it really took.
//!
//! `smaps` and `smaps_rollup` walk the page tables with the target's memory lock held
//! (`fs/proc/task_mmu.c`), so that its mmap and munmap wait. The walk cannot be stopped half way.

/// Most time that one read is expected to take. The promise is 100 ms: on a machine with seven runnable
/// tasks for each CPU, reads that were expected to take that long took up to 124 ms.
const ONE_MICROS: u64 = 80_000;
/// Most time for all reads together.
const ALL_MICROS: u64 = 2_000_000;
/// Cost before anything was measured: 2 GiB in 100 ms, as on a slow virtual machine under load.
const FIRST_MICROS_PER_GIB: u64 = 50_000;
/// Never believed to be cheaper than this: what was measured may have had huge pages, which are
/// walked at once, and the next process may not (12 ms per GiB of 4 KiB pages was seen).
const LEAST_MICROS_PER_GIB: u64 = 12_000;
/// Reads of less than this tell nothing about the pages: their cost is that of the mappings.
const TELLING_BYTES: u64 = 16 << 20;
/// So much must have been walked before the measurement is believed.
const BELIEVED_BYTES: u64 = 64 << 20;
/// How to get what the budget left out.
pub const DEEP: &str = "--deep (holds the process's memory lock for longer)";
const GIB: u64 = 1 << 30;

/// The time that may still be taken from other processes.
#[derive(Debug, Clone, Default)]
pub struct Stall {
    unlimited: bool,
    spent_micros: u64,
    measured_micros: u64,
    measured_bytes: u64,
}

impl Stall {
    /// A budget; without limits when the operator said so.
    #[must_use]
    pub fn new(unlimited: bool) -> Self {
        Self {
            unlimited,
            ..Self::default()
        }
    }

    /// Cost of walking a GiB, in microseconds, as far as is known now.
    #[must_use]
    pub fn micros_per_gib(&self) -> u64 {
        if self.measured_bytes < BELIEVED_BYTES {
            return FIRST_MICROS_PER_GIB.max(self.measured());
        }
        // Twice as much: a large process is less well laid out, and its pages are in no cache.
        (self.measured() * 2).max(LEAST_MICROS_PER_GIB)
    }

    fn measured(&self) -> u64 {
        let scaled = u128::from(self.measured_micros) * u128::from(GIB);
        u64::try_from(scaled / u128::from(self.measured_bytes.max(BELIEVED_BYTES)))
            .unwrap_or(u64::MAX)
    }

    /// Whether enough was measured to believe it.
    #[must_use]
    pub fn is_calibrated(&self) -> bool {
        self.measured_bytes >= BELIEVED_BYTES
    }

    /// Why a process of `resident_bytes` is not read, if so.
    #[must_use]
    pub fn refusal(&self, resident_bytes: u64) -> Option<String> {
        let micros =
            u128::from(resident_bytes) * u128::from(self.micros_per_gib()) / u128::from(GIB);
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let mib = resident_bytes >> 20;
        if self.unlimited {
            None
        } else if micros > ONE_MICROS {
            Some(format!(
                "{mib} MiB resident: reading it could stall the process for {} ms",
                micros / 1000
            ))
        } else if self.spent_micros + micros > ALL_MICROS {
            Some(format!(
                "{mib} MiB resident: reads like it had already taken {} ms of {} ms from their processes",
                self.spent_micros / 1000,
                ALL_MICROS / 1000
            ))
        } else {
            None
        }
    }

    /// A read took `micros` for a process of `resident_bytes`.
    pub fn spent(&mut self, resident_bytes: u64, micros: u64) {
        self.spent_micros += micros;
        if resident_bytes >= TELLING_BYTES {
            self.measured_bytes += resident_bytes;
            self.measured_micros += micros;
        }
    }
}

/// The order in which processes of these sizes are read: small telling ones first, until the cost is
/// known, then from the largest on, because they are worth most.
#[must_use]
pub fn order(sizes: &[u64]) -> Vec<usize> {
    let mut largest: Vec<usize> = (0..sizes.len()).collect();
    let size = |at: &usize| sizes.get(*at).copied().unwrap_or(0);
    largest.sort_by_key(|at| std::cmp::Reverse(size(at)));
    let mut first = Vec::new();
    let mut sum = 0;
    for at in largest.iter().rev().filter(|at| size(at) >= TELLING_BYTES) {
        if sum >= BELIEVED_BYTES {
            break;
        }
        sum += size(at);
        first.push(*at);
    }
    largest.retain(|at| !first.contains(at));
    first.extend(largest);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn unknown_machine_is_taken_for_a_slow_one() {
        let stall = Stall::default();
        assert_eq!(stall.refusal(3 * GIB / 2), None);
        assert_eq!(
            stall.refusal(3 * GIB).unwrap(),
            "3072 MiB resident: reading it could stall the process for 150 ms"
        );
        assert_eq!(Stall::new(true).refusal(500 * GIB), None);
    }

    #[test]
    fn measurement_moves_the_limit_both_ways() {
        let mut fast = Stall::default();
        fast.spent(GIB, 5_000);
        assert_eq!(fast.refusal(6 * GIB), None);
        assert!(
            fast.refusal(7 * GIB).is_some(),
            "never cheaper than the least"
        );
        let mut slow = Stall::default();
        slow.spent(64 * MIB, 10_000);
        assert_eq!(slow.micros_per_gib(), 320_000);
        assert!(slow.refusal(GIB).is_some());
        let mut one = Stall::default();
        one.spent(16 * MIB, 20_000);
        assert!(
            one.refusal(2 * GIB).is_some(),
            "one very slow read is a warning"
        );
    }

    #[test]
    fn all_together_have_a_limit() {
        let mut stall = Stall::default();
        for _ in 0..96 {
            assert_eq!(stall.refusal(GIB), None);
            stall.spent(GIB, 20_000);
        }
        assert!(
            stall
                .refusal(9 * GIB / 4)
                .unwrap()
                .contains("stall the process for 90 ms")
        );
        assert!(stall.refusal(2 * GIB).is_none());
        stall.spent(GIB, 20_000);
        assert!(
            stall
                .refusal(2 * GIB)
                .unwrap()
                .contains("1940 ms of 2000 ms")
        );
        assert_eq!(stall.refusal(64 * MIB), None);
    }

    #[test]
    fn small_ones_calibrate_and_large_ones_come_next() {
        let sizes = [900 * MIB, 20 * MIB, MIB, 50 * MIB, 70 * MIB];
        assert_eq!(order(&sizes), [1, 3, 0, 4, 2]);
        assert_eq!(order(&[]), [0_usize; 0]);
    }
}
