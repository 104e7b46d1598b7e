//! The memory of the machine: Mem-Info, nodes, zones, free lists, totals.

use super::{Cell, Oom, model::UNIT_KB};

/// All records from `Mem-Info:` to `pages reserved`.
pub(crate) fn records(oom: &Oom, cell: Cell) -> Vec<String> {
    let era = cell.era;
    let mut all = vec!["Mem-Info:".to_owned(), counts(oom, cell)];
    if era.since(408) {
        all.push(node(oom, cell));
    }
    all.push(zone(oom, cell));
    all.push("lowmem_reserve[]: 0 0 0 0".to_owned());
    all.push(free_list(oom, cell));
    if era.since(310) {
        all.push(
            "Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB"
                .to_owned(),
        );
    }
    let pages = |units: u64| units * UNIT_KB / cell.page_kib;
    all.push(format!(
        "{} total pagecache pages",
        pages(oom.active_file + oom.inactive_file + oom.shmem)
    ));
    all.push(format!("{} pages in swap cache", pages(3)));
    if !era.since(600) {
        all.push("Swap cache stats: add 250000, delete 244700, find 96000/110000".to_owned());
    }
    all.push(format!("Free swap  = {}kB", oom.swap_free * UNIT_KB));
    all.push(format!("Total swap = {}kB", oom.swap_total * UNIT_KB));
    all.push(format!("{} pages RAM", pages(oom.ram)));
    if era.since(316) || era.el == 7 {
        all.push("0 pages HighMem/MovableOnly".to_owned());
    }
    all.push(format!("{} pages reserved", pages(oom.reserved)));
    if era.since(404) {
        all.push("0 pages hwpoisoned".to_owned());
    }
    all
}

/// One record of several lines, all in pages.
fn counts(oom: &Oom, cell: Cell) -> String {
    let era = cell.era;
    let pages = |units: u64| units * UNIT_KB / cell.page_kib;
    let unstable = if era.since(508) { "" } else { " unstable:0" };
    let mut lines = vec![
        format!(
            "active_anon:{} inactive_anon:{} isolated_anon:0",
            pages(oom.active_anon),
            pages(oom.inactive_anon)
        ),
        format!(
            " active_file:{} inactive_file:{} isolated_file:0",
            pages(oom.active_file),
            pages(oom.inactive_file)
        ),
        format!(" unevictable:0 dirty:0 writeback:0{unstable}"),
    ];
    let slab = format!(
        "slab_reclaimable:{} slab_unreclaimable:{}",
        pages(oom.slab_reclaimable),
        pages(oom.slab_unreclaimable)
    );
    let mapped = format!(
        " mapped:{} shmem:{} pagetables:{}",
        pages(2),
        pages(oom.shmem),
        pages(oom.page_tables)
    );
    let free = pages(oom.free);
    if era.since(401) || era.el == 7 {
        lines.push(format!(" {slab}"));
        if era.since(601) {
            lines.extend([mapped, " sec_pagetables:0 bounce:0".to_owned()]);
        } else {
            lines.push(format!("{mapped} bounce:0"));
        }
        if era.since(515) {
            lines.push(" kernel_misc_reclaimable:0".to_owned());
        }
        lines.push(format!(" free:{free} free_pcp:{} free_cma:0", pages(1)));
    } else {
        lines.push(format!(" free:{free} {slab}"));
        lines.push(format!("{mapped} bounce:0"));
        if era.since(310) {
            lines.push(" free_cma:0".to_owned());
        }
    }
    lines.join("\n")
}

