//! Which processes are worth a closer look: by size, by score and by being stuck. Never by pid order.

use std::collections::BTreeMap;

use serde_json::json;

use crate::item::{Found, Made};
use crate::plan::Depth;
use crate::visit::{Census, Chosen, Process, Visit};

/// How many are chosen by resident memory.
const BY_RSS: usize = 30;
/// How many by virtual size and how many by score.
const BY_OTHER: usize = 10;
/// How many of those that are stuck or dead.
const STUCK_MAX: usize = 50;
/// How many get their mappings taken one by one.
const LARGEST: usize = 10;
/// `scene/top-processes.json`.
pub fn entry(visit: &mut Visit) -> Vec<Made> {
    let scale = if visit.depth == Depth::Quick { 3 } else { 1 };
    // The collector offers itself to the OOM killer; it is not evidence.
    let mut own = visit.reader.pids();
    own.push(std::process::id());
    visit
        .census
        .processes
        .retain(|process| !own.contains(&process.pid));
    visit.census.chosen = choose(&visit.census, scale);
    let page = rustix::param::page_size() as u64;
    let rows: Vec<_> = visit
        .census
        .chosen
        .iter()
        .map(|Chosen { process, why }| {
            json!({
                "pid": process.pid,
                "why": why,
                "state": process.state.to_string(),
                "rss_bytes": process.rss_pages * page,
                "virtual_bytes": process.virtual_bytes,
                "oom_score": process.oom_score,
                "kernel_thread": process.kernel_thread,
            })
        })
        .collect();
    vec![Made::json(
        "scene/top-processes.json",
        &json!({"of": visit.census.processes.len(), "chosen": rows}),
    )]
}

fn choose(census: &Census, scale: usize) -> Vec<Chosen> {
    let mut why: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut rank = |name: &str, count: usize, key: &dyn Fn(&Process) -> i128| {
        let mut ranked: Vec<&Process> = census.processes.iter().filter(|p| key(p) > 0).collect();
        ranked.sort_by_key(|p| (std::cmp::Reverse(key(p)), p.pid));
        for (place, process) in ranked.into_iter().take(count).enumerate() {
            why.entry(process.pid)
                .or_default()
                .push(format!("{name} {}", place + 1));
        }
    };
    rank("rss", BY_RSS / scale, &|p| i128::from(p.rss_pages));
    rank("virtual", BY_OTHER / scale, &|p| {
        i128::from(p.virtual_bytes)
    });
    rank("oom_score", BY_OTHER / scale, &|p| i128::from(p.oom_score));
    let stuck = census
        .processes
        .iter()
        .filter(|p| matches!(p.state, 'D' | 'Z' | 'X'));
    for process in stuck.take(STUCK_MAX) {
        why.entry(process.pid)
            .or_default()
            .push(format!("state {}", process.state));
    }
    let mut chosen: Vec<Chosen> = Vec::new();
    for process in &census.processes {
        if let Some(why) = why.remove(&process.pid) {
            chosen.push(Chosen {
                process: process.clone(),
                why,
            });
        }
    }
    chosen.sort_by_key(|c| (std::cmp::Reverse(c.process.rss_pages), c.process.pid));
    chosen
}

/// All chosen ones.
pub fn all(visit: &mut Visit) -> Found {
    found(visit, |_| true)
}

/// Those that have memory of their own: no kernel threads, nothing dead.
pub fn with_memory(visit: &mut Visit) -> Found {
    found(visit, has_memory)
}

/// Those with memory, as far as the stall budget goes: for `smaps_rollup`.
pub fn cheap(visit: &mut Visit) -> Found {
    within_budget(visit, usize::MAX)
}

/// The largest ones, as far as the stall budget goes: for `smaps`.
pub fn largest(visit: &mut Visit) -> Found {
    if visit.depth == Depth::Quick {
        return Found {
            nothing: "not with --quick".to_owned(),
            ..Found::default()
        };
    }
    within_budget(visit, LARGEST)
}

/// Reading these walks all resident memory: capture decides how many it can be.
fn within_budget(visit: &Visit, count: usize) -> Found {
    let page = rustix::param::page_size() as u64;
    let chosen = visit
        .census
        .chosen
        .iter()
        .filter(|c| has_memory(&c.process));
    let sizes = chosen
        .take(count)
        .map(|c| c.process.rss_pages * page)
        .collect::<Vec<_>>();
    let mut found = found(visit, has_memory);
    found.paths.truncate(sizes.len());
    found.walked_bytes = Some(sizes);
    found
}

fn has_memory(process: &Process) -> bool {
    !process.kernel_thread && !matches!(process.state, 'Z' | 'X')
}

fn found(visit: &Visit, wanted: impl Fn(&Process) -> bool) -> Found {
    let chosen = visit.census.chosen.iter().filter(|c| wanted(&c.process));
    let paths = chosen.map(|c| format!("proc/{}", c.process.pid)).collect();
    Found {
        paths,
        walked_bytes: None,
        left_out: Vec::new(),
        nothing: "no process was chosen".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, rss_pages: u64, virtual_bytes: u64, state: char) -> Process {
        Process {
            pid,
            state,
            rss_pages,
            virtual_bytes,
            kernel_thread: false,
            oom_score: 0,
        }
    }

    #[test]
    fn large_wide_and_stuck_are_chosen_whatever_their_pid() {
        let mut census = Census::default();
        for pid in 1..=100 {
            census
                .processes
                .push(process(pid, 1 + u64::from(pid % 7), 1000, 'S'));
        }
        census.processes.push(process(5000, 900_000, 1000, 'S'));
        census.processes.push(process(5001, 0, 1 << 40, 'S'));
        census.processes.push(process(5002, 0, 0, 'D'));
        let chosen = choose(&census, 1);
        let why = |pid| {
            chosen
                .iter()
                .find(|c| c.process.pid == pid)
                .map(|c| c.why.clone())
        };
        assert_eq!(why(5000).unwrap().first().unwrap(), "rss 1");
        assert_eq!(why(5001).unwrap(), ["virtual 1"]);
        assert_eq!(why(5002).unwrap(), ["state D"]);
        assert!(chosen.len() < 60);
        assert_eq!(chosen.first().unwrap().process.pid, 5000);
    }
}
