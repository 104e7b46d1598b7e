//! Re-joins lines that a mail or a tracker wrapped at a column: the continuation has no prefix of
//! its own. A line is held back only while its known form is incomplete, and takes only words that
//! can continue that form, so that nothing foreign gets into it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::tasks::{self, Columns};
use crate::facts::Evidence;
use crate::facts::log::{line::Line, pattern::pattern, stamp::Stamp};

/// Narrowest column at which mails are wrapped: a shorter line that the next word would have fitted
/// on was not wrapped there.
const WRAP_COLUMN_MIN: usize = 60;

/// Longest line that is put together: a zone line of any kernel has less than this.
const JOINED_BYTES_MAX: usize = 4096;

/// A record that may go on in the next physical line.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// What was put together so far, without prefix.
    pub(super) text: String,
    /// Form of the beginning.
    form: Form,
    /// Length of the last physical line, prefix included.
    last_chars: usize,
    /// The first physical line.
    pub(super) evidence: Evidence,
    pub(super) stamp: Option<Stamp>,
    pub(super) host: Option<String>,
    /// Whether it has a stamp of its own. Only of what may be the rest of a name it matters.
    pub(super) stamped: bool,
}

/// What a line begins as, as far as its continuation is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing but a prefix.
    Empty,
    Invocation,
    Failure,
    Summary,
    Kill,
    Killed,
    Reaped,
    TableHead,
    Row,
    Zone,
    Buddy,
    Counter,
    LimitPaths,
    Stats,
    Cpu,
    Hardware,
    HugePages,
    Panic,
    Group,
    Slab,
    /// What may be the name of a task, before its cpuset.
    Name,
    /// Registers, code bytes, stack words, modules: text that is not used, but must not be drift.
    Words,
}

pattern!(ROW_START, r"^\[ *\d+\](?: +-?\d+)+ *$");
pattern!(
    ZONE_START,
    r"^(?:Node \d+ )?(?:(?:DMA|DMA32|Normal|HighMem|Movable|Device) free:|active_anon:\d+kB)"
);
pattern!(
    BUDDY_START,
    r"^(?:Node \d+ )?(?:DMA|DMA32|Normal|HighMem|Movable|Device): \d+\*"
);
pattern!(COUNTER_START, r"^(?:memory|memory\+swap|kmem|swap): usage ");

fn form(text: &str, columns: Option<&Columns>) -> Option<Form> {
    // Most lines of a report are rows, and a whole row is none of all these.
    if tasks::name_of_row(text).is_some_and(says_nothing) {
        return None;
    }
    static ILL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"ill"));
    static INVOKED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" invoked oom-k"));
    static FAILURE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b": page alloc"));
    static HUGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"hugepages_total="));
    let has = |finder: &Finder<'_>| finder.find(text.as_bytes()).is_some();
    let first = text.as_bytes().first().copied().unwrap_or_default();
    Some(match text.split([' ', ':']).next()? {
        "" if text.is_empty() => Form::Empty,
        "oom-kill" => Form::Summary,
        "oom_reaper" => Form::Reaped,
        "Out" if text.starts_with(CONTAINER_KILL) => Form::Killed,
        "CPU" | "Pid" if text.contains("omm: ") || text.contains("PID:") => Form::Cpu,
        "Hardware" => Form::Hardware,
        "Kernel" | "Out" if text.ends_with(':') || text.ends_with("syncing") => Form::Panic,
        "Memory" if CGROUP_KILL.starts_with(text) => Form::Killed,
        "Tasks" => Form::Group,
        "Task" => Form::LimitPaths,
        "SLUB" | "SLAB" | "cache" => Form::Slab,
        "Code" | "Modules" | "Stack" | "RSP" | "RIP" | "RAX" | "RDX" | "RBP" | "R10" | "R13" => {
            Form::Words
        }
        _ if has(&INVOKED) && text.contains(" invoked oom-killer") => Form::Invocation,
        _ if has(&FAILURE) && text.contains(": page allocation failure") => Form::Failure,
        _ if has(&ILL) && is_deed(text) => Form::Killed,
        _ if has(&ILL) && is_choice(text) => Form::Kill,
        _ if text.starts_with("Memory cgroup stats") => Form::Stats,
        _ if matches!(first, b'm' | b'k' | b's') && COUNTER_START.is_match(text) => Form::Counter,
        _ if has(&HUGE) => Form::HugePages,
        _ if may_be_zone(first) && ZONE_START.is_match(text) => Form::Zone,
        _ if may_be_zone(first) && BUDDY_START.is_match(text) => Form::Buddy,
        _ if first == b'[' && text.contains("pid") && text.contains("tgid") => Form::TableHead,
        _ if first == b'['
            && ROW_START.is_match(text)
            && columns.is_none_or(|c| tasks::row(text, c).is_none()) =>
        {
            Form::Row
        }
        _ if is_name(text) => Form::Name,
        _ => return None,
    })
}

