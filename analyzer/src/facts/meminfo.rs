//! `/proc/meminfo`: the kernel's own account of memory. Keys differ by release; every known key
//! stands on its own, so an unknown or missing one loses nothing else.

use crate::words::Bilingual;
use std::collections::BTreeMap;

use super::source::{Source, kib};
use super::{Evidence, Facts};

/// Keys in kB.
const BYTES: &[(&str, &str)] = &[
    ("MemTotal", "memory.total_bytes"),
    ("MemFree", "memory.free_bytes"),
    ("MemAvailable", "memory.available_bytes"),
    ("Buffers", "memory.buffers_bytes"),
    ("Cached", "memory.cached_bytes"),
    ("AnonPages", "memory.anon_bytes"),
    ("Mapped", "memory.mapped_bytes"),
    ("Shmem", "memory.shmem_bytes"),
    ("Slab", "memory.slab_bytes"),
    ("SReclaimable", "memory.slab_reclaimable_bytes"),
    ("SUnreclaim", "memory.slab_unreclaimable_bytes"),
    ("KernelStack", "memory.kernel_stack_bytes"),
    ("PageTables", "memory.page_tables_bytes"),
    ("Percpu", "memory.percpu_bytes"),
    ("VmallocUsed", "memory.vmalloc_used_bytes"),
    ("Dirty", "memory.dirty_bytes"),
    ("Writeback", "memory.writeback_bytes"),
    ("Unevictable", "memory.unevictable_bytes"),
    ("Mlocked", "memory.mlocked_bytes"),
    ("AnonHugePages", "memory.anon_huge_bytes"),
    ("HardwareCorrupted", "memory.hardware_corrupted_bytes"),
    ("CommitLimit", "memory.commit_limit_bytes"),
    ("Committed_AS", "memory.committed_bytes"),
    ("SwapTotal", "memory.swap_total_bytes"),
    ("SwapFree", "memory.swap_free_bytes"),
    ("SwapCached", "memory.swap_cached_bytes"),
    ("Hugepagesize", "memory.hugepage_size_bytes"),
];

/// Keys without a unit.
const COUNTS: &[(&str, &str)] = &[
    ("HugePages_Total", "memory.hugepages_total_count"),
    ("HugePages_Free", "memory.hugepages_free_count"),
    ("HugePages_Rsvd", "memory.hugepages_reserved_count"),
];

/// What adds up to the memory that the kernel itemises; `SwapCached` is inside `AnonPages`.
const ITEMISED: [&str; 9] = [
    "MemFree",
    "Buffers",
    "Cached",
    "AnonPages",
    "Slab",
    "KernelStack",
    "PageTables",
    "SecPageTables",
    "Percpu",
];

/// One line: its figure (in bytes when it has a unit) and the line.
type Rows = BTreeMap<String, (u64, Evidence)>;

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let rows = rows(source, facts);
        if rows.is_empty() {
            facts.gap(
                source.entry,
                0,
                Bilingual::new(
                    "no line of the form `Key: figure` in meminfo",
                    "meminfo 中没有“键: 数值”格式的行",
                ),
            );
        }
        for (key, path) in BYTES.iter().chain(COUNTS) {
            if let Some((value, evidence)) = rows.get(*key) {
                facts.put(path, *value, vec![evidence.clone()]);
            }
        }
        difference(
            &rows,
            ("SwapTotal", "SwapFree"),
            "memory.swap_used_bytes",
            facts,
        );
        hugepages(&rows, facts);
        unaccounted(&rows, facts);
    }
}

/// The second reading: only what moves and matters.
pub(super) fn parse_second(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        if let Some((value, evidence)) = rows(source, facts).remove("MemAvailable") {
            facts.put("memory.available_later_bytes", value, vec![evidence]);
        }
    }
}

fn rows(source: &Source<'_>, facts: &mut Facts) -> Rows {
    let mut rows = Rows::new();
    for line in source.lines() {
        let Some((key, rest)) = line.text.split_once(':') else {
            continue;
        };
        let mut words = rest.split_whitespace();
        let figure = words.next().unwrap_or_default();
        let value = match words.next() {
            Some("kB") => kib(figure),
            None => figure.parse().ok(),
            Some(_) => None,
        };
        match value {
            Some(value) => {
                let evidence = Evidence::new(source.entry, line.number, &line.text);
                rows.insert(key.trim().to_owned(), (value, evidence));
            }
            None => facts.gap(
                source.entry,
                line.number,
                Bilingual::new(
                    format!("no figure in kB: {:?}", line.text),
                    format!("不是以 kB 为单位的数值：{:?}", line.text),
                ),
            ),
        }
    }
    rows
}

fn difference(rows: &Rows, (total, part): (&str, &str), path: &str, facts: &mut Facts) {
    if let (Some((a, of_a)), Some((b, of_b))) = (rows.get(total), rows.get(part)) {
        facts.put(path, a.saturating_sub(*b), vec![of_a.clone(), of_b.clone()]);
    }
}

