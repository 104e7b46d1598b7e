//! The `oom-kill:` line (5.0 and later, el8, vendor backports): constraint, cgroups and victim.

use std::borrow::Cow;

/// What the line says; a torn line says less.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// `memcg`, `none`, `cpuset` or `memory_policy`.
    pub constraint: Option<&'static str>,
    /// Last part of the cpuset path of the task that asked.
    pub cpuset: Option<String>,
    /// Nodes that the cpuset of the one that asked allows.
    pub mems_allowed: Option<String>,
    /// Nodes that the request may use; `None` when unrestricted.
    pub nodemask: Option<String>,
    /// cgroup whose limit fired.
    pub oom_memcg: Option<String>,
    /// cgroup of the victim.
    pub task_memcg: Option<String>,
    /// Victim.
    pub comm: Option<String>,
    /// Victim.
    pub pid: Option<u64>,
    /// Its user, printed signed.
    pub uid: Option<i64>,
}

/// Keys in the order in which the kernel prints them. Values are not quoted and hold commas.
const KEYS: &[&str] = &[
    ",nodemask=",
    ",cpuset=",
    ",mems_allowed=",
    ",oom_memcg=",
    ",global_oom",
    ",task_memcg=",
    ",task=",
    ",pid=",
    ",uid=",
];

/// Reads the line, as far as it goes.
#[must_use]
pub fn summary(line: &str) -> Option<Summary> {
    let key = "oom-kill:constraint=";
    // Word processors write a capital letter now and then.
    let begins = line.get(..key.len())?.eq_ignore_ascii_case(key);
    let rest = line.get(key.len()..).filter(|_| begins)?;
    let rest = &unspaced(rest);
    let constraint = match rest.split(',').next()? {
        "CONSTRAINT_NONE" => Some("none"),
        "CONSTRAINT_CPUSET" => Some("cpuset"),
        "CONSTRAINT_MEMORY_POLICY" => Some("memory_policy"),
        "CONSTRAINT_MEMCG" => Some("memcg"),
        _ => None,
    };
    let value = |key: &str| value(rest, key);
    Some(Summary {
        constraint,
        cpuset: value(",cpuset="),
        mems_allowed: value(",mems_allowed="),
        nodemask: value(",nodemask=").filter(|n| n != "(null)" && !n.is_empty()),
        oom_memcg: value(",oom_memcg="),
        task_memcg: value(",task_memcg="),
        // A name cut at the end of the line is no name.
        comm: value(",task=").filter(|_| rest.contains(",pid=")),
        pid: value(",pid=").and_then(|n| number(&n)?.parse().ok()),
        uid: value(",uid=").and_then(|n| number(&n)?.parse().ok()),
    })
}

/// The first word: people and translators put blanks around numbers, and words behind them.
fn number(value: &str) -> Option<&str> {
    value.trim_start().split([' ', ',']).next()
}

/// The line without the blanks that people put after its commas to break it there.
fn unspaced(line: &str) -> Cow<'_, str> {
    if !line.contains(", ") {
        return Cow::Borrowed(line);
    }
    let tight = KEYS.iter().fold(line.to_owned(), |line, key| {
        line.replace(&key.replace(',', ", "), key)
    });
    Cow::Owned(tight)
}

/// The value of `key`: up to the next key that follows. Names hold anything, so the keys after
/// them are looked for from the right.
fn value(line: &str, key: &str) -> Option<String> {
    let at = place(line, key)?;
    let rest = line.get(at + key.len()..)?;
    let this = KEYS.iter().position(|k| *k == key)?;
    let end = KEYS
        .iter()
        .skip(this + 1)
        .filter_map(|next| place(rest, next))
        .min()
        .unwrap_or(rest.len());
    rest.get(..end).map(str::to_owned)
}

/// Where `key`, which begins with a comma, stands.
fn place(line: &str, key: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let is = |at: &usize| {
        bytes
            .get(*at..)
            .is_some_and(|b| b.starts_with(key.as_bytes()))
    };
    match key {
        ",pid=" | ",uid=" => memchr::memrchr_iter(b',', bytes).find(is),
        _ => memchr::memchr_iter(b',', bytes).find(is),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_names_may_hold_commas() {
        let read = summary("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0-1,3,oom_memcg=/a,task_memcg=/a/b,task=x,pid=1,pid=1586608,uid=-2").unwrap();
        assert_eq!(read.constraint, Some("memcg"));
        assert_eq!(read.oom_memcg.as_deref(), Some("/a"));
        assert_eq!(read.task_memcg.as_deref(), Some("/a/b"));
        assert_eq!(read.comm.as_deref(), Some("x,pid=1"));
        assert_eq!((read.pid, read.uid), (Some(1_586_608), Some(-2)));
    }

    #[test]
    fn blanks_after_the_commas() {
        let read = summary(
            "oom-kill:constraint=CONSTRAINT_MEMCG, oom_memcg=/a, task=Web, Content, pid=12, uid=0",
        )
        .unwrap();
        assert_eq!(read.oom_memcg.as_deref(), Some("/a"));
        assert_eq!(read.comm.as_deref(), Some("Web, Content"));
        assert_eq!((read.pid, read.uid), (Some(12), Some(0)));
        let read =
            summary("oom-kill:constraint=CONSTRAINT_NONE,task=web,pid= 12 , fluid=0").unwrap();
        assert_eq!((read.comm.as_deref(), read.pid), (Some("web"), Some(12)));
    }

    #[test]
    fn global_and_torn() {
        let read = summary("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/u,task=node,pid=21044,uid=1000").unwrap();
        assert_eq!((read.constraint, read.oom_memcg), (Some("none"), None));
        assert_eq!(read.cpuset.as_deref(), Some("/"));
        let read = summary("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/u,task=no").unwrap();
        assert_eq!((read.comm, read.pid), (None, None));
        let read = summary("oom-kill:constraint=CONSTRAINT_NONE,task=node,pid=").unwrap();
        assert_eq!((read.comm.as_deref(), read.pid), (Some("node"), None));
    }
}
