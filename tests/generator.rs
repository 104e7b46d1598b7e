//! One made-up OOM, printed as each kernel generation prints it and carried as each log carries it.
//!
//! The line forms follow the kernel sources named by release in the reference of log formats:
//! `mm/oom_kill.c`, `mm/memcontrol.c`, `mm/page_alloc.c` and `lib/show_mem.c`.

pub(crate) mod carrier;
pub(crate) mod era;
pub(crate) mod habits;
mod memcg;
mod memory;
pub(crate) mod model;
mod report;

pub(crate) use era::ERAS;
pub(crate) use model::{Oom, Scene};
pub(crate) use report::{records, score};

/// One cell of the matrix.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) era: &'static era::Era,
    pub(crate) scene: Scene,
    pub(crate) page_kib: u64,
}

impl Cell {
    pub(crate) fn name(self) -> String {
        format!("{} {:?} {} KiB", self.era.name, self.scene, self.page_kib)
    }
}

/// Every carrier.
pub(crate) fn carriers() -> impl Iterator<Item = &'static carrier::Carrier> {
    carrier::CARRIERS.iter().chain(habits::CARRIERS)
}

/// Every cell that a kernel could have printed.
pub(crate) fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for era in ERAS {
        for scene in [Scene::Global, Scene::Cpuset, Scene::MemcgV1, Scene::MemcgV2] {
            for page_kib in [4, 16, 64] {
                if era.prints(scene) {
                    cells.push(Cell {
                        era,
                        scene,
                        page_kib,
                    });
                }
            }
        }
    }
    cells
}
