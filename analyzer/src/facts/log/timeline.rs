//! When the lines of one log were written, as far as its neighbours tell: the year that RFC 3164
//! leaves out, and the boot that a line belongs to.

use super::{line::Line, reader::Recognised};

pub(super) mod boots;
pub(super) mod years;

use boots::Boots;
use years::Years;

/// What the stamps of one log tell.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub(super) years: Years,
    pub(super) boots: Boots,
}

impl Timeline {
    /// Reads one record.
    pub(super) fn feed(&mut self, line: &Line<'_>, found: Recognised) {
        if found.stamped && line.stamp.is_some() {
            self.years.feed(line);
            self.boots.feed(line, found);
        }
    }
}
