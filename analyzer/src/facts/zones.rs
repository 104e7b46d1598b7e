//! `/proc/zoneinfo` and `/proc/buddyinfo`: free memory and free blocks of each zone.

use super::source::{Source, TextLine};
use super::{Facts, Record};
use crate::words::Bilingual;

/// Keys of a zone in pages. The per-CPU lists have `high:` with a colon, which is another thing.
const KEYS: &[(&str, &str)] = &[
    ("min", "min_bytes"),
    ("low", "low_bytes"),
    ("high", "high_bytes"),
    ("managed", "managed_bytes"),
];

pub(super) fn zoneinfo(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let page = page_size(source, facts);
        let mut zone: Option<Record> = None;
        for line in source.lines() {
            if let Some(next) = head(source, &line) {
                push(&mut zone, "memory.zones", facts);
                zone = Some(next);
                continue;
            }
            let (Some(zone), Some(page)) = (&mut zone, page) else {
                continue;
            };
            let words: Vec<&str> = line.text.split_whitespace().collect();
            let (name, figure) = match words.as_slice() {
                ["pages", "free", figure] => ("free_bytes", figure),
                [key, figure] => match KEYS.iter().find(|(k, _)| k == key) {
                    Some((_, name)) => (*name, figure),
                    None => continue,
                },
                _ => continue,
            };
            let bytes = figure.parse::<u64>().ok().and_then(|n| n.checked_mul(page));
            zone.put_some(name, bytes, &source.at(&line));
        }
        push(&mut zone, "memory.zones", facts);
    }
}

pub(super) fn buddyinfo(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let page = page_size(source, facts);
        for line in source.lines() {
            let Some(mut zone) = head(source, &line) else {
                continue;
            };
            let blocks: Vec<u64> = line
                .text
                .split_whitespace()
                .skip(4)
                .map_while(|w| w.parse().ok())
                .collect();
            let evidence = source.at(&line);
            let free: Option<u64> = page.map(|page| {
                (0_u32..)
                    .zip(&blocks)
                    .map(|(order, n)| n.saturating_mul(page) << order.min(32))
                    .sum()
            });
            zone.put_some("free_bytes", free, &evidence);
            let order3: u64 = (0_u32..)
                .zip(&blocks)
                .skip(3)
                .map(|(order, n)| n << (order - 3).min(32))
                .sum();
            zone.put("order3_up_count", order3, evidence.clone());
            let largest = blocks.iter().rposition(|n| *n > 0);
            let largest = largest.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1);
            zone.put("largest_order_count", largest, evidence);
            facts.push("memory.buddy", zone);
        }
    }
}

/// A zone that begins with `Node 0, zone   Normal`.
fn head(source: &Source<'_>, line: &TextLine<'_>) -> Option<Record> {
    let rest = line.text.strip_prefix("Node ")?;
    let (node, rest) = rest.split_once(',')?;
    let name = rest
        .trim_start()
        .strip_prefix("zone")?
        .split_whitespace()
        .next()?;
    let mut zone = Record::new();
    zone.put("node", node.trim().parse::<u32>().ok()?, source.at(line));
    zone.put("zone", name, source.at(line));
    Some(zone)
}

fn push(zone: &mut Option<Record>, list: &str, facts: &mut Facts) {
    if let Some(zone) = zone.take() {
        facts.push(list, zone);
    }
}

/// Page size of that machine; without it pages stay pages and the bytes stay unknown.
pub(super) fn page_size(source: &Source<'_>, facts: &mut Facts) -> Option<u64> {
    let size = facts
        .root
        .int("host.page_size_bytes")
        .and_then(|n| u64::try_from(n).ok());
    if size.is_none() {
        facts.gap(
            source.entry,
            0,
            Bilingual::new(
                "counts pages, and the page size of that machine is not known",
                "以页计数，而该机器的页大小未知",
            ),
        );
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    const OLD: &str = "Node 0, zone      DMA\n  pages free     3977\n        min      67\n        low      83\n        high     100\n        scanned  0\n        spanned  4095\n        present  3998\n        managed  3977\n    nr_free_pages 3977\n        protection: (0, 2830)\n  pagesets\n    cpu: 0\n              count: 0\n              high:  0\nNode 0, zone   Normal\n  pages free     10\n        min      20\n";
    const NEW: &str = "Node 1, zone   Normal\n  per-node stats\n      nr_inactive_anon 31\n  pages free     100\n        boost    0\n        min      1\n        low      2\n        high     3\n        promo    4\n        managed  50\n";

    fn with_pages(size: Option<u64>, parser: super::super::gather::Parse, text: &str) -> Facts {
        let mut facts = Facts::default();
        if let Some(size) = size {
            facts.put("host.page_size_bytes", size, Vec::new());
        }
        testing::parse_into(parser, "proc/zoneinfo", text, &mut facts);
        facts
    }

    #[test]
    fn kernels_3_10_and_6() {
        let old = with_pages(Some(4096), zoneinfo, OLD);
        let zones = old.root.items("memory.zones");
        assert_eq!(zones.len(), 2);
        let crate::facts::Value::Record(dma) = &zones[0].value else {
            panic!()
        };
        assert_eq!(dma.int("high_bytes"), Some(100 * 4096));
        assert_eq!(dma.int("managed_bytes"), Some(3977 * 4096));
        let new = with_pages(Some(65536), zoneinfo, NEW);
        let crate::facts::Value::Record(normal) = &new.root.items("memory.zones")[0].value else {
            panic!()
        };
        assert_eq!(normal.int("node"), Some(1));
        assert_eq!(normal.int("min_bytes"), Some(65536));
    }

    #[test]
    fn unknown_page_size_is_a_gap_not_4_kib() {
        let facts = with_pages(None, zoneinfo, OLD);
        let crate::facts::Value::Record(dma) = &facts.root.items("memory.zones")[0].value else {
            panic!()
        };
        assert_eq!(dma.get("free_bytes"), None);
        assert_eq!(facts.gaps.len(), 1);
    }

    #[test]
    fn blocks_that_could_be_cut() {
        let facts = with_pages(
            Some(4096),
            buddyinfo,
            "Node 0, zone   Normal   5 4 0 1 2 0\nNode 0, zone  Movable 0 0 0\n",
        );
        let crate::facts::Value::Record(zone) = &facts.root.items("memory.buddy")[0].value else {
            panic!()
        };
        assert_eq!(zone.int("order3_up_count"), Some(5));
        assert_eq!(zone.int("largest_order_count"), Some(4));
        assert_eq!(zone.int("free_bytes"), Some((5 + 8 + 8 + 32) * 4096));
        let crate::facts::Value::Record(none) = &facts.root.items("memory.buddy")[1].value else {
            panic!()
        };
        assert_eq!(none.int("largest_order_count"), Some(-1));
    }
}
