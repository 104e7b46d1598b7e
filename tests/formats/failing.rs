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

pub(crate) const KNOWN: &[Row] = &[
    // Neither form of `journalctl -o` is recognised.
    Row {
        era: "",
        scene: "",
        carrier: "journal json",
        path: "",
    },
    Row {
        era: "",
        scene: "",
        carrier: "journal export",
        path: "",
    },
    // Since 6.5 the statistics of v1 have their own keys: the group's own value is read, not `total_shmem`.
    Row {
        era: "6.6",
        scene: "MemcgV1",
        carrier: "",
        path: "memcg.shmem_bytes",
    },
    Row {
        era: "6.8",
        scene: "MemcgV1",
        carrier: "",
        path: "memcg.shmem_bytes",
    },
    Row {
        era: "6.12",
        scene: "MemcgV1",
        carrier: "",
        path: "memcg.shmem_bytes",
    },
];
