//! Builds and fetches the static programs of the guests, for each machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::archive::Archive;
use crate::machines::Machine;
use crate::shell::run;

/// Programs that go into every guest.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// The shipped static collector.
    pub collector: PathBuf,
    /// The helper that misbehaves.
    pub guest: PathBuf,
    /// A static busybox.
    pub busybox: PathBuf,
}

/// Programs for `machine`; Cargo's target folder is `target`.
pub(crate) fn programs(machine: &Machine, target: &Path, cache: &Path) -> Result<Programs, String> {
    let (collector, guest) = if machine.id == "x86_64" {
        native(target)?
    } else {
        foreign(machine, target)?
    };
    Ok(Programs {
        collector,
        guest,
        busybox: busybox(machine, cache)?,
    })
}

/// Built as the README says.
fn native(target: &Path) -> Result<(PathBuf, PathBuf), String> {
    let triple = "x86_64-unknown-linux-gnu";
    let built = target.join(triple).join("release");
    run(Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", triple])
        .args(["-p", "oomscene-collector", "--bin", "oomscene-collect"])
        .args(["-p", "oomscene-lab-guest", "--bin", "lab-guest"])
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    Ok((built.join("oomscene-collect"), built.join("lab-guest")))
}

/// Built by the script that builds what is shipped; it leaves alone what is up to date.
fn foreign(machine: &Machine, target: &Path) -> Result<(PathBuf, PathBuf), String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../collector/build-static.sh");
    run(Command::new(script)
        .args(["--lab", machine.id])
        .env("CARGO_TARGET_DIR", target))?;
    let built = |name: &str| target.join("static").join(format!("{name}-{}", machine.id));
    Ok((built("oomscene-collect"), built("lab-guest")))
}

fn busybox(machine: &Machine, cache: &Path) -> Result<PathBuf, String> {
    let root = cache.join("busybox").join(machine.id);
    Archive::open(cache, machine.busybox_release, machine.debian)?
        .unpack("busybox-static", &root)?;
    ["bin/busybox", "usr/bin/busybox"]
        .iter()
        .map(|path| root.join(path))
        .find(|path| path.exists())
        .ok_or_else(|| format!("busybox-static of {} holds no busybox", machine.debian))
}
