//! Boots one guest under QEMU (software emulation), waits for it to switch itself off, and unpacks what it left.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::kernels::{self, Fetched, Kernel};
use crate::machines::Emulator;
use crate::programs::{Programs, programs};
use crate::scenario::{Boots, Input, Scenario};
use crate::shell::{output, run};

/// A kernel that can be booted.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    /// The kernel.
    pub fetched: Fetched,
    /// The QEMU that plays its machine.
    pub emulator: Emulator,
    /// The part of the initramfs that all its scenarios share.
    pub base: PathBuf,
}

/// What is left when the guest is off.
#[derive(Debug)]
pub(crate) struct Left {
    /// Folder with what the guest put into `/out`.
    pub out: PathBuf,
    /// What it printed.
    pub console: PathBuf,
    /// From power on to power off.
    pub seconds: f64,
}

impl Ready {
    /// Gets everything that a guest with `kernel` needs.
    pub(crate) fn prepare(
        kernel: Kernel,
        target: &Path,
        cache: &Path,
        work: &Path,
    ) -> Result<Self, String> {
        let fetched = kernels::fetch(kernel, cache)?;
        let emulator = fetched.machine.emulator(cache)?;
        let programs = programs(fetched.machine, target, cache)?;
        let base = base_initramfs(&fetched, &programs, work)?;
        Ok(Self {
            fetched,
            emulator,
            base,
        })
    }
}

/// Makes a gzipped cpio archive of `folder`.
fn pack(folder: &Path, into: &Path) -> Result<(), String> {
    let line = "cd \"$0\" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1 >\"$1\"";
    run(Command::new("sh").args(["-c", line]).arg(folder).arg(into))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|e| format!("{} to {}: {e}", from.display(), to.display()))
}

/// The part of the initramfs that all scenarios on one kernel share.
fn base_initramfs(fetched: &Fetched, programs: &Programs, work: &Path) -> Result<PathBuf, String> {
    let root = work.join(format!("base-{}", fetched.kernel.id));
    // What an earlier kernel left must not be loaded.
    let _ = fs::remove_dir_all(&root);
    for folder in ["bin", "modules"] {
        fs::create_dir_all(root.join(folder)).map_err(|e| e.to_string())?;
    }
    copy(&programs.busybox, &root.join("bin/busybox"))?;
    copy(&programs.guest, &root.join("bin/lab-guest"))?;
    copy(&programs.collector, &root.join("bin/oomscene-collect"))?;
    // The guest loads them in the order of their names.
    for (index, module) in fetched.modules.iter().enumerate() {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        copy(module, &root.join(format!("modules/{index:02}-{name}")))?;
    }
    let init = root.join("init");
    fs::write(&init, include_str!("init.sh")).map_err(|e| e.to_string())?;
    run(Command::new("chmod").arg("755").arg(&init))?;
    let archive = work.join(format!("base-{}.cpio.gz", fetched.kernel.id));
    pack(&root, &archive)?;
    Ok(archive)
}

/// Plays `scenario` below `work`.
pub(crate) fn play(
    scenario: &Scenario,
    ready: &Ready,
    extra: Option<&Path>,
    work: &Path,
) -> Result<Left, String> {
    let Ready {
        fetched,
        emulator,
        base,
    } = ready;
    let own = work.join(format!("{}-{}", scenario.name, fetched.kernel.id));
    // What an earlier run left must not be judged.
    let _ = fs::remove_dir_all(&own);
    let root = extra.map_or_else(|| own.join("root"), |extra| extra.join(&scenario.name));
    fs::create_dir_all(&root)
        .and_then(|()| fs::create_dir_all(&own))
        .map_err(|e| e.to_string())?;
    fs::write(root.join("scenario.sh"), &scenario.guest).map_err(|e| e.to_string())?;
    let part = own.join("scenario.cpio.gz");
    pack(&root, &part)?;
    let initramfs = own.join("initramfs");
    let mut joined = fs::File::create(&initramfs).map_err(|e| e.to_string())?;
    for piece in [base, &part] {
        let mut bytes = fs::read(piece).map_err(|e| e.to_string())?;
        // The kernel looks for the next archive at a multiple of four.
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        joined.write_all(&bytes).map_err(|e| e.to_string())?;
    }
    drop(joined);
    let (disk, console) = (own.join("disk.img"), own.join("console.txt"));
    let file = fs::File::create(&disk).map_err(|e| e.to_string())?;
    file.set_len(64 * 1024 * 1024).map_err(|e| e.to_string())?;
    let began = Instant::now();
    let child = qemu(scenario, fetched, emulator, &initramfs, &disk, &console)
        .spawn()
        .map_err(|e| format!("{} cannot be started: {e}", emulator.program.display()))?;
    wait(child, began, scenario.seconds_max, &console)?;
    let seconds = began.elapsed().as_secs_f64();
    let out = own.join("out");
    fs::create_dir_all(&out).map_err(|e| e.to_string())?;
    // A guest that panicked has written nothing: tar then finds an empty archive.
    output(
        Command::new("tar")
            .arg("-xf")
            .arg(&disk)
            .arg("-C")
            .arg(&out),
    )
    .map(|_| ())
    .or_else(|e| match scenario.input {
        Input::Console => Ok(()),
        Input::Bundle | Input::Torn => Err(e),
    })?;
    for spent in [&disk, &initramfs, &part] {
        fs::remove_file(spent).map_err(|e| e.to_string())?;
    }
    Ok(Left {
        out,
        console,
        seconds,
    })
}

/// Waits until the guest is off, or ends it.
fn wait(mut child: Child, began: Instant, seconds_max: u64, console: &Path) -> Result<(), String> {
    let deadline = began + Duration::from_secs(seconds_max);
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("QEMU ended with {status}")),
            None if Instant::now() > deadline => break,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    // Already gone is fine.
    let _ = child.kill();
    let _ = child.wait();
    Err(format!(
        "not off after {seconds_max} s; see {}",
        console.display()
    ))
}

fn qemu(
    scenario: &Scenario,
    fetched: &Fetched,
    emulator: &Emulator,
    initramfs: &Path,
    disk: &Path,
    console: &Path,
) -> Command {
    let machine = fetched.machine;
    let mut command = Command::new(&emulator.program);
    command.args(&emulator.arguments);
    command.args(["-smp", "1", "-nodefaults", "-display", "none"]);
    if scenario.boots == Boots::Once {
        command.arg("-no-reboot");
    }
    let memory_mib = scenario.memory_mib.max(machine.memory_mib_min);
    command.arg("-m").arg(memory_mib.to_string());
    for node in 0..scenario.numa_nodes {
        let mib = memory_mib / scenario.numa_nodes;
        let cpus = if node == 0 { ",cpus=0" } else { "" };
        command
            .arg("-object")
            .arg(format!("memory-backend-ram,id=node{node},size={mib}M"));
        command
            .arg("-numa")
            .arg(format!("node,nodeid={node},memdev=node{node}{cpus}"));
    }
    command
        .arg("-kernel")
        .arg(&fetched.image)
        .arg("-initrd")
        .arg(initramfs);
    // Self-tests of ciphers take more time than the rest of the boot.
    command.arg("-append").arg(format!(
        "console={} quiet panic=-1 cryptomgr.notests {} {}",
        machine.console, machine.cmdline, scenario.cmdline
    ));
    command
        .arg("-serial")
        .arg(format!("file:{}", console.display()));
    command
        .arg("-drive")
        .arg(format!("file={},if=virtio,format=raw", disk.display()));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
