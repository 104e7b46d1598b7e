//! Invoker and victim, kept apart.

use super::View;
use crate::facts::{Evidence, Record, cgroup_path, log::around::Around};

/// Puts invoker and victim.
pub(super) fn put(view: &View<'_>, around: &Around, record: &mut Record) {
    invoker(view, record);
    victim(view, around, record);
}

fn invoker(view: &View<'_>, record: &mut Record) {
    let event = view.event;
    let named = event
        .invocation
        .as_ref()
        .filter(|i| !i.value.comm.is_empty())
        .map(|i| (i.value.comm.clone(), i.evidence.clone()))
        .or_else(|| {
            let cpu = event.cpu.as_ref()?;
            Some((cpu.value.comm.clone(), cpu.evidence.clone()))
        })
        .or_else(|| {
            let line = event.cpuset.as_ref()?;
            Some((line.value.comm.clone(), line.evidence.clone()))
        });
    if let Some((comm, place)) = &named {
        record.put("invoker.comm", comm.as_str(), place.clone());
        if let Some((same, evidence)) = same_program(view, comm) {
            record.put(
                "invoker.same_program",
                same,
                [place.clone(), evidence].concat(),
            );
        }
    }
    if let Some(cpu) = &event.cpu {
        record.put("invoker.pid", cpu.value.pid, cpu.evidence.clone());
    }
    if let Some(line) = &event.invocation {
        record.put_some(
            "invoker.oom_score_adj",
            line.value.oom_score_adj,
            &line.evidence,
        );
    }
    if let Some(line) = &event.cpuset {
        record.put(
            "invoker.cpuset",
            line.value.name.as_str(),
            line.evidence.clone(),
        );
    } else if let Some(line) = &event.summary {
        record.put_some("invoker.cpuset", line.value.cpuset.clone(), &line.evidence);
    }
}

/// Starts of thread names that the JVM itself gives (`os::set_native_thread_name`), and those of
/// the servers that usually run in one.
const JVM_THREADS: &[&str] = &[
    "C1 CompilerThre",
    "C2 CompilerThre",
    "GC Thread#",
    "GC task thread",
    "VM Thread",
    "VM Periodic Tas",
    "Signal Dispatch",
    "G1 ",
    "Gang worker",
    "Concurrent Mark",
    "Finalizer",
    "Reference Handl",
    "Attach Listener",
    "Service Thread",
    "Sweeper thread",
    "DestroyJavaVM",
    "Common-Cleaner",
    "ZGC",
    "XWorker",
    "Shenandoah",
    "nio-",
    "http-nio",
    "https-jsse-nio",
    "Thread-",
    "pool-",
    "ForkJoinPool",
    "main-SendThread",
    "main-EventThrea",
    "NIOServerCxn",
];

/// Whether `comm` is the name of a JVM's thread.
fn is_jvm_thread(comm: &str) -> bool {
    JVM_THREADS.iter().any(|start| comm.starts_with(start))
}

/// Whether the invoker is a thread of the victim's program; `None` when the log does not tell.
fn same_program(view: &View<'_>, invoker: &str) -> Option<(bool, Vec<Evidence>)> {
    let victim = view.victim.as_ref()?;
    let comm = victim.comm.as_ref()?;
    if comm.value == invoker {
        return Some((true, comm.evidence.clone()));
    }
    let jvm = comm.value == "java" || is_jvm_thread(&comm.value);
    if jvm && (is_jvm_thread(invoker) || invoker == "java") {
        return same_container(view).then(|| (true, comm.evidence.clone()));
    }
    let listed = view.event.tasks.iter().find(|t| t.value.comm == invoker);
    match listed {
        Some(row) if Some(row.value.pid) != victim.pid => Some((false, row.evidence.clone())),
        // A thread of the same cgroup may carry any name.
        _ if view.constraint.is_memcg() => None,
        _ => Some((false, comm.evidence.clone())),
    }
}

/// Whether invoker and victim may share a container: by cpuset and path where both are there.
fn same_container(view: &View<'_>) -> bool {
    let ours = view
        .event
        .cpuset
        .as_ref()
        .and_then(|c| cgroup_path::decode(&c.value.name).container_id);
    let theirs = view
        .paths
        .task
        .as_ref()
        .and_then(|t| cgroup_path::decode(&t.value).container_id);
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    }
}

