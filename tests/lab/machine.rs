//! Boots one guest under QEMU (software emulation), waits for it to switch itself off, and unpacks what it left.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::kernels::Fetched;
use crate::scenario::Scenario;
use crate::shell::{output, run};

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
pub(crate) fn base_initramfs(
    fetched: &Fetched,
    programs: &Programs,
    work: &Path,
) -> Result<PathBuf, String> {
    let root = work.join(format!("base-{}", fetched.kernel.id));
    for folder in ["bin", "modules"] {
        fs::create_dir_all(root.join(folder)).map_err(|e| e.to_string())?;
    }
    copy(&programs.busybox, &root.join("bin/busybox"))?;
    copy(&programs.guest, &root.join("bin/lab-guest"))?;
    copy(&programs.collector, &root.join("bin/oomscene-collect"))?;
    for module in &fetched.modules {
        copy(
            module,
            &root
                .join("modules")
                .join(module.file_name().unwrap_or_default()),
        )?;
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
    fetched: &Fetched,
    base: &Path,
    extra: Option<&Path>,
    work: &Path,
) -> Result<Left, String> {
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
    let mut child = qemu(scenario, fetched, &initramfs, &disk, &console)
        .spawn()
        .map_err(|e| format!("qemu-system-x86_64 cannot be started: {e}"))?;
    let deadline = began + Duration::from_secs(scenario.seconds_max);
    let ended = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(_) => break true,
            None if Instant::now() > deadline => break false,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    if !ended {
        // Already gone is fine.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!(
            "not off after {} s; see {}",
            scenario.seconds_max,
            console.display()
        ));
    }
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
    .or_else(|e| {
        if scenario.input == crate::scenario::Input::Console {
            Ok(())
        } else {
            Err(e)
        }
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

fn qemu(
    scenario: &Scenario,
    fetched: &Fetched,
    initramfs: &Path,
    disk: &Path,
    console: &Path,
) -> Command {
    let mut command = Command::new("qemu-system-x86_64");
    // Without -cx16 newer guests crash at random under QEMU 7.2.
    command.args([
        "-M",
        "q35",
        "-accel",
        "tcg",
        "-cpu",
        "qemu64,-cx16",
        "-smp",
        "1",
    ]);
    command
        .args(["-nodefaults", "-display", "none", "-no-reboot", "-m"])
        .arg(scenario.memory_mib.to_string());
    command
        .arg("-kernel")
        .arg(&fetched.image)
        .arg("-initrd")
        .arg(initramfs);
    command
        .arg("-append")
        .arg(format!("console=ttyS0 quiet panic=-1 {}", scenario.cmdline));
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
