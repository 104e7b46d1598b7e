//! Names of the fixed entries, and the rule for entry paths.

use crate::error::{Error, Kind};

/// Version of the format that this crate writes, and the highest that it reads.
pub const FORMAT_VERSION: u32 = 1;
/// First entry of every bundle.
pub const HEADER: &str = "header.json";
/// Last entry of every complete bundle.
pub const END: &str = "ledger/end.json";
/// Folder of the ledger parts, one per room.
pub const LEDGER_DIR: &str = "ledger/";

/// Name of the ledger part of room number `room` (counted from 0).
#[must_use]
pub fn ledger_part(room: usize, name: &str) -> String {
    format!("{LEDGER_DIR}{room:02}-{name}.jsonl")
}

/// Checks a path below the top folder: relative, no `.` or `..`, no empty part, no control
/// characters, at most [`crate::limits::PATH_BYTES_MAX`] bytes.
///
/// # Errors
/// [`Kind::BadPath`] naming the path.
pub fn check_path(path: &str) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::new(Kind::BadPath, path, why));
    if path.is_empty() {
        return refuse("the path is empty");
    }
    if path.len() > crate::limits::PATH_BYTES_MAX {
        return refuse("the path is too long");
    }
    if path.starts_with('/') {
        return refuse("the path is absolute");
    }
    if path.chars().any(char::is_control) {
        return refuse("the path has a control character");
    }
    // A Windows desk must not be fooled by a drive letter or a backslash.
    if path.contains('\\') && path.split('\\').any(|part| part == "..") {
        return refuse("the path leaves the bundle");
    }
    for part in path.split('/') {
        match part {
            "" => return refuse("the path has an empty part"),
            "." => return refuse("the path has a `.` part"),
            ".." => return refuse("the path leaves the bundle"),
            _ => {}
        }
    }
    Ok(())
}
