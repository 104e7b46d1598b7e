//! The memory of the machine in a report: Mem-Info counters, zones, free lists, huge pages, swap.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::facts::log::pattern::{number, owned, pattern, text};

/// A zone with its watermarks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Zone {
    /// NUMA node; `None` without `CONFIG_NUMA`.
    pub node: Option<u32>,
    /// `DMA`, `DMA32`, `Normal`, `HighMem`, `Movable`, `Device`.
    pub name: String,
    /// Free memory, bytes.
    pub free_bytes: u64,
    /// Watermarks in bytes: min, low, high.
    pub watermarks_bytes: [u64; 3],
    /// Memory that the page allocator owns, bytes.
    pub managed_bytes: Option<u64>,
    /// Free blocks that ordinary requests may not take, bytes (5.7 and later).
    pub highatomic_bytes: u64,
    /// Free memory that only movable requests may take, bytes.
    pub free_cma_bytes: u64,
    /// Pages that a request must leave free here, by the index of the highest zone it may use.
    pub reserve_pages: Vec<u64>,
}

impl Zone {
    /// As the kernel names it: `Node 0 Normal`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.node {
            Some(node) => format!("Node {node} {}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Free lists of one zone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buddy {
    /// NUMA node.
    pub node: Option<u32>,
    /// Zone.
    pub zone: String,
    /// Per order: blocks and size of one block in bytes.
    pub blocks: Vec<(u64, u64)>,
    /// Per order: the migrate types printed in brackets (`UME`, `H`, …).
    pub types: Vec<String>,
}

impl Buddy {
    /// Size of an order-0 block: the page size in bytes.
    #[must_use]
    pub fn page_size_bytes(&self) -> Option<u64> {
        self.blocks.first().map(|(_, size)| *size)
    }

    /// Free blocks of `order` or larger that an ordinary request may take: blocks held back for
    /// atomic requests (H) or isolated (I) are not.
    #[must_use]
    pub fn blocks_from(&self, order: usize) -> u64 {
        let usable = |at: usize| {
            self.types
                .get(at)
                .is_none_or(|t| t.is_empty() || t.contains(['U', 'M', 'E', 'R', 'C']))
        };
        self.blocks
            .iter()
            .enumerate()
            .filter(|(at, _)| *at >= order && usable(*at))
            .map(|(_, (count, _))| *count)
            .sum()
    }
}

/// A pool of huge pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HugePages {
    /// Pages in the pool.
    pub total: u64,
    /// Size of one in bytes.
    pub size_bytes: u64,
}

pattern!(
    ZONE,
    r"^(?:Node (?P<node>\d+) )?(?P<zone>DMA|DMA32|Normal|HighMem|Movable|Device) free:(?P<free>\d+)kB (?:boost:\d+kB )?min:(?P<min>\d+)kB low:(?P<low>\d+)kB high:(?P<high>\d+)kB(?P<rest>.*)$"
);
pattern!(
    KEY,
    r"\b(?P<key>managed|free_highatomic|reserved_highatomic|free_cma):(?P<kb>\d+)[kK]B"
);

/// Reads a zone line.
#[must_use]
pub fn zone(line: &str) -> Option<Zone> {
    static FREE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" free:"));
    FREE.find(line.as_bytes())?;
    let groups = ZONE.captures(line)?;
    let kb = |name| number::<u64>(&groups, name).and_then(|kb| kb.checked_mul(1024));
    let tail = text(&groups, "rest")?;
    let rest = |key: &str| {
        let found = KEY
            .captures_iter(tail)
            .find(|g| text(g, "key") == Some(key))?;
        number::<u64>(&found, "kb")?.checked_mul(1024)
    };
    Some(Zone {
        node: number(&groups, "node"),
        name: owned(&groups, "zone"),
        free_bytes: kb("free")?,
        watermarks_bytes: [kb("min")?, kb("low")?, kb("high")?],
        managed_bytes: rest("managed"),
        // 6.18 and later print how much of the reserve is free.
        highatomic_bytes: rest("free_highatomic")
            .or_else(|| rest("reserved_highatomic"))
            .unwrap_or(0),
        free_cma_bytes: rest("free_cma").unwrap_or(0),
        reserve_pages: Vec::new(),
    })
}

/// Reads `lowmem_reserve[]:`, in pages.
#[must_use]
pub fn reserve(line: &str) -> Option<Vec<u64>> {
    let rest = line.strip_prefix("lowmem_reserve[]:")?;
    rest.split_whitespace().map(|n| n.parse().ok()).collect()
}

pattern!(
    BUDDY,
    r"^(?:Node (?P<node>\d+) )?(?P<zone>DMA|DMA32|Normal|HighMem|Movable|Device): (?P<lists>(?:\d+\*\d+kB (?:\([A-Z]*\) ?)?)+)"
);
pattern!(
    LIST,
    r"(?P<count>\d+)\*(?P<size>\d+)kB (?:\((?P<types>[A-Z]*)\))?"
);

/// Reads a free-list line. A line torn before its `=` keeps the lists that are whole.
#[must_use]
pub fn buddy(line: &str) -> Option<Buddy> {
    memchr::memchr(b'*', line.as_bytes())?;
    let groups = BUDDY.captures(line)?;
    let mut read = Buddy {
        node: number(&groups, "node"),
        zone: owned(&groups, "zone"),
        ..Buddy::default()
    };
    for list in LIST.captures_iter(text(&groups, "lists")?) {
        let size = number::<u64>(&list, "size")?.checked_mul(1024)?;
        read.blocks.push((number(&list, "count")?, size));
        read.types.push(owned(&list, "types"));
    }
    Some(read)
}

