//! Lines in which a program says that it got no memory: language runtimes, the C library, shells,
//! databases. The forms are a table; which shortage each of them means is what sets them apart: a
//! limit of the runtime's own is no shortage of the machine.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    line::{Line, Origin},
    pattern::{number, text},
    said::Said,
};
use crate::facts::Record;

mod forms;

use forms::FORMS;
pub(super) use forms::MARKERS;

/// What kind of shortage a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortage {
    /// A limit that the runtime or the service sets itself: heap, metaspace, query memory.
    OwnLimit,
    /// The system refused memory: out of address space, overcommit, a limit, or really none left.
    Refused,
    /// The system refused a new process.
    Fork,
    /// The system refused a new thread: mostly a limit of tasks, not memory.
    Thread,
    /// The program found its own heap damaged: no shortage at all, though it looks like one.
    Damaged,
}

impl Shortage {
    fn word(self) -> &'static str {
        match self {
            Self::OwnLimit => "own limit",
            Self::Refused => "memory refused",
            Self::Fork => "fork refused",
            Self::Thread => "thread refused",
            Self::Damaged => "heap damaged",
        }
    }
}

/// One failed request, of one line or of several that a runtime prints for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    runtime: &'static str,
    shortage: Shortage,
    program: Option<String>,
    /// The words that were recognised.
    message: String,
    asked_bytes: Option<u64>,
    in_use_bytes: Option<u64>,
    limit_bytes: Option<u64>,
    forms: Vec<usize>,
}

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    FORMS
        .iter()
        .map(|form| super::pattern::compile(form.pattern))
        .collect()
});

/// A runtime prints the parts of one failure one after another.
const LINES_MAX: u64 = 12;
/// Stack traces stand between a Java error and the line that says what it was caused by.
const TRACE_LINES_MAX: u64 = 400;
const SECONDS_MAX: f64 = 5.0;
/// Longest message that is kept, in characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// Reads one line into the list of its log.
pub(super) fn read(line: &Line<'_>, index: u64, all: &mut Vec<Said<Refused>>) {
    if line.origin == Origin::Kernel {
        return;
    }
    let bare = line.bare().trim_end();
    let found = COMPILED
        .iter()
        .enumerate()
        .find_map(|(at, form)| Some((at, form.captures(bare)?)));
    let Some((at, groups)) = found else {
        return;
    };
    let Some(form) = FORMS.get(at) else {
        return;
    };
    let bytes = |name| number::<u64>(&groups, name);
    let refused = Refused {
        runtime: form.runtime,
        shortage: form.shortage,
        program: match line.origin {
            Origin::Program(program) => Some(program.to_owned()),
            _ => None,
        },
        message: groups
            .get_match()
            .as_str()
            .trim()
            .chars()
            .take(MESSAGE_CHARS_MAX)
            .collect(),
        asked_bytes: bytes("asked").or_else(|| scaled(&groups, "asked_scaled")),
        in_use_bytes: bytes("used"),
        limit_bytes: bytes("limit"),
        forms: vec![at],
    };
    let caused = bare.starts_with("Caused by: ");
    let lines = if caused { TRACE_LINES_MAX } else { LINES_MAX };
    let known = all.iter_mut().rev().take(8).find(|k| {
        k.value.runtime == refused.runtime
            && k.value.shortage == refused.shortage
            && k.value.program == refused.program
            && (caused || !k.value.forms.contains(&at))
            && k.is_near(line, index, lines, SECONDS_MAX)
    });
    let Some(known) = known else {
        all.push(Said::at(refused, line, index));
        return;
    };
    let of = &mut known.value;
    of.asked_bytes = of.asked_bytes.or(refused.asked_bytes);
    of.in_use_bytes = of.in_use_bytes.or(refused.in_use_bytes);
    of.limit_bytes = of.limit_bytes.or(refused.limit_bytes);
    of.forms.push(at);
    known.evidence.push(line.evidence());
}

/// `NUMBER UNIT` in binary units, as NumPy and ClickHouse print it.
fn scaled(groups: &regex::Captures<'_>, name: &str) -> Option<u64> {
    let (figure, unit) = text(groups, name)?.split_once(' ')?;
    let factor = match unit {
        "B" | "bytes" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    };
    let bytes = figure.parse::<f64>().ok()? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a printed size, checked to be in range"
    )]
    (0.0..9e18).contains(&bytes).then_some(bytes as u64)
}

impl Said<Refused> {
    /// The record of this failure.
    pub(super) fn record(&self) -> Record {
        let (refused, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("runtime", refused.runtime, place.clone());
        record.put("kind", refused.shortage.word(), place.clone());
        record.put("message", refused.message.as_str(), place.clone());
        record.put_some("program", refused.program.clone(), place);
        record.put_some("asked_bytes", refused.asked_bytes, place);
        record.put_some("in_use_bytes", refused.in_use_bytes, place);
        record.put_some("limit_bytes", refused.limit_bytes, place);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::{super::said::testing::line, *};

    fn read_all(lines: &[&str]) -> Vec<Said<Refused>> {
        let mut all = Vec::new();
        for (index, text) in (0..).zip(lines) {
            read(&line("", text), index, &mut all);
        }
        all
    }

    #[test]
    fn the_parts_of_one_failure_are_one() {
        let [jvm] = read_all(&[
            "OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x00000000c0000000, 4096, 0) failed; error='Not enough space' (errno=12)",
            "#",
            "# There is insufficient memory for the Java Runtime Environment to continue.",
            "# Native memory allocation (mmap) failed to map 4096 bytes for committing reserved memory.",
        ]).try_into().unwrap();
        assert_eq!(jvm.value.asked_bytes, Some(4096));
        assert_eq!(jvm.evidence.len(), 3);
        let [go] = read_all(&[
            "runtime: out of memory: cannot allocate 4194304-byte block (68719476736 in use)",
            "fatal error: out of memory",
        ])
        .try_into()
        .unwrap();
        assert_eq!(
            (go.value.asked_bytes, go.value.in_use_bytes),
            (Some(4 << 20), Some(64 << 30))
        );
        let [cpp] = read_all(&[
            "terminate called after throwing an instance of 'std::bad_alloc'",
            "  what():  std::bad_alloc",
        ])
        .try_into()
        .unwrap();
        assert_eq!(cpp.value.runtime, "c++");
    }

    #[test]
    fn a_second_error_is_a_second_event_and_its_cause_is_not() {
        let heap = "java.lang.OutOfMemoryError: Java heap space";
        assert_eq!(read_all(&[heap, heap]).len(), 2);
        let caused = "Caused by: java.lang.OutOfMemoryError: Java heap space";
        let all = read_all(&[
            "Exception in thread \"main\" x.E: y",
            heap,
            "\tat a.b(c)",
            caused,
        ]);
        assert_eq!(all.len(), 1);
        assert_eq!(read_all(&[caused]).len(), 1, "its head may be cut off");
    }

    #[test]
    fn a_line_of_the_kernel_is_none() {
        let mut all = Vec::new();
        read(&line("kernel", "a: Cannot allocate memory"), 0, &mut all);
        assert!(all.is_empty());
    }
}
