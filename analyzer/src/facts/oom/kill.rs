//! Lines that name the victim: `Kill process`, `Killed process` and `oom_reaper`, of every era.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::prose;
use crate::facts::log::pattern::{number, owned, pattern, text};

mod changed;

use changed::{translated, without_pid};

/// Which memory ran out, by the words before `Killed process`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `Out of memory`.
    Machine,
    /// `Out of memory (oom_kill_allocating_task)`.
    AllocatingTask,
    /// `Memory cgroup out of memory`.
    Cgroup,
    /// `VM: killing process` (up to 2.6.29): a page fault found no memory.
    PageFault,
    /// No words (second line of the pair before 5.1).
    Unsaid,
}

/// `MSG: Kill process N (C) score N or sacrifice child`: the choice, before 5.1.
#[derive(Debug, Clone, PartialEq)]
pub struct Kill {
    /// Which memory.
    pub scope: Scope,
    /// Chosen process; `None` where the line has its name only.
    pub pid: Option<u64>,
    /// Its name.
    pub comm: Option<String>,
    /// Permille of the memory in question, plus `oom_score_adj`.
    pub score: Option<i64>,
}

/// `Killed process N (C) total-vm:…`: the deed.
#[derive(Debug, Clone, PartialEq)]
pub struct Killed {
    /// Which memory.
    pub scope: Scope,
    /// Killed process; `None` where the line has its name only.
    pub pid: Option<u64>,
    /// Its name.
    pub comm: Option<String>,
    /// Its user, printed signed.
    pub uid: Option<i64>,
    /// Address space, bytes.
    pub virtual_bytes: Option<u64>,
    /// Anonymous memory, bytes.
    pub anon_bytes: Option<u64>,
    /// File pages, bytes; up to 4.5 they include shared memory.
    pub file_bytes: Option<u64>,
    /// Shared memory, bytes.
    pub shmem_bytes: Option<u64>,
    /// Page tables, bytes.
    pub page_tables_bytes: Option<u64>,
    /// Adjustment.
    pub oom_score_adj: Option<i64>,
}

/// `oom_reaper: reaped process N (C), now …`: the memory was taken. The sizes are what is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaped {
    /// Process.
    pub pid: u64,
    /// Its name.
    pub comm: Option<String>,
    /// False for `unable to reap`.
    pub done: bool,
    /// Shared memory left, bytes: it is never reaped.
    pub shmem_left_bytes: Option<u64>,
}

/// A line about a kill.
#[derive(Debug, Clone, PartialEq)]
pub enum KillLine {
    /// The choice.
    Kill(Kill),
    /// The deed.
    Killed(Killed),
    /// A thread group that shares the victim's memory and dies with it.
    Sharing,
}

