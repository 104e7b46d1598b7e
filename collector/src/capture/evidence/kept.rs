//! The kept lines of one log, bounded: the oldest third stays, and of the others the newest ones.

use std::collections::VecDeque;

use oomscene_bundle::Cut;

use crate::capture::stamp;

/// Most bytes of one piece: what is dropped at once.
const PIECE_BYTES: usize = 128 * 1024;
/// The share of the oldest pieces: a storm of kills begins with its cause. The newest have the rest.
const OLDEST_SHARE: usize = 3;

/// Lines that follow each other in the log.
#[derive(Debug, Default)]
struct Piece {
    /// Number of the first line, counted from 1.
    line: u64,
    /// Newlines in it.
    lines: u64,
    /// Offset of the first byte in the log.
    at: u64,
    bytes: Vec<u8>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}

/// Kept lines.
#[derive(Debug)]
pub struct Kept {
    bytes_max: usize,
    /// Bytes for the pieces that come first.
    first_max: usize,
    first: Vec<Piece>,
    first_bytes: usize,
    last: VecDeque<Piece>,
    last_bytes: usize,
    dropped: u64,
}

/// Order and numbers of the lines of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// A file: first line first, numbers count.
    File,
    /// A program's output, newest record first; the lines of a record are in their order.
    NewestFirst,
}

impl Kept {
    /// Keeps at most about `bytes_max` bytes of what comes in `order`.
    pub fn new(bytes_max: usize, order: Order) -> Self {
        let oldest_max = bytes_max / OLDEST_SHARE;
        let first_max = match order {
            Order::File => oldest_max,
            Order::NewestFirst => bytes_max - oldest_max,
        };
        Self {
            bytes_max,
            first_max,
            first: Vec::new(),
            first_bytes: 0,
            last: VecDeque::new(),
            last_bytes: 0,
            dropped: 0,
        }
    }

    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.first_bytes + self.last_bytes
    }

    /// Lines of windows that did not fit.
    pub fn dropped_lines(&self) -> u64 {
        self.dropped
    }

    /// Keeps `bytes`, whose first line has the number `line` and begins at offset `at`.
    pub fn push(&mut self, line: u64, at: u64, bytes: &[u8], lines: u64) {
        let room = self.first_bytes + bytes.len() <= self.first_max;
        if self.last.is_empty() && room {
            self.first_bytes += bytes.len();
            let open = self.first.last_mut();
            match open.filter(|p| p.end() == at && p.bytes.len() < PIECE_BYTES) {
                Some(piece) => extend(piece, bytes, lines),
                None => self.first.push(Self::piece(line, at, bytes, lines)),
            }
            return;
        }
        self.last_bytes += bytes.len();
        let open = self.last.back_mut();
        match open.filter(|p| p.end() == at && p.bytes.len() < PIECE_BYTES) {
            Some(piece) => extend(piece, bytes, lines),
            None => {
                if let Some(closed) = self.last.back_mut() {
                    closed.bytes.shrink_to_fit();
                }
                self.last.push_back(Self::piece(line, at, bytes, lines));
            }
        }
        while self.bytes() > self.bytes_max && self.last.len() > 1 {
            if let Some(gone) = self.last.pop_front() {
                self.last_bytes -= gone.bytes.len();
                self.dropped += gone.lines;
            }
        }
    }

    fn piece(line: u64, at: u64, bytes: &[u8], lines: u64) -> Piece {
        Piece {
            line,
            lines,
            at,
            bytes: bytes.to_vec(),
        }
    }

    /// The kept text with a line for each place where something was left out of a log of
    /// `lines` lines and `bytes` bytes.
    pub fn into_text(self, order: Order, lines: u64, bytes: u64) -> Vec<u8> {
        let size = self.bytes();
        let mut pieces: VecDeque<Piece> = self.first.into();
        pieces.extend(self.last);
        let cuts = pieces.len() * 160;
        let mut out = Vec::with_capacity(size + cuts);
        if order == Order::NewestFirst {
            return newest_last(pieces, out, lines, bytes);
        }
        let (mut line, mut at) = (1, 0);
        while let Some(piece) = pieces.pop_front() {
            if piece.at > at {
                let cut = Cut {
                    first_line: Some(line),
                    lines: piece.line - line,
                    bytes: piece.at - at,
                    between: between(&out, &piece.bytes),
                };
                mark(&mut out, &cut);
            }
            out.extend_from_slice(&piece.bytes);
            line = piece.line + piece.lines;
            at = piece.end();
        }
        if bytes > at && line <= lines {
            let cut = Cut {
                first_line: Some(line),
                lines: lines + 1 - line,
                bytes: bytes - at,
                between: None,
            };
            mark(&mut out, &cut);
        }
        out
    }
}

