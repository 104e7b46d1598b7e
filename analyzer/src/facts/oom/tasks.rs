//! The task table: columns by its header line, never by position, because numbers overflow their
//! width and names hold anything.

/// Names of the numeric columns, in order, without `[pid]` and `name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(pub Vec<String>);

/// One row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Task {
    /// Process (thread group).
    pub pid: u64,
    /// The thread that stands for it, when that is another one: the first has ended.
    pub thread_pid: Option<u64>,
    /// User; printed signed, 65534 and 4294967294 are users too.
    pub uid: Option<i64>,
    /// Address space in pages.
    pub virtual_pages: Option<u64>,
    /// Resident pages.
    pub rss_pages: Option<u64>,
    /// Resident pages: anonymous, file, shared memory (Linux 6.8 and later).
    pub rss_parts_pages: Option<[u64; 3]>,
    /// Page tables in bytes (4.15 and later).
    pub page_tables_bytes: Option<u64>,
    /// Page tables in pages (before 4.15).
    pub page_tables_pages: Option<u64>,
    /// Swap entries: pages.
    pub swap_pages: Option<u64>,
    /// Adjustment; before 2.6.36 there was only `oom_adj`.
    pub oom_score_adj: Option<i64>,
    /// Name.
    pub comm: String,
}

/// Reads the header line.
#[must_use]
pub fn columns(line: &str) -> Option<Columns> {
    let head = line.strip_prefix('[')?;
    // Thousands of rows have a number there.
    if !head.trim_start().starts_with("pid") {
        return None;
    }
    let (pid, rest) = head.split_once(']')?;
    if pid.trim() != "pid" {
        return None;
    }
    let mut names: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
    let whole = names.pop().as_deref() == Some("name") && names.iter().any(|n| n == "total_vm");
    whole.then_some(Columns(names))
}

/// Reads a row: as many integers as the header has columns, one blank, then the name up to the
/// end, whatever it holds.
#[must_use]
pub fn row(line: &str, columns: &Columns) -> Option<Task> {
    let (pid, mut rest) = process(line)?;
    let mut task = Task {
        pid,
        ..Task::default()
    };
    let mut parts = [None; 3];
    for (at, column) in columns.0.iter().enumerate() {
        let (value, after) = match cell(rest) {
            Some(read) => read,
            None => match any_cell(rest) {
                Ok(read) => read,
                Err(rest) => return torn_inside(task, at, rest),
            },
        };
        rest = after;
        let pages = u64::try_from(value).ok();
        match column.as_str() {
            "uid" => task.uid = Some(value),
            "tgid" => {
                let thread = task.pid;
                task.pid = pages.unwrap_or(thread);
                task.thread_pid = (task.pid != thread).then_some(thread);
            }
            "total_vm" => task.virtual_pages = pages,
            "rss" => task.rss_pages = pages,
            "rss_anon" => parts[0] = pages,
            "rss_file" => parts[1] = pages,
            "rss_shmem" => parts[2] = pages,
            "pgtables_bytes" => task.page_tables_bytes = pages,
            "nr_ptes" | "nr_pmds" | "nr_puds" => {
                task.page_tables_pages = pages.map(|p| p + task.page_tables_pages.unwrap_or(0));
            }
            "swapents" => task.swap_pages = pages,
            "oom_score_adj" => task.oom_score_adj = Some(value),
            _ => {}
        }
    }
    if let [Some(anon), Some(file), Some(shmem)] = parts {
        task.rss_parts_pages = Some([anon, file, shmem]);
    }
    let name = rest.strip_prefix(' ').unwrap_or(rest);
    task.comm = name.trim_end_matches('\r').to_owned();
    Some(task)
}

/// The number in brackets at the start of a row, and what follows it.
fn process(line: &str) -> Option<(u64, &str)> {
    let inside = line.strip_prefix('[')?;
    let end = inside.bytes().position(|b| b == b']')?;
    let (pid, rest) = inside.split_at_checked(end)?;
    let pid = pid.trim_start_matches(' ');
    Some((pid.trim().parse().ok()?, rest.get(1..)?))
}

/// Digits of a number that surely fits.
const CELL_DIGITS_MAX: usize = 18;

/// The number at the start of `rest` as the kernel prints it, up to a blank, and what follows it. A
/// report has thousands of them.
fn cell(rest: &str) -> Option<(i64, &str)> {
    let bytes = rest.as_bytes();
    let start = bytes.iter().position(|b| *b != b' ')?;
    let negative = bytes.get(start) == Some(&b'-');
    let digits = bytes.get(start + usize::from(negative)..)?;
    let mut value = 0;
    let mut count = 0;
    for digit in digits {
        if !digit.is_ascii_digit() || count == CELL_DIGITS_MAX {
            break;
        }
        value = value * 10 + i64::from(digit - b'0');
        count += 1;
    }
    if count == 0 || digits.get(count) != Some(&b' ') {
        return None;
    }
    let after = rest.get(start + usize::from(negative) + count..)?;
    Some((if negative { -value } else { value }, after))
}

/// The number at the start of `rest`, whatever blanks there are; otherwise what stands there.
fn any_cell(rest: &str) -> Result<(i64, &str), &str> {
    let rest = rest.trim_start();
    let end = rest.find(char::is_whitespace).ok_or(rest)?;
    let (value, after) = rest.split_at_checked(end).ok_or(rest)?;
    Ok((value.parse().map_err(|_| rest)?, after))
}

