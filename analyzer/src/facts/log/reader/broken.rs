//! Puts lines together that were broken at a column, before anything reads them.

use std::borrow::Cow;

use super::{Line, Reader, Recognised, outer, prefix};

/// Longest line that is put together: no kernel prints a longer one.
const JOINED_BYTES_MAX: usize = 4096;

impl Reader<'_> {
    /// Reads one line after its encoding was undone.
    pub(super) fn physical(
        &mut self,
        physical: &[u8],
        torn: bool,
        take: &mut dyn FnMut(&Line<'_>, Recognised),
    ) {
        let text = match std::str::from_utf8(physical) {
            Ok(text) => Cow::Borrowed(text),
            // Slower, which is why it comes second.
            Err(_) => String::from_utf8_lossy(physical),
        };
        let text = outer::plain(text.trim_end_matches(['\r', '\n', '\0']));
        let text = if torn {
            text.trim_end_matches(|c: char| c.is_ascii_digit())
        } else {
            &text
        };
        let Some(wrap) = self.wrap else {
            self.line(text, take);
            return;
        };
        let number = self.number;
        let (first, whole) = match self.broken.take() {
            Some((first, begun))
                if prefix::goes_on(text) && begun.len() + text.len() <= JOINED_BYTES_MAX =>
            {
                (first, begun + wrap.rest(text))
            }
            before => {
                self.release(before, take);
                (number, text.to_owned())
            }
        };
        // In a log with stamps a line without one begins nothing that could have been broken, unless
        // it is a further line of a record.
        let begins = self.last.stamp.is_none()
            || whole.starts_with(' ')
            || prefix::strip(&whole).stamp.is_some();
        let broken = Some((first, whole));
        if wrap.full(physical) && begins {
            self.broken = broken;
        } else {
            self.release(broken, take);
        }
    }

    /// Reads a line that was put together, under the number of its first part.
    pub(super) fn release(
        &mut self,
        broken: Option<(u32, String)>,
        take: &mut dyn FnMut(&Line<'_>, Recognised),
    ) {
        if let Some((first, whole)) = broken {
            let number = std::mem::replace(&mut self.number, first);
            self.line(&whole, take);
            self.number = number;
        }
    }
}
