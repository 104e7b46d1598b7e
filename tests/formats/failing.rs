//! Cells that the parser is known to read wrong. A row that holds no more makes the test fail.

use crate::generator::Cell;

/// One known failure; an empty part stands for any.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) era: &'static str,
    pub(crate) scene: &'static str,
    pub(crate) carrier: &'static str,
    /// Name of the fact, or `events` when there is not one event.
    pub(crate) path: &'static str,
}

impl Row {
    pub(crate) fn covers(&self, cell: Cell, carrier: &str, path: &str) -> bool {
        let fits = |want: &str, have: &str| want.is_empty() || want == have;
        fits(self.era, cell.era.name)
            && fits(self.scene, &format!("{:?}", cell.scene))
            && fits(self.carrier, carrier)
            && fits(self.path, path)
    }
}

pub(crate) const KNOWN: &[Row] = &[];
