//! Which file system a path lies on, and whether reading there can hang for ever.

use rustix::io::Errno;

/// File systems that the kernel makes up from its own memory: nothing behind them can be gone.
const KERNEL: &[&str] = &[
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "securityfs",
    "selinuxfs",
    "devtmpfs",
    "bpf",
];
/// File systems of this machine's own disks and memory: they hang when a disk is gone, which is
/// risked when there is no other way.
const LOCAL: &[&str] = &[
    "tmpfs", "ramfs", "rootfs", "overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat",
    "squashfs", "erofs", "iso9660", "bcachefs", "zfs", "jfs", "reiserfs", "aufs",
];

/// How far a path is from the kernel's own memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// Made up by the kernel.
    Kernel,
    /// On a disk of this machine.
    Local,
    /// Behind a server or a program that may be gone.
    Foreign,
}

/// Mount points with their types, below the root of the visited machine.
#[derive(Debug, Clone, Default)]
pub struct Mounted {
    points: Vec<(String, Distance)>,
}

impl Mounted {
    /// From `/proc/self/mountinfo` of the running machine. `root` is the visited machine's root
    /// folder; mounts outside of it are left out, except the one that it lies on.
    #[must_use]
    pub fn parse(mountinfo: &[u8], root: &str) -> Self {
        let root = root.trim_end_matches('/');
        let mut points: Vec<(String, Distance)> = Vec::new();
        let mut below = (String::new(), Distance::Local);
        let text = String::from_utf8_lossy(mountinfo);
        for line in text.lines() {
            let Some((left, right)) = line.split_once(" - ") else {
                continue;
            };
            let point = left.split(' ').nth(4).unwrap_or_default();
            let distance = distance(right.split(' ').next().unwrap_or_default());
            let point = crate::probe::mounts::unescape(point);
            match point.strip_prefix(root) {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                    points.push((rest.trim_matches('/').to_owned(), distance));
                }
                _ => {
                    let holds = root.starts_with(point.trim_end_matches('/'));
                    if holds && point.len() >= below.0.len() {
                        below = (point, distance);
                    }
                }
            }
        }
        if !points.iter().any(|(point, _)| point.is_empty()) {
            points.insert(0, (String::new(), below.1));
        }
        Self { points }
    }

    /// Mount point and distance of `path`; the last mount on a point hides those below it.
    #[must_use]
    pub fn of(&self, path: &str) -> (&str, Distance) {
        let holds = |point: &str| {
            point.is_empty()
                || path
                    .strip_prefix(point)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut best = ("", Distance::Local);
        for (point, distance) in &self.points {
            if holds(point) && point.len() >= best.0.len() {
                best = (point, *distance);
            }
        }
        best
    }
}

fn distance(kind: &str) -> Distance {
    if KERNEL.contains(&kind) {
        Distance::Kernel
    } else if LOCAL.contains(&kind) {
        Distance::Local
    } else {
        Distance::Foreign
    }
}

/// The error of a path that is not read because nobody could be left behind with it.
pub const NOBODY_TO_LEAVE: Errno = Errno::CANCELED;

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
22 21 0:5 / /proc rw - proc proc rw\n\
23 22 0:9 / /proc/meminfo rw - fuse.lxcfs lxcfs rw\n\
24 21 0:7 / /sys rw - sysfs sysfs rw\n\
25 21 0:8 / /mnt/my\\040disk rw shared:1 - nfs4 server:/x rw\n\
26 21 0:8 / /mnt/my\\040disk/inner rw - ext4 /dev/sdb rw\n";

    #[test]
    fn longest_and_last_mount_decides() {
        let mounted = Mounted::parse(TABLE, "/");
        assert_eq!(mounted.of("proc/vmstat"), ("proc", Distance::Kernel));
        assert_eq!(mounted.of("proc/meminfo").1, Distance::Foreign);
        assert_eq!(mounted.of("process").1, Distance::Local);
        assert_eq!(
            mounted.of("mnt/my disk/x"),
            ("mnt/my disk", Distance::Foreign)
        );
        assert_eq!(mounted.of("mnt/my disk/inner/x").1, Distance::Local);
    }

    #[test]
    fn root_of_a_copied_machine_lies_on_a_mount_too() {
        let mounted = Mounted::parse(TABLE, "/mnt/my disk/copy");
        assert_eq!(mounted.of("etc/hostname"), ("", Distance::Foreign));
        let mounted = Mounted::parse(TABLE, "/mnt");
        assert_eq!(mounted.of("etc/hostname"), ("", Distance::Local));
        assert_eq!(mounted.of("my disk/x"), ("my disk", Distance::Foreign));
    }
}
