//! Allocation flags: their names by the kernel's era, for kernels that print only the number, and
//! what they allow the allocator (include/linux/gfp.h, gfp_types.h of each era).

/// What a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    dma: bool,
    dma32: bool,
    high_memory: bool,
    /// It may take pages that must be movable (CMA, ZONE_MOVABLE).
    pub movable: bool,
    /// It may go below the watermark (`__GFP_HIGH`).
    pub high: bool,
}

impl Request {
    /// Whether pages of this zone may serve it.
    #[must_use]
    pub fn serves(self, zone: &str) -> bool {
        match zone {
            "DMA" => true,
            "DMA32" => !self.dma,
            "Normal" => !self.dma && !self.dma32,
            "HighMem" => self.high_memory,
            "Movable" => self.high_memory && self.movable,
            _ => false,
        }
    }
}

/// Kernels whose flags have the same bits and which print no names (4.6 and later do).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Era {
    /// Before 2.6.32: `__GFP_MOVABLE` was 0x100000.
    Early,
    /// 2.6.32 to 4.3.
    Wait,
    /// 4.4 and 4.5.
    Reclaim,
}

/// Reads what the mask allows. The three lowest bits and `__GFP_HIGH` never moved.
#[must_use]
pub fn request(mask: &str, release: Option<&str>) -> Option<Request> {
    let bits = bits(mask)?;
    let early = version(release).is_some_and(|v| v < (2, 6, 32));
    Some(Request {
        dma: bits & 1 != 0,
        dma32: bits & 4 != 0,
        high_memory: bits & 2 != 0,
        movable: bits & if early { 0x10_0000 } else { 8 } != 0,
        high: bits & 0x20 != 0,
    })
}

fn bits(mask: &str) -> Option<u64> {
    u64::from_str_radix(mask.strip_prefix("0x")?, 16).ok()
}

fn version(release: Option<&str>) -> Option<(u32, u32, u32)> {
    let mut parts = release?.split(|c: char| !c.is_ascii_digit());
    let mut next = || parts.next().and_then(|n| n.parse().ok());
    Some((next()?, next()?, next().unwrap_or(0)))
}

const WAIT: &[(u64, &str)] = &[
    (0x2_00da, "GFP_HIGHUSER_MOVABLE"),
    (0x2_00d2, "GFP_HIGHUSER"),
    (0x2_00d0, "GFP_USER"),
    (0xd0, "GFP_KERNEL"),
    (0x50, "GFP_NOFS"),
    (0x10, "GFP_NOIO"),
    (0x20, "GFP_ATOMIC"),
    (0x40, "__GFP_IO"),
    (0x80, "__GFP_FS"),
];

const EARLY: &[(u64, &str)] = &[
    (0x12_00d2, "GFP_HIGHUSER_MOVABLE"),
    (0x2_00d2, "GFP_HIGHUSER"),
    (0x2_00d0, "GFP_USER"),
    (0xd0, "GFP_KERNEL"),
    (0x50, "GFP_NOFS"),
    (0x10, "GFP_NOIO"),
    (0x20, "GFP_ATOMIC"),
    (0x40, "__GFP_IO"),
    (0x80, "__GFP_FS"),
    (0x8_0000, "__GFP_RECLAIMABLE"),
    (0x10_0000, "__GFP_MOVABLE"),
];

const RECLAIM: &[(u64, &str)] = &[
    (0x242_00ca, "GFP_HIGHUSER_MOVABLE"),
    (0x242_00c2, "GFP_HIGHUSER"),
    (0x242_00c0, "GFP_USER"),
    (0x240_00c0, "GFP_KERNEL"),
    (0x240_0040, "GFP_NOFS"),
    (0x208_0020, "GFP_ATOMIC"),
    (0x240_0000, "GFP_NOIO"),
    (0x200_0000, "GFP_NOWAIT"),
    (0x10, "__GFP_RECLAIMABLE"),
    (0x20, "__GFP_HIGH"),
    (0x40, "__GFP_IO"),
    (0x80, "__GFP_FS"),
    (0x8_0000, "__GFP_ATOMIC"),
    (0x10_0000, "__GFP_NOACCOUNT"),
    (0x40_0000, "__GFP_DIRECT_RECLAIM"),
];

