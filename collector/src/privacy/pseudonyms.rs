//! The same stand-in for the same name or address, everywhere in one bundle.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::addresses::{self, Kind};
use crate::host::Host;

/// Stand-in for the machine's own name.
pub const OWN_HOST: &str = "host-1";
/// Shorter names are words of every log.
const NAME_BYTES_MIN: usize = 3;
/// Most users that are looked for.
const USERS_MAX: usize = 5000;
/// Users of people; lower numbers belong to the system and name nobody. login.defs(5), `UID_MIN`
const UID_MIN: u32 = 1000;
/// `nobody`
const UID_NOBODY: u32 = 65_534;
/// Names that are words of kernel reports and of formats: replacing them would make the evidence
/// unreadable.
const FORMAT_WORDS: &[&str] = &[
    "active",
    "anon",
    "audit",
    "cgroup",
    "comm",
    "cpu",
    "dma",
    "file",
    "free",
    "global",
    "host",
    "info",
    "java",
    "kernel",
    "kill",
    "killed",
    "limit",
    "linux",
    "localhost",
    "log",
    "mem",
    "memory",
    "message",
    "messages",
    "name",
    "node",
    "none",
    "normal",
    "null",
    "oom",
    "order",
    "out",
    "page",
    "pages",
    "pid",
    "proc",
    "process",
    "root",
    "score",
    "service",
    "slab",
    "swap",
    "swapper",
    "sys",
    "system",
    "systemd",
    "task",
    "test",
    "time",
    "total",
    "true",
    "uid",
    "usage",
    "user",
    "var",
    "zone",
];

/// Stand-ins of one bundle.
#[derive(Debug)]
pub struct Pseudonyms {
    search: Option<AhoCorasick>,
    /// Names in the order of the search.
    names: Vec<(String, String)>,
    addresses: BTreeMap<Vec<u8>, String>,
    counts: [u32; 3],
    /// Names that could not be replaced.
    kept: Vec<String>,
    used: BTreeMap<String, String>,
}

impl Pseudonyms {
    /// Those of the names of `host` and of its users.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        let mut names: Vec<(String, String)> = Vec::new();
        let mut kept = Vec::new();
        let mut add = |name: &str, stand_in: String| {
            let is_word = name.bytes().all(|b| b.is_ascii_digit())
                || FORMAT_WORDS.iter().any(|w| name.eq_ignore_ascii_case(w));
            if name.len() < NAME_BYTES_MIN || is_word {
                kept.push(name.to_owned());
            } else if !names.iter().any(|(known, _)| known == name) {
                names.push((name.to_owned(), stand_in));
            }
        };
        for name in own_names(host) {
            let short = name.split('.').next().unwrap_or_default();
            add(&name, OWN_HOST.to_owned());
            add(short, OWN_HOST.to_owned());
        }
        for (name, number) in other_names(host).into_iter().zip(2..) {
            add(&name, format!("host-{number}"));
        }
        for (domain, number) in domains(host).into_iter().zip(1..) {
            add(&domain, format!("domain-{number}.invalid"));
        }
        for (user, number) in users(host).into_iter().zip(1..) {
            add(&user, format!("user-{number}"));
        }
        // The header and the bundle's name have the machine's stand-in whatever the logs say.
        let used = names
            .iter()
            .filter(|(_, stand_in)| stand_in == OWN_HOST)
            .cloned()
            .collect();
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.iter().map(|(name, _)| name))
            .ok();
        Self {
            search,
            names,
            addresses: BTreeMap::new(),
            counts: [0; 3],
            kept,
            used,
        }
    }

    /// `text` with stand-ins.
    pub fn text(&mut self, text: &str) -> String {
        match self.replace(text.as_bytes()) {
            Some(replaced) => String::from_utf8_lossy(&replaced).into_owned(),
            None => text.to_owned(),
        }
    }

    /// `content` with stand-ins; `None` when nothing is replaced.
    pub fn replace(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        let mut edits = Vec::new();
        if let Some(search) = &self.search {
            for found in search.find_iter(content) {
                if is_word(content, found.start(), found.end())
                    && let Some((name, stand_in)) = self.names.get(found.pattern().as_usize())
                {
                    if !self.used.contains_key(name) {
                        self.used.insert(name.clone(), stand_in.clone());
                    }
                    edits.push((found.range(), stand_in.clone()));
                }
            }
        }
        let mut places = Vec::new();
        addresses::each(content, |range, kind| places.push((range, kind)));
        for (range, kind) in places {
            let address = content.get(range.clone()).unwrap_or_default();
            edits.push((range, self.address(address, kind)));
        }
        if edits.is_empty() {
            return None;
        }
        edits.sort_by_key(|(range, _)| range.start);
        let mut out = Vec::with_capacity(content.len());
        let mut copied = 0;
        for (range, stand_in) in edits {
            if range.start < copied {
                continue;
            }
            out.extend_from_slice(content.get(copied..range.start).unwrap_or_default());
            out.extend_from_slice(stand_in.as_bytes());
            copied = range.end;
        }
        out.extend_from_slice(content.get(copied..).unwrap_or_default());
        Some(out)
    }

    fn address(&mut self, address: &[u8], kind: Kind) -> String {
        let key = address.to_ascii_lowercase();
        if let Some(known) = self.addresses.get(&key) {
            return known.clone();
        }
        let count = match (kind, &mut self.counts) {
            (Kind::V4, [count, ..]) | (Kind::V6, [_, count, _]) | (Kind::Mac, [.., count]) => count,
        };
        *count += 1;
        let stand_in = addresses::stand_in(kind, *count);
        self.addresses.insert(key, stand_in.clone());
        stand_in
    }

    /// The map from stand-ins back, for the operator alone.
    #[must_use]
    pub fn map(&self) -> serde_json::Value {
        let mut map: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, stand_in) in &self.used {
            map.entry(stand_in).or_default().push(name.clone());
        }
        for (address, stand_in) in &self.addresses {
            let address = String::from_utf8_lossy(address).into_owned();
            map.entry(stand_in).or_default().push(address);
        }
        serde_json::json!({
            "stands_for": map,
            "not_replaced": self.kept,
        })
    }
}

