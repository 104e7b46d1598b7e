//! Memory of the machine at the moment of the kill: totals, zones, free blocks.

use super::seen;
use crate::facts::{
    Evidence, Fact, List, Record,
    oom::{
        event::{MemoryDump, Seen},
        gfp,
        memory::{Buddy, Zone},
        watermark::{self, Verdict},
    },
};
use crate::words::Bilingual;
use std::sync::Arc;

/// Facts that are a sum of Mem-Info counters: each counter that is missing makes the sum unknown,
/// except the ones in the last column, which old kernels did not have.
const COUNTS: &[(&str, &[&str], &[&str])] = &[
    ("memory.free_bytes", &["free"], &[]),
    (
        "memory.anon_bytes",
        &["active_anon", "inactive_anon"],
        &["isolated_anon"],
    ),
    (
        "memory.file_bytes",
        &["active_file", "inactive_file"],
        &["isolated_file"],
    ),
    ("memory.shmem_bytes", &["shmem"], &[]),
    (
        "memory.slab_unreclaimable_bytes",
        &["slab_unreclaimable"],
        &[],
    ),
    ("memory.slab_reclaimable_bytes", &["slab_reclaimable"], &[]),
    ("memory.page_tables_bytes", &["pagetables"], &[]),
];

/// A request for memory and the dump of the machine that goes with it.
pub(super) struct Request<'a> {
    pub(super) memory: &'a MemoryDump,
    pub(super) order: Option<i64>,
    pub(super) gfp_mask: Option<&'a str>,
    pub(super) page_bytes: Option<u64>,
    /// Release of the kernel: the meaning of the mask depends on it.
    pub(super) release: Option<&'a str>,
    pub(super) cut: bool,
}

impl Request<'_> {
    fn bytes(&self, pages: Option<u64>) -> Option<u64> {
        pages?.checked_mul(self.page_bytes?)
    }

    fn flags(&self) -> Option<gfp::Request> {
        gfp::request(self.gfp_mask?, self.release)
    }
}

/// Puts `memory.*`, `zones`, `free_blocks_count` and what the watermarks say.
pub(super) fn put(request: &Request<'_>, record: &mut Record) {
    let memory = request.memory;
    for (fact, keys, optional) in COUNTS {
        let parts: Option<Vec<&Seen<u64>>> =
            keys.iter().map(|k| memory.counts_pages.get(*k)).collect();
        let Some(mut parts) = parts else { continue };
        parts.extend(optional.iter().filter_map(|k| memory.counts_pages.get(*k)));
        let pages = parts
            .iter()
            .try_fold(0u64, |sum, p| sum.checked_add(p.value));
        record.put_some(fact, request.bytes(pages), &places(&parts));
    }
    totals(request, memory, record);
    zones(request, memory, record);
}

fn places(parts: &[&Seen<u64>]) -> Vec<Evidence> {
    let mut places: Vec<Evidence> = parts.iter().flat_map(|p| p.evidence.clone()).collect();
    places.sort();
    places.dedup();
    places
}

fn totals(request: &Request<'_>, memory: &MemoryDump, record: &mut Record) {
    if let (Some(ram), Some(reserved)) = (
        memory.totals_pages.get("pages RAM"),
        memory.totals_pages.get("pages reserved"),
    ) {
        let pages = ram.value.checked_sub(reserved.value);
        record.put_some(
            "memory.ram_bytes",
            request.bytes(pages),
            &places(&[ram, reserved]),
        );
    }
    if let Some(high) = high_pages(memory) {
        let bytes = request.bytes(Some(high.value));
        record.put_some("memory.high_memory_bytes", bytes, &high.evidence);
    }
    if !memory.huge.is_empty() {
        let bytes = memory.huge.iter().try_fold(0u64, |sum, h| {
            sum.checked_add(h.value.total.checked_mul(h.value.size_bytes)?)
        });
        let lines: Vec<Evidence> = memory
            .huge
            .iter()
            .flat_map(|h| h.evidence.clone())
            .collect();
        record.put_some("memory.hugepages_bytes", bytes, &lines);
    }
    seen(
        record,
        "memory.swap_total_bytes",
        memory.swap_total_bytes.as_ref(),
    );
    seen(
        record,
        "memory.swap_free_bytes",
        memory.swap_free_bytes.as_ref(),
    );
}

