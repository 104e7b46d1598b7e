//! Processes from a listing of ps(1), where nobody took `/proc/PID`: a sosreport, a supportconfig.

use super::source::{Source, kib};
use super::{Evidence, Facts, Record};

/// `TASK_COMM_LEN` of `include/linux/sched.h` without the final zero.
const COMM_BYTES_MAX: usize = 15;

/// Where the columns stand that are read, by the listing's own header.
struct Columns {
    pid: usize,
    rss: usize,
    parent: Option<usize>,
    size: Option<usize>,
    state: Option<usize>,
    threads: Option<usize>,
    /// The command: the last column, blanks and all.
    command: usize,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let words: Vec<&str> = header.split_whitespace().collect();
        let at = |names: &[&str]| words.iter().position(|w| names.contains(w));
        let command = at(&["COMMAND", "CMD"])?;
        // A date of several words would move every column behind it.
        if command + 1 != words.len() || at(&["STARTED"]).is_some() {
            return None;
        }
        Some(Self {
            pid: at(&["PID"])?,
            rss: at(&["RSS"])?,
            parent: at(&["PPID"]),
            size: at(&["VSZ"]),
            state: at(&["STAT", "S"]),
            threads: at(&["NLWP"]),
            command,
        })
    }
}

/// Reads the first listing that has the needed columns, unless the processes are known already.
pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    if facts.get("processes").is_some() {
        return;
    }
    for source in sources {
        let mut columns = None;
        for line in source.lines() {
            let Some(columns) = &columns else {
                columns = Columns::of(&line.text);
                continue;
            };
            if let Some(process) = row(columns, &line.text, &source.at(&line)) {
                facts.push("processes", process);
            }
        }
        if columns.is_some() {
            return;
        }
    }
}

/// One process; `None` for a kernel thread and for what is no row.
fn row(columns: &Columns, line: &str, evidence: &[Evidence]) -> Option<Record> {
    let mut rest = line;
    let mut words = Vec::new();
    for _ in 0..columns.command {
        rest = rest.trim_start();
        let (word, after) = rest.split_once(char::is_whitespace)?;
        words.push(word);
        rest = after;
    }
    let command = rest.trim();
    let number = |at: usize| words.get(at)?.parse::<i64>().ok();
    let pid = number(columns.pid)?;
    let rss_bytes = kib(words.get(columns.rss)?)?;
    let state = columns.state.and_then(|at| words.get(at)?.get(..1));
    if command.starts_with('[') && rss_bytes == 0 && state != Some("Z") {
        return None;
    }
    let size = columns.size.and_then(|at| kib(words.get(at)?));
    let mut process = Record::new();
    process.put("pid", pid, evidence.to_vec());
    process.put("comm", comm(command), evidence.to_vec());
    process.put("command_line", command, evidence.to_vec());
    process.put("rss_bytes", rss_bytes, evidence.to_vec());
    process.put_some("virtual_bytes", size, evidence);
    process.put_some("state", state, evidence);
    process.put_some("parent_pid", columns.parent.and_then(number), evidence);
    process.put_some("threads_count", columns.threads.and_then(number), evidence);
    Some(process)
}

/// Name of the program as the kernel would cut it: a listing has the command line only.
fn comm(command: &str) -> &str {
    let first = command.split_whitespace().next().unwrap_or_default();
    let first = first
        .trim_start_matches(['[', '-'])
        .trim_end_matches([']', ':']);
    let name = match first.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => name,
        _ => first,
    };
    let mut end = name.len().min(COMM_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    const AUX: &str = "\
USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root         1  0.0  0.1 168140 11000 ?        Ss   Nov26   0:05 /sbin/init splash
root         2  0.0  0.0      0     0 ?        S    Nov26   0:00 [kthreadd]
app       4211  9.9 40.0 9000000 4194304 ?     Sl   10:00   9:00 /usr/lib/jvm/bin/java -Xmx4g -jar a b.jar
app       4212  0.0  0.0      0     0 ?        Z    10:00   0:00 [sh] <defunct>
";

    #[test]
    fn the_header_tells_the_columns() {
        let facts = testing::parse(parse, "sos_commands/process/ps_auxwww", AUX);
        assert_eq!(facts.root.items("processes").len(), 3);
        let java = testing::record(&facts, "processes", 1);
        assert_eq!(java.text("comm"), Some("java"));
        assert_eq!(java.int("rss_bytes"), Some(4 << 30));
        assert_eq!(
            java.text("command_line"),
            Some("/usr/lib/jvm/bin/java -Xmx4g -jar a b.jar")
        );
        assert_eq!(java.get("rss_bytes").unwrap().evidence[0].line, 4);
        let zombie = testing::record(&facts, "processes", 2);
        assert_eq!(
            (zombie.text("comm"), zombie.text("state")),
            (Some("sh"), Some("Z"))
        );
    }

    #[test]
    fn a_listing_without_resident_sizes_gives_nothing() {
        let text = "  PID TTY          TIME CMD\n    1 ?        00:00:05 systemd\n";
        let facts = testing::parse(parse, "ps", text);
        assert!(facts.get("processes").is_none());
    }
}
