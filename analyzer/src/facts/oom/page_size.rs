//! The page size of each event: every table of a report counts in pages, and the machine that reads
//! the log has its own.

use super::{
    event::{MemoryDump, OomEvent},
    invocation::machine,
    tasks::Task,
};
use crate::facts::{Evidence, log::Machine};

/// A page size and how it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct PageSize {
    /// Bytes.
    pub bytes: u64,
    /// How it is known, in words.
    pub reason: String,
    /// The lines that show it.
    pub evidence: Vec<Evidence>,
}

/// Sizes that Linux runs with on servers.
const SIZES: [u64; 4] = [4096, 8192, 16_384, 65_536];

/// How far a ratio of two measures of one process may be off: the sizes differ by a factor of two
/// at least, so a quarter cannot be mistaken.
const RATIO_TOLERANCE: f64 = 0.25;

/// Fewer pages than this prove nothing by their ratio.
const PAGES_MIN: u64 = 256;

/// Architectures that have one page size only.
const FIXED: &[(&str, u64)] = &[
    ("x86_64", 4096),
    ("i686", 4096),
    ("i386", 4096),
    ("s390x", 4096),
    ("armv7l", 4096),
    ("riscv64", 4096),
];

/// The page size of every event: its own lines first, then the header, then an event of the same
/// kernel, then what the architecture allows.
#[must_use]
pub fn sizes(events: &[OomEvent], header: &Machine) -> Vec<Option<PageSize>> {
    let own: Vec<Option<PageSize>> = events.iter().map(from_report).collect();
    let known: Vec<(&OomEvent, &PageSize)> = events
        .iter()
        .zip(&own)
        .filter_map(|(event, size)| Some((event, size.as_ref()?)))
        .collect();
    events
        .iter()
        .zip(&own)
        .map(|(event, size)| {
            size.clone()
                .or_else(|| from_header(header))
                .or_else(|| from_neighbour(event, &known))
                .or_else(|| from_architecture(event))
        })
        .collect()
}

/// The page size of a dump without an OOM report.
#[must_use]
pub fn of_dump(memory: &MemoryDump, release: Option<&str>, header: &Machine) -> Option<u64> {
    let lists = memory
        .buddies
        .first()
        .and_then(|b| b.value.page_size_bytes());
    lists.or(header.page_size_bytes).or_else(|| {
        let machine = machine(release?)?;
        FIXED
            .iter()
            .find(|(name, _)| *name == machine)
            .map(|(_, bytes)| *bytes)
    })
}

fn from_report(event: &OomEvent) -> Option<PageSize> {
    from_free_lists(event)
        .or_else(|| from_sentinel(event))
        .or_else(|| from_victim(event).filter(|size| is_possible(event, size.bytes)))
        .or_else(|| from_cgroup(event).filter(|size| is_possible(event, size.bytes)))
}

/// Whether the architecture has pages of that size: the ratio of two figures misleads when the rows
/// of two reports were mixed.
fn is_possible(event: &OomEvent, bytes: u64) -> bool {
    let Some(machine) = release(event).and_then(machine) else {
        // Only sparc64 and alpha have 8 KiB, and they would say so.
        return bytes != 8192;
    };
    match FIXED.iter().find(|(name, _)| *name == machine) {
        Some((_, only)) => bytes == *only,
        None => bytes != 8192 || ["sparc64", "alpha"].contains(&machine),
    }
}

fn from_free_lists(event: &OomEvent) -> Option<PageSize> {
    let buddy = event.memory.buddies.first()?;
    let bytes = buddy.value.page_size_bytes()?;
    Some(PageSize {
        bytes,
        reason: format!(
            "the smallest free block in the free lists is {} kB",
            bytes / 1024
        ),
        evidence: buddy.evidence.clone(),
    })
}

fn from_sentinel(event: &OomEvent) -> Option<PageSize> {
    event.counters.iter().find_map(|counter| {
        let bytes = counter.value.page_size_bytes()?;
        let limit_kb = counter.value.printed_limit_bytes? / 1024;
        Some(PageSize {
            bytes,
            reason: format!(
                "an unlimited counter prints {limit_kb} kB, which is the largest count of {} KiB pages",
                bytes / 1024
            ),
            evidence: counter.evidence.clone(),
        })
    })
}

