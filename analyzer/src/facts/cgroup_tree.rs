//! Which hierarchy holds the memory controller, and where it is mounted.

use procfs_core::process::MountInfo;

use super::source::Source;
use super::{Evidence, Facts};

/// The hierarchy of the memory controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// Version of the memory controller's hierarchy: 1 or 2.
    pub(super) version: u8,
    /// Folder of its root, without a leading `/`.
    pub(super) memory: String,
    /// Folder of the pids controller's root.
    pub(super) pids: String,
}

/// Finds it from the mounts, or without them from the files that there are.
pub(super) fn find(sources: &[&Source<'_>], facts: &mut Facts) -> Option<Hierarchy> {
    let mounts = sources.iter().find(|s| s.path == "proc/self/mountinfo");
    mounts
        .and_then(|source| from_mounts(source, facts))
        .or_else(|| from_files(sources, facts))
}

fn from_mounts(source: &Source<'_>, facts: &mut Facts) -> Option<Hierarchy> {
    let mut memory_v1 = None;
    let mut pids_v1 = None;
    let mut unified = None;
    let mut evidence: Vec<Evidence> = Vec::new();
    for line in source.lines() {
        let Ok(mount) = MountInfo::from_line(&line.text) else {
            continue;
        };
        let point = || {
            mount
                .mount_point
                .to_string_lossy()
                .trim_start_matches('/')
                .to_owned()
        };
        match mount.fs_type.as_str() {
            "cgroup" if mount.super_options.contains_key("memory") => {
                memory_v1.get_or_insert_with(point);
            }
            "cgroup" if mount.super_options.contains_key("pids") => {
                pids_v1.get_or_insert_with(point);
            }
            "cgroup2" => {
                unified.get_or_insert_with(point);
            }
            _ => continue,
        }
        evidence.extend(source.at(&line));
    }
    let version = match (&memory_v1, &unified) {
        (Some(_), Some(_)) => "hybrid",
        (Some(_), None) => "v1",
        (None, Some(_)) => "v2",
        (None, None) => "none",
    };
    facts.put("cgroup.version", version, evidence);
    match (memory_v1, unified) {
        (Some(memory), _) => Some(Hierarchy {
            version: 1,
            pids: pids_v1.unwrap_or_else(|| memory.clone()),
            memory,
        }),
        (None, Some(memory)) => Some(Hierarchy {
            version: 2,
            pids: memory.clone(),
            memory,
        }),
        (None, None) => None,
    }
}

fn from_files(sources: &[&Source<'_>], facts: &mut Facts) -> Option<Hierarchy> {
    const V1: &str = "sys/fs/cgroup/memory/";
    let is_v1 = |s: &&&Source<'_>| s.path.starts_with(V1) && s.path.ends_with("_in_bytes");
    let is_v2 = |s: &&&Source<'_>| {
        s.path.starts_with("sys/fs/cgroup/") && s.path.ends_with("/memory.current")
    };
    if let Some(source) = sources.iter().find(is_v1) {
        facts.put("cgroup.version", "v1", source.first());
        return Some(Hierarchy {
            version: 1,
            memory: "sys/fs/cgroup/memory".to_owned(),
            pids: "sys/fs/cgroup/pids".to_owned(),
        });
    }
    let source = sources.iter().find(is_v2)?;
    facts.put("cgroup.version", "v2", source.first());
    Some(Hierarchy {
        version: 2,
        memory: "sys/fs/cgroup".to_owned(),
        pids: "sys/fs/cgroup".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing::source;

    fn of(mountinfo: &str) -> (Option<Hierarchy>, Option<String>) {
        let mut facts = Facts::default();
        let found = find(&[&source("proc/self/mountinfo", mountinfo)], &mut facts);
        (found, facts.root.text("cgroup.version").map(str::to_owned))
    }

    #[test]
    fn versions() {
        let v1 = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n";
        let (found, version) = of(v1);
        assert_eq!(
            (found.unwrap().memory.as_str(), version.as_deref()),
            ("sys/fs/cgroup/memory", Some("v1"))
        );
        let v2 = "25 20 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
        let (found, version) = of(v2);
        assert_eq!(
            (found.unwrap().version, version.as_deref()),
            (2, Some("v2"))
        );
        assert_eq!(
            of(&format!(
                "{v1}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
            ))
            .1
            .as_deref(),
            Some("hybrid")
        );
        assert_eq!(
            of("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n").1.as_deref(),
            Some("none")
        );
    }
}
