//! vmalloc memory by caller: `/proc/vmallocinfo` has a line for each area, too many to send.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use oomscene_bundle::Outcome;

use crate::capture::errno::Trouble;
use crate::item::Made;
use crate::visit::Visit;

/// Most bytes of the file that are added up.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most callers listed.
const CALLERS_MAX: usize = 100;
const PATH: &str = "scene/vmallocinfo.txt";

/// `scene/vmallocinfo.txt`: bytes, areas and caller, largest first.
pub fn summary(visit: &mut Visit) -> Vec<Made> {
    let mut sums = Sums::default();
    let mut rest = Vec::new();
    let read = visit.host.stream("proc/vmallocinfo", BYTES_MAX, |chunk| {
        rest.extend_from_slice(chunk);
        let whole = rest
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let lines = rest.get(..whole).unwrap_or_default();
        lines.split(|b| *b == b'\n').for_each(|line| sums.add(line));
        rest.drain(..whole);
    });
    if let Err(errno) = read {
        let trouble = Trouble::from(errno);
        let mut made = Made::missing(PATH, trouble.outcome(), trouble.reason());
        made.errno = trouble.errno();
        return vec![made];
    }
    if sums.by_caller.is_empty() {
        return vec![Made::missing(
            PATH,
            Outcome::Absent,
            "proc/vmallocinfo is empty",
        )];
    }
    vec![Made::captured(PATH, sums.text().into_bytes())]
}

#[derive(Default)]
struct Sums {
    /// Bytes and areas of each caller.
    by_caller: BTreeMap<String, (u64, u64)>,
}

impl Sums {
    /// `0xffff… -0xffff…   20480 caller+0x1f/0x2a pages=4 vmalloc N0=4`
    fn add(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_whitespace();
        // The range is one word or two, depending on the kernel's padding.
        let Some(bytes) = words.find_map(|word| word.parse::<u64>().ok()) else {
            return;
        };
        let caller = words.next().unwrap_or("(unknown)");
        let caller = caller.split('+').next().unwrap_or(caller);
        let sum = self.by_caller.entry(caller.to_owned()).or_default();
        sum.0 += bytes;
        sum.1 += 1;
    }

    fn text(&self) -> String {
        let mut rows: Vec<_> = self.by_caller.iter().collect();
        rows.sort_by_key(|(_, (bytes, _))| std::cmp::Reverse(*bytes));
        let total: u64 = rows.iter().map(|(_, (bytes, _))| bytes).sum();
        let mut text = format!(
            "# bytes areas caller; {total} bytes in {} callers\n",
            rows.len()
        );
        for (caller, (bytes, areas)) in rows.into_iter().take(CALLERS_MAX) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{bytes} {areas} {caller}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_by_caller() {
        let mut sums = Sums::default();
        sums.add(b"0xffffc90000000000-0xffffc90000005000   20480 acpi_os_map_iomem+0x17b/0x1c0 phys=0x1 ioremap");
        sums.add(b"0xffffc90000005000-0xffffc90000007000    8192 load_module+0x1/0x2 pages=1 vmalloc N0=1");
        sums.add(b"0xffffc90000008000-0xffffc9000000a000    8192 load_module+0x9/0x2 pages=1 vmalloc N0=1");
        sums.add(b"");
        assert_eq!(
            sums.text(),
            "# bytes areas caller; 36864 bytes in 2 callers\n20480 1 acpi_os_map_iomem\n16384 2 load_module\n"
        );
    }
}
