//! Memory of the machine at the moment of the kill: totals, zones, free blocks.

use super::{View, seen};
use crate::facts::{
    Evidence, Fact, List, Record,
    oom::{
        event::{MemoryDump, Seen},
        memory::Buddy,
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

/// Puts `memory.*`, `zones` and `free_blocks_count`.
pub(super) fn put(view: &View<'_>, record: &mut Record) {
    let memory = &view.event.memory;
    for (fact, keys, optional) in COUNTS {
        let parts: Option<Vec<&Seen<u64>>> =
            keys.iter().map(|k| memory.counts_pages.get(*k)).collect();
        let Some(mut parts) = parts else { continue };
        parts.extend(optional.iter().filter_map(|k| memory.counts_pages.get(*k)));
        let pages = parts
            .iter()
            .try_fold(0u64, |sum, p| sum.checked_add(p.value));
        record.put_some(fact, view.bytes(pages), &places(&parts));
    }
    totals(view, memory, record);
    zones(view, memory, record);
}

fn places(parts: &[&Seen<u64>]) -> Vec<Evidence> {
    let mut places: Vec<Evidence> = parts.iter().flat_map(|p| p.evidence.clone()).collect();
    places.sort();
    places.dedup();
    places
}

fn totals(view: &View<'_>, memory: &MemoryDump, record: &mut Record) {
    if let (Some(ram), Some(reserved)) = (
        memory.totals_pages.get("pages RAM"),
        memory.totals_pages.get("pages reserved"),
    ) {
        let pages = ram.value.checked_sub(reserved.value);
        record.put_some(
            "memory.ram_bytes",
            view.bytes(pages),
            &places(&[ram, reserved]),
        );
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

fn zones(view: &View<'_>, memory: &MemoryDump, record: &mut Record) {
    let order = view
        .event
        .invocation
        .as_ref()
        .and_then(|i| i.value.order)
        .and_then(|order| usize::try_from(order).ok());
    if memory.zones.is_empty() && memory.buddies.is_empty() {
        return;
    }
    let list = List {
        items: memory
            .zones
            .iter()
            .map(|zone| Fact {
                value: zone_record(zone, memory, order).into(),
                evidence: zone.evidence.clone(),
            })
            .collect(),
        partial: view.event.cut_end.then(|| {
            Arc::new(Bilingual::new(
                "the log breaks inside this report",
                "日志在该 OOM 报告中间中断",
            ))
        }),
    };
    record.put("zones", list, Vec::new());
    let Some(order) = order else { return };
    let serving: Vec<&Seen<Buddy>> = memory
        .buddies
        .iter()
        .filter(|b| serves(&b.value.zone, gfp_mask(view)))
        .collect();
    if !serving.is_empty() {
        let blocks: u64 = serving.iter().map(|b| b.value.blocks_from(order)).sum();
        let lines = serving.iter().flat_map(|b| b.evidence.clone()).collect();
        record.put("free_blocks_count", blocks, lines);
    }
}

fn zone_record(
    zone: &Seen<crate::facts::oom::memory::Zone>,
    memory: &MemoryDump,
    order: Option<usize>,
) -> Record {
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
    let lists = memory
        .buddies
        .iter()
        .find(|b| b.value.zone == read.name && b.value.node == read.node);
    if let (Some(lists), Some(order)) = (lists, order) {
        record.put(
            "free_order_up_count",
            lists.value.blocks_from(order),
            lists.evidence.clone(),
        );
    }
    record
}

fn gfp_mask(view: &View<'_>) -> Option<u64> {
    let mask = view.event.invocation.as_ref()?.value.gfp_mask.as_deref()?;
    u64::from_str_radix(mask.strip_prefix("0x")?, 16).ok()
}

/// Whether a request with these flags may take pages of this zone. The four lowest bits are the
/// zone modifiers in every kernel (`___GFP_DMA`, `HIGHMEM`, `DMA32`, `MOVABLE`).
fn serves(zone: &str, mask: Option<u64>) -> bool {
    let Some(mask) = mask else { return true };
    let (dma, high, dma32, movable) = (mask & 1 != 0, mask & 2 != 0, mask & 4 != 0, mask & 8 != 0);
    match zone {
        "DMA" => true,
        "DMA32" => !dma,
        "Normal" => !dma && !dma32,
        "HighMem" => high,
        "Movable" => high && movable,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::serves;

    #[test]
    fn zone_bits() {
        let kernel = Some(0x6000c0);
        assert!(serves("Normal", kernel) && serves("DMA32", kernel));
        assert!(!serves("Movable", kernel) && !serves("HighMem", kernel));
        assert!(serves("Movable", Some(0x0010_0cca)));
        assert!(!serves("Normal", Some(0xcc4)));
    }
}