/// Keys of the Mem-Info block; their values are pages.
const COUNT_KEYS: &[&str] = &[
    "active_anon",
    "inactive_anon",
    "isolated_anon",
    "active_file",
    "inactive_file",
    "isolated_file",
    "unevictable",
    "dirty",
    "writeback",
    "unstable",
    "slab_reclaimable",
    "slab_unreclaimable",
    "mapped",
    "shmem",
    "pagetables",
    "sec_pagetables",
    "bounce",
    "kernel_misc_reclaimable",
    "free",
    "free_pcp",
    "free_cma",
    "Active",
    "inactive",
    "slab",
];

/// Reads a line of the Mem-Info block: `key:pages` tokens of known keys and nothing else.
#[must_use]
pub fn counts(line: &str) -> Option<Vec<(&str, u64)>> {
    let mut found = Vec::new();
    for token in line.split_whitespace() {
        let (key, value) = token.split_once(':')?;
        if !COUNT_KEYS.contains(&key) {
            return None;
        }
        // An empty value is a torn one.
        if let Ok(pages) = value.parse() {
            found.push((key, pages));
        } else if !value.is_empty() {
            return None;
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Reads `Node N hugepages_total=…`.
#[must_use]
pub fn huge_pages(line: &str) -> Option<HugePages> {
    pattern!(
        HUGE,
        r"^(?:Node \d+ )?hugepages_total=(?P<total>\d+) hugepages_free=\d+ hugepages_surp=\d+ hugepages_size=(?P<size>\d+)kB"
    );
    if !line.starts_with(['N', 'h']) {
        return None;
    }
    let groups = HUGE.captures(line)?;
    Some(HugePages {
        total: number(&groups, "total")?,
        size_bytes: number::<u64>(&groups, "size")?.checked_mul(1024)?,
    })
}

/// Reads `N pages RAM` and its kin: what is counted, and pages.
#[must_use]
pub fn total(line: &str) -> Option<(&str, u64)> {
    pattern!(
        TOTAL,
        r"^(?P<pages>\d+) (?P<what>total pagecache pages|pages in swap cache|pages RAM|pages reserved|reserved pages|pages HighMem(?:/MovableOnly)?|pages cma reserved|pages hwpoisoned|pages shared|pages non-shared|pages in pagetable cache|pages of RAM|pages of HIGHMEM|free pages|slab pages)$"
    );
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let groups = TOTAL.captures(line)?;
    let what = match text(&groups, "what")? {
        "pages of RAM" => "pages RAM",
        "reserved pages" => "pages reserved",
        "pages of HIGHMEM" | "pages HighMem/MovableOnly" => "pages HighMem",
        what => what,
    };
    Some((what, number(&groups, "pages")?))
}

/// Reads `Free swap  = NkB` and `Total swap = NkB`: whether it is the total, and bytes.
#[must_use]
pub fn swap(line: &str) -> Option<(bool, u64)> {
    pattern!(SWAP, r"^(?P<which>Free|Total) swap *[=:] *(?P<kb>\d+)kB");
    if !line.starts_with(['F', 'T']) {
        return None;
    }
    let groups = SWAP.captures(line)?;
    let bytes = number::<u64>(&groups, "kb")?.checked_mul(1024)?;
    Some((text(&groups, "which")? == "Total", bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_of_all_eras() {
        for line in [
            "Node 0 Normal free:65000kB min:65536kB low:81920kB high:98304kB active_anon:4700000kB present:5242880kB managed:5120000kB all_unreclaimable? yes",
            "Node 0 Normal free:65000kB boost:0kB min:65536kB low:81920kB high:98304kB reserved_highatomic:2048KB managed:5120000kB",
        ] {
            let read = zone(line).unwrap();
            assert_eq!((read.node, read.free_bytes), (Some(0), 65_000 * 1024));
            assert_eq!(read.managed_bytes, Some(5_120_000 * 1024), "{line}");
        }
        let read = zone("HighMem free:10kB min:1kB low:2kB high:3kB active:0kB").unwrap();
        assert_eq!((read.node, read.name.as_str()), (None, "HighMem"));
    }

    #[test]
    fn the_first_block_is_the_page() {
        let line = "Node 0 Normal: 2250*16kB (UEM) 3000*32kB (UE) 5*64kB (H) 0*128kB = 65000kB";
        let read = buddy(line).unwrap();
        assert_eq!(read.page_size_bytes(), Some(16 * 1024));
        assert_eq!(read.blocks_from(1), 3000, "H blocks are held back");
        assert_eq!(buddy("DMA: 1*4kB 0*8kB = 4kB").unwrap().blocks.len(), 2);
    }

    #[test]
    fn block_lines_are_pages() {
        assert_eq!(
            counts(" free:20227 free_pcp:120 free_cma:0").unwrap(),
            [("free", 20_227), ("free_pcp", 120), ("free_cma", 0)]
        );
        assert_eq!(counts("active_anon:4kB"), None);
        assert_eq!(counts("oom_score:4"), None);
        assert_eq!(total("2000000 pages RAM"), Some(("pages RAM", 2_000_000)));
        assert_eq!(swap("Free swap  = 0kB"), Some((false, 0)));
        assert_eq!(
            swap("Total swap = 2097148kB"),
            Some((true, 2_097_148 * 1024))
        );
        let huge = huge_pages(
            "Node 0 hugepages_total=2 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB",
        )
        .unwrap();
        assert_eq!(huge.total * huge.size_bytes, 4 << 20);
    }
}