/// Whether a name stands by itself. `-` joins: `web` is no part of `web-frontend`.
fn is_word(content: &[u8], start: usize, end: usize) -> bool {
    let joins = |at: Option<usize>| {
        at.and_then(|at| content.get(at))
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    !joins(start.checked_sub(1)) && !joins(Some(end))
}

/// Names of the machine itself.
fn own_names(host: &Host) -> Vec<String> {
    let mut names = Vec::new();
    if host.is_live() {
        let uname = rustix::system::uname();
        names.push(uname.nodename().to_string_lossy().into_owned());
    }
    names.extend(host.line("proc/sys/kernel/hostname"));
    names.extend(host.line("etc/hostname"));
    names.retain(|name| !name.is_empty());
    names
}

/// Names that the machine knows others by.
fn other_names(host: &Host) -> Vec<String> {
    let text = read(host, "etc/hosts");
    let own = own_names(host);
    text.lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(|line| line.split_whitespace().skip(1))
        .filter(|name| !name.starts_with("localhost") && !name.starts_with("ip6-"))
        .filter(|name| !own.iter().any(|own| own == name))
        .map(str::to_owned)
        .collect()
}

fn domains(host: &Host) -> Vec<String> {
    let text = read(host, "etc/resolv.conf");
    let mut domains: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            matches!(words.next(), Some("search" | "domain")).then_some(words)
        })
        .flatten()
        .map(str::to_owned)
        .collect();
    domains.extend(
        own_names(host)
            .iter()
            .filter_map(|name| name.split_once('.'))
            .map(|(_, domain)| domain.to_owned()),
    );
    domains
}

/// Names of people's accounts.
fn users(host: &Host) -> Vec<String> {
    let text = read(host, "etc/passwd");
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid: u32 = fields.nth(1)?.parse().ok()?;
            (uid >= UID_MIN && uid != UID_NOBODY).then(|| name.to_owned())
        })
        .take(USERS_MAX)
        .collect()
}

fn read(host: &Host, path: &str) -> String {
    let bytes = host.read(path, 1024 * 1024).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Pseudonyms {
        let machine = tempfile::tempdir().unwrap();
        let etc = machine.path().join("etc");
        std::fs::create_dir(&etc).unwrap();
        std::fs::write(etc.join("hostname"), "db7.corp.cn\n").unwrap();
        std::fs::write(
            etc.join("hosts"),
            "127.0.0.1 localhost\n10.0.0.9 cache3 # x\n",
        )
        .unwrap();
        let passwd = "root:x:0:0::/root:/bin/sh\nmysql:x:27:27::/:/x\nwangwei:x:1000:1000::/home/wangwei:/bin/sh\nnode:x:1001:1001::/:/x\n";
        std::fs::write(etc.join("passwd"), passwd).unwrap();
        Pseudonyms::of(&Host::new(machine.path()).unwrap())
    }

    #[test]
    fn the_same_everywhere() {
        let mut names = machine();
        let text = "Jan  5 03:04:05 db7 sshd: wangwei from 10.1.2.3 to DB7.corp.cn via cache3 /home/wangwei db7-x 10.1.2.3 mail.corp.cn root mysql";
        assert_eq!(
            names.text(text),
            "Jan  5 03:04:05 host-1 sshd: user-1 from 198.18.0.1 to host-1 via host-2 /home/user-1 db7-x 198.18.0.1 mail.domain-1.invalid root mysql"
        );
        let again = names.text("10.1.2.4 10.1.2.3");
        assert_eq!(again, "198.18.0.2 198.18.0.1");
        let map = names.map();
        assert_eq!(map["stands_for"]["user-1"][0], "wangwei");
        assert_eq!(map["stands_for"]["198.18.0.1"][0], "10.1.2.3");
        assert_eq!(map["not_replaced"][0], "node");
    }

    #[test]
    fn kernel_reports_stay_readable() {
        let mut names = machine();
        let text = "Node 0 DMA free:15360kB min:8kB\n[ 1234]  1000  1234    56789     1234    200704        0             0 java\noom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,global_oom,task_memcg=/a,task=x,pid=1234,uid=1000\n";
        assert_eq!(names.text(text), text);
    }
}