/// Whether the name in a row has nothing of what is looked for in a line with a bracket before it.
fn says_nothing(name: &str) -> bool {
    let name = name.as_bytes();
    memchr::memchr2(b':', b'=', name).is_none() && !name.windows(4).any(|w| w == b"tgid")
}

fn is_deed(text: &str) -> bool {
    text.contains("Killed process ") || ends_in(text, &[": Killed", "Killed process"])
}

fn is_choice(text: &str) -> bool {
    text.contains("ill process ") || ends_in(text, &["Kill process", "kill process"])
}

/// Whether a line of a zone can begin with this byte: its node, its name or `active_anon`.
fn may_be_zone(first: u8) -> bool {
    matches!(first, b'N' | b'D' | b'H' | b'M' | b'a')
}

/// How the only line begins that can be broken before it says anything.
const CGROUP_KILL: &str = "Memory cgroup out of memory: Kill";

/// How the kill of an OpenVZ container begins.
const CONTAINER_KILL: &str = "Out of memory in UB ";

/// Whether `text` can be the name of a task and is nothing else that a report has.
fn is_name(text: &str) -> bool {
    text.len() <= 15 && text.starts_with(char::is_alphabetic) && !text.contains([':', '='])
}

/// Whether `next` did not fit on the line `before`: mail programs and trackers break there.
pub(super) fn broken_at_words(before: &str, next: &str) -> bool {
    let word = next.split_whitespace().next().unwrap_or_default();
    before.chars().count() + 1 + word.chars().count() > WRAP_COLUMN_MIN
}

fn ends_in(text: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| text.ends_with(end))
}

// How a complete line of each form ends.
pattern!(INVOCATION_END, r"oom_?(?:kill|score_)?_?adj=-?\d+$");
pattern!(FAILURE_END, r"mems_allowed=[0-9,-]+$|nodemask=\([a-z]+\)$");
pattern!(SUMMARY_END, r",uid=-?\d+$");
pattern!(KILL_END, r"(?:child|memory)$");
pattern!(KILLED_END, r"oom_score_adj:-?\d+$");
pattern!(REAPED_END, r"shmem-rss:\d+kB$");
pattern!(
    ZONE_END,
    r"(?:all_unreclaimable\? (?:yes|no)|free_cma:\d+kB)$"
);
pattern!(BUDDY_END, r"= \d+kB$");
pattern!(COUNTER_END, r"failcnt \d+$");
pattern!(LIMIT_END, r" limit of /\S*$");
pattern!(STATS_END, r":$|unevictable:\d+KB$");
pattern!(CPU_END, r" #\d+\S*(?: .*)?$");
pattern!(HARDWARE_END, r"\d\d/\d\d/\d{4}$");

// A size of a kill line, whole.
pattern!(
    SIZE_START,
    r"^(?:total-vm|(?:anon|file|shmem)-rss|pgtables):\d+kB"
);