/// Bits with one meaning up to 4.5; those that a table above names were taken before.
const SHARED: &[(u64, &str)] = &[
    (0x1, "__GFP_DMA"),
    (0x2, "__GFP_HIGHMEM"),
    (0x4, "__GFP_DMA32"),
    (0x8, "__GFP_MOVABLE"),
    (0x100, "__GFP_COLD"),
    (0x200, "__GFP_NOWARN"),
    (0x400, "__GFP_REPEAT"),
    (0x800, "__GFP_NOFAIL"),
    (0x1000, "__GFP_NORETRY"),
    (0x2000, "__GFP_MEMALLOC"),
    (0x4000, "__GFP_COMP"),
    (0x8000, "__GFP_ZERO"),
    (0x1_0000, "__GFP_NOMEMALLOC"),
    (0x2_0000, "__GFP_HARDWALL"),
    (0x4_0000, "__GFP_THISNODE"),
    (0x8_0000, "__GFP_RECLAIMABLE"),
    (0x10_0000, "__GFP_NOACCOUNT"),
    (0x20_0000, "__GFP_NOTRACK"),
    (0x40_0000, "__GFP_NO_KSWAPD"),
    (0x80_0000, "__GFP_OTHER_NODE"),
    (0x100_0000, "__GFP_WRITE"),
];

/// Names of the flags in a mask that the kernel printed as a number only. `None` when neither the
/// release nor the bits tell the era.
#[must_use]
pub fn names(mask: &str, release: Option<&str>) -> Option<String> {
    let mut left = bits(mask)?;
    if left == 0 {
        return None;
    }
    let era = match version(release) {
        Some(v) if v < (2, 6, 32) => Era::Early,
        Some(v) if v < (4, 4, 0) => Era::Wait,
        Some(v) if v < (4, 6, 0) => Era::Reclaim,
        // Later kernels print the names: a number alone is torn.
        Some(_) => return None,
        // Both bits are in every mask of 4.4 that may wake kswapd, and in hardly any before.
        None if left >= 0x200_0000 => Era::Reclaim,
        None if left & 0xf0 != 0 && left < 0x100_0000 => Era::Wait,
        None => return None,
    };
    let table = match era {
        Era::Early => EARLY,
        Era::Wait => WAIT,
        Era::Reclaim => RECLAIM,
    };
    let mut found = Vec::new();
    for (flag, name) in table.iter().chain(SHARED) {
        if left & flag == *flag {
            found.push((*name).to_owned());
            left &= !flag;
        }
    }
    if left != 0 {
        found.push(format!("0x{left:x}"));
    }
    Some(found.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_era() {
        for (mask, release, expect) in [
            (
                "0x201da",
                Some("2.6.32-642.el6.x86_64"),
                "GFP_HIGHUSER_MOVABLE|__GFP_COLD",
            ),
            (
                "0x280da",
                Some("2.6.32-642.el6.x86_64"),
                "GFP_HIGHUSER_MOVABLE|__GFP_ZERO",
            ),
            (
                "0x84d0",
                Some("2.6.32"),
                "GFP_KERNEL|__GFP_REPEAT|__GFP_ZERO",
            ),
            ("0xd0", Some("3.10.0-957.el7.x86_64"), "GFP_KERNEL"),
            ("0x20", Some("3.10.0"), "GFP_ATOMIC"),
            ("0x50", None, "GFP_NOFS"),
            ("0x1200d2", Some("2.6.24"), "GFP_HIGHUSER_MOVABLE"),
            (
                "0x24201ca",
                Some("4.4.0-21-generic"),
                "GFP_HIGHUSER_MOVABLE|__GFP_COLD",
            ),
            ("0x26040c0", None, "GFP_KERNEL|__GFP_COMP|__GFP_NOTRACK"),
            ("0x2080020", Some("4.5"), "GFP_ATOMIC"),
        ] {
            assert_eq!(names(mask, release).as_deref(), Some(expect), "{mask}");
        }
        assert_eq!(names("0xcc0", Some("6.1.0")), None, "torn");
        assert_eq!(names("0x0", None), None);
    }

    #[test]
    fn zone_bits() {
        let may = |mask: &str, zone: &str| request(mask, None).unwrap().serves(zone);
        assert!(may("0x6000c0", "Normal") && may("0x6000c0", "DMA32"));
        assert!(!may("0x6000c0", "Movable") && !may("0x6000c0", "HighMem"));
        assert!(may("0x100cca", "Movable"));
        assert!(!may("0xcc4", "Normal"));
    }
}
