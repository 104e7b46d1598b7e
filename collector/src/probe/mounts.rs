//! Mounts, from `/proc/self/mountinfo` (proc(5)).

use crate::host::Host;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Root of the mount within its file system.
    pub root: String,
    /// Mount point relative to the root of the machine; empty for `/` itself.
    pub point: String,
    /// Whether it may not be written.
    pub read_only: bool,
    /// Type of the file system.
    pub kind: String,
    /// Options of the file system.
    pub options: String,
}

/// All mounts of the machine; of a copied machine, those that were copied with it.
#[must_use]
pub fn all(host: &Host) -> Vec<Mount> {
    let paths = ["proc/self/mountinfo", "proc/1/mountinfo"];
    let text = paths
        .iter()
        .find_map(|path| host.read(path, 4 * 1024 * 1024).ok());
    let text = text.unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(parse)
        .collect()
}

/// One line of mountinfo.
#[must_use]
pub fn parse(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(3);
    let root = left.next()?.to_owned();
    let point = unescape(left.next()?).trim_start_matches('/').to_owned();
    let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    let mut read_only = left.next().is_some_and(is_read_only);
    let mut right = right.split(' ');
    let kind = right.next()?.to_owned();
    let options = right.nth(1).unwrap_or_default().to_owned();
    read_only |= is_read_only(&options);
    Some(Mount {
        root,
        point,
        read_only,
        kind,
        options,
    })
}

/// A path of mountinfo as it is.
#[must_use]
pub fn unescape(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_fields_and_escapes() {
        let line = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 master:2 - cgroup cgroup rw,memory";
        let mount = parse(line).unwrap();
        assert_eq!(
            (
                mount.point.as_str(),
                mount.kind.as_str(),
                mount.options.as_str()
            ),
            ("sys/fs/cgroup/memory", "cgroup", "rw,memory")
        );
        let line = "36 31 0:33 /a /mnt/my\\040disk rw - tmpfs tmpfs rw,size=1k";
        assert_eq!(parse(line).unwrap().point, "mnt/my disk");
        assert_eq!(parse("torn"), None);
    }
}