// Words that can continue each form.
pattern!(
    INVOCATION_NEXT,
    r"^(?:invoked |oom-killer:|gfp_mask=|order=|nodemask=|oom_|oomkill)"
);
pattern!(FAILURE_NEXT, r"^(?:failure|order:|mode:|nodemask=|cpuset=)");
pattern!(
    SUMMARY_NEXT,
    r"^,?(?:(?:nodemask|cpuset|mems_allowed|(?:oom|task)_memcg|task|pid|uid)=|global_oom\b)|,uid="
);
pattern!(
    KILL_NEXT,
    r"^(?:process \d|\d+ \(|\(|with |score |\d+ or |or |sacrifice|a child|child)"
);
pattern!(
    KILLED_NEXT,
    r"^(?:(?:(?:OOM )?killed )?process \d|\d+ \(|\(|-?\d+, total-vm:|UID|vsz:|total-vm:|anon-rss:|file-rss:|shmem-rss:|pgtables:|oom_score_adj:|swapents:|now )"
);
pattern!(
    ZONE_NEXT,
    r"^(?:\S+:\s?\d+|all_unreclaimable\?|yes|no|\d+kB)"
);
pattern!(BUDDY_NEXT, r"^(?:\d+\*\d+kB|\([A-Z]+\)|= ?\d*|\d+kB$)");
pattern!(COUNTER_NEXT, r"^(?:\d+kB|limit |failcnt |\d+$)");
pattern!(LIMIT_NEXT, r"^(?:/|killed|as |result|of |limit )");
pattern!(STATS_NEXT, r"^(?:for |/|[a-z_]+:\d+KB)");
pattern!(
    CPU_NEXT,
    r"^(?:SMP|PREEMPT|PID:|UID:|Comm:|Kdump|Not|not|[Tt]ainted|[A-Z]{1,2}(?: |$)|\d+\.\d+|#\d|comm:)"
);
pattern!(
    PANIC_NEXT,
    r"^(?:not syncing|Out of memory|out of memory|System is|compulsory|system-wide|Killed process|Kill process|kill process)"
);
pattern!(
    GROUP_NEXT,
    r"^(?:/|are |going |to |be |killed |due |memory\.oom|in pages)"
);
pattern!(
    SLAB_NEXT,
    r"^(?:memory|on |node |gfp=|\(gfp|object |size|buffer |default |order|min |cache:)"
);
pattern!(
    WORDS_NEXT,
    r"^(?:(?:<?[0-9a-f]{2}>?|[0-9a-f]{4,16}|[A-Z0-9]{2,8}:|[a-z]\w*(?:\([A-Z]+\))?)(?: |$))+"
);

impl Form {
    fn complete(self, text: &str, columns: Option<&Columns>) -> bool {
        match self {
            Self::Empty => false,
            Self::Invocation => INVOCATION_END.is_match(text),
            Self::Failure => FAILURE_END.is_match(text),
            Self::Summary => SUMMARY_END.is_match(text),
            Self::Kill => KILL_END.is_match(text),
            Self::Killed => KILLED_END.is_match(text),
            Self::Reaped => REAPED_END.is_match(text),
            Self::TableHead => tasks::columns(text).is_some(),
            Self::Row => columns.is_some_and(|c| tasks::row(text, c).is_some()),
            Self::Zone => ZONE_END.is_match(text),
            Self::Buddy => BUDDY_END.is_match(text),
            Self::Counter => COUNTER_END.is_match(text),
            Self::LimitPaths => LIMIT_END.is_match(text),
            Self::Stats => STATS_END.is_match(text),
            Self::Cpu => CPU_END.is_match(text),
            Self::Hardware => HARDWARE_END.is_match(text),
            Self::HugePages => text.contains("hugepages_size="),
            Self::Group => text.ends_with("set") || text.ends_with("pages):"),
            Self::Panic | Self::Slab | Self::Words | Self::Name => false,
        }
    }

    /// Whether `next` can go on with a line of this form that reads `text` so far.
    fn takes(self, text: &str, next: &str) -> bool {
        match self {
            Self::Empty => !next.is_empty(),
            Self::Invocation => INVOCATION_NEXT.is_match(next),
            Self::Failure => FAILURE_NEXT.is_match(next),
            // Names and paths hold blanks; the rest is one word.
            Self::Summary => {
                next.contains(",pid=") || next.contains(",task=") || SUMMARY_NEXT.is_match(next)
            }
            Self::Killed if CGROUP_KILL.starts_with(text) => {
                format!("{text} {next}").starts_with(CGROUP_KILL)
            }
            // The name stands there already; what begins with a bracket is somebody's remark.
            Self::Kill | Self::Killed | Self::Reaped
                if text.contains(')') && next.starts_with('(') =>
            {
                false
            }
            // A name may hold blanks, up to its bracket.
            Self::Kill | Self::Killed | Self::Reaped
                if text.contains('(') && !text.contains(')') =>
            {
                true
            }
            Self::Kill => KILL_NEXT.is_match(next),
            Self::Killed | Self::Reaped => KILLED_NEXT.is_match(next),
            Self::TableHead => {
                next.ends_with("name") || next.starts_with("total_vm") || next.starts_with("rss")
            }
            Self::Row => !next.is_empty(),
            Self::Zone => ZONE_NEXT.is_match(next),
            Self::Buddy => BUDDY_NEXT.is_match(next),
            Self::Counter => COUNTER_NEXT.is_match(next),
            Self::LimitPaths => LIMIT_NEXT.is_match(next),
            Self::Stats => STATS_NEXT.is_match(next),
            // A name may hold blanks, up to the taint.
            Self::Cpu if !text.contains("ainted") && next.contains("ainted") => true,
            Self::Cpu => CPU_NEXT.is_match(next),
            Self::Name => next.starts_with("cpuset="),
            Self::Hardware => !next.ends_with(':') && !next.contains("+0x"),
            Self::HugePages => next.starts_with("hugepages_"),
            Self::Panic => PANIC_NEXT.is_match(next),
            Self::Group => GROUP_NEXT.is_match(next),
            Self::Slab => SLAB_NEXT.is_match(next),
            Self::Words => WORDS_NEXT.is_match(next) && !next.contains("Mem-Info"),
        }
    }
}

