//! Tells lines of a report from texts about one: mails, tickets and sources quote its words. And
//! finds the name in a line whose beginning the carrier's prefix did not explain.

use crate::facts::log::pattern::pattern;

/// `TASK_COMM_LEN` less the terminator (include/linux/sched.h).
const COMM_CHARS_MAX: usize = 15;

// `%s`, `%#x`, `%lukB`, `%*pbl`: the line is out of the kernel's source, not out of a kernel.
pattern!(
    CONVERSION,
    r"%(?:[#0-9. -]*(?:hh?|ll?|z)?[sdiux]|\*?p[A-Za-z])"
);
// The header of a mail, its reply marks, the title of a page.
pattern!(
    TITLE,
    r#"(?i)^(?:(?:subject|re|fwd?|aw|title|summary|in-reply-to|references) ?: |#+ |\* |- )"#
);
// A login prompt on a serial console; the number of a list; a time that no program name follows.
pattern!(
    BEFORE_NAME,
    r"^(?:[\w.-]{1,64} login: |\d{1,2}[).] |\d\d:\d\d:\d\d(?:\.\d+)? )"
);

/// Whether `line` is a format string or the title of a text.
pub(super) fn is_prose(line: &str) -> bool {
    line.contains('%') && CONVERSION.is_match(line) || TITLE.is_match(line)
}

/// The name of a task out of what stands before the words of a line: all of it, if that can be a
/// name, else what follows the last mark that ends a prefix.
pub(super) fn comm(before: &str) -> Option<&str> {
    let known = BEFORE_NAME.find(before).map_or(0, |m| m.end());
    let before = before.get(known..)?;
    // A sentence that quotes a line, prefix and all.
    if before.contains(['“', '‘', '`']) {
        return None;
    }
    let name = if before.chars().count() <= COMM_CHARS_MAX {
        before
    } else {
        let colon = before.rfind(": ").map(|at| at + 2);
        let bracket = before.rfind(']').map(|at| at + 1);
        before.get(colon.max(bracket)?..)?.trim_start()
    };
    let quoted = name.starts_with(['"', '\'', '`', '“', '‘']);
    let fits = !name.is_empty() && name.chars().count() <= COMM_CHARS_MAX;
    (fits && !quoted).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_whole_and_prefixes_come_off() {
        for (before, name) in [
            ("C1 CompilerThre", Some("C1 CompilerThre")),
            ("rs:main Q:Reg", Some("rs:main Q:Reg")),
            ("kworker/1: 0", Some("kworker/1: 0")),
            ("db7-console login: postmaster", Some("postmaster")),
            ("11:12:13 postmaster", Some("postmaster")),
            (
                "what the board printed then: kworker/u9:1",
                Some("kworker/u9:1"),
            ),
            ("now and then there is a 'postmaster", None),
            ("1) kworker/u128:2", Some("kworker/u128:2")),
            ("[track 7][00:02:54/00:04:07]swapper/0", Some("swapper/0")),
            ("'postmaster", None),
            ("“kernel: postmaster", None),
            ("", None),
        ] {
            assert_eq!(comm(before), name, "{before}");
        }
    }

    #[test]
    fn sources_and_titles() {
        for line in [
            "pr_warn(\"%s invoked oom-killer: order=%d\\n\",",
            "Subject: Re: worker: page allocation failure. order:1, mode:0x20",
            "# worker: page allocation failure: order:1",
        ] {
            assert!(is_prose(line), "{line}");
        }
        for line in [
            "worker invoked oom-killer: gfp_mask=0xd0, order=0",
            "100% worker: page allocation failure: order:1, mode:0x20",
        ] {
            assert!(!is_prose(line), "{line}");
        }
    }
}
