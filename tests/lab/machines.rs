//! The table of machines that QEMU plays, and which program plays them.

use std::path::{Path, PathBuf};

use crate::archive::Archive;
use crate::shell::has;

/// One kind of machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// Name, as `collector/build-static.sh` has it.
    pub id: &'static str,
    /// Debian's name of the architecture.
    pub debian: &'static str,
    /// Debian release that serves a static busybox for it.
    pub busybox_release: &'static str,
    /// QEMU's program.
    pub program: &'static str,
    /// Debian package of that program.
    pub package: &'static str,
    /// Release whose QEMU is unpacked beside, where the installed one is too old for this machine.
    pub qemu_release: Option<&'static str>,
    /// Package and path of a firmware that the machine boots with.
    pub firmware: Option<(&'static str, &'static str)>,
    /// Kind of board and processor.
    pub arguments: &'static [&'static str],
    /// Where the kernel prints.
    pub console: &'static str,
    /// Added to the kernel's command line.
    pub cmdline: &'static str,
    /// Less RAM than this does not boot.
    pub memory_mib_min: u32,
    /// What time is in the guest.
    pub clock: Clock,
}

/// What time is in a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Time goes by instructions, four nanoseconds each, and jumps over idle time. A busy machine then
    /// changes nothing in the guest, and a sleep costs nothing.
    Instructions,
    /// This machine's time, where QEMU can't count the instructions of that processor.
    Host,
}

/// Every machine. All run by software emulation.
pub(crate) static MACHINES: &[Machine] = &[
    Machine {
        id: "x86_64",
        debian: "amd64",
        busybox_release: "bookworm",
        program: "qemu-system-x86_64",
        package: "qemu-system-x86",
        qemu_release: None,
        firmware: None,
        // Without -cx16 newer guests crash at random under QEMU 7.2.
        arguments: &["-M", "q35", "-cpu", "qemu64,-cx16"],
        console: "ttyS0",
        // The check for a working timer panics where emulation stalls.
        cmdline: "no_timer_check",
        memory_mib_min: 256,
        clock: Clock::Instructions,
    },
    Machine {
        id: "i686",
        debian: "i386",
        busybox_release: "bookworm",
        program: "qemu-system-i386",
        package: "qemu-system-x86",
        qemu_release: None,
        firmware: None,
        arguments: &["-M", "q35", "-cpu", "pentium3"],
        console: "ttyS0",
        cmdline: "no_timer_check",
        // High memory begins at about 880 MiB.
        memory_mib_min: 1024,
        clock: Clock::Instructions,
    },
    Machine {
        id: "aarch64",
        debian: "arm64",
        busybox_release: "bookworm",
        program: "qemu-system-aarch64",
        package: "qemu-system-arm",
        qemu_release: None,
        firmware: None,
        arguments: &["-M", "virt", "-cpu", "cortex-a57"],
        console: "ttyAMA0",
        cmdline: "",
        memory_mib_min: 256,
        clock: Clock::Instructions,
    },
    Machine {
        id: "riscv64",
        debian: "riscv64",
        busybox_release: "trixie",
        program: "qemu-system-riscv64",
        package: "qemu-system-misc",
        qemu_release: None,
        firmware: None,
        arguments: &["-M", "virt"],
        console: "ttyS0",
        cmdline: "",
        memory_mib_min: 320,
        clock: Clock::Instructions,
    },
    Machine {
        id: "loongarch64",
        debian: "loong64",
        busybox_release: "forky",
        program: "qemu-system-loongarch64",
        package: "qemu-system-misc",
        qemu_release: Some("bookworm-backports"),
        firmware: Some((
            "qemu-efi-loongarch64",
            "usr/share/qemu-efi-loongarch64/QEMU_EFI.fd",
        )),
        arguments: &["-M", "virt", "-cpu", "la464"],
        console: "ttyS0",
        cmdline: "",
        memory_mib_min: 1024,
        clock: Clock::Host,
    },
];

/// The row of that name.
pub(crate) fn machine(id: &str) -> Result<&'static Machine, String> {
    let found = MACHINES.iter().find(|machine| machine.id == id);
    found.ok_or_else(|| format!("no machine is called {id:?}"))
}

/// A QEMU that can play a machine.
#[derive(Debug, Clone)]
pub(crate) struct Emulator {
    /// Its program.
    pub program: PathBuf,
    /// Board, processor, clock, firmware.
    pub arguments: Vec<String>,
}

impl Machine {
    /// Finds the installed QEMU, or unpacks one below `cache`.
    pub(crate) fn emulator(&self, cache: &Path) -> Result<Emulator, String> {
        let mut arguments: Vec<String> = Vec::new();
        let mut push = |words: &[&str]| arguments.extend(words.iter().map(|w| (*w).to_owned()));
        push(&["-accel", "tcg"]);
        push(self.arguments);
        if self.clock == Clock::Instructions {
            push(&["-icount", "shift=2,sleep=off,align=off"]);
            push(&["-rtc", "base=utc,clock=vm"]);
        }
        let missing = format!(
            "{} is missing: apt-get install {}",
            self.program, self.package
        );
        let program = if let Some(release) = self.qemu_release {
            let root = cache.join("qemu").join(release);
            let archive = Archive::open(cache, release, "amd64")?;
            for package in [self.package, "qemu-system-common", "qemu-system-data"] {
                archive.unpack(package, &root)?;
            }
            push(&["-L", &root.join("usr/share/qemu").display().to_string()]);
            let program = root.join("usr/bin").join(self.program);
            // Its libraries are those of the installed one.
            crate::shell::said(std::process::Command::new(&program).arg("--version"))
                .map_err(|e| format!("{missing} (for its libraries): {e}"))?;
            program
        } else if has(self.program) {
            PathBuf::from(self.program)
        } else {
            return Err(missing);
        };
        if let Some((package, path)) = self.firmware {
            let root = cache.join("firmware");
            // Firmware is the same for every host architecture; trixie is the first to have it.
            Archive::open(cache, "trixie", "amd64")?.unpack(package, &root)?;
            let image = root.join(path).display().to_string();
            push(&[
                "-drive",
                &format!("if=pflash,format=raw,readonly=on,file={image}"),
            ]);
        }
        Ok(Emulator { program, arguments })
    }
}
