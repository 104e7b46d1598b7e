//! Made-up machines, and the real program run on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use oomscene_bundle::{Line, Reader};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_oomscene-collect");

pub(crate) fn collect(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

pub(crate) fn open(path: &Path) -> Reader {
    Reader::read(fs::File::open(path).unwrap()).unwrap()
}

pub(crate) fn lines<'a>(bundle: &'a Reader, item: &str) -> Vec<&'a Line> {
    bundle
        .ledger
        .iter()
        .filter(|line| line.item == item)
        .collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A made-up machine with a few processes and a cgroup v2 tree.
pub(crate) struct Machine {
    pub(crate) folder: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        machine.write("etc/hostname", "db7\n");
        machine.write("proc/meminfo", "MemTotal:       16384000 kB\n");
        machine.write("proc/sys/kernel/osrelease", "4.19.90-52.el7\n");
        machine.process(1, "systemd", "/sbin/init\0");
        machine.process(7, "a) b\n(c", "java\0-Xmx4g\0");
        machine.write("proc/7/environ", "HOME=/root\0API_TOKEN=hunter2\0GOGC=77\0");
        machine
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn process(&self, pid: u32, comm: &str, cmdline: &str) {
        let rest = "S 1 7 7 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 1 0 55 4096000 250 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";
        self.write(
            &format!("proc/{pid}/stat"),
            &format!("{pid} ({comm}) {rest}\n"),
        );
        self.write(&format!("proc/{pid}/comm"), &format!("{comm}\n"));
        self.write(&format!("proc/{pid}/oom_score"), "667\n");
        self.write(
            &format!("proc/{pid}/status"),
            &format!("Name:\t{comm}\nVmRSS:\t1000 kB\n"),
        );
        self.write(&format!("proc/{pid}/wchan"), "folio_wait_bit_common");
        self.write(&format!("proc/{pid}/cmdline"), cmdline);
    }

    /// A command line that never answers, as that of a process whose memory lock is stuck.
    pub(crate) fn stuck(&self, pid: u32) {
        self.process(pid, "stuck", "");
        fs::remove_file(self.path(&format!("proc/{pid}/cmdline"))).unwrap();
        let status = Command::new("mkfifo")
            .arg(self.path(&format!("proc/{pid}/cmdline")))
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub(crate) fn collect(&self, more: &[&str]) -> (Output, PathBuf) {
        let bundle = self.path("bundle.tar.gz");
        let root = self.folder.path().to_str().unwrap();
        let mut args = vec!["--root", root, "-o", bundle.to_str().unwrap()];
        args.extend(more);
        (collect(&args), bundle)
    }
}
