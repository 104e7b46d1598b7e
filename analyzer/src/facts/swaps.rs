//! `/proc/swaps`: where swapped pages go.

use super::source::{Source, kib};
use super::{Facts, Record};
use crate::words::Bilingual;

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        // The header line alone says that there is no swap: an empty list, not an unknown one.
        facts.root.list("memory.swap_devices");
        for line in source.lines().skip(1) {
            // Counted from the end: the name may hold anything but blanks, which are written \040.
            let mut words = line.text.split_whitespace().rev();
            let (Some(_priority), Some(used), Some(size), Some(kind), Some(path)) = (
                words.next(),
                words.next(),
                words.next(),
                words.next(),
                words.next(),
            ) else {
                facts.gap(
                    source.entry,
                    line.number,
                    Bilingual::new("not five columns in swaps", "swaps 的该行不是五列"),
                );
                continue;
            };
            let evidence = source.at(&line);
            let mut area = Record::new();
            area.put("path", unescape(path), evidence.clone());
            area.put("type", kind, evidence.clone());
            area.put_some("size_bytes", kib(size), &evidence);
            area.put_some("used_bytes", kib(used), &evidence);
            area.put("zram", path.contains("/zram"), evidence);
            facts.push("memory.swap_devices", area);
        }
    }
}

/// Octal escapes of `/proc` tables (`mangle_path` in the kernel): blank, tab, newline, backslash.
pub(super) fn unescape(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn none_and_some() {
        let none = testing::parse(
            parse,
            "proc/swaps",
            "Filename\tType\tSize\tUsed\tPriority\n",
        );
        assert!(none.get("memory.swap_devices").is_some());
        assert!(none.root.items("memory.swap_devices").is_empty());
        let some = testing::parse(
            parse,
            "proc/swaps",
            "Filename Type Size Used Priority\n/swap\\040file file 8 4 -2\n/dev/zram0 partition 100 0 100\n",
        );
        let file = testing::record(&some, "memory.swap_devices", 0);
        assert_eq!(file.text("path"), Some("/swap file"));
        assert_eq!(file.int("used_bytes"), Some(4096));
        assert_eq!(
            testing::record(&some, "memory.swap_devices", 1).flag("zram"),
            Some(true)
        );
    }
}
