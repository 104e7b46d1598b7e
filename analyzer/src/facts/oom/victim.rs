//! Who was killed: from whichever line survives. The task that asked for memory is never taken for
//! the victim.

use super::{
    event::{OomEvent, Seen},
    memcg::Counted,
    tasks::Task,
};
use crate::facts::Evidence;

/// The victim of one event.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Victim {
    /// Name.
    pub(super) comm: Option<Seen<String>>,
    /// Process; `None` where a kill line has its name only.
    pub(super) pid: Option<u64>,
    /// Lines that name the process.
    pub(super) evidence: Vec<Evidence>,
    /// Kind of line that names it.
    pub(super) source: &'static str,
    /// No kill line survives.
    pub(super) inferred: bool,
    /// Pids with their lines, when they disagree.
    pub(super) disagreement: Option<String>,
    /// Its row in the task table.
    pub(super) row: Option<Seen<Task>>,
}

/// Finds the victim.
pub(super) fn victim(event: &OomEvent, page_size_bytes: Option<u64>) -> Option<Victim> {
    let named = lines(event);
    if named.is_empty() {
        return without_pid(event).or_else(|| from_table(event, page_size_bytes));
    }
    let pid = decide(event, &named)?;
    let differ = named.iter().any(|(_, p, _)| *p != pid);
    let agreeing = named.iter().filter(|(_, p, _)| *p == pid);
    let source = ["killed", "oom-kill", "kill", "oom_reaper"]
        .into_iter()
        .find(|s| agreeing.clone().any(|(source, _, _)| source == s))?;
    let evidence = if differ {
        named.iter().flat_map(|(_, _, e)| e.clone()).collect()
    } else {
        agreeing.flat_map(|(_, _, e)| e.clone()).collect()
    };
    let row = row(event, pid);
    Some(Victim {
        comm: comm(event, pid).or_else(|| {
            row.as_ref().map(|r| Seen {
                value: r.value.comm.clone(),
                evidence: r.evidence.clone(),
            })
        }),
        pid: Some(pid),
        evidence,
        source,
        inferred: source == "oom_reaper",
        disagreement: differ.then(|| describe(&named)),
        row,
    })
}

/// The victim of kill lines that name no pid.
fn without_pid(event: &OomEvent) -> Option<Victim> {
    let killed = event.killed.first().map(|k| (&k.value.comm, &k.evidence));
    let chosen = event.kills.first().map(|k| (&k.value.comm, &k.evidence));
    let named = |lines: Option<(&Option<String>, &Vec<Evidence>)>| {
        let (comm, evidence) = lines?;
        Some(Seen {
            value: comm.clone()?,
            evidence: evidence.clone(),
        })
    };
    let source = if killed.is_some() { "killed" } else { "kill" };
    let (_, evidence) = killed.or(chosen)?;
    Some(Victim {
        comm: named(killed).or_else(|| named(chosen)),
        pid: None,
        evidence: evidence.clone(),
        source,
        inferred: false,
        disagreement: None,
        row: None,
    })
}

