//! What unit files say about memory: read as files, because systemd may not answer.

use std::fmt::Write as _;

use crate::capture::glob;
use crate::item::{Found, Made};
use crate::visit::Visit;

/// Folders of unit files, in the order in which they override each other.
const FOLDERS: &[&str] = &[
    "etc/systemd/system",
    "run/systemd/system",
    "run/systemd/transient",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];
/// Most unit files and drop-ins.
const FILES_MAX: usize = 3000;
/// Settings that decide about memory; a `*` stands for any text.
const SETTINGS: &[&str] = &[
    "OOMScoreAdjust",
    "OOMPolicy",
    "MemoryMin",
    "MemoryLow",
    "MemoryHigh",
    "MemoryMax",
    "MemorySwap*",
    "MemoryLimit",
    "MemoryAccounting",
    "MemoryZSwap*",
    "MemoryPressure*",
    "DefaultMemory*",
    "StartupMemory*",
    "ManagedOOM*",
    "Tasks*",
    "DefaultTasks*",
    "Slice",
    "LimitAS",
    "LimitRSS",
    "LimitDATA",
    "LimitNPROC",
    "LimitNOFILE",
    "LimitMEMLOCK",
    "LimitSTACK",
    "LimitCORE",
    "DefaultLimit*",
    "DefaultOOMPolicy",
    "Restart",
    "RestartSec",
    "Delegate",
    "ExecStart",
    "AllowedMemoryNodes",
    "NUMAPolicy",
    "NUMAMask",
];

/// All unit files and drop-ins.
pub fn files(visit: &mut Visit) -> Found {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        // On a merged /usr the last one is the same folder again.
        if *folder == "lib/systemd/system" && visit.host.link("lib").is_some() {
            continue;
        }
        for kind in ["service", "slice", "scope"] {
            for pattern in [
                format!("{folder}/*.{kind}"),
                format!("{folder}/*.{kind}.d/*.conf"),
            ] {
                paths.extend(glob::expand(&visit.host, &pattern, FILES_MAX).paths);
            }
        }
    }
    paths.truncate(FILES_MAX);
    Found {
        paths,
        walked_bytes: None,
        left_out: Vec::new(),
        nothing: "no systemd unit files here".to_owned(),
    }
}

/// The lines that decide about memory, each group below its section. Empty when only the command
/// line would remain.
#[must_use]
pub fn settings(unit: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(unit);
    let mut out = String::new();
    let mut section = "";
    let mut decides = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim();
        if line.starts_with(['#', ';'])
            || !SETTINGS.iter().any(|pattern| glob::is_match(pattern, name))
        {
            continue;
        }
        if !section.is_empty() {
            out.push_str(section);
            out.push('\n');
            section = "";
        }
        let is_command = name == "ExecStart";
        decides |= !is_command && !matches!(name, "Restart" | "RestartSec" | "Slice" | "Delegate");
        // Only the program: arguments may hold secrets.
        let value = if is_command {
            value.split_whitespace().next().unwrap_or_default()
        } else {
            value.trim()
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name}={value}");
    }
    if decides {
        out.into_bytes()
    } else {
        Vec::new()
    }
}

/// `scene/systemd/wants.txt`: links in `*.wants` and `*.requires`, which say what starts at boot.
pub fn wanted(visit: &mut Visit) -> Vec<Made> {
    let mut text = String::new();
    for folder in ["etc/systemd/system", "usr/lib/systemd/system"] {
        for kind in ["wants", "requires"] {
            for path in glob::expand(&visit.host, &format!("{folder}/*.{kind}/*"), FILES_MAX).paths
            {
                let target = visit.host.link(&path).unwrap_or_default();
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{path} -> {target}");
            }
        }
    }
    if text.is_empty() {
        return vec![Made::missing(
            "scene/systemd/wants.txt",
            oomscene_bundle::Outcome::Absent,
            "no systemd unit links here",
        )];
    }
    vec![Made::captured("scene/systemd/wants.txt", text.into_bytes())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_memory_settings_pass() {
        let unit = b"[Unit]\nDescription=x\n[Service]\nExecStart=/usr/bin/db --password=x\nMemoryMax=1G\n# OOMPolicy=kill\nEnvironment=TOKEN=x\n";
        assert_eq!(
            settings(unit),
            b"[Service]\nExecStart=/usr/bin/db\nMemoryMax=1G\n"
        );
        assert_eq!(
            settings(b"[Service]\nExecStart=/bin/true\nRestart=no\n"),
            b""
        );
    }
}
