//! One report, record by record, as a kernel generation prints it. A record may hold newlines.

use super::{
    Cell, Oom, memcg, memory,
    model::{Task, UNIT_KB},
};

/// Mask and names of the request, by the bits of the generation.
pub(crate) fn gfp(cell: Cell) -> (&'static str, &'static str) {
    match (cell.scene.is_memcg(), cell.era.version) {
        (true, ..=403) => ("0xd0", "GFP_KERNEL"),
        (true, 404..=409) => ("0x24000c0", "GFP_KERNEL"),
        (true, 410..=415) => ("0x14000c0", "GFP_KERNEL"),
        (true, 416..=500) => ("0x6000c0", "GFP_KERNEL"),
        (true, _) => ("0xcc0", "GFP_KERNEL"),
        (false, ..=403) => ("0x200da", "GFP_HIGHUSER_MOVABLE"),
        (false, 404..=409) => ("0x24200ca", "GFP_HIGHUSER_MOVABLE"),
        (false, 410..=415) => ("0x14200ca", "GFP_HIGHUSER_MOVABLE"),
        (false, 416..=500) => ("0x6200ca", "GFP_HIGHUSER_MOVABLE"),
        (false, _) => ("0x100cca", "GFP_HIGHUSER_MOVABLE"),
    }
}

/// All records of one report.
pub(crate) fn records(oom: &Oom, cell: Cell) -> Vec<String> {
    let era = cell.era;
    let mut all = vec![invoked(oom, cell)];
    if !era.has_summary() {
        all.push(format!(
            "{} cpuset={} mems_allowed=0",
            oom.invoker,
            cpuset(oom, cell)
        ));
    }
    all.extend(trace(oom, cell));
    if cell.scene.is_memcg() {
        all.extend(memcg::records(oom, cell));
    }
    if !cell.scene.is_memcg() || !era.since(310) {
        all.extend(memory::records(oom, cell));
    }
    all.extend(table(oom, cell));
    if era.has_summary() {
        all.push(summary(oom, cell));
    }
    all.extend(kill(oom, cell));
    if era.reaps() {
        let victim = &oom.victim;
        all.push(format!(
            "oom_reaper: reaped process {} ({}), now anon-rss:0kB, file-rss:0kB, shmem-rss:{}kB",
            victim.pid,
            victim.comm,
            victim.shmem * UNIT_KB
        ));
    }
    all
}

fn invoked(oom: &Oom, cell: Cell) -> String {
    let era = cell.era;
    let (mask, names) = gfp(cell);
    let names = if era.names_flags() {
        format!("({names})")
    } else {
        String::new()
    };
    let nodemask = match era.version {
        414 => ", nodemask=(null), ",
        409 | 410 | 415..=420 if era.el != 8 => ", nodemask=(null),",
        _ => ",",
    };
    let adj = match era.version {
        206 => "oom_adj=0".to_owned(),
        207 => format!("oom_adj=0, oom_score_adj={}", oom.invoker_adj),
        _ => format!("oom_score_adj={}", oom.invoker_adj),
    };
    format!(
        "{} invoked oom-killer: gfp_mask={mask}{names}{nodemask} order={}, {adj}",
        oom.invoker, oom.order
    )
}

fn cpuset(oom: &Oom, cell: Cell) -> &'static str {
    if cell.scene.is_memcg() {
        oom.task_path.rsplit('/').next().unwrap_or("/")
    } else if cell.scene == super::Scene::Cpuset {
        "batch"
    } else {
        "/"
    }
}

fn trace(oom: &Oom, cell: Cell) -> Vec<String> {
    let era = cell.era;
    // The page size goes with an architecture that has it.
    let arch = match cell.page_kib {
        4 => "x86_64",
        16 => "loongarch64",
        _ => "aarch64",
    };
    let release = format!("{}.{arch} #1 SMP", era.release);
    let (pid, comm) = (oom.invoker_pid, oom.invoker);
    let mut all = vec![match era.version {
        ..=207 => format!("Pid: {pid}, comm: {comm} Not tainted {release}"),
        208..=611 => format!("CPU: 3 PID: {pid} Comm: {comm} Kdump: loaded Not tainted {release}"),
        _ => format!("CPU: 3 UID: 0 PID: {pid} Comm: {comm} Not tainted {release}"),
    }];
    if era.since(310) {
        all.push(
            "Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.13.0 04/01/2014"
                .to_owned(),
        );
    }
    all.push(
        if cell.page_kib == 64 {
            "Call trace:"
        } else {
            "Call Trace:"
        }
        .to_owned(),
    );
    let path: &[&str] = if cell.scene.is_memcg() {
        &[
            "dump_header",
            "oom_kill_process",
            "mem_cgroup_out_of_memory",
            "try_charge",
            "handle_mm_fault",
        ]
    } else {
        &[
            "dump_header",
            "oom_kill_process",
            "out_of_memory",
            "__alloc_pages_slowpath",
            "handle_mm_fault",
        ]
    };
    for function in path {
        all.push(if era.since(409) {
            format!(" {function}+0x5f/0x80")
        } else {
            format!(" [<ffffffff81188ab1>] {function}+0x91/0x190")
        });
    }
    all
}