type NamedPid = (&'static str, u64, Vec<Evidence>);

/// Lines that name the victim. With `memory.oom.group` the others die with it, so only the first
/// kill counts.
fn lines(event: &OomEvent) -> Vec<NamedPid> {
    let mut named: Vec<NamedPid> = Vec::new();
    let group = event.group_kill.is_some();
    for kill in &event.kills {
        if let Some(pid) = kill.value.pid {
            named.push(("kill", pid, kill.evidence.clone()));
        }
    }
    if let Some(summary) = &event.summary
        && let Some(pid) = summary.value.pid
    {
        named.push(("oom-kill", pid, summary.evidence.clone()));
    }
    for killed in event.killed.iter().take(if group { 1 } else { usize::MAX }) {
        if let Some(pid) = killed.value.pid {
            named.push(("killed", pid, killed.evidence.clone()));
        }
    }
    if !group || named.is_empty() {
        for reaped in &event.reaped {
            named.push(("oom_reaper", reaped.value.pid, reaped.evidence.clone()));
        }
    }
    named
}

/// The pid that most lines name. Between two that are named equally often the task table decides,
/// then the line of the deed: before 5.1 the kernel could kill a child of the task it chose.
fn decide(event: &OomEvent, named: &[NamedPid]) -> Option<u64> {
    let votes = |pid: u64| named.iter().filter(|(_, p, _)| *p == pid).count();
    let most = named.iter().map(|(_, pid, _)| votes(*pid)).max()?;
    let leading = || named.iter().filter(|(_, pid, _)| votes(*pid) == most);
    let listed = |pid: u64| row(event, pid).is_some();
    let deed = leading()
        .find(|(source, pid, _)| *source == "killed" && (event.tasks.is_empty() || listed(*pid)));
    deed.or_else(|| leading().find(|(_, pid, _)| listed(*pid)))
        .or_else(|| leading().next())
        .map(|(_, pid, _)| *pid)
}

fn describe(named: &[NamedPid]) -> String {
    let words = |source: &str| {
        match source {
            "kill" => "Kill process",
            "killed" => "Killed process",
            other => other,
        }
        .to_owned()
    };
    named
        .iter()
        .map(|(source, pid, evidence)| {
            let line = evidence.first().map_or(0, |e| e.line);
            format!("{} {pid} (line {line})", words(source))
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn comm(event: &OomEvent, pid: u64) -> Option<Seen<String>> {
    let seen = |comm: &Option<String>, evidence: &Vec<Evidence>| {
        comm.clone().map(|value| Seen {
            value,
            evidence: evidence.clone(),
        })
    };
    let killed = event
        .killed
        .iter()
        .filter_map(|k| Some((k.value.pid?, seen(&k.value.comm, &k.evidence)?)));
    let summary = event
        .summary
        .iter()
        .filter_map(|s| Some((s.value.pid?, seen(&s.value.comm, &s.evidence)?)));
    let kills = event
        .kills
        .iter()
        .filter_map(|k| Some((k.value.pid?, seen(&k.value.comm, &k.evidence)?)));
    let reaped = event
        .reaped
        .iter()
        .filter_map(|r| Some((r.value.pid, seen(&r.value.comm, &r.evidence)?)));
    let all: Vec<(u64, Seen<String>)> = killed.chain(summary).chain(kills).chain(reaped).collect();
    all.iter()
        .find(|(p, _)| *p == pid)
        .or_else(|| all.first())
        .map(|(_, comm)| comm.clone())
}

fn row(event: &OomEvent, pid: u64) -> Option<Seen<Task>> {
    event.tasks.iter().find(|t| t.value.pid == pid).cloned()
}

/// No line names the victim: the kernel takes the row with the highest badness. Not when the log
/// ends in the table, and not when the kernel found nobody.
fn from_table(event: &OomEvent, page_size_bytes: Option<u64>) -> Option<Victim> {
    if event.cut_end || event.panic.is_some() || event.no_victim.is_some() {
        return None;
    }
    let size = page_size_bytes.unwrap_or(4096);
    let listed: u64 = event
        .tasks
        .iter()
        .filter_map(|t| t.value.total_pages())
        .sum();
    let limit = event
        .counters
        .iter()
        .find(|c| c.value.counted == Counted::Memory)
        .and_then(|c| c.value.limit())
        .map(|bytes| bytes / size);
    let ram = event.memory.totals_pages.get("pages RAM").map(|s| s.value);
    let pages_of_1000 = limit.or(ram).unwrap_or(listed);
    let row = event
        .tasks
        .iter()
        .filter_map(|t| Some((t.value.badness_pages(size, pages_of_1000)?, t)))
        .max_by_key(|(badness, t)| (*badness, std::cmp::Reverse(t.value.pid)))?
        .1;
    Some(Victim {
        comm: Some(Seen {
            value: row.value.comm.clone(),
            evidence: row.evidence.clone(),
        }),
        pid: Some(row.value.pid),
        evidence: row.evidence.clone(),
        source: "task table",
        inferred: true,
        disagreement: None,
        row: Some(row.clone()),
    })
}