fn victim(view: &View<'_>, around: &Around, record: &mut Record) {
    let Some(victim) = &view.victim else {
        record.put("victim.known", false, Vec::new());
        return;
    };
    let place = &victim.evidence;
    record.put("victim.known", true, place.clone());
    record.put_some("victim.pid", victim.pid, place);
    record.put("victim.source", victim.source, place.clone());
    record.put("victim.inferred", victim.inferred, place.clone());
    super::seen(record, "victim.comm", victim.comm.as_ref());
    record.put(
        "victim.pids_disagree",
        victim.disagreement.is_some(),
        place.clone(),
    );
    record.put_some("victim.pids_text", victim.disagreement.clone(), place);
    let mut reapers = view.event.reaped.iter();
    if let Some(reaped) = reapers.find(|r| Some(r.value.pid) == victim.pid) {
        record.put("victim.reaped", reaped.value.done, reaped.evidence.clone());
    }
    let chosen = view
        .event
        .kills
        .first()
        .filter(|k| k.value.pid.is_some() && k.value.pid != victim.pid);
    if let Some(chosen) = chosen.filter(|_| !view.event.killed.is_empty()) {
        let place = &chosen.evidence;
        record.put_some("victim.chosen_pid", chosen.value.pid, place);
        record.put_some("victim.chosen_comm", chosen.value.comm.clone(), place);
    }
    if let Some(kill) = view.event.kills.first() {
        record.put_some("victim.score", kill.value.score, &kill.evidence);
    }
    sizes(view, record);
    if let Some(comm) = &victim.comm
        && let Some((program, evidence)) = around.program(&comm.value, victim.pid, view.event)
    {
        record.put("victim.program", program, evidence);
    }
}

/// Sizes of the victim: the kill line is of the moment, the table fills what it lacks.
fn sizes(view: &View<'_>, record: &mut Record) {
    let Some(victim) = &view.victim else { return };
    if let Some(row) = &victim.row {
        let (task, place) = (&row.value, &row.evidence);
        record.put_some("victim.uid", task.uid, place);
        record.put_some("victim.oom_score_adj", task.oom_score_adj, place);
        record.put_some("victim.rss_pages", task.rss_pages, place);
        record.put_some("victim.rss_bytes", view.bytes(task.rss_pages), place);
        record.put_some(
            "victim.virtual_bytes",
            view.bytes(task.virtual_pages),
            place,
        );
        record.put_some("victim.swap_bytes", view.bytes(task.swap_pages), place);
        if let Some([anon, file, shmem]) = task.rss_parts_pages {
            record.put_some("victim.anon_bytes", view.bytes(Some(anon)), place);
            record.put_some("victim.file_bytes", view.bytes(Some(file)), place);
            record.put_some("victim.shmem_bytes", view.bytes(Some(shmem)), place);
        }
    }
    if let Some(summary) = &view.event.summary {
        record.put_some("victim.uid", summary.value.uid, &summary.evidence);
    }
    let deed = view.event.killed.iter().find(|k| k.value.pid == victim.pid);
    // Lines that disagree about the pid are still about this victim.
    let Some(deed) = deed.or_else(|| view.event.killed.first()) else {
        return;
    };
    let (killed, place) = (&deed.value, &deed.evidence);
    record.put_some("victim.uid", killed.uid, place);
    record.put_some("victim.oom_score_adj", killed.oom_score_adj, place);
    record.put_some("victim.virtual_bytes", killed.virtual_bytes, place);
    record.put_some("victim.anon_bytes", killed.anon_bytes, place);
    record.put_some("victim.file_bytes", killed.file_bytes, place);
    record.put_some("victim.shmem_bytes", killed.shmem_bytes, place);
    let rss = killed
        .anon_bytes
        .zip(killed.file_bytes)
        .map(|(anon, file)| {
            anon.saturating_add(file)
                .saturating_add(killed.shmem_bytes.unwrap_or(0))
        });
    record.put_some("victim.rss_bytes", rss, place);
}

#[cfg(test)]
mod tests {
    use super::is_jvm_thread;

    #[test]
    fn jit_threads_are_java() {
        assert!(is_jvm_thread("C1 CompilerThre"));
        assert!(is_jvm_thread("http-nio-8080-e"));
        assert!(!is_jvm_thread("ls"));
    }
}
