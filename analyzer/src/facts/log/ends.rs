//! Processes that others saw end by a signal: audit, systemd-coredump, databases, supervisors,
//! shells, container runtimes. A signal is no proof of an OOM kill; the kernel's lines decide.

use std::sync::LazyLock;

use super::{
    line::Line,
    pattern::{number, pattern, text},
    said::Said,
};
use crate::facts::Record;

/// One end of a process.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ended {
    /// Who says so.
    reporter: &'static str,
    pid: Option<u64>,
    comm: Option<String>,
    executable: Option<String>,
    signal: Option<u64>,
    container_id: Option<String>,
}

/// Words of which every form has one.
pub(super) const MARKERS: &[&str] = &[
    "ANOM_ABEND",
    "type=1701",
    "dumped core",
    "terminated by signal 9",
    "terminated by SIGKILL",
    "was sent SIGKILL",
    "prematurely: signal 9",
    "via signal [SIGKILL]",
    "exit_status:137",
    "exitCode=137",
    "Killed: 9",
    " Killed",
];

pattern!(
    ABEND,
    r#"type=(?:ANOM_ABEND|1701) .*?\bpid=(?P<pid>\d+) comm=(?:"(?P<comm>[^"]*)"|\S+)(?: exe=(?:"(?P<exe>[^"]*)"|\S+))?.*? sig=(?P<signal>\d+)"#
);
pattern!(
    COREDUMP,
    r"^(?:\[.*\] *)?Process (?P<pid>\d+) \((?P<comm>.*?)\) of user \d+ dumped core"
);
pattern!(
    POSTGRES,
    r"(?:server process|process) \(PID (?P<pid>\d+)\) was terminated by signal (?P<signal>9): Killed"
);
pattern!(
    REDIS,
    r"Background (?:saving|AOF rewrite) terminated by signal (?P<signal>9)"
);
pattern!(SUPERVISOR, r"exited: (?P<comm>\S+) \(terminated by SIGKILL");
pattern!(GUNICORN, r"Worker \(pid: ?(?P<pid>\d+)\) was sent SIGKILL!");
pattern!(
    CELERY,
    r"[Ww]orker exited prematurely: signal (?P<signal>9) \(SIGKILL\)"
);
pattern!(
    PM2,
    r"App \[(?P<comm>[^\]:]+)(?::\d+)?\] exited with code \[\d+\] via signal \[SIGKILL\]"
);
pattern!(
    CONTAINERD,
    r#"received exit event.*container_id:\\?"(?P<container>[0-9a-f]{12,64}).*?(?:pid:(?P<pid>\d+) +)?exit_status:137"#
);
pattern!(
    DOCKER,
    r"\bcontainer die (?P<container>[0-9a-f]{12,64})\b.*\bexitCode=137\b"
);
pattern!(
    SHELL,
    r"(?:line \d+: +(?P<pid>\d+) Killed(?:: 9)? +(?P<comm>\S+)|^make(?:\[\d+\])?: \*\*\* \[(?P<target>[^\]]+)\] Killed|^\[\d+\][+-]? +Killed(?:: 9)?(?: +\S.*)?$|^Killed(?:: 9)?$)"
);

/// Signal 9, which all forms without a number are about.
const SIGKILL: u64 = 9;

