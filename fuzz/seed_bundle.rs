//! Writes a small bundle, packed and as bare archive, into the folder given as argument.

use std::io::{Error, Read as _};
use std::path::PathBuf;

use oomscene_bundle::{End, Header, Line, Outcome, Writer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("give a folder")?.into();
    let header = Header {
        format_version: 1,
        hostname: "seed".to_owned(),
        ..Header::default()
    };
    let mut writer = Writer::begin(Vec::new(), "oomscene-seed-20260101T000000Z", &header)?;
    for (path, content) in [
        ("proc/meminfo", &b"MemTotal: 4 kB\n"[..]),
        ("scene/kmsg", b"6,1,2,-;Linux version 6.8.0\n"),
    ] {
        writer.put(path, content, Line::new(path, path, Outcome::Captured))?;
    }
    writer.close_room("memory")?;
    let packed = writer.finish(End::default())?;
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("small.tar.gz"), &packed)?;
    let mut archive = Vec::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut archive)?;
    if archive.is_empty() {
        return Err(Error::other("the bundle is empty").into());
    }
    std::fs::write(folder.join("small.tar"), &archive)?;
    Ok(())
}
