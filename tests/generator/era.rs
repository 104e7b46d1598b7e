//! Kernel generations: which lines a release prints, and in which form.

use super::Scene;

/// A release, by the number that orders it: 3.10 is 310, 6.12 is 612, 2.6.32 is 206.
pub(crate) struct Era {
    pub(crate) name: &'static str,
    pub(crate) release: &'static str,
    pub(crate) version: u32,
    /// Enterprise Linux major version with backported forms; 0 for the kernel as released.
    pub(crate) el: u8,
}

const fn era(name: &'static str, release: &'static str, version: u32, el: u8) -> Era {
    Era {
        name,
        release,
        version,
        el,
    }
}

pub(crate) const ERAS: &[Era] = &[
    era("2.6.32", "2.6.32-5", 206, 0),
    era("el6", "2.6.32-754.el6", 207, 6),
    era("3.10", "3.10.108", 310, 0),
    era("el7", "3.10.0-1160.el7", 310, 7),
    era("4.4", "4.4.0-210-generic", 404, 0),
    era("4.9", "4.9.0-19", 409, 0),
    era("4.14", "4.14.336", 414, 0),
    era("el8", "4.18.0-240.el8", 418, 8),
    era("4.19", "4.19.0-26", 419, 0),
    era("5.0", "5.0.21", 500, 0),
    era("5.4", "5.4.0-150-generic", 504, 0),
    era("5.10", "5.10.0-28", 510, 0),
    era("5.15", "5.15.0-100-generic", 515, 0),
    era("6.1", "6.1.0-18", 601, 0),
    era("6.6", "6.6.30", 606, 0),
    era("6.8", "6.8.0-31-generic", 608, 0),
    era("6.12", "6.12.9", 612, 0),
];

impl Era {
    /// From this release on, or Enterprise Linux 8, which took the forms of 5.0 to 5.3 over.
    pub(crate) const fn since(&self, version: u32) -> bool {
        self.version >= version
    }

    /// `oom-kill:` line, no cpuset line.
    pub(crate) const fn has_summary(&self) -> bool {
        self.since(500) || self.el == 8
    }

    /// `MSG: Killed process` on one line.
    pub(crate) const fn kills_in_one_line(&self) -> bool {
        self.since(501) || self.el == 8
    }

    /// Statistics of the cgroup in bytes, one key a line.
    pub(crate) const fn stats_in_bytes(&self) -> bool {
        self.since(503) || self.el == 8
    }

    /// Names of allocation flags behind the mask.
    pub(crate) const fn names_flags(&self) -> bool {
        self.since(406)
    }

    /// Sizes in the kill line.
    pub(crate) const fn kill_has_sizes(&self) -> bool {
        self.since(207)
    }

    pub(crate) const fn kill_has_shmem(&self) -> bool {
        self.since(406) || self.el == 7
    }

    pub(crate) const fn reaps(&self) -> bool {
        self.since(406)
    }

    /// Swap column of the task table.
    pub(crate) const fn table_has_swap(&self) -> bool {
        self.since(310)
    }

    pub(crate) fn prints(&self, scene: Scene) -> bool {
        match scene {
            Scene::Global | Scene::MemcgV1 => true,
            // Older kernels do not say that a cpuset limited the request.
            Scene::Cpuset => self.has_summary(),
            Scene::MemcgV2 => self.stats_in_bytes(),
        }
    }
}
