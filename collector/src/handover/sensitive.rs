//! Which parts of a bundle may tell more than the customer wants to.

use super::pattern::Pattern;

/// A kind of evidence that its owner should look at before sending it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What it may tell.
    pub tells: &'static str,
    /// Names in the bundle, each also a pattern for `remove`.
    pub names: &'static [&'static str],
}

/// The kinds, most telling first.
pub const KINDS: &[Kind] = &[
    Kind {
        tells: "log lines: whatever programs wrote",
        names: &[
            "var/log/**",
            "scene/journal/**",
            "scene/kmsg",
            "scene/dmesg*",
            "var/crash/**",
        ],
    },
    Kind {
        tells: "command lines: arguments, users, file names",
        names: &["proc/*/cmdline", "proc/all/cmdline.*"],
    },
    Kind {
        tells: "environment: the variables that steer memory",
        names: &["proc/*/environ"],
    },
    Kind {
        tells: "paths of programs, libraries and open files",
        names: &[
            "proc/*/maps",
            "proc/*/smaps",
            "proc/*/mountinfo",
            "scene/tmpfs.json",
        ],
    },
    Kind {
        tells: "names of pods, containers, images and services",
        names: &[
            "scene/containers.jsonl",
            "proc/all/cgroup.*",
            "sys/fs/cgroup/all/**",
            "scene/systemd/**",
        ],
    },
    Kind {
        tells: "configuration of this machine",
        names: &["etc/**", "var/lib/kubelet/**", "proc/cmdline"],
    },
];

/// The kind that the entry `path` belongs to.
#[must_use]
pub fn kind_of(path: &str) -> Option<&'static Kind> {
    let path = path.strip_prefix("scene/second/").unwrap_or(path);
    KINDS.iter().find(|kind| {
        kind.names
            .iter()
            .any(|name| Pattern::parse(name).is_ok_and(|pattern| pattern.matches(path)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_by_which_entry() {
        let tells = |path| kind_of(path).map(|kind| kind.tells.split(':').next().unwrap());
        assert_eq!(tells("proc/all/cmdline.000"), Some("command lines"));
        assert_eq!(tells("var/log/messages-1.gz"), Some("log lines"));
        assert_eq!(tells("proc/meminfo"), None);
    }
}