/// `Hugetlb` counts the pools of all sizes (4.19+); before it only the default size is told.
fn hugepages(rows: &Rows, facts: &mut Facts) {
    if let Some((bytes, evidence)) = rows.get("Hugetlb") {
        facts.put("memory.hugepages_bytes", *bytes, vec![evidence.clone()]);
        return;
    }
    let (Some((count, of_count)), Some((size, of_size))) =
        (rows.get("HugePages_Total"), rows.get("Hugepagesize"))
    else {
        return;
    };
    let evidence = vec![of_count.clone(), of_size.clone()];
    facts.put(
        "memory.hugepages_bytes",
        count.saturating_mul(*size),
        evidence,
    );
}

fn unaccounted(rows: &Rows, facts: &mut Facts) {
    let Some((total, of_total)) = rows.get("MemTotal") else {
        return;
    };
    // Without these the sum would blame a driver for what an old file simply does not list.
    if ["MemFree", "Cached", "AnonPages", "Slab"]
        .iter()
        .any(|k| !rows.contains_key(*k))
    {
        return;
    }
    let mut evidence = vec![of_total.clone()];
    let mut sum = 0_u64;
    let mut add = |key: &str, bytes: u64| {
        if let Some((_, line)) = rows.get(key) {
            sum = sum.saturating_add(bytes);
            evidence.push(line.clone());
        }
    };
    let bytes = |key: &str| rows.get(key).map_or(0, |(bytes, _)| *bytes);
    for key in ITEMISED.iter().chain(&["Unaccepted", "Balloon"]) {
        add(key, bytes(key));
    }
    // VmallocUsed counts pages from 5.3 on (address space or 0 before), kernel stacks among them.
    if release(facts).is_some_and(|at| at >= (5, 3)) {
        add(
            "VmallocUsed",
            bytes("VmallocUsed").saturating_sub(bytes("KernelStack")),
        );
    }
    let pools = facts
        .root
        .int("memory.hugepages_bytes")
        .and_then(|n| u64::try_from(n).ok());
    let pools = pools.unwrap_or(0);
    let key = if rows.contains_key("Hugetlb") {
        "Hugetlb"
    } else {
        "HugePages_Total"
    };
    add(key, pools);
    facts.put(
        "memory.unaccounted_bytes",
        total.saturating_sub(sum),
        evidence,
    );
}

/// Major and minor number of the kernel release.
fn release(facts: &Facts) -> Option<(u32, u32)> {
    let text = facts.root.text("host.kernel_release")?;
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    const OLD: &str = "MemTotal:        1000 kB\nMemFree:          100 kB\nBuffers:           10 kB\n\
        Cached:           200 kB\nSwapTotal:        500 kB\nSwapFree:         400 kB\n\
        AnonPages:        300 kB\nSlab:              50 kB\nKernelStack:        8 kB\n\
        PageTables:        12 kB\nVmallocUsed:   350000 kB\nHugePages_Total:       2\nHugepagesize:       64 kB\n";

    #[test]
    fn kernel_3_10_has_no_mem_available() {
        let facts = testing::parse(parse, "proc/meminfo", OLD);
        assert_eq!(facts.root.int("memory.total_bytes"), Some(1_024_000));
        assert_eq!(facts.get("memory.available_bytes"), None);
        assert_eq!(facts.root.int("memory.swap_used_bytes"), Some(102_400));
        assert_eq!(facts.root.int("memory.hugepages_bytes"), Some(131_072));
        assert_eq!(
            facts.root.int("memory.unaccounted_bytes"),
            Some((1000 - 100 - 10 - 200 - 300 - 50 - 8 - 12 - 128) * 1024)
        );
        let evidence = &facts.get("memory.free_bytes").unwrap().evidence[0];
        assert_eq!(
            (evidence.line, &*evidence.text),
            (2, "MemFree:          100 kB")
        );
    }

    #[test]
    fn kernel_6_counts_vmalloc_and_keeps_what_it_does_not_know() {
        let mut facts = Facts::default();
        facts.put("host.kernel_release", "6.6.0-72.el9", Vec::new());
        let text = format!(
            "{}NewThing:  7 kB\nOdd: x y z\nVmallocUsed: 18 kB\nHugetlb: 0 kB\nMemAvailable: 5 kB\n",
            OLD.replace("VmallocUsed:   350000 kB\n", "")
        );
        testing::parse_into(parse, "proc/meminfo", &text, &mut facts);
        assert_eq!(
            facts.root.int("memory.unaccounted_bytes"),
            Some((1000 - 680 - 10) * 1024)
        );
        assert_eq!(facts.root.int("memory.available_bytes"), Some(5120));
        assert_eq!(facts.gaps.len(), 1);
        assert_eq!(facts.gaps[0].line, 14);
    }
}