pattern!(
    KILL,
    r"^(?:\[ ?[a-z-]{1,20} ?\] |K(?:ERNEL|ernel): )?(?:(?P<scope>Out of [Mm]emory(?: \(oom_kill_allocating_task\))?|Memory cgroup out of memory|Out of memory in UB \d+|[A-Za-z][A-Za-z ()_-]*): )?(?P<verb>[Kk]ill|Killed|OOM killed) process (?P<pid>\d+)(?P<rest>(?:[ ,:(].*)?)$"
);
pattern!(
    COMM,
    r"^(?:, UID (?P<uid>-?\d+),)? ?\((?P<comm>.*)\)(?P<rest>\.(?:[ A-Z].*)?|,? ?(?:(?:UID|total-vm|(?:with )?score|now|sharing|or|vsz|anon-rss).*)?)$"
);
// The same with something behind the name: a name may hold brackets, and so may what somebody wrote
// behind the line.
pattern!(
    COMM_FIRST,
    r"^(?:, UID (?P<uid>-?\d+),)? ?\((?P<comm>.*?)\)(?P<rest>,? ?(?:UID|total-vm|(?:with )?score|vsz|anon-rss)\b.*)$"
);
pattern!(SCORE, r"\bscore (?P<score>-?\d+) or");
pattern!(UID, r"\bUID[: ](?P<uid>-?\d+)(?:[, ]|$)");
pattern!(
    SIZE,
    r"\b(?P<key>total-vm|vsz|vm|anon-rss|file-rss|shmem-rss|pgtables): ?(?P<kb>\d+)kB"
);
pattern!(ADJ, r#"\boom_score_adj:(?P<adj>-?\d+)(?:[,\s"}\]*`<)]|$)"#);

/// Reads a `Kill process` or `Killed process` line. Fields are looked for by their keys: each
/// kernel and each vendor adds some.
#[must_use]
pub fn kill(line: &str) -> Option<KillLine> {
    static PROCESS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" process "));
    static SIZES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" total-vm:"));
    let named = PROCESS.find(line.as_bytes()).is_some();
    let spoken = named && (line.contains("ill process ") || line.contains("illed process "));
    if named && line.starts_with("VM: killing process ") {
        return of_a_fault(line).map(KillLine::Killed);
    }
    if !spoken && SIZES.find(line.as_bytes()).is_some() {
        return translated(line).map(KillLine::Killed);
    }
    if !spoken || prose::is_prose(line) {
        return None;
    }
    let Some(groups) = KILL.captures(line) else {
        return without_pid(line);
    };
    let scope = match text(&groups, "scope") {
        Some("Memory cgroup out of memory") => Scope::Cgroup,
        Some("Out of memory (oom_kill_allocating_task)") => Scope::AllocatingTask,
        // 2.6.24 writes the choice in small letters; the deed in small letters has lost its first word.
        Some("out of memory") if text(&groups, "verb") == Some("Killed") => Scope::Unsaid,
        // The limit of an OpenVZ container, which is no cgroup and not the whole machine.
        Some(words) if words.starts_with("Out of memory in UB ") => Scope::Unsaid,
        Some(words) if words.eq_ignore_ascii_case("out of memory") => Scope::Machine,
        Some(words) if words.ends_with("cgroup out of memory") => Scope::Cgroup,
        Some(words) if words.contains("onstraint") || words.contains("emory") => Scope::Machine,
        Some(_) => return None,
        None => Scope::Unsaid,
    };
    let pid = number(&groups, "pid")?;
    let rest = text(&groups, "rest").unwrap_or_default();
    let named = COMM_FIRST.captures(rest).or_else(|| COMM.captures(rest));
    let comm = named.as_ref().map(|g| owned(g, "comm"));
    let tail = named
        .as_ref()
        .and_then(|g| text(g, "rest"))
        .unwrap_or_default();
    if !matches!(text(&groups, "verb"), Some("Killed" | "OOM killed")) {
        if tail.contains("sharing same memory") {
            return Some(KillLine::Sharing);
        }
        let score = SCORE.captures(tail).and_then(|g| number(&g, "score"));
        // Without these words a bare `Kill process` is some program's message.
        if scope == Scope::Unsaid && score.is_none() {
            return None;
        }
        return Some(KillLine::Kill(Kill {
            scope,
            pid: Some(pid),
            comm,
            score,
        }));
    }
    let uid = named.as_ref().and_then(|g| number(g, "uid"));
    let mut killed = deed(scope, Some(pid), comm, tail);
    killed.uid = uid.or(killed.uid);
    Some(KillLine::Killed(killed))
}

/// The deed, with the sizes that `tail` has.
fn deed(scope: Scope, pid: Option<u64>, comm: Option<String>, tail: &str) -> Killed {
    let sizes = sizes(tail);
    let size = |key: &str| {
        let (_, kb) = sizes.iter().find(|(read, _)| *read == key)?;
        (*kb)?.checked_mul(1024)
    };
    Killed {
        scope,
        pid,
        comm,
        uid: UID.captures(tail).and_then(|g| number(&g, "uid")),
        virtual_bytes: size("total-vm")
            .or_else(|| size("vsz"))
            .or_else(|| size("vm")),
        anon_bytes: size("anon-rss"),
        file_bytes: size("file-rss"),
        shmem_bytes: size("shmem-rss"),
        page_tables_bytes: size("pgtables"),
        oom_score_adj: ADJ.captures(tail).and_then(|g| number(&g, "adj")),
    }
}

/// Reads `VM: killing process C`, which names no pid.
fn of_a_fault(line: &str) -> Option<Killed> {
    pattern!(FAULT, r"^VM: killing process (?P<comm>\S(?:.{0,13}\S)?)$");
    let groups = FAULT.captures(line)?;
    let comm = owned(&groups, "comm");
    (!comm.contains('%')).then(|| deed(Scope::PageFault, None, Some(comm), ""))
}

