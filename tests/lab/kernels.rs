//! The table of kernels, and how they are fetched: Debian packages, unpacked beside, never installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{run, said};

/// One kernel of the lab.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel {
    /// Name in the table and in scenarios.
    pub id: &'static str,
    /// Debian release that serves it.
    pub release: &'static str,
    /// A package that depends on the kernel image.
    pub package: &'static str,
    /// Played in the short run.
    pub short: bool,
}

/// Every kernel. Debian serves no older one.
pub(crate) const KERNELS: &[Kernel] = &[
    Kernel {
        id: "5.10",
        release: "bullseye",
        package: "linux-image-cloud-amd64",
        short: true,
    },
    Kernel {
        id: "6.1",
        release: "bookworm",
        package: "linux-image-cloud-amd64",
        short: true,
    },
    Kernel {
        id: "6.12",
        release: "trixie",
        package: "linux-image-cloud-amd64",
        short: false,
    },
    Kernel {
        id: "newest",
        release: "trixie-backports",
        package: "linux-image-cloud-amd64",
        short: false,
    },
];

/// Modules that a guest may need; what a kernel has built in is not found and not missed.
pub(crate) const MODULES: &[&str] = &[
    "virtio",
    "virtio_ring",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_blk",
    "zsmalloc",
    "lzo_compress",
    "lzo_decompress",
    "lzo",
    "lzo-rle",
    "lz4_compress",
    "lz4",
    "zram",
    "loop",
    "crc16",
    "crc32c_generic",
    "libcrc32c",
    "mbcache",
    "jbd2",
    "ext4",
];

/// An unpacked kernel.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    /// The row it came from.
    pub kernel: Kernel,
    /// `vmlinuz`.
    pub image: PathBuf,
    /// Release as `uname -r` will say it.
    pub uname: String,
    /// Module files, uncompressed.
    pub modules: Vec<PathBuf>,
}

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A private package list, so that this machine's own is not touched.
pub(crate) struct Archive {
    root: PathBuf,
}

impl Archive {
    /// Prepares package lists for `releases` below `cache`.
    pub(crate) fn open(cache: &Path, release: &str) -> Result<Self, String> {
        let root = cache.join("apt").join(release);
        for folder in ["lists/partial", "archives/partial", "dpkg"] {
            fs::create_dir_all(root.join(folder))
                .map_err(|e| format!("{}: {e}", root.display()))?;
        }
        let write = |name: &str, text: &str| {
            fs::write(root.join(name), text).map_err(|e| format!("{name}: {e}"))
        };
        write("dpkg/status", "")?;
        let mirror = "http://deb.debian.org/debian";
        write(
            "sources.list",
            &format!("deb [signed-by={KEYRING}] {mirror} {release} main\n"),
        )?;
        let archive = Self { root };
        if !archive.root.join("updated").exists() {
            run(archive.apt("apt-get").args(["update", "-qq"]))?;
            write_stamp(&archive.root.join("updated"))?;
        }
        Ok(archive)
    }

    fn apt(&self, program: &str) -> Command {
        let at = |name: &str| self.root.join(name).display().to_string();
        let mut command = Command::new(program);
        for option in [
            format!("Dir::Etc::sourcelist={}", at("sources.list")),
            "Dir::Etc::sourceparts=-".to_owned(),
            format!("Dir::State::lists={}", at("lists")),
            format!("Dir::Cache={}", at("")),
            format!("Dir::State::status={}", at("dpkg/status")),
            "Acquire::Check-Valid-Until=false".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }

    /// Downloads and unpacks `package` below `into`; does nothing when that was done before.
    pub(crate) fn unpack(&self, package: &str, into: &Path) -> Result<(), String> {
        let done = into.join(".unpacked");
        if done.exists() {
            return Ok(());
        }
        fs::create_dir_all(into).map_err(|e| format!("{}: {e}", into.display()))?;
        run(self
            .apt("apt-get")
            .current_dir(into)
            .args(["download", "-qq", package]))?;
        for file in files(into)
            .iter()
            .filter(|path| path.extension().is_some_and(|e| e == "deb"))
        {
            run(Command::new("dpkg").arg("-x").arg(file).arg(into))?;
            fs::remove_file(file).map_err(|e| e.to_string())?;
        }
        write_stamp(&done)
    }

    /// The package that the meta-package stands for today.
    fn image_package(&self, meta: &str) -> Result<String, String> {
        let listed = said(self.apt("apt-cache").args(["depends", meta]))?;
        listed
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "))
            .find(|name| name.starts_with("linux-image-"))
            .map(str::to_owned)
            .ok_or_else(|| format!("{meta} depends on no kernel image: {listed}"))
    }
}

fn write_stamp(path: &Path) -> Result<(), String> {
    fs::write(path, "").map_err(|e| format!("{}: {e}", path.display()))
}

/// Files directly in `folder`, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    found.sort();
    found
}

/// Gets a kernel into `cache`.
pub(crate) fn fetch(kernel: Kernel, cache: &Path) -> Result<Fetched, String> {
    let archive = Archive::open(cache, kernel.release)?;
    let package = archive.image_package(kernel.package)?;
    let root = cache.join("kernels").join(&package);
    archive.unpack(&package, &root)?;
    let boot = files(&root.join("boot"));
    let image = boot
        .iter()
        .find(|path| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with("vmlinuz-"))
        })
        .ok_or_else(|| format!("{package} holds no vmlinuz"))?;
    let uname = image
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replacen("vmlinuz-", "", 1);
    let modules = modules(&root, &uname)?;
    Ok(Fetched {
        kernel,
        image: image.clone(),
        uname,
        modules,
    })
}

/// The wanted module files, uncompressed in place.
fn modules(root: &Path, uname: &str) -> Result<Vec<PathBuf>, String> {
    let plain = root.join("plain-modules");
    if !plain.join(".done").exists() {
        fs::create_dir_all(&plain).map_err(|e| e.to_string())?;
        let tree = [root.join("lib/modules"), root.join("usr/lib/modules")];
        let tree = tree.iter().map(|t| t.join(uname)).find(|t| t.exists());
        let tree = tree.ok_or_else(|| format!("{} holds no modules of {uname}", root.display()))?;
        let listed = said(Command::new("find").arg(&tree).args(["-name", "*.ko*"]))?;
        for path in listed.lines().map(Path::new) {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let Some((stem, _)) = name.split_once(".ko") else {
                continue;
            };
            if !MODULES.contains(&stem) {
                continue;
            }
            let target = plain.join(format!("{stem}.ko"));
            if name.ends_with(".xz") {
                let bytes = said_bytes(Command::new("xz").arg("-dc").arg(path))?;
                fs::write(&target, bytes).map_err(|e| e.to_string())?;
            } else {
                fs::copy(path, &target).map_err(|e| e.to_string())?;
            }
        }
        write_stamp(&plain.join(".done"))?;
    }
    Ok(files(&plain)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "ko"))
        .collect())
}

fn said_bytes(command: &mut Command) -> Result<Vec<u8>, String> {
    crate::shell::output(command).map(|out| out.stdout)
}