fn node(oom: &Oom, cell: Cell) -> String {
    let era = cell.era;
    let kb = |units: u64| units * UNIT_KB;
    let mut line = format!(
        "Node 0 active_anon:{}kB inactive_anon:{}kB active_file:{}kB inactive_file:{}kB unevictable:0kB isolated(anon):0kB isolated(file):0kB mapped:{}kB dirty:0kB writeback:0kB shmem:{}kB shmem_thp:{space}0kB shmem_pmdmapped:{space}0kB anon_thp:{space}0kB writeback_tmp:0kB",
        kb(oom.active_anon),
        kb(oom.inactive_anon),
        kb(oom.active_file),
        kb(oom.inactive_file),
        kb(2),
        kb(oom.shmem),
        space = if era.since(606) { "" } else { " " },
    );
    if !era.since(508) {
        line.push_str(" unstable:0kB");
    }
    if era.since(509) {
        line.push_str(" kernel_stack:2048kB");
    }
    if era.since(514) {
        line.push_str(&format!(" pagetables:{}kB", kb(oom.page_tables)));
    }
    if era.since(601) {
        line.push_str(" sec_pagetables:0kB");
    }
    line.push_str(" all_unreclaimable? yes");
    line
}

fn zone(oom: &Oom, cell: Cell) -> String {
    let era = cell.era;
    let kb = |units: u64| units * UNIT_KB;
    let boost = if era.since(600) { " boost:0kB" } else { "" };
    let high = if era.since(507) {
        " reserved_highatomic:0KB"
    } else {
        ""
    };
    let mut line = format!(
        "Node 0 Normal free:{}kB{boost} min:{}kB low:{}kB high:{}kB{high} active_anon:{}kB inactive_anon:{}kB active_file:{}kB inactive_file:{}kB unevictable:0kB",
        kb(oom.free),
        kb(oom.min),
        kb(oom.min + 1024),
        kb(oom.min + 2048),
        kb(oom.active_anon),
        kb(oom.inactive_anon),
        kb(oom.active_file),
        kb(oom.inactive_file),
    );
    let present = kb(oom.ram);
    let managed = kb(oom.ram - oom.reserved);
    let slab = format!(
        "slab_reclaimable:{}kB slab_unreclaimable:{}kB",
        kb(oom.slab_reclaimable),
        kb(oom.slab_unreclaimable)
    );
    let tables = kb(oom.page_tables);
    if era.since(408) {
        line.push_str(&format!(
            " writepending:0kB present:{present}kB managed:{managed}kB mlocked:0kB"
        ));
        if !era.since(411) {
            line.push_str(&format!(" {slab}"));
        }
        if !era.since(509) {
            line.push_str(" kernel_stack:2048kB");
        }
        if !era.since(514) {
            line.push_str(&format!(" pagetables:{tables}kB"));
        }
        line.push_str(" bounce:0kB free_pcp:64kB local_pcp:0kB free_cma:0kB");
    } else {
        let managed = if era.since(310) {
            format!(" managed:{managed}kB")
        } else {
            String::new()
        };
        line.push_str(&format!(
            " isolated(anon):0kB isolated(file):0kB present:{present}kB{managed} mlocked:0kB dirty:0kB writeback:0kB mapped:128kB shmem:{}kB {slab} kernel_stack:2048kB pagetables:{tables}kB unstable:0kB bounce:0kB",
            kb(oom.shmem),
        ));
        if era.since(401) || era.el == 7 {
            line.push_str(" free_pcp:64kB local_pcp:0kB");
        }
        if era.since(310) {
            line.push_str(" free_cma:0kB");
        }
        line.push_str(" writeback_tmp:0kB pages_scanned:0 all_unreclaimable? yes");
    }
    line
}

fn free_list(oom: &Oom, cell: Cell) -> String {
    let letters = if cell.era.since(310) { " (UE)" } else { "" };
    let total_kb = oom.free * UNIT_KB;
    let blocks = total_kb / cell.page_kib;
    let empty: Vec<String> = (1..11)
        .map(|order| format!("0*{}kB", cell.page_kib << order))
        .collect();
    format!(
        "Node 0 Normal: {blocks}*{}kB{letters} {} = {total_kb}kB",
        cell.page_kib,
        empty.join(" ")
    )
}