fn table(oom: &Oom, cell: Cell) -> Vec<String> {
    let era = cell.era;
    let mut all = Vec::new();
    if era.since(419) {
        all.push("Tasks state (memory values in pages):".to_owned());
    }
    let pid = if era.since(419) {
        "[  pid  ]"
    } else {
        "[ pid ]"
    };
    let columns = match era.version {
        206 => "rss cpu oom_adj name",
        207 => "rss cpu oom_adj oom_score_adj name",
        ..=400 => "rss nr_ptes swapents oom_score_adj name",
        401..=414 => "rss nr_ptes nr_pmds swapents oom_score_adj name",
        415..=607 => "rss pgtables_bytes swapents oom_score_adj name",
        _ => "rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name",
    };
    all.push(format!("{pid}   uid  tgid total_vm      {columns}"));
    all.extend(oom.tasks().into_iter().map(|task| row(task, cell)));
    all
}

fn row(task: &Task, cell: Cell) -> String {
    let era = cell.era;
    let pages = |units: u64| units * UNIT_KB / cell.page_kib;
    let width = if era.since(419) { 7 } else { 5 };
    let (pid, adj, swap) = (task.pid, task.adj, pages(task.swap));
    let head = format!(
        "[{pid:width$}] {:5} {pid:5} {:8} {:8}",
        task.uid,
        pages(task.vm),
        pages(task.rss())
    );
    let middle = match era.version {
        206 => " 2       0".to_owned(),
        207 => format!(" 2       0 {adj:13}"),
        ..=400 => format!(" {:7} {swap:8} {adj:13}", 54),
        401..=414 => format!(" {:7} {:7} {swap:8} {adj:13}", 54, 3),
        415..=607 => format!(" {:8} {swap:8} {adj:13}", 221_184),
        _ => format!(
            " {:8} {:8} {:9} {:8} {swap:8} {adj:13}",
            pages(task.anon),
            pages(task.file),
            pages(task.shmem),
            221_184
        ),
    };
    format!("{head}{middle} {}", task.comm)
}

fn summary(oom: &Oom, cell: Cell) -> String {
    let victim = &oom.victim;
    let (constraint, place) = match cell.scene {
        super::Scene::Global => ("CONSTRAINT_NONE", "global_oom".to_owned()),
        super::Scene::Cpuset => ("CONSTRAINT_CPUSET", "global_oom".to_owned()),
        _ => ("CONSTRAINT_MEMCG", format!("oom_memcg={}", oom.limit_path)),
    };
    format!(
        "oom-kill:constraint={constraint},nodemask=(null),cpuset={},mems_allowed=0,{place},task_memcg={},task={},pid={},uid={}",
        cpuset(oom, cell),
        oom.task_path,
        victim.comm,
        victim.pid,
        victim.uid
    )
}

fn kill(oom: &Oom, cell: Cell) -> Vec<String> {
    let era = cell.era;
    let victim = &oom.victim;
    let kb = |units: u64| units * UNIT_KB;
    let words = if cell.scene.is_memcg() {
        "Memory cgroup out of memory"
    } else {
        "Out of memory"
    };
    let mut sizes = format!(
        "total-vm:{}kB, anon-rss:{}kB, file-rss:",
        kb(victim.vm),
        kb(victim.anon)
    );
    if era.kill_has_shmem() {
        sizes.push_str(&format!(
            "{}kB, shmem-rss:{}kB",
            kb(victim.file),
            kb(victim.shmem)
        ));
    } else {
        sizes.push_str(&format!("{}kB", kb(victim.file + victim.shmem)));
    }
    let named = format!("{} ({})", victim.pid, victim.comm);
    let uid = victim.uid;
    if era.kills_in_one_line() {
        let more = if era.el == 8 {
            format!(", UID:{uid}")
        } else if era.since(504) {
            format!(", UID:{uid} pgtables:216kB oom_score_adj:{}", victim.adj)
        } else {
            String::new()
        };
        return vec![format!("{words}: Killed process {named} {sizes}{more}")];
    }
    if era.version == 206 {
        return vec![
            format!("{words}: kill process {named} score 904 or a child"),
            format!("Killed process {named}"),
        ];
    }
    let killed = match era.el {
        6 => format!(
            "Killed process {}, UID {uid}, ({}) {sizes}",
            victim.pid, victim.comm
        ),
        7 => format!("Killed process {named}, UID {uid}, {sizes}"),
        _ => format!("Killed process {named} {sizes}"),
    };
    vec![
        format!(
            "{words}: Kill process {named} score {} or sacrifice child",
            score(oom, cell)
        ),
        killed,
    ]
}

/// What `oom_badness` of 3.10 to 4.20 gives, in thousandths of the memory in question.
pub(crate) fn score(oom: &Oom, cell: Cell) -> i64 {
    let pages = |units: u64| i64::try_from(units * UNIT_KB / cell.page_kib).unwrap();
    let victim = &oom.victim;
    let total = if cell.scene.is_memcg() {
        pages(oom.limit)
    } else {
        pages(oom.ram - oom.reserved + oom.swap_total)
    };
    let tables = match cell.era.version {
        ..=400 => 54,
        401..=414 => 54 + 3,
        _ => 221_184 / 1024 / i64::try_from(cell.page_kib).unwrap(),
    };
    let points = pages(victim.rss() + victim.swap) + tables + victim.adj * (total / 1000);
    points * 1000 / total
}
