//! Words of log lines that tell of memory that ran out. Rows only.
//!
//! A word too many costs room in the bundle, a word too few costs the evidence: the table is
//! generous. The words are literals, because a log of gigabytes is searched for all of them at once.

/// How much is kept around a line that holds the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Around {
    /// Lines before it.
    pub before: usize,
    /// Lines after it.
    pub after: usize,
}

/// Memory failed here: what the services did before it, and whom it hit after it.
pub const FAILURE: Around = Around {
    before: 400,
    after: 200,
};
/// A line that some machines log all day and that stands for itself.
pub const NOTICE: Around = Around {
    before: 10,
    after: 10,
};
/// The first lines of a boot: memory map, command line, size of the log buffer.
pub const BOOT: Around = Around {
    before: 40,
    after: 150,
};

/// One word.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    /// Literal text; upper and lower case differ.
    pub word: &'static str,
    /// What is kept around it.
    pub around: Around,
    /// Whether a letter or digit before the word makes it another word.
    pub starts_word: bool,
}

/// All words.
pub const MARKERS: &[Marker] = &[
    failure("invoked oom-killer"),
    failure("oom-kill:"),
    failure("oom_reaper"),
    failure("oom-killer"),
    failure("ut of memory"),
    failure("ut-of-memory"),
    failure("out_of_memory"),
    failure("Killed process"),
    failure("Kill process"),
    failure("Memory cgroup"),
    failure("memory: usage"),
    failure("page allocation failure"),
    failure("page allocation stall"),
    failure("Unable to allocate memory on node"),
    failure("vmap allocation for size"),
    failure("vmalloc: allocation failure"),
    failure("vmalloc error"),
    failure("active_anon:"),
    failure("total_vm"),
    failure(" pages RAM"),
    failure("annot allocate memory"),
    failure("can't allocate memory"),
    failure("ot enough memory"),
    failure("fork rejected by pids controller"),
    failure("OutOfMemory"),
    failure("MemoryError"),
    failure("std::bad_alloc"),
    failure("OOMKilled"),
    failure("OOMKilling"),
    failure("oom_kill"),
    failure("'oom-kill'"),
    failure("systemd-oomd["),
    failure("earlyoom["),
    failure("lowmemorykiller"),
    failure("lmkd"),
    failure("oom event"),
    failure("status=9/KILL"),
    failure("'watchdog'"),
    failure("virtual memory exhausted"),
    notice("OOM"),
    notice("ENOMEM"),
    notice("callbacks suppressed"),
    notice("messages suppressed"),
    notice("messages lost due to rate-limiting"),
    notice("printk messages dropped"),
    notice("blocked for more than"),
    notice("soft lockup"),
    notice("hogged CPU"),
    notice("'signal'"),
    notice("'core-dump'"),
    notice("type=1309"),
    notice("type=1701"),
    notice("type=ANOM_ABEND"),
    notice("type=SYSTEM_"),
    notice("type=DAEMON_"),
    notice("exit=-12 "),
    notice("SIGKILL"),
    notice("begin to drop messages"),
    notice("Suppressed "),
    boot("Linux version "),
    boot("Command line: "),
];

const fn failure(word: &'static str) -> Marker {
    Marker {
        word,
        around: FAILURE,
        starts_word: false,
    }
}

const fn notice(word: &'static str) -> Marker {
    Marker {
        word,
        around: NOTICE,
        starts_word: true,
    }
}

const fn boot(word: &'static str) -> Marker {
    Marker {
        word,
        around: BOOT,
        starts_word: true,
    }
}
