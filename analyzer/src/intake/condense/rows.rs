//! Rows of the tables of a report, which have no word of their own.

use memchr::{memchr_iter, memmem};

/// Whether the record is a row of the task table or of the slab table: a machine has thousands, none
/// with a word of its own.
pub(super) fn is_row(record: &[u8]) -> bool {
    memchr_iter(b'[', record).any(|at| is_task(record.get(at + 1..).unwrap_or_default()))
        || memmem::find_iter(record, b"KB ").any(|at| {
            let (before, after) = record.split_at(at);
            let size = after.get(2..).unwrap_or_default().trim_ascii_start();
            before.last().is_some_and(u8::is_ascii_digit)
                && number(size).is_some_and(|rest| rest.starts_with(b"KB"))
        })
}

/// `  500]     0   500     1000      100 ` and what follows it.
fn is_task(text: &[u8]) -> bool {
    let blanks = |text: &'_ [u8]| -> usize { text.iter().take_while(|b| **b == b' ').count() };
    let Some(mut rest) = text
        .get(blanks(text)..)
        .and_then(number)
        .and_then(|rest| rest.strip_prefix(b"]"))
    else {
        return false;
    };
    for column in 0..4 {
        let gap = blanks(rest);
        let word = rest.get(gap..).unwrap_or_default();
        // The user is printed signed.
        let word = match word.strip_prefix(b"-") {
            Some(word) if column == 0 => word,
            _ => word,
        };
        match number(word).filter(|_| gap > 0) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.starts_with(b" ")
}

/// What follows the digits at the start of `text`; `None` when there are none.
fn number(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    text.get(digits..).filter(|_| digits > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_rows() {
        assert!(is_row(
            b"[  500]     0   500     1000      100   221184        0             0 a"
        ));
        assert!(is_row(b"kmalloc-64   12KB      13KB"));
        assert!(is_row(
            b"Aug 17 03:12:59 h kernel: [12.5] [  500]  -2   500  1000  100  4096  0  0 a b"
        ));
        assert!(is_row(b"[500] 0 500 1000 100 "));
        for other in [
            "sshd[12]: session opened",
            "[500] 0 500 1000 100",
            "[500] 0 -500 1000 100 1",
            "[ pid ]   uid  tgid total_vm      rss",
            "[500]0 500 1000 100 1",
            "12KBit 13KB",
            "12KB free",
            "KB 13KB",
            "12KB 13kB",
        ] {
            assert!(!is_row(other.as_bytes()), "{other}");
        }
    }
}
