//! `/proc/slabinfo`: kernel memory by object cache.

use super::source::Source;
use super::{Facts, Record, zones};
use crate::words::Bilingual;

/// Caches that are kept: a leak is at the top.
const KEPT: usize = 20;

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let page = zones::page_size(source, facts);
        let mut caches: Vec<(u64, Record)> = Vec::new();
        for line in source.lines() {
            if line.text.starts_with('#') || line.text.starts_with("slabinfo ") {
                continue;
            }
            let words: Vec<&str> = line.text.split_whitespace().collect();
            let number = |at: usize| words.get(at).and_then(|w| w.parse::<u64>().ok());
            // name active_objs num_objs objsize objperslab pagesperslab … : slabdata active num shared
            let slabs = words
                .iter()
                .position(|w| *w == "slabdata")
                .and_then(|at| number(at + 2));
            let (Some(name), Some(objects), Some(pages_each), Some(slabs)) =
                (words.first(), number(1), number(5), slabs)
            else {
                facts.gap(
                    source.entry,
                    line.number,
                    Bilingual::new(
                        "not a line of slabinfo version 2",
                        "不是 slabinfo 2.x 版的数据行",
                    ),
                );
                continue;
            };
            let pages = slabs.saturating_mul(pages_each);
            let evidence = source.at(&line);
            let mut cache = Record::new();
            cache.put("name", *name, evidence.clone());
            cache.put("objects_count", objects, evidence.clone());
            cache.put_some(
                "used_bytes",
                page.and_then(|p| p.checked_mul(pages)),
                &evidence,
            );
            caches.push((pages, cache));
        }
        caches.sort_by_key(|(pages, _)| std::cmp::Reverse(*pages));
        for (_, cache) in caches.into_iter().take(KEPT) {
            facts.push("memory.slabs", cache);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn largest_first() {
        let mut facts = Facts::default();
        facts.put("host.page_size_bytes", 4096, Vec::new());
        let text = "slabinfo - version: 2.1\n# name <active_objs> …\n\
            dentry 10 21 192 21 1 : tunables 0 0 0 : slabdata 1 1 0\n\
            kmalloc-64(11:pod) 640 640 64 64 2 : tunables 0 0 0 : slabdata 10 10 0\n";
        testing::parse_into(parse, "proc/slabinfo", text, &mut facts);
        let top = testing::record(&facts, "memory.slabs", 0);
        assert_eq!(top.text("name"), Some("kmalloc-64(11:pod)"));
        assert_eq!(top.int("used_bytes"), Some(20 * 4096));
    }
}
