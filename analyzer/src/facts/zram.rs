//! `/sys/block/zram*/mm_stat`: what compressed swap itself takes of RAM (drivers/block/zram, `mm_stat_show`).

use super::Facts;
use super::source::Source;
use crate::words::Bilingual;

/// Columns of the one line, and the fact that each is; all are bytes, summed over the devices.
const COLUMNS: [(usize, &str); 3] = [
    (0, "memory.zram_original_bytes"),
    (2, "memory.zram_taken_bytes"),
    (4, "memory.zram_peak_bytes"),
];

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    let mut sums = [0_u64; COLUMNS.len()];
    let mut evidence = Vec::new();
    for source in sources {
        let text = source.text();
        let figures: Vec<Option<u64>> = text
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect();
        for (sum, (column, _)) in sums.iter_mut().zip(COLUMNS) {
            let Some(figure) = figures.get(column).copied().flatten() else {
                let said = Bilingual::new("no five figures in mm_stat", "mm_stat 不足五列数字");
                facts.gap(source.entry, 1, said);
                return;
            };
            *sum = sum.saturating_add(figure);
        }
        evidence.extend(source.first());
    }
    for (sum, (_, name)) in sums.into_iter().zip(COLUMNS) {
        facts.put(name, sum, evidence.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn the_peak_is_kept_after_everything_was_given_back() {
        let text = " 2142208  1560743  2146304        0 110764032        0        0      169\n";
        let facts = testing::parse(parse, "sys/block/zram0/mm_stat", text);
        assert_eq!(
            facts.root.int("memory.zram_original_bytes"),
            Some(2_142_208)
        );
        assert_eq!(facts.root.int("memory.zram_taken_bytes"), Some(2_146_304));
        assert_eq!(facts.root.int("memory.zram_peak_bytes"), Some(110_764_032));
    }

    #[test]
    fn a_line_that_is_cut_gives_no_sum() {
        let facts = testing::parse(parse, "sys/block/zram0/mm_stat", "2142208 1560743\n");
        assert!(facts.get("memory.zram_peak_bytes").is_none());
        assert_eq!(facts.gaps.len(), 1);
    }
}
