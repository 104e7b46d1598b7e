//! What is left out when time or room runs short: the least valuable first, as long as something
//! more valuable is still to come.

use std::time::Duration;

use crate::item::Value;
use crate::sources;

/// Bytes kept for the ledger and the end record: they say what is missing.
const LEDGER_BYTES: u64 = 24 * 1024;
/// No bundle is planned smaller than this.
const LEAST_BYTES: u64 = 64 * 1024;

/// Bytes and time of one collection.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Most bytes of the bundle.
    pub bytes_max: Option<u64>,
    /// Time for everything.
    pub deadline: Duration,
}

impl Budget {
    /// Most bytes of evidence, compressed.
    #[must_use]
    pub fn evidence_bytes(&self) -> Option<u64> {
        let bytes_max = self.bytes_max?.max(LEAST_BYTES);
        Some(bytes_max - LEDGER_BYTES.min(bytes_max / 4))
    }

    /// Most bytes that the bundle may have after an item of this value, in its place `path`.
    #[must_use]
    pub fn bytes_for(&self, path: &str, value: Value) -> Option<u64> {
        let all = self.evidence_bytes()?;
        Some(all / 100 * u64::from(share(path, value)))
    }

    /// Why an item of this value is not begun after `spent`, if so.
    #[must_use]
    pub fn too_late(&self, path: &str, value: Value, spent: Duration) -> Option<String> {
        let share = share(path, value);
        let until = self.deadline.mul_f64(f64::from(share) / 100.0);
        (share < 100 && spent >= until).then(|| {
            format!(
                "left out after {:.1} s of {} s for what is worth more",
                spent.as_secs_f64(),
                self.deadline.as_secs_f64()
            )
        })
    }
}

/// Percent of time and room that items of this value may have used when they are taken. The rest is
/// kept only while something more valuable is still to come.
fn share(path: &str, value: Value) -> u8 {
    let later = sources::all()
        .skip_while(|(_, item)| item.path != path)
        .map(|(_, item)| item.value)
        .max();
    if later.is_none_or(|later| later <= value) {
        return 100;
    }
    match value {
        Value::Low => 50,
        Value::Usual => 75,
        Value::High => 90,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget {
        bytes_max: Some(1_000_000),
        deadline: Duration::from_secs(60),
    };

    #[test]
    fn room_is_kept_for_what_is_worth_more_and_still_comes() {
        let first = sources::all().next().unwrap().1;
        let all = BUDGET.evidence_bytes().unwrap();
        assert!(all < 1_000_000);
        assert_eq!(
            BUDGET.bytes_for(first.path, Value::Low).unwrap(),
            all / 100 * 50
        );
        assert_eq!(
            BUDGET.bytes_for(first.path, Value::High).unwrap(),
            all / 100 * 100
        );
        let last = sources::all().last().unwrap().1;
        assert_eq!(
            BUDGET.bytes_for(last.path, last.value).unwrap(),
            all / 100 * 100
        );
    }

    #[test]
    fn late_low_items_make_way() {
        let first = sources::all().next().unwrap().1.path;
        let late = Duration::from_secs(31);
        assert_eq!(
            BUDGET.too_late(first, Value::Low, late).unwrap(),
            "left out after 31.0 s of 60 s for what is worth more"
        );
        assert_eq!(BUDGET.too_late(first, Value::Usual, late), None);
        assert_eq!(
            BUDGET.too_late(first, Value::High, Duration::from_secs(59)),
            None
        );
    }
}
