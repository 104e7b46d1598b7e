//! What the kernel tells each program at its start (getauxval(3)): page size, clock ticks, addresses.

use serde_json::json;

use crate::item::Made;
use crate::visit::Visit;

/// The entries worth having: number and name of `AT_…` in `include/uapi/linux/auxvec.h`.
const NAMES: &[(u64, &str)] = &[
    (3, "phdr"),
    (6, "page_size"),
    (9, "entry"),
    (16, "hwcap"),
    (17, "clock_ticks"),
    (25, "random"),
    (26, "hwcap2"),
    (31, "execfn"),
    (33, "sysinfo_ehdr"),
];

/// `scene/auxv.json`.
pub fn entry(visit: &mut Visit) -> Vec<Made> {
    let mut vector = serde_json::Map::new();
    for (key, value) in pairs(visit) {
        if let Some((_, name)) = NAMES.iter().find(|(number, _)| *number == key) {
            vector.insert((*name).to_owned(), json!(format!("{value:#x}")));
        }
    }
    let page_size_bytes = rustix::param::page_size();
    let clock_ticks_per_second = rustix::param::clock_ticks_per_second();
    let value = json!({
        "page_size_bytes": page_size_bytes,
        "clock_ticks_per_second": clock_ticks_per_second,
        "auxv": vector,
    });
    vec![Made::json("scene/auxv.json", &value)]
}

/// Highest address that the kernel gave this program: its stack or vdso.
pub fn highest_address(visit: &Visit) -> u64 {
    let addresses = [25, 31, 33];
    pairs(visit)
        .into_iter()
        .filter(|(key, _)| addresses.contains(key))
        .map(|(_, value)| value)
        .max()
        .unwrap_or(0)
}

fn pairs(visit: &Visit) -> Vec<(u64, u64)> {
    let Ok(bytes) = visit.host.read("proc/self/auxv", 4096) else {
        return Vec::new();
    };
    let words: Vec<u64> = bytes
        .chunks_exact(size_of::<usize>())
        .filter_map(|word| Some(usize::from_ne_bytes(word.try_into().ok()?) as u64))
        .collect();
    words
        .chunks_exact(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
        .collect()
}
