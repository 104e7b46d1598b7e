//! Where the cgroups are: mounts of v1 and v2, walked and bounded.

use std::collections::BTreeSet;

use oomscene_bundle::Outcome;

use super::mounts;
use crate::host::Host;
use crate::item::{Found, LeftOut};
use crate::visit::Visit;

/// Most cgroups taken.
const TAKEN_MAX: usize = 2000;
/// Most cgroups looked at to choose those.
const SEEN_MAX: usize = 50_000;

/// Memory cgroups of version 1.
pub fn memory_v1(visit: &mut Visit) -> Found {
    v1(visit, "memory", "memory.usage_in_bytes")
}

/// Process number cgroups of version 1.
pub fn pids_v1(visit: &mut Visit) -> Found {
    v1(visit, "pids", "pids.current")
}

/// CPU and memory node cgroups of version 1.
pub fn cpuset_v1(visit: &mut Visit) -> Found {
    v1(visit, "cpuset", "cpuset.cpus")
}

/// Cgroups of version 2, when the memory controller is there.
pub fn memory_v2(visit: &mut Visit) -> Found {
    match unified_mount(&visit.host) {
        Some((point, true)) => walk(&visit.host, &point, "memory.current"),
        Some((_, false)) => nothing("the memory controller is not on cgroup v2 here"),
        None => nothing("no cgroup v2 here"),
    }
}

/// Cgroups of the version 2 half of a hybrid hierarchy.
pub fn unified(visit: &mut Visit) -> Found {
    match unified_mount(&visit.host) {
        Some((point, false)) => walk(&visit.host, &point, "cgroup.stat"),
        Some((_, true)) => nothing("no hybrid hierarchy here"),
        None => nothing("no cgroup v2 here"),
    }
}

fn nothing(reason: &str) -> Found {
    Found {
        nothing: reason.to_owned(),
        ..Found::default()
    }
}

fn v1(visit: &mut Visit, controller: &str, usage: &str) -> Found {
    let mounted = mounts::all(&visit.host)
        .into_iter()
        .find(|mount| {
            mount.kind == "cgroup" && mount.options.split(',').any(|option| option == controller)
        })
        .map(|mount| mount.point);
    let usual = format!("sys/fs/cgroup/{controller}");
    let exists = || visit.host.read(&format!("{usual}/{usage}"), 100).is_ok();
    match mounted {
        Some(point) => walk(&visit.host, &point, usage),
        None if exists() => walk(&visit.host, &usual, usage),
        None => nothing(&format!(
            "no cgroup v1 with the {controller} controller here"
        )),
    }
}

/// Mount point of version 2, and whether its memory controller is in use.
fn unified_mount(host: &Host) -> Option<(String, bool)> {
    let usual = || {
        host.read("sys/fs/cgroup/cgroup.controllers", 10)
            .is_ok()
            .then(|| "sys/fs/cgroup".to_owned())
    };
    let mounted = mounts::all(host)
        .into_iter()
        .find(|mount| mount.kind == "cgroup2")
        .map(|mount| mount.point);
    let point = mounted.or_else(usual)?;
    let controllers = host
        .line(&format!("{point}/cgroup.controllers"))
        .unwrap_or_default();
    // Within a cgroup namespace the mount may be that of a cgroup with memory files of its own.
    let has_memory = controllers.split(' ').any(|name| name == "memory")
        || host.read(&format!("{point}/memory.current"), 100).is_ok();
    Some((point, has_memory))
}

/// All cgroups below `top`; of too many those that use most, and their ancestors.
fn walk(host: &Host, top: &str, usage: &str) -> Found {
    let mut folders = vec![top.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned()
        && folders.len() < SEEN_MAX
    {
        folders.extend(children(host, &folder));
        next += 1;
    }
    let seen = folders.len();
    let mut found = Found::default();
    if seen > TAKEN_MAX {
        folders = highest(host, top, &folders, usage);
        let more = if seen >= SEEN_MAX { "at least " } else { "" };
        found.left_out.push(LeftOut {
            path: format!("{top}/**"),
            outcome: Outcome::Truncated,
            reason: format!(
                "{more}{} cgroups with the lowest use were left out",
                seen - folders.len()
            ),
            remedy: "",
        });
    }
    folders.sort_unstable();
    found.paths = folders;
    found
}

/// Folders in a cgroup. Its files have a dot in their names, and so may its folders
/// (`user.slice`): only a folder can be listed.
fn children(host: &Host, folder: &str) -> Vec<String> {
    host.folders(folder)
        .unwrap_or_default()
        .into_iter()
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

fn highest(host: &Host, top: &str, folders: &[String], usage: &str) -> Vec<String> {
    let mut ranked: Vec<(u64, &String)> = folders
        .iter()
        .map(|folder| {
            let used = host
                .line(&format!("{folder}/{usage}"))
                .and_then(|text| text.parse().ok());
            (used.unwrap_or(0), folder)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let mut kept = BTreeSet::new();
    for (_, folder) in ranked {
        if kept.len() >= TAKEN_MAX {
            break;
        }
        let mut path = folder.as_str();
        while kept.insert(path.to_owned()) && path != top {
            let Some((parent, _)) = path.rsplit_once('/') else {
                break;
            };
            path = parent;
        }
    }
    kept.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let host = Host::new(folder.path()).unwrap();
        (folder, host)
    }

    #[test]
    fn version_2_by_its_files() {
        let (_folder, host) = machine(&[
            ("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"),
            ("sys/fs/cgroup/user.slice/memory.current", "1\n"),
        ]);
        assert_eq!(
            unified_mount(&host),
            Some(("sys/fs/cgroup".to_owned(), true))
        );
        assert_eq!(
            walk(&host, "sys/fs/cgroup", "memory.current").paths,
            ["sys/fs/cgroup", "sys/fs/cgroup/user.slice"]
        );
    }

    #[test]
    fn hybrid_has_no_memory_on_version_2() {
        let (_folder, host) = machine(&[
            (
                "proc/self/mountinfo",
                "1 0 0:1 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            ),
            ("sys/fs/cgroup/unified/cgroup.controllers", "\n"),
        ]);
        assert_eq!(
            unified_mount(&host),
            Some(("sys/fs/cgroup/unified".to_owned(), false))
        );
    }

    #[test]
    fn of_too_many_the_largest_stay_with_their_ancestors() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("m");
        for number in 0..TAKEN_MAX + 100 {
            let cgroup = top.join(format!("a{}/b{number}", number % 10));
            std::fs::create_dir_all(&cgroup).unwrap();
            std::fs::write(cgroup.join("usage"), number.to_string()).unwrap();
        }
        let host = Host::new(folder.path()).unwrap();
        let found = walk(&host, "m", "usage");
        assert!(found.paths.contains(&"m".to_owned()) && found.paths.contains(&"m/a3".to_owned()));
        assert!(
            found
                .paths
                .contains(&format!("m/a{}/b{}", (TAKEN_MAX + 99) % 10, TAKEN_MAX + 99))
        );
        assert!(!found.paths.contains(&"m/a0/b0".to_owned()));
        assert_eq!(found.left_out.len(), 1);
    }
}
