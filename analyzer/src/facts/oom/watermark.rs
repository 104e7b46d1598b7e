//! Which zone failed a request, by the kernel's own test (`__zone_watermark_ok`, mm/page_alloc.c):
//! enough free pages above the watermark and above what lower zones are protected with, and a block
//! large enough.

use super::{
    gfp,
    memory::{Buddy, Zone},
};

/// What the test says about one zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It could have served the request at the moment of the dump.
    Serves,
    /// Too few free pages.
    Short,
    /// Enough free pages, but no block of the order.
    Fragmented,
}

/// The request.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// What its flags allow.
    pub flags: gfp::Request,
    /// 2^order contiguous pages.
    pub order: usize,
    /// Page size in bytes.
    pub page_bytes: u64,
    /// Whether the machine has a HighMem zone, which only 32-bit kernels have.
    pub high_memory: bool,
}

/// Tests one zone. `None` when the request may not use it, or when the log does not tell enough.
#[must_use]
pub fn verdict(zone: &Zone, lists: Option<&Buddy>, asked: Asked) -> Option<Verdict> {
    if !asked.flags.serves(&zone.name) {
        return None;
    }
    let [min, ..] = zone.watermarks_bytes;
    // Those that cannot wait may go to half the mark (ALLOC_HIGH), and into the reserved blocks.
    let mark = if asked.flags.high { min / 2 } else { min };
    let reserved = if asked.flags.high {
        0
    } else {
        zone.highatomic_bytes
    };
    let cma = if asked.flags.movable {
        0
    } else {
        zone.free_cma_bytes
    };
    let usable = zone.free_bytes.saturating_sub(reserved).saturating_sub(cma);
    let protection = protection_pages(zone, asked)?.checked_mul(asked.page_bytes)?;
    let request = (asked.page_bytes << asked.order.min(20)).saturating_sub(asked.page_bytes);
    if usable.saturating_sub(request) <= mark.saturating_add(protection) {
        return Some(Verdict::Short);
    }
    if asked.order == 0 {
        return Some(Verdict::Serves);
    }
    Some(if lists?.blocks_from(asked.order) > 0 {
        Verdict::Serves
    } else {
        Verdict::Fragmented
    })
}

/// Pages that this zone keeps free from the request: `lowmem_reserve` at the index of the highest
/// zone that the request may use.
fn protection_pages(zone: &Zone, asked: Asked) -> Option<u64> {
    let reserve = &zone.reserve_pages;
    if reserve.is_empty() {
        return None;
    }
    // Zones that a configuration lacks are not in the list: 32-bit kernels have DMA, Normal,
    // HighMem, Movable; 64-bit ones DMA, DMA32, Normal, Movable and, with ZONE_DEVICE, one more.
    let names: &[&str] = match (asked.high_memory, reserve.len()) {
        (true, 3) => &["Normal", "HighMem", "Movable"],
        (true, _) => &["DMA", "Normal", "HighMem", "Movable"],
        (false, 2) => &["Normal", "Movable"],
        (false, 3) => &["DMA", "Normal", "Movable"],
        (false, _) => &["DMA", "DMA32", "Normal", "Movable"],
    };
    let highest = names.iter().rposition(|name| asked.flags.serves(name))?;
    reserve.get(highest).or_else(|| reserve.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::oom::memory;

    fn zone(line: &str, reserve: &[u64]) -> Zone {
        Zone {
            reserve_pages: reserve.to_vec(),
            ..memory::zone(line).unwrap()
        }
    }

    fn asked(mask: &str, order: usize) -> Asked {
        Asked {
            flags: gfp::request(mask, Some("6.12.9")).unwrap(),
            order,
            page_bytes: 4096,
            high_memory: false,
        }
    }

    #[test]
    fn the_watermark_and_the_protection_of_low_zones() {
        let normal = zone(
            "Node 0 Normal free:65000kB min:65536kB low:81920kB high:98304kB x",
            &[0; 4],
        );
        assert_eq!(
            verdict(&normal, None, asked("0xcc0", 0)),
            Some(Verdict::Short)
        );
        assert_eq!(
            verdict(&normal, None, asked("0xa20", 0)),
            Some(Verdict::Serves)
        );
        let dma = zone(
            "Node 0 DMA free:15908kB min:132kB low:164kB high:196kB x",
            &[0, 2800, 7800, 7800],
        );
        assert_eq!(verdict(&dma, None, asked("0xcc0", 0)), Some(Verdict::Short));
        assert_eq!(
            verdict(&dma, None, asked("0xcc1", 0)),
            Some(Verdict::Serves)
        );
    }

    #[test]
    fn free_memory_in_small_blocks_is_fragmentation() {
        let normal = zone(
            "Node 0 Normal free:650000kB min:65536kB low:1kB high:1kB x",
            &[0; 4],
        );
        let lists =
            memory::buddy("Node 0 Normal: 160000*4kB (UME) 10*8kB (H) 0*16kB = 640080kB").unwrap();
        assert_eq!(
            verdict(&normal, Some(&lists), asked("0xcc0", 1)),
            Some(Verdict::Fragmented)
        );
        assert_eq!(
            verdict(&normal, None, asked("0xcc0", 1)),
            None,
            "unknown without the lists"
        );
    }
}
