//! What the model says, by the names of facts: only what the generation's lines tell.

use crate::generator::{self, Cell, Oom, Scene, model::UNIT_BYTES};

/// Facts of the event, as text.
pub(crate) fn facts(oom: &Oom, cell: Cell) -> Vec<(&'static str, String)> {
    let mut all = who(oom, cell);
    all.extend(table(oom, cell));
    if cell.scene.is_memcg() {
        all.extend(memcg(oom, cell));
    }
    if !cell.scene.is_memcg() || !cell.era.since(310) {
        all.extend(memory(oom));
    }
    all
}

fn bytes(units: u64) -> String {
    (units * UNIT_BYTES).to_string()
}

fn who(oom: &Oom, cell: Cell) -> Vec<(&'static str, String)> {
    let era = cell.era;
    let victim = &oom.victim;
    let constraint = match cell.scene {
        Scene::Global => "none",
        Scene::Cpuset => "cpuset",
        Scene::MemcgV1 | Scene::MemcgV2 => "memcg",
    };
    let arch = ["x86_64", "loongarch64", "aarch64"][[4, 16, 64]
        .iter()
        .position(|kib| *kib == cell.page_kib)
        .unwrap()];
    let mut all = vec![
        ("constraint", constraint.to_owned()),
        ("invoker.comm", oom.invoker.to_owned()),
        ("invoker.pid", oom.invoker_pid.to_string()),
        ("order", oom.order.to_string()),
        ("page_size_bytes", (cell.page_kib * 1024).to_string()),
        ("request_bytes", (cell.page_kib * 1024).to_string()),
        ("kernel_release", format!("{}.{arch}", era.release)),
        ("victim.comm", victim.comm.to_owned()),
        ("victim.pid", victim.pid.to_string()),
        ("victim.uid", victim.uid.to_string()),
        ("victim.rss_bytes", bytes(victim.rss())),
        ("victim.virtual_bytes", bytes(victim.vm)),
        ("victim.inferred", "false".to_owned()),
        ("killed_count", "1".to_owned()),
    ];
    if era.since(207) {
        all.push(("invoker.oom_score_adj", oom.invoker_adj.to_string()));
        all.push(("victim.oom_score_adj", victim.adj.to_string()));
    }
    if era.since(310) && !era.kills_in_one_line() {
        all.push(("victim.score", generator::score(oom, cell).to_string()));
    }
    // Both come out of the same pages: what the kernel printed is what is counted again.
    if era.since(310) && cell.scene == Scene::Global {
        let score = generator::score(oom, cell).to_string();
        all.push(("first_in_line.pid", victim.pid.to_string()));
        all.push(("first_in_line.score", score));
        all.push(("victim.first_in_line", "true".to_owned()));
    }
    if era.kill_has_sizes() {
        all.push(("victim.anon_bytes", bytes(victim.anon)));
        if era.kill_has_shmem() {
            all.push(("victim.file_bytes", bytes(victim.file)));
            all.push(("victim.shmem_bytes", bytes(victim.shmem)));
        } else {
            // Up to 4.5 shared memory was counted as file.
            all.push(("victim.file_bytes", bytes(victim.file + victim.shmem)));
        }
    }
    if era.table_has_swap() {
        all.push(("victim.swap_bytes", bytes(victim.swap)));
    }
    if era.reaps() {
        all.push(("victim.reaped", "true".to_owned()));
    }
    all
}

fn table(oom: &Oom, cell: Cell) -> Vec<(&'static str, String)> {
    let swap = |units: u64| if cell.era.table_has_swap() { units } else { 0 };
    let total: u64 = oom
        .tasks()
        .iter()
        .map(|task| task.rss() + swap(task.swap))
        .sum();
    let mut all = vec![
        ("tasks_count", oom.tasks().len().to_string()),
        ("tasks_total_bytes", bytes(total)),
        ("largest_task.pid", oom.victim.pid.to_string()),
        (
            "largest_task.total_bytes",
            bytes(oom.victim.rss() + swap(oom.victim.swap)),
        ),
    ];
    if cell.era.since(207)
        && let Some(exempt) = oom.others.iter().find(|task| task.adj == -1000)
    {
        all.push(("exempt_largest.pid", exempt.pid.to_string()));
    }
    all
}

fn memcg(oom: &Oom, cell: Cell) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("memcg.path", oom.limit_path.to_owned()),
        ("memcg.task_path", oom.task_path.to_owned()),
        ("memcg.own_limit", "false".to_owned()),
        ("memcg.usage_bytes", bytes(oom.usage)),
        ("memcg.limit_bytes", bytes(oom.limit)),
        ("memcg.failcnt_count", oom.failcnt.to_string()),
        (
            "memcg.container_id",
            "c3f1de0d0969e5d3c6758d2e59be98d4dc8ba0367af77f52b09d15225139c74f".to_owned(),
        ),
    ];
    if cell.scene == Scene::MemcgV1 {
        all.push((
            "memcg.memsw_usage_bytes",
            bytes(oom.usage + oom.victim.swap),
        ));
        all.push(("memcg.memsw_limit_bytes", "unknown".to_owned()));
    } else {
        all.push(("memcg.swap_usage_bytes", bytes(oom.victim.swap)));
        all.push(("memcg.swap_limit_bytes", "unknown".to_owned()));
    }
    if cell.era.since(310) {
        all.push(("memcg.anon_bytes", bytes(oom.victim.anon)));
        all.push(("memcg.file_bytes", bytes(oom.memcg_file)));
    }
    if cell.era.since(414) {
        all.push(("memcg.shmem_bytes", bytes(oom.memcg_shmem)));
    }
    all
}

fn memory(oom: &Oom) -> Vec<(&'static str, String)> {
    vec![
        ("memory.free_bytes", bytes(oom.free)),
        (
            "memory.anon_bytes",
            bytes(oom.active_anon + oom.inactive_anon),
        ),
        (
            "memory.file_bytes",
            bytes(oom.active_file + oom.inactive_file),
        ),
        ("memory.shmem_bytes", bytes(oom.shmem)),
        ("memory.slab_reclaimable_bytes", bytes(oom.slab_reclaimable)),
        (
            "memory.slab_unreclaimable_bytes",
            bytes(oom.slab_unreclaimable),
        ),
        ("memory.page_tables_bytes", bytes(oom.page_tables)),
        ("memory.ram_bytes", bytes(oom.ram - oom.reserved)),
        ("memory.swap_total_bytes", bytes(oom.swap_total)),
        ("memory.swap_free_bytes", bytes(oom.swap_free)),
        ("zones", "1 items".to_owned()),
    ]
}