/// Whether an `oom-kill` line breaks off before its last name: what comes before has no blanks, so
/// the break was not at one.
fn inside_path(text: &str) -> bool {
    !text.contains(",task=")
}

impl Held {
    /// Holds `line` back if its form is known and not complete.
    pub(super) fn hold(line: &Line<'_>, columns: Option<&Columns>) -> Option<Self> {
        let text = line.bare().trim_end();
        // A pager cut the line here: what is missing is not in the next one.
        if text.ends_with('>') && !text.contains('<') {
            return None;
        }
        let form = form(text, columns)?;
        if form == Form::Empty && line.raw.trim().is_empty() || form.complete(text, columns) {
            return None;
        }
        Some(Self {
            text: text.to_owned(),
            form,
            last_chars: line.raw.trim_end().chars().count(),
            evidence: line.evidence(),
            stamp: line.stamp.cloned(),
            host: line.host.map(str::to_owned),
            stamped: line.stamped || form != Form::Name,
        })
    }

    /// Takes a line without a prefix over, if it goes on with this one.
    pub(super) fn takes(&mut self, line: &Line<'_>, columns: Option<&Columns>) -> bool {
        let next = line.bare().trim_end();
        let word = next
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        let inside = self.breaks_a_key(next);
        let wrapped = inside || self.last_chars + 1 + word > WRAP_COLUMN_MIN;
        if next.is_empty()
            || !wrapped
            || self.text.len() + next.len() > JOINED_BYTES_MAX
            || !(inside || self.form.takes(&self.text, next))
        {
            return false;
        }
        if self.form == Form::Row && self.breaks_a_number(next, columns) {
            self.text.push_str(next);
            self.last_chars = line.raw.trim_end().chars().count();
            return true;
        }
        if self.text.is_empty() {
            // A bare prefix says nothing to whoever reads the evidence.
            self.evidence = line.evidence();
        } else if !(inside || self.form == Form::Summary && inside_path(&self.text)) {
            self.text.push(' ');
        }
        self.text.push_str(next);
        self.last_chars = line.raw.trim_end().chars().count();
        true
    }

    /// Whether the line was broken inside a key or behind it: mail programs break at a hyphen too.
    fn breaks_a_key(&self, next: &str) -> bool {
        if !matches!(self.form, Form::Killed | Form::Reaped) {
            return false;
        }
        let word = self.text.rsplit(' ').next().unwrap_or_default();
        if SIZE_START.is_match(&format!("{word}{next}")) && !SIZE_START.is_match(word) {
            return true;
        }
        let key = [
            "total-",
            "rss:",
            "-vm:",
            "anon-",
            "file-",
            "shmem-",
            "pgtables:",
            "adj:",
        ];
        next.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && key.iter().any(|key| self.text.ends_with(key))
    }

    /// Whether the line was broken inside a number: then a blank would make two of it, and the
    /// columns after it would shift into the name.
    fn breaks_a_number(&self, next: &str, columns: Option<&Columns>) -> bool {
        let (Some(columns), true) = (columns, next.starts_with(|c: char| c.is_ascii_digit()))
        else {
            return false;
        };
        let row = |text: &str| tasks::row(text, columns).map(|t| t.comm);
        let spaced = row(&format!("{} {next}", self.text));
        let shifted = spaced.is_none_or(|name| {
            name.trim_start()
                .split(' ')
                .next()
                .is_some_and(|w| w.parse::<i64>().is_ok())
        });
        shifted && row(&format!("{}{next}", self.text)).is_some()
    }

    /// Whether nothing can follow any more. What follows a bare prefix decides what it is.
    pub(super) fn settle(&mut self, columns: Option<&Columns>) -> bool {
        if self.form == Form::Empty {
            match form(&self.text, columns) {
                Some(form) => self.form = form,
                None => return true,
            }
        }
        self.form.complete(&self.text, columns)
    }
}
