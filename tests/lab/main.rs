//! The lab: real kernels in QEMU really run out of memory, the shipped collector runs inside, the analyser judges outside.
//!
//! `cargo test --test lab` plays the short set, `cargo test --test lab -- --long` every kernel; other
//! words are filters on scenario or kernel names. Packages: qemu-system-x86 busybox-static cpio xz-utils.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test target: reads its own files, prints a table; JSON values are indexed without panic"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::kernels::{Fetched, KERNELS};
use crate::machine::Programs;
use crate::scenario::Scenario;

mod judge;
mod kernels;
mod machine;
mod scenario;
mod shell;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match lab(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the lab could not run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn lab(words: &[String]) -> Result<bool, String> {
    for program in ["qemu-system-x86_64", "cpio", "xz", "apt-get", "dpkg"] {
        if !shell::has(program) {
            return Err(format!(
                "{program} is missing: apt-get install qemu-system-x86 busybox-static cpio xz-utils"
            ));
        }
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    let target = target_folder();
    let (cache, work) = (target.join("lab-cache"), target.join("lab"));
    std::fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let programs = programs(&target)?;
    let long = words.iter().any(|word| word == "--long");
    let filters: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |scenario: &Scenario, kernel: &str| {
        filters
            .iter()
            .all(|filter| scenario.name.contains(filter) || kernel == *filter)
    };
    let scenarios = scenario::all(&tests.join("lab/scenarios"))?;
    let mut all_right = true;
    let began = Instant::now();
    println!(
        "{:<28} {:<8} {:>6} {:>9} {:>8} {:>9}  verdict",
        "scenario", "kernel", "s", "bundle", "wall ms", "RSS KiB"
    );
    for kernel in KERNELS
        .iter()
        .filter(|kernel| long || kernel.short || filters.contains(&kernel.id))
    {
        let here: Vec<&Scenario> = scenarios
            .iter()
            .filter(|s| s.runs_on(kernel.id) && wanted(s, kernel.id))
            .collect();
        if here.is_empty() {
            continue;
        }
        let fetched = kernels::fetch(*kernel, &cache)?;
        println!("-- {} is {}", kernel.id, fetched.uname);
        let base = machine::base_initramfs(&fetched, &programs, &work)?;
        for scenario in here {
            // Who is killed first is chance in some guests; twice wrong is no chance.
            all_right &= one(scenario, &fetched, &base, &cache, &work)
                || (say("        once more:") && one(scenario, &fetched, &base, &cache, &work));
        }
    }
    println!(
        "{} in {:.0} s",
        if all_right {
            "all right"
        } else {
            "NOT all right"
        },
        began.elapsed().as_secs_f64()
    );
    Ok(all_right)
}

/// Prints a line.
fn say(line: &str) -> bool {
    println!("{line}");
    true
}

/// Plays and judges one; prints its row.
fn one(scenario: &Scenario, fetched: &Fetched, base: &Path, cache: &Path, work: &Path) -> bool {
    let judged = packages(scenario, fetched, cache)
        .and_then(|extra| machine::play(scenario, fetched, base, extra.as_deref(), work))
        .and_then(|left| {
            Ok((
                judge::judge(
                    scenario,
                    &left,
                    Path::new(env!("CARGO_BIN_EXE_oomscene-analyze")),
                )?,
                left,
            ))
        });
    let name = format!("{:<28} {:<8}", scenario.name, fetched.kernel.id);
    match judged {
        Ok((judged, left)) => {
            let mark = if judged.wrong.is_empty() {
                "right"
            } else {
                "WRONG"
            };
            println!(
                "{name} {:>6.1} {:>9} {:>8} {:>9}  {mark}: {}",
                left.seconds,
                judged.bundle_bytes,
                judged.wall_milliseconds,
                judged.peak_rss_kib,
                judged.root
            );
            for wrong in &judged.wrong {
                println!("        {wrong}");
            }
            if !judged.wrong.is_empty() {
                println!("        ({}; see {})", scenario.about, left.out.display());
            }
            judged.wrong.is_empty()
        }
        Err(error) => {
            println!("{name} FAILED: {error}");
            false
        }
    }
}

/// Programs of Debian packages that the scenario wants, as a folder to add to the guest.
fn packages(
    scenario: &Scenario,
    fetched: &Fetched,
    cache: &Path,
) -> Result<Option<PathBuf>, String> {
    if scenario.packages.is_empty() {
        return Ok(None);
    }
    let archive = kernels::Archive::open(cache, "bookworm")?;
    let root = cache.join("extra").join(fetched.kernel.id);
    for package in &scenario.packages {
        archive.unpack(
            package,
            &root.join(&scenario.name).join("packages").join(package),
        )?;
    }
    Ok(Some(root))
}

/// Cargo's target folder, from where this test itself lies.
fn target_folder() -> PathBuf {
    let own = Path::new(env!("CARGO_BIN_EXE_oomscene-analyze"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}

/// Builds the static programs of the guest.
fn programs(target: &Path) -> Result<Programs, String> {
    let triple = "x86_64-unknown-linux-gnu";
    let built = target.join(triple).join("release");
    shell::run(
        Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--target",
                triple,
                "-p",
                "oomscene-lab-guest",
            ])
            .args([
                "-p",
                "oomscene-collector",
                "--bin",
                "oomscene-collect",
                "--bin",
                "lab-guest",
            ])
            .env("RUSTFLAGS", "-C target-feature=+crt-static"),
    )?;
    let busybox = PathBuf::from("/bin/busybox");
    if !busybox.exists() {
        return Err("/bin/busybox is missing: apt-get install busybox-static".to_owned());
    }
    Ok(Programs {
        collector: built.join("oomscene-collect"),
        guest: built.join("lab-guest"),
        busybox,
    })
}
