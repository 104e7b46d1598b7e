//! The table of kernels, and how they are fetched: Debian packages, unpacked beside, never installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::archive::{Archive, files};
use crate::machines::{Machine, machine};
use crate::scenario::Scenario;
use crate::shell::{output, said};

/// One kernel of the lab.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel {
    /// Name in the table and in scenarios.
    pub id: &'static str,
    /// The machine it runs on, a row of `machines.rs`.
    pub machine: &'static str,
    /// Debian release that serves it.
    pub release: &'static str,
    /// A package that depends on the kernel image.
    pub package: &'static str,
    /// Which scenarios are played on it, and when.
    pub plays: Plays,
}

/// How much is played on a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plays {
    /// Every scenario; those that are not marked long also in the short run.
    Always,
    /// Every scenario, in the long run.
    Long,
    /// The scenarios marked `every_machine`, in the long run.
    Basics,
}

/// Every kernel. Debian serves no older one.
pub(crate) const KERNELS: &[Kernel] = &[
    row(
        "5.10",
        "x86_64",
        "bullseye",
        "linux-image-cloud-amd64",
        Plays::Always,
    ),
    row(
        "6.1",
        "x86_64",
        "bookworm",
        "linux-image-cloud-amd64",
        Plays::Always,
    ),
    row(
        "6.12",
        "x86_64",
        "trixie",
        "linux-image-cloud-amd64",
        Plays::Long,
    ),
    row(
        "newest",
        "x86_64",
        "trixie-backports",
        "linux-image-cloud-amd64",
        Plays::Long,
    ),
    row(
        "i686",
        "i686",
        "bookworm",
        "linux-image-686-pae",
        Plays::Basics,
    ),
    row(
        "aarch64",
        "aarch64",
        "bookworm",
        "linux-image-cloud-arm64",
        Plays::Basics,
    ),
    row(
        "riscv64",
        "riscv64",
        "trixie",
        "linux-image-riscv64",
        Plays::Basics,
    ),
    row(
        "loongarch64",
        "loongarch64",
        "forky",
        "linux-image-loong64",
        Plays::Basics,
    ),
];

const fn row(
    id: &'static str,
    machine: &'static str,
    release: &'static str,
    package: &'static str,
    plays: Plays,
) -> Kernel {
    Kernel {
        id,
        machine,
        release,
        package,
        plays,
    }
}

impl Kernel {
    /// Whether that scenario is played on it.
    pub(crate) fn takes(&self, scenario: &Scenario) -> bool {
        scenario.runs_on(self.id) && (self.plays != Plays::Basics || scenario.every_machine)
    }
}

/// Modules that a guest may need; their dependencies come with them. What a kernel has built in is
/// not found and not missed.
const MODULES: &[&str] = &[
    "virtio_pci",
    "virtio_mmio",
    "virtio_blk",
    "zram",
    "lzo_rle",
    "loop",
    "crc32c_generic",
    "ext4",
    "ramoops",
];

/// An unpacked kernel.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    /// The row it came from.
    pub kernel: Kernel,
    /// Its machine.
    pub machine: &'static Machine,
    /// `vmlinuz`.
    pub image: PathBuf,
    /// Release as `uname -r` will say it.
    pub uname: String,
    /// Module files, uncompressed.
    pub modules: Vec<PathBuf>,
}

/// Gets a kernel into `cache`.
pub(crate) fn fetch(kernel: Kernel, cache: &Path) -> Result<Fetched, String> {
    let machine = machine(kernel.machine)?;
    let archive = Archive::open(cache, kernel.release, machine.debian)?;
    let image = archive
        .depends(kernel.package)?
        .into_iter()
        .find(|name| name.starts_with("linux-image-"))
        .ok_or_else(|| format!("{} depends on no kernel image", kernel.package))?;
    let root = cache
        .join("kernels")
        .join(format!("{image}-{}", machine.debian));
    archive.unpack(&image, &root)?;
    // Since 7.2 the image's package is empty and depends on the parts.
    for part in archive.depends(&image)? {
        if part.starts_with("linux-binary-") || part.starts_with("linux-modules-") {
            archive.unpack(&part, &root)?;
        }
    }
    let tree = module_tree(&root)?;
    let uname = tree
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let image = [root.join("boot"), tree.clone()]
        .iter()
        .flat_map(|folder| files(folder))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("vmlinu")
        })
        .ok_or_else(|| format!("{} holds no vmlinuz", root.display()))?;
    let modules = modules(&root, &tree)?;
    Ok(Fetched {
        kernel,
        machine,
        image,
        uname,
        modules,
    })
}

/// The folder of modules, named as the kernel's release.
fn module_tree(root: &Path) -> Result<PathBuf, String> {
    ["lib/modules", "usr/lib/modules"]
        .iter()
        .flat_map(|folder| files(&root.join(folder)))
        .find(|folder| folder.join("kernel").exists())
        .ok_or_else(|| format!("{} holds no modules", root.display()))
}

/// The wanted module files and what they depend on, uncompressed below `root`, in the order of loading.
fn modules(root: &Path, tree: &Path) -> Result<Vec<PathBuf>, String> {
    let plain = root.join("plain-modules");
    let list = plain.join("order");
    if !list.exists() {
        fs::create_dir_all(&plain).map_err(|e| e.to_string())?;
        let listed = said(Command::new("find").arg(tree).args(["-name", "*.ko*"]))?;
        let mut order = Vec::new();
        for name in MODULES {
            bring(name, &listed, &plain, &mut order)?;
        }
        fs::write(&list, order.join("\n")).map_err(|e| e.to_string())?;
    }
    let order = fs::read_to_string(&list).map_err(|e| format!("{}: {e}", list.display()))?;
    Ok(order.lines().map(|name| plain.join(name)).collect())
}

/// Writes a module below `plain`, after those it depends on.
fn bring(name: &str, listed: &str, plain: &Path, order: &mut Vec<String>) -> Result<(), String> {
    let file = format!("{name}.ko");
    let Some(path) = listed.lines().map(Path::new).find(|p| stem(p) == name) else {
        return Ok(());
    };
    if order.contains(&file) {
        return Ok(());
    }
    let bytes = uncompressed(path)?;
    for needed in dependencies(&bytes) {
        bring(&needed, listed, plain, order)?;
    }
    fs::write(plain.join(&file), bytes).map_err(|e| e.to_string())?;
    order.push(file);
    Ok(())
}

/// Name of a module as the kernel knows it.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split(".ko").next().unwrap_or_default();
    stem.replace('-', "_")
}

fn uncompressed(path: &Path) -> Result<Vec<u8>, String> {
    let packer = match path.extension().and_then(|e| e.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        _ => return fs::read(path).map_err(|e| format!("{}: {e}", path.display())),
    };
    output(Command::new(packer).arg("-dc").arg(path)).map(|out| out.stdout)
}

/// What a module says of itself: `depends=a,b` in its section of strings.
fn dependencies(module: &[u8]) -> Vec<String> {
    let strings = module.split(|byte| *byte == 0);
    let said = strings.filter_map(|word| word.strip_prefix(b"depends="));
    said.map(String::from_utf8_lossy)
        .flat_map(|list| {
            list.split(',')
                .filter(|name| !name.is_empty())
                .map(|name| name.replace('-', "_"))
                .collect::<Vec<_>>()
        })
        .collect()
}