/// Every size in `tail` with its key, in kB.
fn sizes(tail: &str) -> Vec<(&str, Option<u64>)> {
    SIZE.captures_iter(tail)
        .map(|groups| {
            (
                text(&groups, "key").unwrap_or_default(),
                number(&groups, "kb"),
            )
        })
        .collect()
}

/// Reads an `oom_reaper` line.
#[must_use]
pub fn reaped(line: &str) -> Option<Reaped> {
    pattern!(
        REAPER,
        r"^oom_reaper: (?P<what>reaped process |unable to reap pid: ?|giving up pid: ?)(?P<pid>\d+) \((?P<comm>.*?)\)(?P<rest>,? now .*|,?)?$"
    );
    if !line.starts_with("oom_reaper: ") {
        return None;
    }
    let groups = REAPER.captures(line)?;
    let rest = text(&groups, "rest").unwrap_or_default();
    Some(Reaped {
        pid: number(&groups, "pid")?,
        comm: text(&groups, "comm").map(str::to_owned),
        done: text(&groups, "what") == Some("reaped process "),
        shmem_left_bytes: sizes(rest)
            .into_iter()
            .find(|(key, _)| *key == "shmem-rss")
            .and_then(|(_, kb)| kb?.checked_mul(1024)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn killed(line: &str) -> Killed {
        match kill(line) {
            Some(KillLine::Killed(killed)) => killed,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_deed_in_every_era() {
        for (line, scope, anon_kb, uid, adj) in [
            ("Killed process 12 (a)", Scope::Unsaid, None, None, None),
            (
                "Killed process 12, UID 33, (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
                Scope::Unsaid,
                Some(4),
                Some(33),
                None,
            ),
            (
                "Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
                Scope::Unsaid,
                Some(4),
                None,
                None,
            ),
            (
                "Killed process 12 (a), UID 33, total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB",
                Scope::Unsaid,
                Some(4),
                Some(33),
                None,
            ),
            (
                "Out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:33",
                Scope::Machine,
                Some(4),
                Some(33),
                None,
            ),
            (
                "Memory cgroup out of memory: Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:-2 pgtables:176kB oom_score_adj:-997**",
                Scope::Cgroup,
                Some(4),
                Some(-2),
                Some(-997),
            ),
            (
                "Out of memory (oom_kill_allocating_task): Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:33 pgtables:1kB oom_score_adj:0, swapents:3",
                Scope::AllocatingTask,
                Some(4),
                Some(33),
                Some(0),
            ),
        ] {
            let read = killed(line);
            assert_eq!(
                (read.pid, read.comm.as_deref(), read.scope),
                (Some(12), Some("a"), scope),
                "{line}"
            );
            assert_eq!(
                (read.anon_bytes, read.uid, read.oom_score_adj),
                (anon_kb.map(|kb| kb * 1024), uid, adj),
                "{line}"
            );
        }
        let odd = killed("Killed process 12 (a) (b) total-vm:8kB, anon-rss:4kB");
        assert_eq!(odd.comm.as_deref(), Some("a) (b"));
        let torn = killed("Killed process 12 (ja");
        assert_eq!((torn.pid, torn.comm), (Some(12), None));
    }

    #[test]
    fn a_deed_without_a_pid() {
        let fault = killed("VM: killing process gs");
        assert_eq!((fault.pid, fault.scope), (None, Scope::PageFault));
        assert_eq!(fault.comm.as_deref(), Some("gs"));
        let taken_out =
            "Memory cgroup out of memory: Killed process <pid> (mixer) total-vm:8kB, anon-rss:4kB";
        let read = killed(taken_out);
        assert_eq!((read.pid, read.anon_bytes), (None, Some(4096)));
        for line in [
            "VM: killing process %s",
            "VM: killing process that has too long a name",
            "Out of memory: Killed process (the pid and the name follow)",
            "Out of memory: Killed process <pid> (<name>) total-vm:<n>kB",
            "Out of memory: Kill process <pid> (<name>) score <n> or sacrifice child",
        ] {
            assert_eq!(kill(line), None, "{line}");
        }
        let chosen = kill("Memory cgroup out of memory: Kill process ... (mixer)");
        let Some(KillLine::Kill(chosen)) = chosen else {
            panic!("{chosen:?}")
        };
        assert_eq!((chosen.pid, chosen.scope), (None, Scope::Cgroup));
        let dotted = killed("Killed process ... total-vm:8kB, anon-rss:4kB");
        assert_eq!((dotted.pid, dotted.comm), (None, None));
        assert_eq!(dotted.virtual_bytes, Some(8192));
    }

    #[test]
    fn blanks_lost_and_words_added() {
        let lost = killed("Killed process 12, UID 33,(a) total-vm:8kB, anon-rss:4kB");
        assert_eq!((lost.pid, lost.uid), (Some(12), Some(33)));
        assert_eq!(lost.comm.as_deref(), Some("a"));
        let chosen = kill("Out of memory: Kill process 12(a) score 9 or sacrifice child");
        assert!(matches!(chosen, Some(KillLine::Kill(k)) if k.comm.as_deref() == Some("a")));
        let added =
            killed("Killed process 12 (a) total-vm:8kB, anon-rss:4kB (that is \"a\" (again))");
        assert_eq!(added.comm.as_deref(), Some("a"));
        assert_eq!(added.anon_bytes, Some(4096));
        for named in ["[ oom-killer ] ", "KERNEL: "] {
            let line = format!("{named}Memory cgroup out of memory: Killed process 12 (a)");
            assert_eq!(killed(&line).scope, Scope::Cgroup, "{line}");
        }
        let other = killed("Out of memory: Process stopped 12 (a) total-vm:8kB, anon-rss:4kB");
        assert_eq!((other.pid, other.anon_bytes), (Some(12), Some(4096)));
        let sentence = killed("Out of Memory: Killed process 12 (a).In this case it was a.");
        assert_eq!(sentence.comm.as_deref(), Some("a"));
    }

    #[test]
    fn dots_and_containers() {
        let el4 = killed("Out of Memory: Killed process 12 (a).");
        assert_eq!(
            (el4.scope, el4.comm.as_deref(), el4.uid),
            (Scope::Machine, Some("a"), None)
        );
        let el5 = killed("Out of memory: Killed process 12, UID 33, (a).");
        assert_eq!((el5.comm.as_deref(), el5.uid), (Some("a"), Some(33)));
        let container = killed(
            "Out of memory in UB 4711: OOM killed process 12 (a) score 0 vm:8kB, rss:4kB, swap:0kB",
        );
        assert_eq!(
            (container.scope, container.virtual_bytes),
            (Scope::Unsaid, Some(8192))
        );
    }

    #[test]
    fn the_choice_in_every_era() {
        for line in [
            "out of memory: kill process 12 (a) score 957 or a child",
            "Out of memory: kill process 12 (a) score 957 or a child",
            "Out of memory: Kill process 12 (a) score 957 or sacrifice child",
            "Memory cgroup out of memory: Kill process 12 (a) score 957 or sacrifice child",
            "Out of memory: Kill process 12 (a) with score 957 or sacrifice child",
        ] {
            let Some(KillLine::Kill(read)) = kill(line) else {
                panic!("{line}")
            };
            assert_eq!(
                (read.pid, read.comm.as_deref(), read.score),
                (Some(12), Some("a"), Some(957)),
                "{line}"
            );
        }
        assert_eq!(
            kill("Kill process 12 (a) sharing same memory"),
            Some(KillLine::Sharing)
        );
        assert_eq!(kill("please kill process 12 (a)"), None);
        assert_eq!(kill("sshd: Killed process 12 (a)"), None);
    }

    #[test]
    fn the_reaper() {
        let read = reaped("oom_reaper: reaped process 4112165 (prometheus), now anon-rss:0kB, file-rss:0kB, shmem-rss:20kB").unwrap();
        assert_eq!(
            (read.pid, read.comm.as_deref(), read.done),
            (4_112_165, Some("prometheus"), true)
        );
        assert_eq!(read.shmem_left_bytes, Some(20 * 1024));
        assert!(
            !reaped("oom_reaper: unable to reap pid:12 (a)")
                .unwrap()
                .done
        );
    }
}
