//! The list of processes, and what their packed files tell while they pass.

use procfs::FromRead as _;
use procfs::process::{Stat, StatFlags};

use oomscene_bundle::Outcome;

use super::mounts;
use crate::item::{AS_ROOT, Found, LeftOut};
use crate::visit::{Census, Process, Visit};

/// Most processes taken.
const PROCESSES_MAX: usize = 50_000;

/// Folder of every process, in the order of process ids.
pub fn folders(visit: &mut Visit) -> Found {
    if visit.census.pids.is_none() {
        let names = visit.host.names("proc").unwrap_or_default();
        let mut pids: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
        pids.sort_unstable();
        visit.census.pids_left_out = pids.len().saturating_sub(PROCESSES_MAX);
        pids.truncate(PROCESSES_MAX);
        visit.census.pids = Some(pids);
    }
    let pids = visit.census.pids.as_deref().unwrap_or_default();
    let mut found = Found {
        nothing: "/proc lists no process".to_owned(),
        ..Found::default()
    };
    found.paths = pids.iter().map(|pid| format!("proc/{pid}")).collect();
    if let Some(reason) = hidden(visit) {
        found.left_out.push(LeftOut {
            path: "proc/[pid]".to_owned(),
            outcome: Outcome::Denied,
            reason,
            remedy: AS_ROOT,
        });
    }
    if visit.census.pids_left_out > 0 {
        found.left_out.push(LeftOut {
            path: "proc/[pid]".to_owned(),
            outcome: Outcome::Truncated,
            reason: format!(
                "{} more processes were left out",
                visit.census.pids_left_out
            ),
            remedy: "",
        });
    }
    found
}

/// Why the processes of others are not listed, if so (proc(5), `hidepid`).
fn hidden(visit: &Visit) -> Option<String> {
    if rustix::process::geteuid().is_root() || !visit.host.is_live() {
        return None;
    }
    let options = mounts::all(&visit.host)
        .into_iter()
        .rfind(|mount| mount.point == "proc")?
        .options;
    let option = options.split(',').find(|option| {
        matches!(
            option.strip_prefix("hidepid="),
            Some("2" | "invisible" | "4" | "ptraceable")
        )
    })?;
    Some(format!(
        "/proc is mounted with {option}: processes of other users are hidden"
    ))
}

/// Learns size and state from `/proc/PID/stat`.
pub fn watch_stat(census: &mut Census, _path: &str, content: &[u8]) {
    let Ok(stat) = Stat::from_read(content) else {
        return;
    };
    let Ok(pid) = u32::try_from(stat.pid) else {
        return;
    };
    census.processes.push(Process {
        pid,
        state: stat.state,
        rss_pages: stat.rss,
        virtual_bytes: stat.vsize,
        kernel_thread: StatFlags::from_bits_truncate(stat.flags).contains(StatFlags::PF_KTHREAD),
        oom_score: 0,
    });
}

/// Learns from `/proc/PID/oom_score`, which is read after `stat`.
pub fn watch_oom_score(census: &mut Census, path: &str, content: &[u8]) {
    let pid = path
        .split('/')
        .nth(1)
        .and_then(|pid| pid.parse::<u32>().ok());
    let score = std::str::from_utf8(content)
        .ok()
        .and_then(|text| text.trim().parse::<i64>().ok());
    let (Some(pid), Some(score)) = (pid, score) else {
        return;
    };
    if let Ok(at) = census
        .processes
        .binary_search_by_key(&pid, |process| process.pid)
        && let Some(process) = census.processes.get_mut(at)
    {
        process.oom_score = score;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comm_with_parentheses_spaces_and_newline() {
        let mut census = Census::default();
        let stat = b"77 (a) b\n(c) D 1 77 77 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 1 0 55 4096000 250 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        watch_stat(&mut census, "proc/77/stat", stat);
        watch_oom_score(&mut census, "proc/77/oom_score", b"667\n");
        let process = census.processes.first().unwrap();
        assert_eq!(
            (
                process.pid,
                process.state,
                process.rss_pages,
                process.oom_score
            ),
            (77, 'D', 250, 667)
        );
        watch_stat(&mut census, "proc/78/stat", b"torn");
        assert_eq!(census.processes.len(), 1);
    }
}
