//! `Memory cgroup stats`: the one-line form in KB (local values, one line a cgroup) and the
//! multi-line form in bytes (one body, hierarchical).

use std::collections::BTreeMap;

use crate::facts::{
    Evidence,
    log::pattern::{owned, pattern, text},
};

/// Statistics of one cgroup.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// The cgroup; empty when the line does not say.
    pub path: String,
    /// Whether these are the values of this cgroup alone (one-line form): the sum over all lines
    /// is the whole subtree.
    pub local: bool,
    /// By the kernel's keys. One-line form: bytes. Multi-line form: bytes, or counts for events.
    pub values: BTreeMap<String, u64>,
    /// Lines of the body, by key; the one-line form has them all on its head.
    pub lines: BTreeMap<String, Evidence>,
    /// The body ends mid-way: a key that is not there is unknown.
    pub cut: bool,
    /// Bytes of the body so far: the kernel cuts a record at about 976.
    body_bytes: usize,
    last_key: String,
}

/// Bodies of this length or more may have been cut by the kernel's limit for one record
/// (`LOG_LINE_MAX`, 1024 bytes minus the room for a prefix).
const BODY_BYTES_SUSPECT: usize = 950;

/// Keys that end a complete body, over the kernel versions.
const LAST_KEYS: &[&str] = &[
    "thp_collapse_alloc",
    "thp_swpout",
    "thp_swpout_fallback",
    "pglazyfreed",
    "zswpout",
    "zswpwb",
    "numa_pages_migrated",
    "pgpromote_success",
    "hugetlb",
    "numa_hint_faults",
    "numa_task_swapped",
    "total_unevictable",
];

pattern!(
    HEAD,
    r"^Memory cgroup stats(?: for (?P<path>.*?))?:(?P<values>(?: [a-z_]+:\d+KB)*) *(?P<rest>[a-z_]*:?\d*K?)$"
);

/// Reads the head line with the values on it, if they are on it.
#[must_use]
pub fn head(line: &str) -> Option<Stats> {
    if !line.starts_with("Memory cgroup stats") {
        return None;
    }
    let groups = HEAD.captures(line)?;
    let mut stats = Stats {
        path: owned(&groups, "path"),
        ..Stats::default()
    };
    for pair in text(&groups, "values")
        .unwrap_or_default()
        .split_whitespace()
    {
        let (key, value) = pair.split_once(':')?;
        let kb: Option<u64> = value.strip_suffix("KB").and_then(|n| n.parse().ok());
        if let Some(bytes) = kb.and_then(|kb| kb.checked_mul(1024)) {
            stats.values.insert(key.to_owned(), bytes);
        }
    }
    stats.local = !stats.values.is_empty();
    stats.cut = text(&groups, "rest").is_some_and(|r| !r.is_empty());
    Some(stats)
}

/// Reads one line of a multi-line body.
#[must_use]
pub fn body(line: &str) -> Option<(&str, u64)> {
    let (key, value) = line.split_once(' ')?;
    let in_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let whole = key.starts_with(|c: char| c.is_ascii_lowercase()) && key.bytes().all(in_key);
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    (whole && digits).then_some((key, value.parse().ok()?))
}

impl Stats {
    /// Adds one line of the body.
    pub fn add(&mut self, key: &str, value: u64) {
        self.body_bytes += key.len() + value.checked_ilog10().unwrap_or(0) as usize + 3;
        key.clone_into(&mut self.last_key);
        self.values.insert(key.to_owned(), value);
    }

    /// Ends the body: drops the last value if the kernel may have cut it.
    pub fn end(&mut self) {
        if self.local || self.last_key.is_empty() {
            return;
        }
        let complete = LAST_KEYS.contains(&self.last_key.as_str());
        if !complete && self.body_bytes >= BODY_BYTES_SUSPECT {
            self.values.remove(&self.last_key);
            self.cut = true;
        }
    }

    /// Ends the body where the log breaks.
    pub fn tear(&mut self) {
        if !self.local && !LAST_KEYS.contains(&self.last_key.as_str()) {
            self.cut = true;
        }
    }

    /// A line inside the body that is no `key value`: the record was cut there.
    pub fn broken(&mut self) {
        if !self.local {
            self.cut = true;
        }
    }

    /// Value of the first of `keys` that is there.
    #[must_use]
    pub fn first_of(&self, keys: &[&str]) -> Option<u64> {
        keys.iter().find_map(|key| self.values.get(*key)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_form_is_kilobytes() {
        let read = head("Memory cgroup stats for /a/b: cache:6336KB rss:104846544KB workingset_refault_file:81455616KB inactive_anon:1").unwrap();
        assert_eq!(read.path, "/a/b");
        assert!(read.local && read.cut);
        assert_eq!(read.values.get("rss"), Some(&(104_846_544 * 1024)));
        assert_eq!(
            read.values.get("inactive_anon"),
            None,
            "a torn number is dropped"
        );
        assert_eq!(head("Memory cgroup stats: cache:0KB").unwrap().path, "");
    }

    #[test]
    fn a_body_cut_by_the_record_limit_loses_its_last_value() {
        let mut read = head("Memory cgroup stats for /a:").unwrap();
        assert!(!read.local);
        for n in 0..60 {
            read.add(&format!("workingset_key_{n:02}"), 100);
        }
        read.end();
        assert!(read.cut);
        assert_eq!(read.values.get("workingset_key_59"), None);
        let mut whole = head("Memory cgroup stats for /a:").unwrap();
        whole.add("anon", 28_139_520);
        whole.add("thp_collapse_alloc", 4);
        whole.end();
        assert!(!whole.cut);
        assert_eq!(body("anon 28139520"), Some(("anon", 28_139_520)));
        assert_eq!(body("pgmajf"), None);
    }
}
