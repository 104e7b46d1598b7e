//! What happened, in bytes: every size is a multiple of 64 KiB, so that each page size can count it.

/// Which memory ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    Global,
    Cpuset,
    MemcgV1,
    MemcgV2,
}

impl Scene {
    pub(crate) const fn is_memcg(self) -> bool {
        matches!(self, Self::MemcgV1 | Self::MemcgV2)
    }
}

/// A process in the table; sizes in units of 64 KiB.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) pid: u64,
    pub(crate) uid: u64,
    pub(crate) comm: &'static str,
    pub(crate) adj: i64,
    pub(crate) vm: u64,
    pub(crate) anon: u64,
    pub(crate) file: u64,
    pub(crate) shmem: u64,
    pub(crate) swap: u64,
}

impl Task {
    pub(crate) const fn rss(&self) -> u64 {
        self.anon + self.file + self.shmem
    }
}

/// One OOM; sizes in units of 64 KiB.
#[derive(Debug, Clone)]
pub(crate) struct Oom {
    pub(crate) invoker: &'static str,
    pub(crate) invoker_pid: u64,
    pub(crate) invoker_adj: i64,
    pub(crate) order: u32,
    pub(crate) victim: Task,
    pub(crate) others: Vec<Task>,
    pub(crate) limit: u64,
    pub(crate) usage: u64,
    pub(crate) failcnt: u64,
    pub(crate) limit_path: &'static str,
    pub(crate) task_path: &'static str,
    pub(crate) memcg_file: u64,
    pub(crate) memcg_shmem: u64,
    pub(crate) active_anon: u64,
    pub(crate) inactive_anon: u64,
    pub(crate) active_file: u64,
    pub(crate) inactive_file: u64,
    pub(crate) free: u64,
    pub(crate) min: u64,
    pub(crate) slab_reclaimable: u64,
    pub(crate) slab_unreclaimable: u64,
    pub(crate) shmem: u64,
    pub(crate) page_tables: u64,
    pub(crate) ram: u64,
    pub(crate) reserved: u64,
    pub(crate) swap_total: u64,
    pub(crate) swap_free: u64,
}

/// The unit of all sizes here, in bytes.
pub(crate) const UNIT_BYTES: u64 = 64 * 1024;
/// The same in the kernel's kB.
pub(crate) const UNIT_KB: u64 = 64;

const fn task(pid: u64, uid: u64, comm: &'static str, adj: i64, sizes: [u64; 5]) -> Task {
    let [vm, anon, file, shmem, swap] = sizes;
    Task {
        pid,
        uid,
        comm,
        adj,
        vm,
        anon,
        file,
        shmem,
        swap,
    }
}

impl Oom {
    /// The first of two OOMs that no number is shared by.
    pub(crate) fn first() -> Self {
        Self {
            invoker: "Signal Dispatch",
            invoker_pid: 4711,
            invoker_adj: 0,
            order: 0,
            victim: task(
                4709,
                1001,
                "C1 CompilerThre",
                300,
                [183_105, 111_023, 61, 23, 6_409],
            ),
            others: vec![
                task(612, 0, "sshd", -1000, [427, 11, 13, 0, 3]),
                task(1822, 0, "(sd-pam)", 0, [1_373, 17, 19, 0, 7]),
                task(30_011, 33, "Web Content", 7, [2_011, 211, 29, 5, 9]),
                task(30_013, 33, "a] b) c", 7, [2_017, 223, 31, 0, 0]),
            ],
            limit: 131_072,
            usage: 131_071,
            failcnt: 434_715,
            limit_path: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod089f25ee_a41a_414c_a028_71a38dfb30d3.slice",
            task_path: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod089f25ee_a41a_414c_a028_71a38dfb30d3.slice/cri-containerd-c3f1de0d0969e5d3c6758d2e59be98d4dc8ba0367af77f52b09d15225139c74f.scope",
            memcg_file: 19_937,
            memcg_shmem: 23,
            active_anon: 109_253,
            inactive_anon: 7_351,
            active_file: 37,
            inactive_file: 41,
            free: 1_235,
            min: 4_096,
            slab_reclaimable: 550,
            slab_unreclaimable: 1_037,
            shmem: 367,
            page_tables: 551,
            ram: 125_003,
            reserved: 3_174,
            swap_total: 32_768,
            swap_free: 43,
        }
    }

    /// The second: other processes, other sizes.
    pub(crate) fn second() -> Self {
        Self {
            invoker: "postgres",
            invoker_pid: 88_123,
            invoker_adj: 17,
            victim: task(
                88_001,
                26,
                "postgres: wal w",
                41,
                [90_017, 70_001, 71, 29, 5_003],
            ),
            others: vec![
                task(91_001, 0, "crond", 0, [1_031, 37, 43, 0, 11]),
                task(91_003, 0, "auditd", -1000, [1_033, 47, 53, 0, 12]),
            ],
            limit: 90_112,
            usage: 90_109,
            failcnt: 97_021,
            memcg_file: 9_973,
            memcg_shmem: 29,
            active_anon: 83_207,
            inactive_anon: 5_113,
            active_file: 59,
            inactive_file: 67,
            free: 2_203,
            min: 5_003,
            slab_reclaimable: 660,
            slab_unreclaimable: 2_039,
            shmem: 479,
            page_tables: 661,
            ram: 130_003,
            reserved: 2_003,
            swap_total: 40_960,
            swap_free: 73,
            ..Self::first()
        }
    }

    pub(crate) fn tasks(&self) -> Vec<&Task> {
        self.others.iter().chain([&self.victim]).collect()
    }
}
