//! Debian's archive: packages are downloaded and unpacked beside, never installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{run, said};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A private package list of one release and architecture, so that this machine's own is not touched.
pub(crate) struct Archive {
    root: PathBuf,
    architecture: String,
}

impl Archive {
    /// Prepares the package list of `release` for `architecture` below `cache`.
    pub(crate) fn open(cache: &Path, release: &str, architecture: &str) -> Result<Self, String> {
        let root = cache.join("apt").join(format!("{release}-{architecture}"));
        for folder in ["lists/partial", "archives/partial", "dpkg"] {
            fs::create_dir_all(root.join(folder))
                .map_err(|e| format!("{}: {e}", root.display()))?;
        }
        let write = |name: &str, text: &str| {
            fs::write(root.join(name), text).map_err(|e| format!("{name}: {e}"))
        };
        write("dpkg/status", "")?;
        let mirror = "http://deb.debian.org/debian";
        let options = format!("arch={architecture} signed-by={KEYRING}");
        write(
            "sources.list",
            &format!("deb [{options}] {mirror} {release} main\n"),
        )?;
        let archive = Self {
            root,
            architecture: architecture.to_owned(),
        };
        if !archive.root.join("updated").exists() {
            run(archive.apt("apt-get").args(["update", "-qq"])).map_err(|e| {
                format!("no package list of Debian {release} ({architecture}): {e}")
            })?;
            stamp(&archive.root.join("updated"))?;
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
            format!("APT::Architecture={}", self.architecture),
            format!("APT::Architectures={}", self.architecture),
            // A list may have expired when a release is no longer worked on every day.
            "Acquire::Check-Valid-Until=false".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }

    /// Downloads and unpacks `package` below `into`; does nothing when that was done before.
    pub(crate) fn unpack(&self, package: &str, into: &Path) -> Result<(), String> {
        let done = into.join(format!(".unpacked-{package}"));
        if done.exists() {
            return Ok(());
        }
        fs::create_dir_all(into).map_err(|e| format!("{}: {e}", into.display()))?;
        run(self
            .apt("apt-get")
            .current_dir(into)
            .args(["download", "-qq", package]))
        .map_err(|e| format!("{package} cannot be had: {e}"))?;
        let packed = |path: &&PathBuf| path.extension().is_some_and(|e| e == "deb");
        for file in files(into).iter().filter(packed) {
            run(Command::new("dpkg").arg("-x").arg(file).arg(into))?;
            fs::remove_file(file).map_err(|e| e.to_string())?;
        }
        stamp(&done)
    }

    /// Packages that `package` depends on, first choices only.
    pub(crate) fn depends(&self, package: &str) -> Result<Vec<String>, String> {
        let listed = said(self.apt("apt-cache").args(["depends", package]))?;
        Ok(listed
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "))
            .map(str::to_owned)
            .collect())
    }
}

/// An empty file that says that a step is done.
pub(crate) fn stamp(path: &Path) -> Result<(), String> {
    fs::write(path, "").map_err(|e| format!("{}: {e}", path.display()))
}

/// What lies directly in `folder`, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = listed.map(|entry| entry.path()).collect();
    found.sort();
    found
}