fn zones(request: &Request<'_>, memory: &MemoryDump, record: &mut Record) {
    if memory.zones.is_empty() && memory.buddies.is_empty() {
        return;
    }
    let flags = request.flags();
    let list = List {
        items: memory
            .zones
            .iter()
            .map(|zone| Fact {
                value: zone_record(zone, request, flags).into(),
                evidence: zone.evidence.clone(),
            })
            .collect(),
        partial: request.cut.then(|| {
            Arc::new(Bilingual::new(
                "the log breaks inside this report",
                "日志在该 OOM 报告中间中断",
            ))
        }),
    };
    record.put("zones", list, Vec::new());
    let Some(order) = order(request) else { return };
    let serving: Vec<&Seen<Buddy>> = memory
        .buddies
        .iter()
        .filter(|b| flags.is_none_or(|f| f.serves(&b.value.zone)))
        .collect();
    if !serving.is_empty() {
        let blocks: u64 = serving.iter().map(|b| b.value.blocks_from(order)).sum();
        let lines = serving.iter().flat_map(|b| b.evidence.clone()).collect();
        record.put("free_blocks_count", blocks, lines);
    }
    shortage(request, record);
}

/// Pages that a 32-bit kernel cannot address itself. On a 64-bit kernel the line counts pages set aside for what can be
/// moved; it is known by a zone that only it has, and by the node before each zone, which 32-bit kernels hardly print.
fn high_pages(memory: &MemoryDump) -> Option<&Seen<u64>> {
    let zones = || memory.zones.iter().map(|zone| &zone.value);
    let listed = zones().any(|zone| zone.name == "HighMem");
    let wide = |zone: &Zone| zone.node.is_some() || ["DMA32", "Movable"].contains(&&*zone.name);
    let narrow = listed || (!memory.zones.is_empty() && !zones().any(wide));
    memory.totals_pages.get("pages HighMem").filter(|_| narrow)
}

fn order(request: &Request<'_>) -> Option<usize> {
    request.order.and_then(|order| usize::try_from(order).ok())
}

/// Which zones failed the request, and whether only for want of a block large enough.
fn shortage(request: &Request<'_>, record: &mut Record) {
    let verdicts: Vec<(&Seen<Zone>, Verdict)> = request
        .memory
        .zones
        .iter()
        .filter_map(|zone| Some((zone, verdict(&zone.value, request)?)))
        .collect();
    if verdicts.is_empty() {
        return;
    }
    let lines: Vec<Evidence> = verdicts
        .iter()
        .flat_map(|(z, _)| z.evidence.clone())
        .collect();
    let failed: Vec<String> = verdicts
        .iter()
        .filter(|(_, verdict)| *verdict != Verdict::Serves)
        .map(|(zone, _)| zone.value.title())
        .collect();
    record.put("zones_failed_count", failed.len(), lines.clone());
    record.put("zones_failed_text", failed.join(", "), lines.clone());
    let fragmented = verdicts.iter().any(|(_, v)| *v == Verdict::Fragmented)
        && verdicts.iter().all(|(_, v)| *v != Verdict::Serves);
    record.put("fragmented", fragmented, lines);
}

fn verdict(zone: &Zone, request: &Request<'_>) -> Option<Verdict> {
    let lists = request
        .memory
        .buddies
        .iter()
        .find(|b| b.value.zone == zone.name && b.value.node == zone.node);
    // Newer kernels leave out the zones that the request may not use.
    let listed = |z: &Seen<Zone>| z.value.name == "HighMem";
    let high_memory = request.memory.zones.iter().any(listed)
        || high_pages(request.memory).is_some_and(|high| high.value > 0);
    watermark::verdict(
        zone,
        lists.map(|b| &b.value),
        watermark::Asked {
            flags: request.flags()?,
            order: order(request)?,
            page_bytes: request.page_bytes?,
            high_memory,
        },
    )
}

fn zone_record(zone: &Seen<Zone>, request: &Request<'_>, flags: Option<gfp::Request>) -> Record {
    let (read, place) = (&zone.value, &zone.evidence);
    let mut record = Record::new();
    record.put_some("node", read.node, place);
    record.put("zone", read.name.as_str(), place.clone());
    record.put("free_bytes", read.free_bytes, place.clone());
    let [min, low, high] = read.watermarks_bytes;
    record.put("min_bytes", min, place.clone());
    record.put("low_bytes", low, place.clone());
    record.put("high_bytes", high, place.clone());
    record.put_some("managed_bytes", read.managed_bytes, place);
    let lists = request
        .memory
        .buddies
        .iter()
        .find(|b| b.value.zone == read.name && b.value.node == read.node);
    if let (Some(lists), Some(order)) = (lists, order(request)) {
        record.put(
            "free_order_up_count",
            lists.value.blocks_from(order),
            lists.evidence.clone(),
        );
    }
    if let Some(flags) = flags {
        record.put("usable", flags.serves(&read.name), place.clone());
    }
    if let Some(verdict) = verdict(read, request) {
        record.put("failed", verdict != Verdict::Serves, place.clone());
    }
    record
}
