//! The kernel's floor: reads every file that a bundle holds again, with plain reads to nowhere, and
//! prints how long that takes.
//! With a second argument it writes the names of the files there. `benches/collector.sh` puts it beside the collector's own time.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use oomscene_bundle::{Reader, packed};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        return ExitCode::from(2);
    };
    let bundle = match File::open(&path).map(Reader::read) {
        Ok(Ok(bundle)) => bundle,
        Ok(Err(error)) => return complain(&error.to_string()),
        Err(error) => return complain(&error.to_string()),
    };
    let mut files = Vec::new();
    for entry in &bundle.entries {
        if entry.path.contains("/all/") || entry.path.ends_with("units.txt") {
            files.extend(
                packed::split(&entry.content)
                    .into_iter()
                    .map(|file| format!("/{}", file.path)),
            );
        } else {
            let path = entry
                .path
                .strip_prefix("scene/second/")
                .unwrap_or(&entry.path);
            files.push(format!("/{path}"));
        }
    }
    // What the collector makes itself has no file behind it, except the kernel log.
    files.retain(|path| !path.starts_with("/scene/"));
    drop(bundle);
    // For others that shall read the same.
    if let Some(list) = std::env::args_os().nth(2)
        && let Err(error) = std::fs::write(list, files.join("\n"))
    {
        return complain(&error.to_string());
    }
    let mut buffer = vec![0; 64 * 1024];
    let (mut opened, mut bytes) = (0_u64, 0_u64);
    let began = Instant::now();
    for path in &files {
        let Ok(mut file) = File::open(path) else {
            continue;
        };
        opened += 1;
        while let Ok(got) = file.read(&mut buffer)
            && got > 0
        {
            bytes += got as u64;
        }
    }
    let millis = began.elapsed().as_secs_f64() * 1000.0;
    let text = format!("{millis:.1} {opened} {bytes}\n");
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "floor: {text}");
    ExitCode::FAILURE
}
