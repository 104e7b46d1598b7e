//! What a control group's OOM prints: paths, counters, statistics.

use super::{
    Cell, Oom, Scene,
    model::{UNIT_BYTES, UNIT_KB},
};

/// All records of the control group.
pub(crate) fn records(oom: &Oom, cell: Cell) -> Vec<String> {
    let era = cell.era;
    let mut all = Vec::new();
    if !era.has_summary() {
        all.push(format!(
            "Task in {} killed as a result of limit of {}",
            oom.task_path, oom.limit_path
        ));
    }
    let (usage, limit) = (oom.usage * UNIT_KB, oom.limit * UNIT_KB);
    let unlimited = unlimited(cell);
    all.push(format!(
        "memory: usage {usage}kB, limit {limit}kB, failcnt {}",
        oom.failcnt
    ));
    if cell.scene == Scene::MemcgV2 {
        all.push(format!(
            "swap: usage {}kB, limit {unlimited}kB, failcnt 0",
            oom.victim.swap * UNIT_KB
        ));
    } else {
        let both = usage + oom.victim.swap * UNIT_KB;
        all.push(format!(
            "memory+swap: usage {both}kB, limit {unlimited}kB, failcnt 0"
        ));
        if era.since(310) {
            all.push(format!("kmem: usage 0kB, limit {unlimited}kB, failcnt 0"));
        }
    }
    if era.stats_in_bytes() {
        let head = format!("Memory cgroup stats for {}:", oom.limit_path);
        let body = if era.since(605) && cell.scene == Scene::MemcgV1 {
            v1_body(oom)
        } else {
            v2_body(oom, cell)
        };
        all.push(head);
        if era.since(605) {
            all.extend(body);
        } else {
            all.push(body.join("\n"));
        }
    } else if era.since(310) {
        all.push(one_line(oom, cell, oom.limit_path, false));
        all.push(one_line(oom, cell, oom.task_path, true));
    }
    all
}

/// What "no limit" looks like: the counter's maximum, cut to whole pages since 3.19.
fn unlimited(cell: Cell) -> u64 {
    let max_kb = i64::MAX as u64 / 1024;
    if cell.era.since(319) {
        max_kb / cell.page_kib * cell.page_kib
    } else {
        max_kb
    }
}

fn one_line(oom: &Oom, cell: Cell, path: &str, own: bool) -> String {
    let kb = |units: u64| if own { units * UNIT_KB } else { 0 };
    let mut line = format!(
        "Memory cgroup stats for {path}: cache:{}KB rss:{}KB rss_huge:0KB",
        kb(oom.memcg_file),
        kb(oom.victim.anon)
    );
    if cell.era.since(414) {
        line.push_str(&format!(" shmem:{}KB", kb(oom.memcg_shmem)));
    }
    line.push_str(" mapped_file:0KB");
    if cell.era.since(402) {
        line.push_str(" dirty:0KB writeback:0KB");
    }
    line.push_str(&format!(
        " swap:{}KB inactive_anon:0KB active_anon:{}KB inactive_file:{}KB active_file:0KB unevictable:0KB",
        kb(oom.victim.swap), kb(oom.victim.anon), kb(oom.memcg_file),
    ));
    line
}

fn v2_body(oom: &Oom, cell: Cell) -> Vec<String> {
    let era = cell.era;
    let bytes = |units: u64| units * UNIT_BYTES;
    let mut body = vec![
        format!("anon {}", bytes(oom.victim.anon)),
        format!("file {}", bytes(oom.memcg_file)),
    ];
    if era.since(518) {
        body.push(format!("kernel {}", bytes(48)));
    }
    body.push(format!("kernel_stack {}", bytes(4)));
    if !era.since(509) {
        body.push(format!("slab {}", bytes(40)));
    }
    if era.since(511) {
        body.push(format!("pagetables {}", bytes(4)));
    }
    if era.since(509) {
        body.push("percpu 0".to_owned());
    }
    body.push(format!("sock {}", bytes(6)));
    body.push(format!("shmem {}", bytes(oom.memcg_shmem)));
    body.push("file_mapped 0".to_owned());
    body.push("inactive_anon 0".to_owned());
    body.push(format!("active_anon {}", bytes(oom.victim.anon)));
    body.push(format!("slab_reclaimable {}", bytes(10)));
    body.push(format!("slab_unreclaimable {}", bytes(30)));
    if era.since(509) {
        body.push(format!("slab {}", bytes(40)));
        body.push("workingset_refault_anon 5".to_owned());
        body.push("workingset_refault_file 9".to_owned());
    } else {
        body.push("workingset_refault 9".to_owned());
    }
    body.push("pgfault 12345".to_owned());
    body.push("pgmajfault 345".to_owned());
    body
}

fn v1_body(oom: &Oom) -> Vec<String> {
    let bytes = |units: u64| units * UNIT_BYTES;
    let mut body = Vec::new();
    for prefix in ["", "total_"] {
        let own = |units: u64| if prefix.is_empty() { 0 } else { bytes(units) };
        body.push(format!("{prefix}cache {}", own(oom.memcg_file)));
        body.push(format!("{prefix}rss {}", own(oom.victim.anon)));
        body.push(format!("{prefix}shmem {}", own(oom.memcg_shmem)));
        body.push(format!("{prefix}mapped_file 0"));
        body.push(format!("{prefix}pgfault 12345"));
        if prefix.is_empty() {
            body.push(format!("hierarchical_memory_limit {}", bytes(oom.limit)));
        }
    }
    body
}
