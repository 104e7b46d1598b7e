//! `lab-guest`: one program that plays every bad neighbour of the lab's scenarios.
//!
//! It is called by its applet's name, or by any other name with the applet as first argument (so
//! that the kernel log shows a name of the scenario's choice).

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

mod kernel_objects;
mod limits;
mod measure;
mod memory;
mod tasks;

/// What an applet gets: its arguments, as text.
type Applet = fn(&[String]) -> Result<(), String>;

/// Every applet: name, arguments, what it does.
const APPLETS: &[(&str, Applet)] = &[
    ("hog", memory::hog),
    ("map-until-refused", memory::map_until_refused),
    ("reserve-until-refused", memory::reserve_until_refused),
    ("map-areas", memory::map_areas),
    ("page-tables", memory::page_tables),
    ("shm", memory::shm),
    ("noise", memory::noise),
    ("locked", memory::locked),
    ("memfd", memory::memfd),
    ("huge", memory::huge),
    ("touch-each", memory::touch_each),
    ("stamped", memory::stamped),
    ("sockets", kernel_objects::sockets),
    ("pipes", kernel_objects::pipes),
    ("unix-sockets", kernel_objects::unix_sockets),
    ("files", kernel_objects::files),
    ("reread", kernel_objects::reread),
    ("missing", kernel_objects::missing),
    ("checkerboard", kernel_objects::checkerboard),
    ("send-control", kernel_objects::send_control),
    ("spawn", tasks::spawn),
    ("zombies", tasks::zombies),
    ("vfork-wait", tasks::vfork_wait),
    ("stuck-lock", tasks::stuck_lock),
    ("threads", tasks::threads),
    ("fork-until-refused", tasks::fork_until_refused),
    ("bomb", tasks::bomb),
    ("leaderless", tasks::leaderless),
    ("crash", tasks::crash),
    ("limited", limits::limited),
    ("bound", limits::bound),
    ("measure", measure::measure),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .map(OsString::into_string)
        .map(Result::unwrap_or_default)
        .collect();
    let own = words.first().map_or("", String::as_str);
    let own = Path::new(own).file_name().and_then(|n| n.to_str());
    let find = |name: &str| APPLETS.iter().find(|(applet, _)| *applet == name);
    let (applet, rest) = match (own.and_then(find), words.get(1).map(String::as_str)) {
        (Some(applet), _) => (applet, words.get(1..)),
        (None, Some(name)) => match find(name) {
            Some(applet) => (applet, words.get(2..)),
            None => return complain(&format!("no applet {name:?}")),
        },
        (None, None) => return complain("an applet's name is missing"),
    };
    match applet.1(rest.unwrap_or_default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{}: {error}", applet.0)),
    }
}

/// Says `text` on standard error, which is the guest's console.
fn complain(text: &str) -> ExitCode {
    use std::io::Write as _;
    // Nobody is left to tell when the console itself fails.
    let _ = writeln!(std::io::stderr(), "lab-guest: {text}");
    ExitCode::FAILURE
}

/// The argument at `index` as a number.
fn number(words: &[String], index: usize) -> Result<usize, String> {
    let word = words
        .get(index)
        .ok_or_else(|| format!("argument {} is missing", index + 1))?;
    word.parse()
        .map_err(|e| format!("argument {word:?} is no number: {e}"))
}

/// Holds everything until somebody kills this process.
fn hold() -> ! {
    loop {
        std::thread::sleep(std::time::Duration::from_secs(3600));
    }
}

/// The last system error with what was tried.
fn failed(what: &str) -> String {
    format!("{what}: {}", std::io::Error::last_os_error())
}