/// The name in a whole row of the kernel, if it is one word: nothing but numbers stands before it.
/// Whatever looks for words in a line finds them in the name alone, or not at all.
#[must_use]
pub(crate) fn name_of_row(text: &str) -> Option<&str> {
    if !text.starts_with('[') {
        return None;
    }
    let name_at = memchr::memrchr(b' ', text.as_bytes())? + 1;
    let (numbers, name) = text.split_at_checked(name_at)?;
    let is_number = |b: &u8| matches!(b, b'0'..=b'9' | b' ' | b'-' | b'[' | b']');
    let all = numbers
        .as_bytes()
        .iter()
        .fold(true, |all, b| all & is_number(b));
    let begins = name.as_bytes().first().is_some_and(|b| !is_number(b));
    (all && begins).then_some(name)
}

/// A row that lost bytes in its middle: the columns before the last number are whole, and of the
/// name only the end is there.
fn torn_inside(mut task: Task, columns_read: usize, rest: &str) -> Option<Task> {
    let end_of_name = rest.contains(|c: char| c.is_alphabetic());
    // Process, size and one more column: less is not worth a row.
    if columns_read < 5 || !end_of_name {
        return None;
    }
    task.oom_score_adj = None;
    task.swap_pages = None;
    // A sum of columns, some of which may be lost.
    task.page_tables_pages = None;
    task.comm = format!("…{}", rest.trim());
    Some(task)
}

/// Columns of the eras with the same number of them, when the header line is lost.
const HEADERS: &[(usize, &str)] = &[
    (
        10,
        "uid tgid total_vm rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj",
    ),
    (
        8,
        "uid tgid total_vm rss nr_ptes nr_pmds swapents oom_score_adj",
    ),
    (
        7,
        "uid tgid total_vm rss pgtables_bytes swapents oom_score_adj",
    ),
];

/// Columns of a table that lost its header, by the numbers in one of its rows. Where two eras fit,
/// the columns that they do not share stay without a name.
#[must_use]
pub fn columns_of_row(line: &str) -> Option<Columns> {
    let (pid, rest) = line.strip_prefix('[')?.split_once(']')?;
    pid.trim().parse::<u64>().ok()?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let numbers: Vec<i64> = words.iter().map_while(|w| w.parse().ok()).collect();
    // A name can be a number too.
    let count = numbers.len().min(words.len().checked_sub(1)?);
    let (_, header) = HEADERS.iter().find(|(columns, _)| *columns == count)?;
    let mut names: Vec<String> = header.split(' ').map(str::to_owned).collect();
    let tables_bytes = numbers.get(4).is_some_and(|n| *n > 0 && n % 4096 == 0);
    if count == 7 && !tables_bytes {
        for name in names.iter_mut().skip(4).take(2) {
            "unknown".clone_into(name);
        }
    }
    Some(Columns(names))
}

impl Task {
    /// Resident and swapped pages: what killing it would free, at most.
    #[must_use]
    pub fn total_pages(&self) -> Option<u64> {
        Some(self.rss_pages? + self.swap_pages.unwrap_or(0))
    }

    /// The kernel's badness in pages, as 3.10 and later count it, given the pages that 1000 points
    /// of `oom_score_adj` stand for. `None` for a task that may not be killed.
    #[must_use]
    pub fn badness_pages(&self, page_size_bytes: u64, pages_of_1000: u64) -> Option<i128> {
        let adj = self.oom_score_adj.unwrap_or(0);
        if adj <= -1000 {
            return None;
        }
        let tables = self
            .page_tables_pages
            .or_else(|| self.page_tables_bytes.map(|b| b / page_size_bytes.max(1)))
            .unwrap_or(0);
        let points = i128::from(self.total_pages()?) + i128::from(tables);
        Some(points + i128::from(adj) * i128::from(pages_of_1000) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, line: &str, expect: (u64, u64, Option<u64>, Option<i64>, &str)) {
        let task = row(line, &columns(header).unwrap()).unwrap();
        assert_eq!(
            (
                task.pid,
                task.rss_pages.unwrap(),
                task.swap_pages,
                task.oom_score_adj,
                task.comm.as_str()
            ),
            expect,
            "{line}"
        );
    }

    #[test]
    fn columns_of_all_eras() {
        check(
            "[ pid ]   uid  tgid total_vm      rss cpu oom_adj name",
            "[ 2417]     0  2417    26512      181   2     -17 sshd",
            (2417, 181, None, None, "sshd"),
        );
        check(
            "[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name",
            "[ 2417]     0  2417    26512      181   2     -17         -1000 sshd",
            (2417, 181, None, Some(-1000), "sshd"),
        );
        check(
            "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name",
            "[ 2417]     0  2417    26512      181      54       3       37         -1000 sshd",
            (2417, 181, Some(37), Some(-1000), "sshd"),
        );
        check(
            "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
            "[1341320]    -2 1341320 11826512  6558445 55574528        0           961 prometheus",
            (1_341_320, 6_558_445, Some(0), Some(961), "prometheus"),
        );
        check(
            "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name",
            "[   2417]     0  2417    26512     1810      410     1400         0    94208       37         -1000 (sd-pam)",
            (2417, 1810, Some(37), Some(-1000), "(sd-pam)"),
        );
        check(
            "[ pid ] uid tgid total_vm rss nr_ptes swapents oom_score_adj name",
            "[ 518] 0 518 8738 361 21 70 0 cron",
            (518, 361, Some(70), Some(0), "cron"),
        );
    }

    #[test]
    fn names_hold_anything_and_torn_rows_are_dropped() {
        let columns = columns(
            "[ pid ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        )
        .unwrap();
        let line = "[   12]     0    12      100       10     4096        0             0  a ] [b";
        assert_eq!(row(line, &columns).unwrap().comm, " a ] [b");
        assert_eq!(row("[   12]     0    12      100       1", &columns), None);
        let empty = "[   12]     0    12      100       10     4096        0             0 ";
        assert_eq!(row(empty, &columns).unwrap().comm, "");
    }
}
