//! `/proc/sysvipc/shm`: System V shared memory, also what no process holds any more (ipc/shm.c).

use super::source::Source;
use super::{Facts, Record};
use crate::words::Bilingual;

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let mut lines = source.lines();
        let Some(header) = lines.next() else {
            continue;
        };
        let columns: Vec<&str> = header.text.split_whitespace().collect();
        let column = |name: &str| columns.iter().position(|c| *c == name);
        let (Some(id), Some(size), Some(attached)) =
            (column("shmid"), column("size"), column("nattch"))
        else {
            let said = Bilingual::new("no header of System V segments", "缺少共享内存段表头");
            facts.gap(source.entry, header.number, said);
            continue;
        };
        facts.root.list("memory.sysv_segments");
        let mut orphaned = 0_u64;
        let mut orphaned_at = source.first();
        // Before 2.6.34 the kernel printed no resident size: then nobody knows what an orphan holds.
        let sized = column("rss").is_some();
        for line in lines {
            let words: Vec<&str> = line.text.split_whitespace().collect();
            let number = |at: Option<usize>| -> Option<u64> { words.get(at?)?.parse().ok() };
            let Some(shmid) = number(Some(id)) else {
                continue;
            };
            let at = source.at(&line);
            let (rss, swap) = (number(column("rss")), number(column("swap")));
            let mut record = Record::new();
            record.put("id", shmid, at.clone());
            record.put_some("size_bytes", number(Some(size)), &at);
            record.put_some("rss_bytes", rss, &at);
            record.put_some("swap_bytes", swap, &at);
            record.put_some("attached_count", number(Some(attached)), &at);
            record.put_some("creator_pid", number(column("cpid")), &at);
            record.put_some("uid", number(column("uid")), &at);
            let held = rss.unwrap_or(0).saturating_add(swap.unwrap_or(0));
            if number(Some(attached)) == Some(0) && held > 0 {
                orphaned = orphaned.saturating_add(held);
                orphaned_at.clone_from(&at);
            }
            facts.push("memory.sysv_segments", record);
        }
        if sized {
            let root = &mut facts.root;
            root.put("memory.sysv_orphaned_bytes", orphaned, orphaned_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn what_nobody_is_attached_to_is_orphaned() {
        let text = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n\
             0          0   600             136314880   101   101      0     0     0     0     0 1790000000 1790000001 1790000000             136314880                     0\n\
             7          1   600                 65536   102   102      2     0     0     0     0 1790000000 1790000001 1790000000                 65536                     0\n";
        let facts = testing::parse(parse, "proc/sysvipc/shm", text);
        assert_eq!(
            facts.root.int("memory.sysv_orphaned_bytes"),
            Some(136_314_880)
        );
        let segment = testing::record(&facts, "memory.sysv_segments", 1);
        assert_eq!(segment.int("attached_count"), Some(2));
    }
}