fn extend(piece: &mut Piece, bytes: &[u8], lines: u64) {
    piece.bytes.extend_from_slice(bytes);
    piece.lines += lines;
}

/// Turns a log whose records come newest first. Its lines have no numbers.
fn newest_last(mut pieces: VecDeque<Piece>, mut out: Vec<u8>, lines: u64, bytes: u64) -> Vec<u8> {
    let (mut line, mut at) = (lines + 1, bytes);
    while let Some(piece) = pieces.pop_back() {
        let behind = piece.line + piece.lines;
        if at > piece.end() && line >= behind {
            let cut = Cut {
                first_line: None,
                lines: line - behind,
                bytes: at - piece.end(),
                between: None,
            };
            mark(&mut out, &cut);
        }
        line = piece.line;
        at = piece.at;
        let mut end = piece.bytes.len();
        for start in memchr::memrchr_iter(b'\n', &piece.bytes)
            .map(|newline| newline + 1)
            .chain([0])
        {
            // journalctl indents the further lines of a record.
            let record = piece.bytes.get(start..end).unwrap_or_default();
            let is_more = start > 0 && matches!(record.first(), Some(b' ' | b'\t'));
            if record.is_empty() || is_more {
                continue;
            }
            out.extend_from_slice(record);
            if !record.ends_with(b"\n") {
                out.push(b'\n');
            }
            end = start;
        }
    }
    out
}

fn between(before: &[u8], after: &[u8]) -> Option<(String, String)> {
    // What was kept so far may be long: only its end matters.
    let tail = before.get(before.len().saturating_sub(16 * 1024)..)?;
    Some((stamp::span(tail)?.last, stamp::span(after)?.first))
}

fn mark(out: &mut Vec<u8>, cut: &Cut) {
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    out.extend_from_slice(cut.to_string().as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_what_is_left_out() {
        let mut kept = Kept::new(1000, Order::File);
        kept.push(3, 20, b"c\nd\n", 2);
        kept.push(5, 24, b"e\n", 1);
        kept.push(9, 40, b"i\n", 1);
        let text = String::from_utf8(kept.into_text(Order::File, 12, 60)).unwrap();
        assert_eq!(
            text,
            "[oomscene: left out lines 1-2, 20 bytes]\nc\nd\ne\n\
             [oomscene: left out lines 6-8, 14 bytes]\ni\n\
             [oomscene: left out lines 10-12, 18 bytes]\n"
        );
    }

    #[test]
    fn the_first_and_the_last_stay() {
        let mut kept = Kept::new(600_000, Order::File);
        for number in 0..100_u64 {
            let line = format!("{number:>9999}\n");
            kept.push(number + 1, number * 10_000, line.as_bytes(), 1);
        }
        assert!(kept.bytes() <= 600_000 + 10_000);
        assert!(kept.dropped_lines() > 30);
        let text = String::from_utf8(kept.into_text(Order::File, 100, 1_000_000)).unwrap();
        assert!(text.contains(" 0\n") && text.contains(" 99\n") && !text.contains(" 50\n"));
        assert_eq!(text.matches("[oomscene: left out lines ").count(), 1);
    }

    #[test]
    fn two_thirds_are_for_the_newest_in_both_orders() {
        for (order, newest) in [(Order::File, 99), (Order::NewestFirst, 0)] {
            let mut kept = Kept::new(1_200_000, order);
            for number in 0..300_u64 {
                let line = format!("2026-01-05 {number:>9988}\n");
                kept.push(number + 1, number * 10_000, line.as_bytes(), 1);
            }
            let near: usize = kept
                .first
                .iter()
                .chain(&kept.last)
                .filter(|piece| piece.line.abs_diff(newest * 3) < 150)
                .map(|piece| piece.bytes.len())
                .sum();
            assert!((700_000..=850_000).contains(&near), "{order:?}: {near}");
        }
    }

    #[test]
    fn newest_first_is_turned() {
        let mut kept = Kept::new(1000, Order::NewestFirst);
        kept.push(1, 0, b"2026-01-05 c\n   more\n2026-01-04 b\n", 3);
        kept.push(7, 90, b"2026-01-03 a\n", 1);
        let text = String::from_utf8(kept.into_text(Order::NewestFirst, 7, 103)).unwrap();
        assert_eq!(
            text,
            "2026-01-03 a\n[oomscene: left out 3 lines, 56 bytes]\n2026-01-04 b\n2026-01-05 c\n   more\n"
        );
    }
}