fn from_victim(event: &OomEvent) -> Option<PageSize> {
    event.killed.iter().find_map(|killed| {
        let row = event
            .tasks
            .iter()
            .find(|t| Some(t.value.pid) == killed.value.pid)?;
        let Task { virtual_pages, rss_pages, .. } = row.value;
        let rss_bytes = [killed.value.anon_bytes, killed.value.file_bytes, killed.value.shmem_bytes]
            .into_iter()
            .flatten()
            .sum::<u64>();
        let (what, pages, bytes) = match (virtual_pages, killed.value.virtual_bytes) {
            (Some(pages), Some(bytes)) => ("total_vm", pages, bytes),
            _ => ("rss", rss_pages?, rss_bytes),
        };
        Some(PageSize {
            bytes: ratio(bytes, pages)?,
            reason: format!(
                "{what} of the victim is {pages} pages in the task table and {} kB in the kill line",
                bytes / 1024
            ),
            evidence: [row.evidence.clone(), killed.evidence.clone()].concat(),
        })
    })
}

fn from_cgroup(event: &OomEvent) -> Option<PageSize> {
    let pages = event
        .tasks
        .iter()
        .map(|t| t.value.rss_pages.unwrap_or(0))
        .sum();
    let anon: u64 = event
        .stats
        .iter()
        .filter_map(|s| s.value.first_of(&["total_rss", "rss", "anon"]))
        .sum();
    let largest = event
        .stats
        .iter()
        .max_by_key(|s| s.value.first_of(&["rss", "anon"]))?;
    let row = event.tasks.iter().max_by_key(|t| t.value.rss_pages)?;
    Some(PageSize {
        bytes: ratio(anon, pages)?,
        reason: format!(
            "the processes of the cgroup hold {pages} resident pages, and its anonymous memory is {} kB",
            anon / 1024
        ),
        evidence: [row.evidence.clone(), largest.evidence.clone()].concat(),
    })
}

/// The page size that fits `bytes` in `pages`, if one does.
fn ratio(bytes: u64, pages: u64) -> Option<u64> {
    if pages < PAGES_MIN {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio with a wide tolerance")]
    let per_page = bytes as f64 / pages as f64;
    SIZES.into_iter().find(|size| {
        #[expect(clippy::cast_precision_loss, reason = "a page size")]
        let off = per_page / *size as f64 - 1.0;
        off.abs() <= RATIO_TOLERANCE
    })
}

fn from_header(header: &Machine) -> Option<PageSize> {
    Some(PageSize {
        bytes: header.page_size_bytes?,
        reason: "the machine's page size, from the header of the bundle".into(),
        evidence: Vec::new(),
    })
}

fn from_neighbour(event: &OomEvent, known: &[(&OomEvent, &PageSize)]) -> Option<PageSize> {
    let (near, size) = known.iter().find(|(near, _)| same_kernel(event, near))?;
    let when = near.stamp.as_ref().map_or("", |s| s.value.text.as_str());
    Some(PageSize {
        bytes: size.bytes,
        reason: format!(
            "as in the report of {when} on the same machine: {}",
            size.reason
        ),
        evidence: size.evidence.clone(),
    })
}

/// Whether two events come from one kernel, as far as they say: the same release, or the same log
/// or host when one of them lost its release.
#[must_use]
pub fn same_kernel(a: &OomEvent, b: &OomEvent) -> bool {
    match (release(a), release(b)) {
        (Some(a), Some(b)) => a == b,
        _ => match (&a.host, &b.host) {
            (Some(a), Some(b)) => a.value == b.value,
            _ => a
                .places
                .iter()
                .any(|p| b.places.iter().any(|q| p.entry == q.entry)),
        },
    }
}

fn release(event: &OomEvent) -> Option<&str> {
    event.cpu.as_ref()?.value.release.as_deref()
}

fn from_architecture(event: &OomEvent) -> Option<PageSize> {
    let machine = machine(release(event)?)?;
    let evidence = event.cpu.as_ref()?.evidence.clone();
    if let Some((_, bytes)) = FIXED.iter().find(|(name, _)| *name == machine) {
        return Some(PageSize {
            bytes: *bytes,
            reason: format!("{machine} has pages of {} KiB only", bytes / 1024),
            evidence,
        });
    }
    (machine == "loongarch64").then(|| PageSize {
        bytes: 16_384,
        reason: "assumed: loongarch64 kernels are built with 16 KiB pages; no line proves it"
            .into(),
        evidence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_that_fit_no_size_say_nothing() {
        assert_eq!(ratio(104_846_544 * 1024, 6_558_445), Some(16_384));
        assert_eq!(ratio(26_372 * 1024, 6593), Some(4096));
        assert_eq!(ratio(4096 * 100, 100), None);
        assert_eq!(ratio(1_000_000, 1000), None);
    }
}