/// Reads one line.
pub(super) fn ended(line: &Line<'_>) -> Option<Ended> {
    let bare = line.bare().trim_end();
    // Each with a word that it has: a pattern is compiled where it may fit.
    let forms: [(&str, &str, &LazyLock<regex::Regex>); 11] = [
        ("audit", "type=", &ABEND),
        ("systemd-coredump", "dumped core", &COREDUMP),
        ("postgres", "terminated by signal", &POSTGRES),
        ("redis", "terminated by signal", &REDIS),
        ("supervisor", "terminated by SIGKILL", &SUPERVISOR),
        ("gunicorn", "was sent SIGKILL", &GUNICORN),
        ("celery", "prematurely: signal", &CELERY),
        ("pm2", "via signal", &PM2),
        ("containerd", "exit_status:137", &CONTAINERD),
        ("dockerd", "exitCode=137", &DOCKER),
        ("shell", "Killed", &SHELL),
    ];
    let (reporter, groups) = forms.iter().find_map(|(name, word, form)| {
        let groups = bare.contains(word).then(|| form.captures(bare))?;
        Some((*name, groups?))
    })?;
    let owned = |name| text(&groups, name).map(str::to_owned);
    let signal = number(&groups, "signal");
    Some(Ended {
        reporter,
        pid: number(&groups, "pid"),
        comm: owned("comm").or_else(|| owned("target")),
        executable: owned("exe"),
        // A core dump does not name its signal in this line.
        signal: signal.or((reporter != "systemd-coredump").then_some(SIGKILL)),
        container_id: owned("container"),
    })
}

impl Said<Ended> {
    /// The record of this end.
    pub(super) fn record(&self) -> Record {
        let (ended, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("reporter", ended.reporter, place.clone());
        record.put_some("pid", ended.pid, place);
        record.put_some("comm", ended.comm.clone(), place);
        record.put_some("executable", ended.executable.clone(), place);
        record.put_some("signal", ended.signal, place);
        record.put_some("container_id", ended.container_id.clone(), place);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::said::testing::{kept, line},
        *,
    };

    const SEEN: &[(&str, &str, Option<u64>, Option<u64>)] = &[
        (
            r#"type=ANOM_ABEND msg=audit(1700000000.123:45): auid=1 uid=1 gid=1 ses=1 pid=4242 comm="java" exe="/usr/bin/java" sig=6 res=1"#,
            "audit",
            Some(4242),
            Some(6),
        ),
        (
            r#"audit: type=1701 audit(1700000000.123:45): auid=1 uid=1 gid=1 ses=1 pid=4242 comm="java" exe="/usr/bin/java" sig=11 res=1"#,
            "audit",
            Some(4242),
            Some(11),
        ),
        (
            "Process 4242 (java) of user 1000 dumped core.",
            "systemd-coredump",
            Some(4242),
            None,
        ),
        (
            "LOG:  server process (PID 4242) was terminated by signal 9: Killed",
            "postgres",
            Some(4242),
            Some(9),
        ),
        (
            "INFO exited: web (terminated by SIGKILL; not expected)",
            "supervisor",
            None,
            Some(9),
        ),
        (
            "[ERROR] Worker (pid:4242) was sent SIGKILL! Perhaps out of memory?",
            "gunicorn",
            Some(4242),
            Some(9),
        ),
        (
            "billiard.exceptions.WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL).",
            "celery",
            None,
            Some(9),
        ),
        (
            r#"received exit event container_id:\"0123456789abcdef\" id:\"0123456789abcdef\" pid:4242 exit_status:137"#,
            "containerd",
            Some(4242),
            Some(9),
        ),
        (
            "/opt/run.sh: line 12:  4242 Killed                  java -jar a.jar",
            "shell",
            Some(4242),
            Some(9),
        ),
        ("make: *** [all] Killed", "shell", None, Some(9)),
        ("Killed", "shell", None, Some(9)),
    ];

    #[test]
    fn who_saw_the_end() {
        for (text, reporter, pid, signal) in SEEN {
            let read = ended(&line("", text)).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (read.reporter, read.pid, read.signal),
                (*reporter, *pid, *signal),
                "{text}"
            );
            assert!(
                *text == "Killed" || MARKERS.iter().any(|m| text.contains(m)),
                "{text}"
            );
            assert!(kept("", text), "{text}");
        }
        assert_eq!(ended(&line("", "Killed process 12 (a) total-vm:1kB")), None);
        assert_eq!(
            ended(&line("", "server process (PID 1) exited with exit code 1")),
            None
        );
    }
}
